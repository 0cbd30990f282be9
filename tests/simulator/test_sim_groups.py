"""Groups: who is in them, page by page, and who may ask."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.permission_ids import PERMISSIONS
from simulator.world import Plan
from tests.simulator.conftest import open_tenant
from tests.simulator.tenant import ROOT, Tenant

MAX, ERIKA = "max.muster@contoso.example", "erika.mustermann@contoso.example"
NEW = "0f0e0d0c-1111-2222-3333-444455556666"
ADVANCED = {"ConsistencyLevel": "eventual"}


@pytest.fixture
async def grouped() -> AsyncIterator[Tenant]:
    """A tenant whose application may read groups."""
    async with open_tenant(Plan(people=1_000, permissions=(*PERMISSIONS, "GroupMember.Read.All"))) as opened:
        yield opened


async def ask(tenant: Tenant, path: str, **headers: str) -> httpx.Response:
    return await tenant.http.get(path, headers={**await tenant.app_headers(), **headers})


async def sales(tenant: Tenant) -> str:
    sheet = await tenant.switch("GET", "sheet")
    assert list(sheet["groups"]) == ["Sales", "Support"]
    group: str = sheet["groups"]["Sales"]
    return group


async def test_members_come_in_pages_whose_links_lead_to_the_end(grouped: Tenant) -> None:
    link, found = f"/v1.0/groups/{await sales(grouped)}/transitiveMembers?$select=id", list[str]()
    pages = 0
    while link:
        body = (await ask(grouped, link)).json()
        found += [member["id"] for member in body["value"]]
        link, pages = body.get("@odata.nextLink", ""), pages + 1
    assert pages == 4
    assert len(found) == len(set(found)) == 335
    assert {tuple(member) for member in body["value"]} == {("@odata.type", "id")}


@pytest.mark.parametrize("relation", ["members", "transitiveMembers"])
async def test_the_cast_to_people_needs_eventual_consistency(grouped: Tenant, relation: str) -> None:
    """Microsoft: "List group transitive members", the header and $count are required for an OData cast."""
    path = f"/v1.0/groups/{await sales(grouped)}/{relation}/microsoft.graph.user?$select=id,mail&$top=1"
    assert (await ask(grouped, path)).json()["error"]["code"] == "Request_UnsupportedQuery"
    body = (await ask(grouped, f"{path}&$count=true", **ADVANCED)).json()
    assert (body["@odata.count"], body["value"][0]["mail"]) == (335, MAX)
    again = (await ask(grouped, body["@odata.nextLink"], **ADVANCED)).json()
    assert again["value"][0]["mail"] not in (None, MAX)


async def test_a_group_can_be_looked_at(grouped: Tenant) -> None:
    group = await sales(grouped)
    assert (await ask(grouped, f"/v1.0/groups/{group.upper()}")).json() == {
        "@odata.context": f"{ROOT}/v1.0/$metadata#groups/$entity",
        "id": group,
        "displayName": "Sales",
    }


@pytest.mark.parametrize("path", [NEW, f"{NEW}/members", f"{NEW}/transitiveMembers"])
async def test_an_unknown_group_is_not_found(grouped: Tenant, path: str) -> None:
    answer = await ask(grouped, f"/v1.0/groups/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


async def test_an_unknown_relation_is_a_bad_request(grouped: Tenant) -> None:
    assert (await ask(grouped, f"/v1.0/groups/{await sales(grouped)}/owners")).status_code == 400


@pytest.mark.parametrize(
    ("permission", "status"),
    [
        ("User.Read.All", 403),
        ("GroupMember.Read.All", 200),
        ("Group.Read.All", 200),
        ("Directory.Read.All", 200),
    ],
)
async def test_reading_groups_takes_a_permission(permission: str, status: int) -> None:
    async with open_tenant(Plan(people=20, permissions=(permission,))) as tenant:
        group = await sales(tenant)
        for path in (group, f"{group}/members"):
            assert (await ask(tenant, f"/v1.0/groups/{path}")).status_code == status


async def test_without_a_permission_for_people_only_their_ids_show() -> None:
    """Microsoft: "Limited information returned for inaccessible member objects"."""
    async with open_tenant(Plan(people=20, permissions=("GroupMember.Read.All",))) as tenant:
        body = (await ask(tenant, f"/v1.0/groups/{await sales(tenant)}/members?$select=id,mail")).json()
        assert {(bool(member["id"]), member["mail"]) for member in body["value"]} == {(True, None)}


async def test_a_group_is_founded_filled_and_dissolved(grouped: Tenant) -> None:
    made = await grouped.switch("PUT", f"groups/{NEW}", {"displayName": "New", "members": [MAX.upper(), MAX]})
    assert (made["displayName"], len(made["members"])) == ("New", 1)
    changed = await grouped.switch("PUT", f"groups/{NEW}", {"members": [ERIKA, made["members"][0]]})
    assert (changed["displayName"], len(changed["members"])) == ("New", 2)
    body = (await ask(grouped, f"/v1.0/groups/{NEW}/members?$select=mail")).json()
    assert [member["mail"] for member in body["value"]] == [ERIKA, MAX]
    await grouped.switch("DELETE", f"groups/{NEW}")
    listed = await grouped.switch("GET", "groups")
    assert [group["displayName"] for group in listed["groups"]] == ["Sales", "Support"]


@pytest.mark.parametrize("order", [{"members": ["nobody@contoso.example"]}, {"misspelt": 1}])
async def test_an_order_that_makes_no_sense_is_refused(grouped: Tenant, order: dict[str, Any]) -> None:
    answer = await grouped.http.put(f"/_simulator/groups/{NEW}", json=order)
    assert answer.status_code in (400, 404)


async def test_a_deleted_person_is_in_no_group(grouped: Tenant) -> None:
    await grouped.switch("PUT", f"groups/{NEW}", {"members": [MAX]})
    await grouped.switch("DELETE", f"people/{MAX}")
    assert (await ask(grouped, f"/v1.0/groups/{NEW}/members")).json()["value"] == []


async def test_groups_can_be_troubled_and_are_counted(grouped: Tenant) -> None:
    await grouped.switch("POST", "faults", {"endpoint": "groups", "kind": "status", "status": 503})
    assert (await ask(grouped, f"/v1.0/groups/{NEW}")).status_code == 503
    assert (await grouped.switch("GET", "calls"))["groups"] == 1


async def test_small_tenants_have_the_same_groups() -> None:
    """Empty ones, where nobody lives."""
    async with open_tenant(Plan(people=0)) as nobody, open_tenant(Plan(people=20)) as some:
        assert await sales(nobody) == await sales(some)
