"""The main job: people and presence over Microsoft's protocol, answers over HTTP, all of it real."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.support.polling import eventually
from tests.support.service import QUICK, Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
ERIKA = "erika.mustermann@contoso.example"


def test_a_change_in_teams_is_in_the_answer_within_one_interval_and_a_second(
    tenant: Simulated, service: Service
) -> None:
    """Polling is the backbone: what changes at Microsoft shows here one sweep later."""
    tenant.set_presence(MAX, "DoNotDisturb", "Presenting")
    moved_at = datetime.now(UTC)
    one_interval_and_a_second = float(QUICK["PRESENCE_POLL_INTERVAL"]) + 1
    eventually(lambda: service.presence(MAX)["activity"] == "Presenting", within_s=one_interval_and_a_second)
    answer = service.presence(MAX)
    assert (answer["availability"], answer["state"], answer["reachable"]) == ("DoNotDisturb", "dnd", False)
    assert abs(datetime.fromisoformat(answer["changedAt"]) - moved_at) < timedelta(seconds=2)


def test_an_answer_has_every_member_and_a_true_age(service: Service) -> None:
    """What the documentation lists is there, and `observedAt` and `age` tell the same moment."""
    answer = service.presence(MAX)
    assert list(answer) == [
        *("id", "email", "displayName", "availability", "activity", "state", "reachable", "rule"),
        *("outOfOffice", "statusMessage", "changedAt", "observedAt", "age", "stale", "source"),
    ]
    age_s = (datetime.now(UTC) - datetime.fromisoformat(answer["observedAt"])).total_seconds()
    assert -0.1 <= age_s - answer["age"] <= 1.1
    assert (answer["email"], answer["stale"], answer["source"]) == (MAX, False, "sweep")


def test_somebody_is_found_by_every_address_in_any_case_and_by_object_id(
    tenant: Simulated, service: Service
) -> None:
    """Mail, alias, user principal name and object id are the same person."""
    person_id = service.presence(MAX)["id"]
    spellings = [MAX.upper(), tenant.sheet["people"]["alias"], person_id, person_id.upper()]
    assert {service.presence(spelling)["id"] for spelling in spellings} == {person_id}
    assert service.presence(MAX.replace("@", "%40") + "/")["id"] == person_id


def test_a_batch_is_answered_in_the_order_asked_whatever_is_in_it(
    tenant: Simulated, service: Service
) -> None:
    """One bad entry never fails the list, and duplicates are each answered."""
    examples = tenant.sheet["people"]
    users = [ERIKA, "nobody@contoso.example", examples["ambiguous"], 7, None, "x", examples["guest"], ERIKA]
    answer = service.http.post("/presence/batch", json={"users": users})
    results = answer.json()["results"]
    assert [one["user"] for one in results] == users
    assert [one["outcome"] for one in results] == [
        *("found", "not_found", "ambiguous", "invalid", "invalid", "invalid", "not_found", "found"),
    ]
    assert results[0]["presence"]["state"] == "busy"
    assert "presence" not in results[1]
    by_get = service.get("/presence/batch", params={"user": [ERIKA, "x"]}).json()["results"]
    assert [one["outcome"] for one in by_get] == ["found", "invalid"]


def test_guests_and_disabled_accounts_are_not_held_and_an_ambiguous_address_is_a_conflict(
    tenant: Simulated, service: Service
) -> None:
    """Who is not held answers 404; two people with one address are never a random pick."""
    examples = tenant.sheet["people"]
    statuses = {
        kind: service.get(f"/presence/{examples[kind].replace('#', '%23')}").status_code
        for kind in ("guest", "disabled", "ambiguous")
    }
    assert statuses == {"guest": 404, "disabled": 404, "ambiguous": 409}


def test_the_list_has_exactly_everybody_held_page_by_page(service: Service) -> None:
    """`GET /presence` walks through all fifty people, once each."""
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        params = {"limit": "20"} | ({"cursor": cursor} if cursor else {})
        page = service.get("/presence", params=params).json()
        seen += [one["id"] for one in page["results"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 50
    busy = service.get("/presence", params={"state": "busy", "q": "mustermann"}).json()["results"]
    assert ERIKA in {one["email"] for one in busy}


def test_somebody_new_is_found_at_once_and_costs_one_search(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """Who is not in the directory yet is looked for while the caller waits, and read on demand."""
    service = serve(tenant.settings | {"PRESENCE_DIRECTORY_INTERVAL": "3600"}).wait_until_ready()
    address = "new.colleague@contoso.example"
    tenant.add_person(displayName="New Colleague", mail=address, userPrincipalName=address)
    tenant.set_presence(address, "Available")
    before = tenant.calls()["users"]
    answer = service.presence(address)
    assert (answer["displayName"], answer["state"], answer["source"]) == ("New Colleague", "free", "demand")
    assert tenant.calls()["users"] == before + 1


def test_a_loop_of_wrong_addresses_costs_microsoft_nothing(tenant: Simulated, service: Service) -> None:
    """One wrong address is searched for once a minute, a foreign domain never, many no faster than 2/s."""
    before, started_at = tenant.calls()["users"], time.monotonic()
    for _ in range(50):
        assert service.get("/presence/wrong@contoso.example").status_code == 404
        assert service.get(f"/presence/{uuid4().hex}@elsewhere.example").status_code == 404
    assert tenant.calls()["users"] == before + 1
    for _ in range(50):
        assert service.get(f"/presence/{uuid4().hex}@contoso.example").status_code == 404
    elapsed_s = time.monotonic() - started_at
    assert tenant.calls()["users"] - before <= 3 + 2 * elapsed_s
    service.http.post("/presence/batch", json={"users": [f"{n}@contoso.example" for n in range(5000)]})
    assert tenant.calls()["users"] - before <= 3 + 2 * (time.monotonic() - started_at)


def test_renames_removals_and_disabled_accounts_follow_the_delta(tenant: Simulated, service: Service) -> None:
    """The directory is kept current by delta rounds, without a new listing."""
    address = "renamed@contoso.example"
    tenant.change_person(MAX, mail=address, userPrincipalName=address, proxyAddresses=[f"SMTP:{address}"])
    eventually(lambda: service.get(f"/presence/{address}").is_success, within_s=5)
    assert service.get(f"/presence/{MAX}").status_code == 404
    tenant.remove_person(ERIKA)
    tenant.change_person(address, accountEnabled=False)

    def statuses() -> set[int]:
        return {service.get(f"/presence/{gone}").status_code for gone in (ERIKA, address)}

    eventually(lambda: statuses() == {404}, within_s=5)


def test_ten_thousand_people_are_read_within_fifteen_seconds_and_sixteen_calls_a_sweep(
    simulate: Callable[..., Simulated], serve: Callable[..., Service]
) -> None:
    """The size we promise: ready in time, and each later sweep is exactly 16 requests."""
    tenant = simulate("--people", "10000")
    started_at = time.monotonic()
    service = serve(tenant.settings | {"PRESENCE_POLL_INTERVAL": "1.5"}).wait_until_ready(within_s=15)
    print(f"ready with 10,000 people after {time.monotonic() - started_at:.1f} s")
    assert service.health()["tenants"][0]["people"]["held"] == 10_000
    rounds = service.feed("presence")["rounds"]
    eventually(lambda: service.feed("presence")["rounds"] >= rounds + 2, within_s=15)
    reads = [call for call in tenant.call_log() if call["endpoint"] == "getPresencesByUserId"]
    swept = len(reads) - len(reads) % 16
    assert swept >= 48
    assert all(len(reads[start : start + 16]) == 16 for start in range(0, swept, 16))
    assert sum(call["ids"] for call in reads[:swept]) == 10_000 * swept // 16
