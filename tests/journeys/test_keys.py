"""Who may ask what, with which key, from where."""

from collections.abc import Callable

import httpx
import pytest

from app.config import new_api_key
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
PHONE_KEY, PHONE = new_api_key("phone")
ADMIN_KEY, ADMIN = new_api_key("admin")
FAR_KEY, FAR = new_api_key("far")
ENTRIES = f"{PHONE}:read,{ADMIN}:admin,{FAR}@192.0.2.0/24"


@pytest.fixture
def service(tenant: Simulated, serve: Callable[..., Service]) -> Service:
    """A service with three keys; readiness needs none."""
    return serve(tenant.settings | {"PRESENCE_API_KEYS": ENTRIES}).wait_until_ready()


def test_a_key_is_taken_in_each_way_a_phone_system_can_send_it(service: Service) -> None:
    """Bearer, X-API-Key, or Basic with the key as password."""
    answers = [
        service.get(f"/presence/{MAX}", headers={"Authorization": f"Bearer {PHONE_KEY}"}),
        service.get(f"/presence/{MAX}", headers={"X-API-Key": PHONE_KEY}),
        service.get(f"/presence/{MAX}", auth=("whoever", PHONE_KEY)),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": PHONE_KEY + "x"},
        {"X-API-Key": PHONE.partition(":")[2]},
        {"Authorization": f"Bearer {PHONE_KEY[:-1]}"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Digest x"},
        {"X-API-Key": "ü".encode().decode("latin-1")},
    ],
)
def test_without_a_known_key_there_is_a_challenge_whatever_was_asked(
    service: Service, headers: dict[str, str]
) -> None:
    """401 with both challenges, the same for somebody known, unknown, and for no path at all."""
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    for path in (f"/presence/{MAX}", "/presence/nobody@contoso.example", "/health", "/no/such/path"):
        answer = service.get(path, headers=encoded)
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]
        assert "Bearer" in answer.headers["www-authenticate"]
        assert answer.json()["code"] == "key_refused"


def test_without_a_known_key_nobody_learns_who_exists(service: Service) -> None:
    """The same bytes and the same headers whatever was asked, and however: only the request id differs."""
    paths = (
        f"/presence/{MAX}",
        "/presence/nobody@contoso.example",
        "/presence/%00",
        "/health",
        "/no/such/path",
    )
    answers = [
        service.http.request(method, path, headers=headers)
        for path in paths
        for method in ("GET", "POST", "DELETE")
        for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": ""}, {"Authorization": "Basic OjA="})
    ]
    seen = {
        (answer.status_code, answer.text, *sorted(answer.headers.items() - varying(answer)))
        for answer in answers
    }
    assert len(seen) == 1
    lookups = {service.get(f"/lookup?email={user}").text for user in (MAX, "nobody@contoso.example", "x")}
    assert len(lookups) == 1


def varying(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(name, value) for name, value in answer.headers.items() if name in {"x-request-id", "date"}}


def test_what_needs_no_key_answers_without_one(service: Service) -> None:
    """Orchestrators and the documentation."""
    for path in ("/health/live", "/health/ready", "/docs", "/docs/swagger-ui.css", "/openapi.json"):
        assert service.get(path).status_code == 200, path
    assert (service.get("/health/live").text, service.get("/health/ready").text) == ("live", "ready")


def test_a_key_opens_what_its_scopes_say_and_only_from_its_networks(service: Service) -> None:
    """`read` answers calls, `admin` reads health, a key from elsewhere opens nothing."""

    def status(path: str, key: str) -> int:
        return service.get(path, headers={"X-API-Key": key}).status_code

    assert (status(f"/presence/{MAX}", PHONE_KEY), status("/health", PHONE_KEY)) == (200, 403)
    assert (status(f"/presence/{MAX}", ADMIN_KEY), status("/health", ADMIN_KEY)) == (403, 200)
    assert status(f"/presence/{MAX}", FAR_KEY) == 403


def test_no_key_shows_up_anywhere(service: Service) -> None:
    """Neither keys nor their hashes are in health or in the log."""
    service.get("/health", headers={"X-API-Key": PHONE_KEY})
    health = service.get("/health", headers={"X-API-Key": ADMIN_KEY}).text
    for secret in (PHONE_KEY, ADMIN_KEY, PHONE.partition(":")[2]):
        assert secret not in health + service.process.output


def test_with_keys_any_host_name_is_answered(service: Service) -> None:
    """The rebinding guard is for a service without keys only."""
    headers = {"X-API-Key": PHONE_KEY, "Host": "presence.firm.example"}
    assert service.get(f"/presence/{MAX}", headers=headers).is_success
