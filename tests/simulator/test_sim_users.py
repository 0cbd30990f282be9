"""Listing people: pages, properties, filters and who may see what."""

from urllib.parse import urlsplit

import pytest

from tests.simulator.tenant import ROOT, Tenant

MAX = "max.muster@contoso.example"


async def everybody(
    tenant: Tenant, path: str, headers: dict[str, str]
) -> tuple[list[dict[str, object]], int]:
    """All pages of a listing."""
    found: list[dict[str, object]] = []
    pages, link = 0, path
    while link:
        body = (await tenant.http.get(link, headers=headers)).json()
        found += body["value"]
        link, pages = body.get("@odata.nextLink", ""), pages + 1
    return found, pages


async def names(tenant: Tenant, text: str, **headers: str) -> list[str]:
    """The mail addresses that pass a filter."""
    asked = {"$filter": text, "$select": "mail", "$count": "true"}
    answer = await tenant.http.get(
        "/v1.0/users", params=asked, headers={**await tenant.app_headers(), **headers}
    )
    assert answer.status_code == 200, answer.text
    return [person["mail"] for person in answer.json()["value"]]


async def test_a_page_holds_a_hundred_unless_asked_otherwise(big_tenant: Tenant) -> None:
    headers = await big_tenant.app_headers()
    people, pages = await everybody(big_tenant, "/v1.0/users", headers)
    _, large_pages = await everybody(big_tenant, "/v1.0/users?$top=999&$select=id", headers)
    assert len({person["id"] for person in people}) == len(people) == 1_040
    assert (pages, large_pages) == (11, 2)


async def test_links_lead_to_the_root_that_the_caller_used(big_tenant: Tenant) -> None:
    headers = {**await big_tenant.app_headers(), "host": "localhost:9"}
    link = (await big_tenant.http.get("/v1.0/users?$select=id", headers=headers)).json()["@odata.nextLink"]
    assert urlsplit(link).netloc == "localhost:9"
    assert "$select=id" in link


@pytest.mark.parametrize("query", ["$top=1000", "$top=0", "$skip=5", "$select=nonsense", "$filter=mail eq"])
async def test_nonsense_is_a_bad_request(tenant: Tenant, query: str) -> None:
    answer = await tenant.http.get(f"/v1.0/users?{query}", headers=await tenant.app_headers())
    assert answer.status_code == 400
    assert answer.json()["error"]["innerError"]["request-id"] == answer.headers["request-id"]


async def test_only_the_documented_properties_come_unasked(tenant: Tenant) -> None:
    people = (await tenant.http.get("/v1.0/users", headers=await tenant.app_headers())).json()["value"]
    assert people[0].keys() == {
        "businessPhones",
        "displayName",
        "givenName",
        "id",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
    }


@pytest.mark.parametrize(
    "text",
    [
        f"mail eq '{MAX.upper()}'",
        f"userPrincipalName eq '{MAX}'",
        f"proxyAddresses/any(p:p eq 'smtp:{MAX}')",
        "proxyAddresses/any(x:x eq 'SMTP:M.Muster@contoso.example')",
        "proxyAddresses/any(p:startsWith(p,'smtp:m.muster@'))",
        f"mail eq 'nobody@contoso.example' or proxyAddresses/any(p:p eq 'smtp:{MAX}')",
        "startsWith(mail,'max.m') and accountEnabled eq true and userType eq 'Member'",
        f"mail in ('{MAX}', 'x@y.z')",
        "(mail eq 'a' or mail eq 'b') or (givenName eq 'Max')",
    ],
)
async def test_filters_find_max(tenant: Tenant, text: str) -> None:
    assert await names(tenant, text) == [MAX]


async def test_a_quote_is_doubled(tenant: Tenant) -> None:
    created = await tenant.switch("POST", "people", {"mail": "o'brien@contoso.example"})
    assert await names(tenant, "mail eq 'o''brien@contoso.example'") == [created["mail"]]


async def test_an_alias_can_be_shared(tenant: Tenant) -> None:
    assert len(await names(tenant, "proxyAddresses/any(p:p eq 'smtp:vertrieb@contoso.example')")) == 2


async def test_advanced_operators_need_eventual_consistency(tenant: Tenant) -> None:
    path = "/v1.0/users?$filter=endsWith(mail,'@fabrikam.example')"
    refused = await tenant.http.get(path, headers=await tenant.app_headers())
    assert refused.json()["error"]["code"] == "Request_UnsupportedQuery"
    assert MAX in await names(tenant, "endsWith(mail,'@contoso.example')", ConsistencyLevel="eventual")
    assert MAX not in await names(tenant, "not(givenName eq 'Max')", ConsistencyLevel="eventual")


async def test_no_more_than_fifteen_alternatives(tenant: Tenant) -> None:
    text = " or ".join(f"mail eq '{number}'" for number in range(16))
    answer = await tenant.http.get(
        "/v1.0/users", params={"$filter": text}, headers=await tenant.app_headers()
    )
    assert answer.status_code == 400


async def test_one_person_by_id_or_user_principal_name(tenant: Tenant) -> None:
    headers = await tenant.app_headers()
    guest = next(p for p in tenant.world.directory.people if p.properties["userType"] == "Guest")
    upn = guest.properties["userPrincipalName"].replace("#", "%23")
    by_upn = await tenant.http.get(f"/v1.0/users/{upn}?$select=id,userType", headers=headers)
    missing = await tenant.http.get("/v1.0/users/nobody@contoso.example", headers=headers)
    assert by_upn.json() == {
        "@odata.context": f"{ROOT}/v1.0/$metadata#users(id,userType)/$entity",
        "id": guest.id,
        "userType": "Guest",
    }
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


async def test_the_basic_permission_does_not_list_for_an_app(basic_tenant: Tenant) -> None:
    headers = await basic_tenant.app_headers()
    for path in ("/v1.0/users", "/v1.0/users/delta"):
        answer = await basic_tenant.http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("$select=id,mail,userPrincipalName,displayName", 200),
        ("$select=id,proxyAddresses", 403),
        ("$select=id&$filter=mail eq 'a'", 200),
        ("$select=id&$filter=accountEnabled eq true", 403),
    ],
)
async def test_the_basic_permission_shows_little_when_delegated(
    basic_tenant: Tenant, query: str, status: int
) -> None:
    headers = await basic_tenant.user_headers()
    assert (await basic_tenant.http.get(f"/v1.0/users?{query}", headers=headers)).status_code == status


async def test_every_answer_can_be_correlated(tenant: Tenant) -> None:
    headers = {**await tenant.app_headers(), "client-request-id": "6f1f0a3e-0000-4000-8000-000000000001"}
    answer = await tenant.http.get("/v1.0/users", headers=headers)
    assert answer.headers["client-request-id"] == headers["client-request-id"]
    assert answer.headers.keys() >= {"request-id", "date", "x-ms-ags-diagnostic"}
