"""The call-flow lookup over real HTTP: what phone systems send, and what they can read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from app.config import new_api_key
from tests.support.polling import eventually
from tests.support.raw_http import ask_raw
from tests.support.service import Service, start_service
from tests.support.simulated import Simulated, start_simulated

MAX = "max.muster@contoso.example"
PLUS = "max+acd@contoso.example"
UMLAUT = "jürgen.müller@contoso.example"
SHARED = "+49 89 777 000"
KEY, ENTRY = new_api_key("phone")
HEALTH_KEY, HEALTH_ENTRY = new_api_key("health")
KEYS = [
    *("status", "found", "reachable", "state", "availability", "activity", "email", "phone", "name"),
    *("rule", "stale", "age", "updated", "error"),
]


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """A tenant with somebody for each row: a plus sign, an umlaut, one number that two people share."""
    tenant = start_simulated(tmp_path_factory.mktemp("lookup") / "tenant", "--people", "20")
    number = {"businessPhones": ["089 / 123 456"], "mobilePhone": None}
    tenant.add_person(displayName="Max Plus", mail=PLUS, userPrincipalName=PLUS, **number)
    tenant.add_person(displayName="Jürgen Müller", mail=UMLAUT, userPrincipalName="jm@contoso.example")
    for name in ("twin.one", "twin.two"):
        address = f"{name}@contoso.example"
        tenant.add_person(displayName=name, mail=address, userPrincipalName=address, mobilePhone=SHARED)
    for somebody in (MAX, PLUS, UMLAUT):
        tenant.set_presence(somebody, "Available")
    yield tenant
    tenant.stop()


@pytest.fixture(scope="module")
def service(tenant: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with keys, one of which may only read health, and the key allowed in the query."""
    settings = {
        "PRESENCE_API_KEYS": f"{ENTRY},{HEALTH_ENTRY}:admin",
        "PRESENCE_KEY_IN_QUERY": "true",
        "PRESENCE_ACCESS_LOG": "true",
        "PRESENCE_KEEP_FOR": "3600",
    }
    folder = tmp_path_factory.mktemp("lookup") / "service"
    service = start_service(folder, tenant.settings | settings, headers={"X-API-Key": KEY})
    yield service.wait_until_ready()
    service.stop()


def flat(answer: httpx.Response) -> dict[str, Any]:
    """The answer, held to what every answer promises."""
    body: dict[str, Any] = answer.json()
    assert [key for key in body if key != "label"] == KEYS
    assert all(isinstance(value, int | str) and not isinstance(value, bool) for value in body.values())
    return body


def test_one_person_is_one_flat_object_with_every_key(service: Service) -> None:
    """Texts and numbers only: how anything else becomes a variable is documented nowhere."""
    answer = service.get("/lookup", params={"email": MAX})
    body = flat(answer)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert (body["status"], body["found"], body["reachable"], body["state"]) == (200, 1, 1, "free")
    assert (body["email"], body["name"], body["stale"], body["error"]) == (MAX, "Max Muster", 0, "")
    assert body["phone"] == "493055501000"
    assert body["updated"].endswith("Z")


