"""Delta queries: everybody once, then exactly what changed."""

from typing import Any

from tests.simulator.tenant import Tenant

START = "/v1.0/users/delta?$select=id,displayName,mail,accountEnabled"
MAX = "max.muster@contoso.example"


async def round_of(tenant: Tenant, link: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    """Follow nextLinks to the deltaLink."""
    given, items = {**await tenant.app_headers(), **headers}, list[dict[str, Any]]()
    while True:
        answer = await tenant.http.get(link, headers=given)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        items += body["value"]
        if "@odata.deltaLink" in body:
            return items, body["@odata.deltaLink"]
        link = body["@odata.nextLink"]


async def test_the_first_round_brings_everybody_and_the_second_nobody(big_tenant: Tenant) -> None:
    items, link = await round_of(big_tenant, START)
    again, _ = await round_of(big_tenant, link)
    assert {item["id"] for item in items} == {person.id for person in big_tenant.world.directory.people}
    assert again == []


async def test_only_what_was_selected_comes_and_what_was_never_set_does_not(tenant: Tenant) -> None:
    items, _ = await round_of(tenant, START)
    mailless = [item for item in items if "mail" not in item]
    assert len(mailless) == 1
    assert all(item.keys() <= {"id", "displayName", "mail", "accountEnabled"} for item in items)


async def test_a_rename_and_a_null_surface_in_the_next_round(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    await tenant.switch("PATCH", f"people/{MAX}", {"displayName": "Max Neu", "mail": None})
    items, link = await round_of(tenant, link)
    assert [(item["displayName"], item["mail"]) for item in items] == [("Max Neu", None)]
    assert (await round_of(tenant, link))[0] == []


async def test_a_minimal_answer_has_only_what_changed(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    person = await tenant.switch("PATCH", f"people/{MAX}", {"mail": None})
    items, _ = await round_of(tenant, link, Prefer="return=minimal")
    assert items == [{"id": person["id"], "mail": None}]


async def test_changes_to_unselected_properties_stay_silent(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    await tenant.switch("PATCH", f"people/{MAX}", {"mobilePhone": "+49 151 1"})
    assert (await round_of(tenant, link))[0] == []


async def test_somebody_changed_twice_may_come_twice(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    for name in ("Eins", "Zwei"):
        await tenant.switch("PATCH", f"people/{MAX}", {"displayName": name})
    assert [item["displayName"] for item in (await round_of(tenant, link))[0]] == ["Zwei", "Zwei"]


async def test_removal_and_restoration_are_told_with_their_reason(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    person = await tenant.switch("DELETE", f"people/{MAX}")
    soft, link = await round_of(tenant, link)
    await tenant.switch("POST", f"people/{person['id']}/restore")
    back, link = await round_of(tenant, link)
    await tenant.switch("DELETE", f"people/{MAX}?permanent=1")
    hard, _ = await round_of(tenant, link)
    assert soft == [{"id": person["id"], "@removed": {"reason": "changed"}}]
    assert [item["displayName"] for item in back] == ["Max Muster"]
    assert hard == [{"id": person["id"], "@removed": {"reason": "deleted"}}]


async def test_a_newcomer_appears(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    created = await tenant.switch("POST", "people", {"displayName": "Neu", "mail": "neu@contoso.example"})
    items, _ = await round_of(tenant, link)
    assert [(item["id"], item["mail"]) for item in items] == [(created["id"], "neu@contoso.example")]


async def test_a_change_during_the_first_round_is_not_lost(big_tenant: Tenant) -> None:
    headers = await big_tenant.app_headers()
    first = (await big_tenant.http.get(START, headers=headers)).json()
    await big_tenant.switch("PATCH", f"people/{MAX}", {"displayName": "Max Neu"})
    _, link = await round_of(big_tenant, first["@odata.nextLink"])
    assert [item["displayName"] for item in (await round_of(big_tenant, link))[0]] == ["Max Neu"]


async def test_a_link_expires_after_seven_days(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    await tenant.switch("POST", "clock", {"advance_s": 7 * 86_400 + 1})
    answer = await tenant.http.get(link, headers=await tenant.app_headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "resyncRequired")
    items, _ = await round_of(tenant, answer.headers["location"])
    assert len(items) == 24
    assert "accountEnabled" in items[0]


async def test_links_can_be_made_unknown(tenant: Tenant) -> None:
    _, link = await round_of(tenant, START)
    await tenant.switch("POST", "delta/expire")
    answer = await tenant.http.get(link, headers=await tenant.app_headers())
    _, fresh = await round_of(tenant, START)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "syncStateNotFound")
    assert (await round_of(tenant, fresh))[0] == []


async def test_a_garbled_token_is_gone_too(tenant: Tenant) -> None:
    answer = await tenant.http.get("/v1.0/users/delta?$deltatoken=zzz", headers=await tenant.app_headers())
    assert answer.status_code == 410


async def test_latest_starts_from_now(tenant: Tenant) -> None:
    items, link = await round_of(tenant, f"{START}&$deltatoken=latest")
    await tenant.switch("PATCH", f"people/{MAX}", {"displayName": "Max Neu"})
    assert items == []
    assert len((await round_of(tenant, link))[0]) == 1


async def test_a_filter_goes_by_id_only(tenant: Tenant) -> None:
    person = tenant.world.directory.people[0]
    items, link = await round_of(tenant, f"{START}&$filter=id eq '{person.id}'")
    await tenant.switch("PATCH", "people/erika.mustermann@contoso.example", {"displayName": "Erika Neu"})
    refused = await tenant.http.get(f"{START}&$filter=mail eq 'a'", headers=await tenant.app_headers())
    assert [item["id"] for item in items] == [person.id]
    assert (await round_of(tenant, link))[0] == []
    assert refused.status_code == 400


async def test_page_size_is_microsofts_business(tenant: Tenant) -> None:
    answer = await tenant.http.get("/v1.0/users/delta?$top=5", headers=await tenant.app_headers())
    assert answer.status_code == 400
