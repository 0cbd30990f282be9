"""The registration, the domains and the service account, as far as they tell when something expires."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.permission_ids import PERMISSIONS
from simulator.world import Plan
from tests.simulator.conftest import open_tenant
from tests.simulator.tenant import ROOT, Tenant, codes
from tests.support.certificates import make_certificate

GRANTED = (*PERMISSIONS, "Application.Read.All", "Domain.Read.All")
BY_APP_ID = "/v1.0/applications(appId='{}')"


@pytest.fixture
async def open_book() -> AsyncIterator[Tenant]:
    """A tenant whose administrator has granted everything that the countdown can use."""
    async with open_tenant(Plan(people=20, permissions=GRANTED)) as opened:
        yield opened


async def read(tenant: Tenant, path: str) -> httpx.Response:
    return await tenant.http.get(path, headers=await tenant.app_headers())


async def secrets_of(tenant: Tenant) -> list[dict[str, Any]]:
    answer = await read(tenant, BY_APP_ID.format(tenant.world.registration.client_id))
    found: list[dict[str, Any]] = answer.json()["passwordCredentials"]
    return found


async def test_a_secret_is_told_by_its_hint_and_never_by_its_value(open_book: Tenant) -> None:
    (secret,) = await secrets_of(open_book)
    app = open_book.world.registration
    assert secret == {
        "customKeyIdentifier": None,
        "displayName": "presence service",
        "endDateTime": "2027-05-22T12:00:00.000Z",
        "hint": app.secret[:3],
        "keyId": app.secrets[0].id,
        "secretText": None,
        "startDateTime": "2026-11-23T12:00:00.000Z",
    }


async def test_a_select_names_what_comes(open_book: Tenant) -> None:
    app = open_book.world.registration
    path = f"/v1.0/applications/{app.application_id}?$select=appid,displayName"
    assert (await read(open_book, path)).json() == {
        "@odata.context": f"{ROOT}/v1.0/$metadata#applications(appId,displayName)/$entity",
        "appId": app.client_id,
        "displayName": "Teams presence",
    }
    refused = await read(open_book, f"/v1.0/applications/{app.application_id}?$select=secrets")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")


async def test_a_certificate_is_a_key_credential(open_book: Tenant) -> None:
    certificate = make_certificate()
    open_book.world.registration.certificates.append(certificate)
    answer = await read(open_book, BY_APP_ID.format(open_book.world.registration.client_id.upper()))
    (credential,) = answer.json()["keyCredentials"]
    assert (credential["type"], credential["usage"], credential["key"]) == (
        "AsymmetricX509Cert",
        "Verify",
        None,
    )
    ends = certificate.not_valid_after_utc.isoformat(timespec="milliseconds")
    assert credential["endDateTime"] == ends.replace("+00:00", "Z")


@pytest.mark.parametrize("delegated", [False, True])
@pytest.mark.parametrize("path", [BY_APP_ID.format("{app}"), "/v1.0/domains/contoso.example"])
async def test_without_the_permission_not_even_ones_own_is_told(
    tenant: Tenant, path: str, *, delegated: bool
) -> None:
    headers = await (tenant.user_headers() if delegated else tenant.app_headers())
    path = path.format(app=tenant.world.registration.client_id)
    answer = await tenant.http.get(path, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


async def test_the_permissions_work_delegated_too(open_book: Tenant) -> None:
    headers = await open_book.user_headers()
    for path in (
        BY_APP_ID.format(open_book.world.registration.client_id),
        "/v1.0/domains/CONTOSO.example?$select=passwordValidityPeriodInDays",
    ):
        assert (await open_book.http.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        BY_APP_ID.format("0b5f7a52-0000-4000-8000-000000000000"),
        "/v1.0/applications/0b5f7a52-0000-4000-8000-000000000000",
        "/v1.0/domains/fabrikam.example",
        "/v1.0/users/nobody@contoso.example",
    ],
)
async def test_what_is_not_there_is_not_found(open_book: Tenant, path: str) -> None:
    answer = await read(open_book, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


async def test_each_of_several_secrets_signs_in_until_it_expires_or_is_deleted(open_book: Tenant) -> None:
    first = open_book.world.registration.secrets[0]
    made = await open_book.switch("POST", "secrets", {"name": "next year"})
    assert (await open_book.token(client_secret=made["value"])).status_code == 200
    assert [secret["hint"] for secret in await secrets_of(open_book)] == [first.hint, made["value"][:3]]

    await open_book.switch("PATCH", f"secrets/{first.id}", {"expires": "2026-11-01"})
    assert codes(await open_book.token(client_secret=first.value)) == [7000222]
    assert (await open_book.token(client_secret=made["value"])).status_code == 200

    left = await open_book.switch("DELETE", f"secrets/{first.id}")
    assert codes(await open_book.token(client_secret=first.value)) == [7000215]
    assert [secret["id"] for secret in left["secrets"]] == [made["id"]]
    assert "value" not in left["secrets"][0]


async def test_the_last_secret_can_be_deleted_and_the_switches_say_so(open_book: Tenant) -> None:
    first = open_book.world.registration.secrets[0]
    await open_book.switch("DELETE", f"secrets/{first.id}")
    sheet = await open_book.switch("GET", "sheet")
    assert (sheet["client_secret"], sheet["client_secret_id"], sheet["client_secrets"]) == ("", None, [])
    for method, path, body in (
        ("DELETE", f"secrets/{first.id}", None),
        ("POST", "credentials", {"secret": "new"}),
        ("POST", "secrets", {"expires": "some day"}),
    ):
        answer = await open_book.http.request(method, f"/_simulator/{path}", json=body)
        assert answer.status_code in {400, 404}, answer.text
        assert answer.json()["error"]


async def test_the_portal_sheet_shows_secrets_and_permissions_with_their_ids(open_book: Tenant) -> None:
    sheet = await open_book.switch("GET", "sheet")
    first = open_book.world.registration.secrets[0]
    assert sheet["client_secrets"] == [
        {
            "id": first.id,
            "name": "presence service",
            "hint": first.value[:3],
            "starts": "2026-11-23T12:00:00.000Z",
            "expires": "2027-05-22T12:00:00.000Z",
        }
    ]
    assert sheet["permission_ids"].keys() == set(GRANTED)
    assert sheet["permission_ids"]["Presence.Read.All"] == {
        "application": "a70e0c2d-e793-494c-94c4-118fa0a67f42",
        "delegated": "9c7a330d-35b3-4aa1-963d-cb2b9f927841",
    }


PASSWORD = (
    "lastPasswordChangeDateTime,passwordPolicies,onPremisesSyncEnabled,accountEnabled,userPrincipalName"
)


@pytest.mark.parametrize("people", [2, 20])
async def test_the_service_account_is_found_by_its_name_even_in_a_tiny_tenant(people: int) -> None:
    async with open_tenant(Plan(people=people, permissions=GRANTED)) as tenant:
        name = tenant.world.account.username
        by_name = (await read(tenant, f"/v1.0/users/{name.upper()}?$select=id,{PASSWORD}")).json()
        by_id = (await read(tenant, f"/v1.0/users/{by_name['id']}?$select=id,{PASSWORD}")).json()
        assert by_name == by_id
        assert by_name["userPrincipalName"] == name
        assert by_name["passwordPolicies"] == "DisablePasswordExpiration"
        assert by_name["lastPasswordChangeDateTime"] == "2026-10-24T12:00:00.000Z"
        listed = (await read(tenant, "/v1.0/users?$top=999&$filter=accountEnabled eq true")).json()["value"]
        members = [person for person in listed if "#EXT#" not in person["userPrincipalName"]]
        assert len(members) == people


@pytest.mark.parametrize("people", [2, 20])
async def test_the_password_policy_can_be_switched(people: int) -> None:
    async with open_tenant(Plan(people=people, permissions=GRANTED)) as tenant:
        order = {"never_expires": False, "changed": "2026-09-01", "synced": True, "validity_days": None}
        await tenant.switch("POST", "password-policy", {**order, "federated": True})
        account = (
            await read(tenant, f"/v1.0/users/{tenant.world.account.username}?$select={PASSWORD}")
        ).json()
        domain = (await read(tenant, "/v1.0/domains/contoso.example")).json()
        assert (account["passwordPolicies"], account["onPremisesSyncEnabled"]) == (None, True)
        assert account["lastPasswordChangeDateTime"] == "2026-09-01T00:00:00.000Z"
        assert (domain["passwordValidityPeriodInDays"], domain["authenticationType"]) == (None, "Federated")
        realm = await tenant.http.get(f"/common/userrealm/{tenant.world.account.username}?api-version=1.0")
        assert realm.json()["account_type"] == "Federated"


async def test_a_domain_of_today_says_that_passwords_never_expire(open_book: Tenant) -> None:
    select = "passwordValidityPeriodInDays,passwordNotificationWindowInDays,authenticationType"
    domain = (await read(open_book, f"/v1.0/domains/contoso.example?$select={select}")).json()
    assert domain == {
        "@odata.context": f"{ROOT}/v1.0/$metadata#domains({select})/$entity",
        "passwordValidityPeriodInDays": 2_147_483_647,
        "passwordNotificationWindowInDays": 14,
        "authenticationType": "Managed",
    }


async def test_a_new_password_begins_its_life_anew(open_book: Tenant) -> None:
    await open_book.switch("POST", "credentials", {"password": "a new one"})
    path = f"/v1.0/users/{open_book.world.account.username}?$select=lastPasswordChangeDateTime"
    assert (await read(open_book, path)).json()["lastPasswordChangeDateTime"] == "2026-11-23T12:00:00.000Z"


async def test_a_dismissed_service_account_is_gone(open_book: Tenant) -> None:
    name = open_book.world.account.username
    await open_book.switch("DELETE", f"people/{name}")
    assert (await read(open_book, f"/v1.0/users/{name}")).status_code == 404


async def test_with_the_least_permission_a_user_sees_all_of_himself_and_nothing_more_of_others() -> None:
    """`User.Read` is for oneself, and for delegated sign-in only."""
    async with open_tenant(Plan(people=20, permissions=("User.Read", "User.ReadBasic.All"))) as tenant:
        path = f"/v1.0/users/{{}}?$select={PASSWORD}"
        name, other = tenant.world.account.username, "max.muster@contoso.example"
        user, app = await tenant.user_headers(), await tenant.app_headers()
        asked = [(name, user), (other, user), (name, app)]
        answers = [await tenant.http.get(path.format(key), headers=headers) for key, headers in asked]
        assert [answer.status_code for answer in answers] == [200, 403, 403]