# jtel.md §1g: what really arrives, and what it means.
SPELLINGS = {
    "plain": (f"email={MAX}", MAX),
    "at sign encoded": ("email=max.muster%40contoso.example", MAX),
    "plus sign encoded": ("email=max%2Bacd@contoso.example", PLUS),
    "plus sign as it is, which means a blank": (f"email={PLUS}", PLUS),
    "encoded twice": ("email=max.muster%2540contoso.example", MAX),
    "plus encoded twice": ("email=max%252Bacd%2540contoso.example", PLUS),
    "trailing blank": (f"email={MAX}%20", MAX),
    "quotes": (f"email=%22{MAX}%22", MAX),
    "single quotes": (f"email='{MAX}'", MAX),
    "upper case": (f"email={MAX.upper()}", MAX),
    "UTF-8": ("email=j%C3%BCrgen.m%C3%BCller@contoso.example", UMLAUT),
    "Latin-1": ("email=j%FCrgen.m%FCller@contoso.example", UMLAUT),
    "parameters that jtel adds": (f"CallerID=4989&ServiceNumber=1&ServiceName=x&email={MAX}", MAX),
    "blanks and empty parameters": (f"&&email=%20{MAX}&phone=", MAX),
    "international": ("phone=%2B4989123456", PLUS),
    "plus of a number as it is": ("phone=+49 89 123456".replace(" ", "%20"), PLUS),
    "double zero": ("phone=004989123456", PLUS),
    "jtel's own, E.164 without plus": ("phone=4989123456", PLUS),
    "national": ("phone=089123456", PLUS),
    "national with signs": ("phone=(089)%20123-456", PLUS),
    "international with a zero in brackets": ("phone=%2B49%20(0)89%20123456", PLUS),
    "address first, then number": ("email=nobody@contoso.example&phone=089123456", PLUS),
    "address wins over number": (f"email={MAX}&phone=089123456", MAX),
    "unusable address, usable number": ("email=nobody&phone=089123456", PLUS),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_phone_systems_send_is_understood(service: Service, spelling: str) -> None:
    """The query goes over the socket byte by byte as written here."""
    query, expected = SPELLINGS[spelling]
    status, body = ask_raw(service.base, f"/lookup?{query}", headers={"X-API-Key": KEY})
    assert status == 200, body
    assert json.loads(body)["email"] == expected


def test_paths_are_understood_as_well(service: Service) -> None:
    """The REST form takes the same people, plus sign and umlaut included, with a slash at the end or not."""
    for path in ("max.muster@contoso.example", "max%2Bacd@contoso.example", "max+acd%40contoso.example/"):
        assert ask_raw(service.base, f"/presence/{path}", headers={"X-API-Key": KEY})[0] == 200
    assert ask_raw(service.base, "/presence/a%2Fb@contoso.example", headers={"X-API-Key": KEY})[0] == 404
    assert ask_raw(service.base, f"/lookup/?email={MAX}", headers={"X-API-Key": KEY})[0] == 200


def test_a_raw_blank_in_the_request_line_never_reaches_us(service: Service) -> None:
    """The server itself answers that with 400: the guides say to encode it."""
    assert (
        ask_raw(service.base, "/lookup?email=max acd@contoso.example", headers={"X-API-Key": KEY})[0] == 400
    )


# jtel.md §2.5: every case, in the jtel profile and in the REST form.
OUTCOMES = {
    "one match": (f"email={MAX}", 200, MAX, 200),
    "no match": ("email=nobody@contoso.example", 404, "nobody@contoso.example", 404),
    "several matches": ("email=vertrieb@contoso.example", 300, "vertrieb@contoso.example", 409),
    "missing parameter": ("", 400, "nobody", 400),
    "unusable parameter": ("email=nobody", 400, "x@", 400),
    "unusable number": ("phone=abc", 400, "abc", 400),
    "no match by number": ("phone=030999999", 404, "nobody@contoso.example", 404),
    "several by number": ("phone=08977 7000".replace(" ", ""), 300, "vertrieb@contoso.example", 409),
    "unknown rule set": (f"email={MAX}&ruleset=no-such", 400, f"{MAX}?ruleset=no-such", 400),
    "unknown format": (f"email={MAX}&format=xml", 400, "nobody", 400),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_each_outcome_has_its_status_and_all_the_keys(service: Service, case: str) -> None:
    """The HTTP code is also in `status`, and no variable keeps a value of an earlier lookup."""
    query, status, user, rest_status = OUTCOMES[case]
    answer = service.get(f"/lookup?{query}")
    body = flat(answer)
    assert (answer.status_code, body["status"]) == (status, status)
    assert "location" not in answer.headers
    assert body["found"] == int(status == 200)
    assert bool(body["error"]) == (status != 200)
    assert service.get(f"/presence/{user}").status_code == rest_status


@pytest.mark.parametrize("case", OUTCOMES)
def test_codes_200_hides_the_status_and_not_the_truth(service: Service, case: str) -> None:
    """For callers that drop the body of an error."""
    query, status, _, _ = OUTCOMES[case]
    answer = service.get(f"/lookup?{query}&codes=200")
    assert (answer.status_code, flat(answer)["status"]) == (200, status)


def test_keys_are_checked_before_anything_is_said(service: Service) -> None:
    """401 with the challenge, 403 for a key without the scope; `codes=200` never hides either."""
    for query in (f"email={MAX}", f"email={MAX}&codes=200", "email=nobody@contoso.example"):
        missing = service.get(f"/lookup?{query}", headers={"X-API-Key": "wrong"})
        assert (missing.status_code, flat(missing)["status"]) == (401, 401)
        assert {"Bearer", "Basic"} <= set(missing.headers["www-authenticate"].replace(",", "").split())
        lacking = service.get(f"/lookup?{query}", headers={"X-API-Key": HEALTH_KEY})
        assert (lacking.status_code, flat(lacking)["status"]) == (403, 403)


def test_the_key_may_come_in_the_query_where_the_operator_allows_it(service: Service) -> None:
    """Older Asterisk and mod_curl cannot send headers; the log never shows it."""
    answer = httpx.get(f"{service.base}/lookup?email={MAX}&api_key={KEY}", trust_env=False)
    assert answer.status_code == 200
    assert f"/lookup?email={MAX}&api_key=***" in service.process.output
    assert KEY not in service.process.output


FORMATS = {
    "text": ("free", "unknown"),
    "reachable": ("1", "0"),
}


@pytest.mark.parametrize("wanted", FORMATS)
def test_one_word_is_enough_for_some(service: Service, wanted: str) -> None:
    """No line break behind it, and a word for every outcome."""
    found, otherwise = FORMATS[wanted]
    answer = service.get(f"/lookup?email={MAX}&format={wanted}")
    assert (answer.text, answer.headers["content-type"]) == (found, "text/plain; charset=utf-8")
    for query in ("email=nobody@contoso.example", "", "email=vertrieb@contoso.example"):
        assert service.get(f"/lookup?{query}&format={wanted}").text == otherwise
    refused = service.get(f"/lookup?email={MAX}&format={wanted}", headers={"X-API-Key": "wrong"})
    assert (refused.status_code, refused.text) == (401, otherwise)


def test_kv_is_what_asterisk_can_hash(service: Service) -> None:
    """`k=v&k=v` with every key, on every outcome."""
    for query, status in ((f"email={MAX}", "200"), ("email=nobody@contoso.example", "404")):
        pairs = dict(parse_qsl(service.get(f"/lookup?{query}&format=kv").text, keep_blank_values=True))
        assert (list(pairs), pairs["status"]) == (KEYS, status)


def test_fields_keeps_only_what_is_asked_for(service: Service) -> None:
    """Names may hold umlauts, and nobody needs more than a word."""
    answer = service.get(f"/lookup?email={MAX}&fields=reachable,state,no-such")
    assert answer.json() == {"reachable": 1, "state": "free"}
    assert service.get(f"/lookup?email={MAX}&fields=state&format=kv").text == "state=free"


@pytest.mark.parametrize(("lang", "label"), [("de", "Frei"), ("en", "Free"), ("fr", "Libre")])
def test_labels_speak_the_callers_language_and_tokens_never_do(
    service: Service, lang: str, label: str
) -> None:
    """`label` is there on every outcome once a language is asked for."""
    body = flat(service.get(f"/lookup?email={MAX}&lang={lang}"))
    assert (body["state"], body["label"]) == ("free", label)
    assert flat(service.get(f"/lookup?email=nobody@contoso.example&lang={lang}"))["label"]


def test_a_post_says_the_same_as_a_get(service: Service) -> None:
    """Form or JSON, whatever type it claims; the query counts, too."""

    def stable(answer: httpx.Response) -> dict[str, Any]:
        return {name: value for name, value in flat(answer).items() if name not in {"age", "updated"}}

    expected = stable(service.get(f"/lookup?email={MAX}"))
    posts = [
        service.http.post("/lookup", data={"email": MAX, "UserData": "x"}),
        service.http.post("/lookup", json={"email": MAX, "UserData": None, "n": 1}),
        service.http.post(
            "/lookup", content=json.dumps({"email": MAX}), headers={"Content-Type": "text/plain"}
        ),
        service.http.post(f"/lookup?email={MAX}"),
    ]
    assert [stable(answer) for answer in posts] == [expected] * 4
    number = service.http.post("/lookup", json={"phone": 4989123456})
    assert flat(number)["email"] == PLUS


@pytest.mark.parametrize(
    "body", [b'{"email":', b"[1]", b'{"email": "\xff"}', b"", b"\x00\x01", b"[" * 60_000]
)
def test_a_body_that_cannot_be_read_is_a_400_with_all_the_keys(service: Service, body: bytes) -> None:
    """In the format asked for."""
    answer = service.http.post("/lookup", content=body)
    assert (answer.status_code, flat(answer)["found"]) == (400, 0)


def test_without_microsoft_a_known_person_is_answered_from_memory_and_marked_stale(
    tenant: Simulated, service: Service
) -> None:
    """Every connection to Microsoft hangs, and the caller does not notice."""
    tenant.fail("*", "hang")
    eventually(lambda: service.get(f"/lookup?email={MAX}").json()["stale"], within_s=6)
    slowest = max(service.get(f"/lookup?email={MAX}").elapsed.total_seconds() for _ in range(100))
    print(f"slowest of 100 lookups while Microsoft hangs: {slowest * 1000:.1f} ms")
    body = flat(service.get(f"/lookup?email={MAX}"))
    assert (body["stale"], body["state"], body["found"]) == (1, "free", 1)
    assert slowest < 1
    tenant.heal()


@pytest.mark.parametrize(("policy", "reachable"), [("unknown", 0), ("reachable", 1), ("last", 1)])
def test_past_keep_the_operators_choice_is_what_a_lookup_says(
    tenant: Simulated, tmp_path: Path, policy: str, reachable: int
) -> None:
    """Blind is 200 with `stale:1`; without a value `age` and `updated` are empty."""
    tenant.heal()
    settings = {"PRESENCE_WHEN_BLIND": policy, "PRESENCE_FRESH_FOR": "1", "PRESENCE_KEEP_FOR": "2"}
    service = start_service(tmp_path, tenant.settings | settings)
    try:
        service.wait_until_ready()
        tenant.fail("getPresencesByUserId", "status", status=503)
        eventually(lambda: service.health()["tenants"][0]["people"]["blind"] >= 20, within_s=8)
        body = flat(service.get(f"/lookup?email={MAX}"))
    finally:
        tenant.heal()
        service.stop()
    assert (body["status"], body["stale"], body["reachable"]) == (200, 1, reachable)
    assert (body["age"] == "") == (policy != "last")
    assert (body["updated"] == "") == (policy != "last")


def test_before_the_first_reading_a_lookup_says_come_back(tenant: Simulated, tmp_path: Path) -> None:
    """503 with Retry-After and all the keys; `codes=200` covers it."""
    tenant.fail("*", "status", status=503)
    service = start_service(tmp_path, tenant.settings)
    try:
        answer = service.get(f"/lookup?email={MAX}")
        covered = service.get(f"/lookup?email={MAX}&codes=200")
    finally:
        tenant.heal()
        service.stop()
    assert (answer.status_code, flat(answer)["status"]) == (503, 503)
    assert int(answer.headers["retry-after"]) >= 1
    assert (covered.status_code, flat(covered)["status"]) == (200, 503)
