"""Reading presence: by id only, 650 at most, in no order, and not too often."""

import pytest

from simulator.directory import Person
from simulator.scenario import OPENING_MINUTE
from simulator.throttle import PRESENCE_LIMIT
from tests.simulator.tenant import Tenant

STRANGER = "00000000-0000-4000-8000-000000000000"


def people(tenant: Tenant) -> list[Person]:
    """Everybody."""
    return tenant.world.directory.people


@pytest.mark.parametrize("minutes", [0, 1, 60, 120, 8 * 60 + 50])
async def test_the_first_people_are_always_the_same(tenant: Tenant, minutes: int) -> None:
    """Whenever a newcomer asks, they are what README and help say (found A7)."""
    tenant.world.day.pass_time(minutes)
    ids = [person.id for person in people(tenant)[:3]]
    found = {
        item["id"]: item for item in (await tenant.presences(ids, await tenant.app_headers())).json()["value"]
    }
    assert [(found[key]["availability"], found[key]["activity"]) for key in ids] == [
        ("Available", "Available"),
        ("Busy", "InAMeeting"),
        ("Away", "Away"),
    ]


async def test_answers_come_in_another_order_each_once_without_strangers(tenant: Tenant) -> None:
    ids = [person.id for person in people(tenant)[:5]]
    answer = await tenant.presences([*ids, ids[0].upper(), STRANGER], await tenant.app_headers())
    found = [item["id"] for item in answer.json()["value"]]
    assert found != ids
    assert sorted(found) == sorted(ids)


@pytest.mark.parametrize("ids", [[], ["max.muster@contoso.example"], [STRANGER] * 651])
async def test_none_a_name_or_too_many_is_a_bad_request(tenant: Tenant, ids: list[str]) -> None:
    assert (await tenant.presences(ids, await tenant.app_headers())).status_code == 400


async def test_650_are_not_too_many(tenant: Tenant) -> None:
    assert (await tenant.presences([STRANGER] * 650, await tenant.app_headers())).status_code == 200


async def test_one_by_one_needs_the_object_id(tenant: Tenant) -> None:
    headers, person = await tenant.app_headers(), people(tenant)[0]
    paths = (f"users/{person.id}/presence", f"communications/presences/{person.id.upper()}")
    answers = [await tenant.http.get(f"/v1.0/{path}", headers=headers) for path in paths]
    by_name = await tenant.http.get("/v1.0/users/max.muster@contoso.example/presence", headers=headers)
    stranger = await tenant.http.get(f"/v1.0/users/{STRANGER}/presence", headers=headers)
    assert [answer.json()["availability"] for answer in answers] == ["Available", "Available"]
    assert (by_name.status_code, stranger.status_code) == (400, 404)


async def test_a_new_presence_has_a_later_sequence_number(tenant: Tenant) -> None:
    headers, person = await tenant.app_headers(), people(tenant)[0]
    before = (await tenant.presences([person.id], headers)).json()["value"][0]
    order = {
        "availability": "DoNotDisturb",
        "activity": "Presenting",
        "outOfOffice": "Weg",
        "statusMessage": "Hm",
    }
    await tenant.switch("PUT", "people/m.muster@contoso.example/presence", order)
    after = (await tenant.presences([person.id], headers)).json()["value"][0]
    assert after["sequenceNumber"] > before["sequenceNumber"]
    assert (after["availability"], after["activity"]) == ("DoNotDisturb", "Presenting")
    assert after["outOfOfficeSettings"] == {"isOutOfOffice": True, "message": "Weg"}
    assert after["statusMessage"] == {"message": {"content": "Hm", "contentType": "text"}}


async def test_the_deleted_have_no_presence(tenant: Tenant) -> None:
    person = people(tenant)[0]
    await tenant.switch("DELETE", f"people/{person.id}")
    assert (await tenant.presences([person.id], await tenant.app_headers())).json()["value"] == []


async def test_letter_case_contradicts_itself_as_the_documentation_does(big_tenant: Tenant) -> None:
    ids = [person.id for person in people(big_tenant)[:500]]
    found = (await big_tenant.presences(ids, await big_tenant.app_headers())).json()["value"]
    spellings = {item["availability"] for item in found}
    assert {"Available", "available", "Busy", "busy"} <= spellings


async def test_all_presence_reads_share_one_throttle(tenant: Tenant) -> None:
    """1,500 requests in 30 seconds; then 429 with the documented body until the window has passed."""
    headers, person = await tenant.app_headers(), people(tenant)[0]
    for _ in range(PRESENCE_LIMIT - 1):
        tenant.world.throttle.spend(tenant.world.registration.client_id)
    last = await tenant.presences([person.id], headers)
    await tenant.switch("POST", "clock", {"advance_s": 10})
    over = await tenant.http.get(f"/v1.0/users/{person.id}/presence", headers=headers)
    await tenant.switch("POST", "clock", {"advance_s": float(over.headers["retry-after"])})
    assert (last.status_code, over.status_code) == (200, 429)
    assert over.headers["retry-after"] == "20"
    assert over.json()["error"]["code"] == "TooManyRequests"
    assert (await tenant.presences([person.id], headers)).status_code == 200


async def test_the_working_day_moves_everybody_but_the_pinned(big_tenant: Tenant) -> None:
    """At ten to seven in the evening all have gone home but the first three and who was placed by hand."""
    world, ids = big_tenant.world, [person.id for person in people(big_tenant)[3:50]]
    await big_tenant.switch("PUT", f"people/{ids[0]}/presence", {"availability": "Busy", "activity": "Busy"})
    world.day.pass_time(18 * 60 + 50 - OPENING_MINUTE)
    found = (await big_tenant.presences(ids, await big_tenant.app_headers())).json()["value"]
    assert {item["availability"].lower() for item in found if item["id"] != ids[0]} == {"offline"}
    assert next(item for item in found if item["id"] == ids[0])["availability"] == "Busy"


@pytest.mark.parametrize(("takes", "packed"), [("gzip, deflate", True), ("identity", False)])
async def test_large_answers_are_compressed_for_whoever_takes_them_so(
    tenant: Tenant, takes: str, *, packed: bool
) -> None:
    headers = {**await tenant.app_headers(), "accept-encoding": takes}
    answer = await tenant.presences([person.id for person in people(tenant)[:20]], headers)
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert len(answer.json()["value"]) == 20
    alone = await tenant.presences([people(tenant)[0].id], headers)
    assert "content-encoding" not in alone.headers
