"""The sign-in host's refusals, each with Microsoft's number, OAuth error and status."""

import jwt
import pytest

from tests.simulator.tenant import ROOT, SCOPE, Tenant, bearer, codes


async def test_an_error_has_every_member_that_microsoft_sends(tenant: Tenant) -> None:
    answer = await tenant.token(client_secret="wrong")
    body = answer.json()
    assert answer.status_code == 401
    assert body.keys() == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    assert body["error_description"].endswith(f"Timestamp: {body['timestamp']}")


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "0b5f7a52-0000-4000-8000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"tenant": "nobody.example"}, 400, "invalid_tenant", 90002),
        ({"tenant": "no-tenant"}, 400, "invalid_request", 900023),
        ({"tenant": "common"}, 400, "invalid_request", 9001023),
        ({"scope": "api://other/.default"}, 400, "invalid_resource", 500011),
        ({"scope": f"{ROOT}/User.Read.All"}, 400, "invalid_scope", 70011),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"grant_type": "device_code"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, 400, "invalid_grant", 70000),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
async def test_a_refusal_has_its_number_and_status(
    tenant: Tenant, form: dict[str, str | None], status: int, error: str, code: int
) -> None:
    answer = await tenant.token(**form)
    assert (answer.status_code, answer.json()["error"], codes(answer)) == (status, error, [code])


async def test_a_secret_expires_by_the_tenants_clock(tenant: Tenant) -> None:
    await tenant.switch("POST", "credentials", {"secret_expires": "2026-11-24T00:00:00Z"})
    before = await tenant.token()
    await tenant.switch("POST", "clock", {"advance_s": 86_400})
    assert before.status_code == 200
    assert codes(await tenant.token()) == [7000222]


async def test_a_disabled_application_gets_nothing(tenant: Tenant) -> None:
    await tenant.switch("POST", "credentials", {"app_enabled": False})
    assert codes(await tenant.token()) == [7000112]


async def test_a_disabled_account_gets_nothing(tenant: Tenant) -> None:
    await tenant.switch("PATCH", f"people/{tenant.world.account.username}", {"accountEnabled": False})
    assert codes(await tenant.sign_in()) == [50057]


async def test_a_permission_that_nobody_consented_to_is_refused(tenant: Tenant) -> None:
    answer = await tenant.sign_in(scope=f"{ROOT}/Mail.Read openid")
    assert codes(answer) == [65001]
    assert answer.json()["suberror"] == "consent_required"


async def test_each_lockout_is_twice_as_long(tenant: Tenant) -> None:
    """Smart lockout: a minute first, and the first failure afterwards locks again for two."""
    for _ in range(10):
        await tenant.sign_in(password="wrong")
    await tenant.switch("POST", "clock", {"advance_s": 61})
    await tenant.sign_in(password="wrong")
    await tenant.switch("POST", "clock", {"advance_s": 61})
    assert codes(await tenant.sign_in()) == [50053]
    await tenant.switch("POST", "clock", {"advance_s": 61})
    assert (await tenant.sign_in()).status_code == 200


async def test_a_changed_password_ends_the_sessions(tenant: Tenant) -> None:
    refresh_token = (await tenant.sign_in()).json()["refresh_token"]
    await tenant.switch("POST", "credentials", {"password": "new"})
    assert codes(await tenant.token(grant_type="refresh_token", refresh_token=refresh_token)) == [50173]


async def test_an_app_token_carries_roles_and_a_delegated_one_scopes(tenant: Tenant) -> None:
    app, user = (await tenant.token()).json(), (await tenant.sign_in()).json()
    app_claims = jwt.decode(app["access_token"], options={"verify_signature": False})
    user_claims = jwt.decode(user["access_token"], options={"verify_signature": False})
    assert app_claims["roles"] == ["Presence.Read.All", "User.Read.All"]
    assert "Presence.Read.All" in user_claims["scp"].split()
    assert SCOPE in user["scope"].split()


async def test_the_published_key_verifies_the_tokens(tenant: Tenant) -> None:
    discovery = await tenant.http.get("/contoso.example/v2.0/.well-known/openid-configuration")
    keys = (await tenant.http.get(discovery.json()["jwks_uri"])).json()["keys"]
    token = (await tenant.token()).json()["access_token"]
    claims = jwt.decode(
        token,
        jwt.PyJWK(keys[0]),
        audience=ROOT,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert claims["tid"] == tenant.world.registration.tenant_id


async def test_without_any_permission_there_is_a_token_that_opens_nothing(tenant: Tenant) -> None:
    await tenant.switch("POST", "credentials", {"permissions": []})
    headers = await tenant.app_headers()
    listing = await tenant.http.get("/v1.0/users", headers=headers)
    presence = await tenant.presences([tenant.world.directory.people[0].id], headers)
    assert (listing.status_code, listing.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert (presence.status_code, presence.json()["error"]["code"]) == (403, "Forbidden")


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
async def test_graph_wants_a_real_token(tenant: Tenant, token: str) -> None:
    answer = await tenant.http.get("/v1.0/users", headers=bearer(token))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_graph_refuses_an_expired_token(tenant: Tenant) -> None:
    headers = await tenant.app_headers()
    await tenant.switch("POST", "clock", {"advance_s": 3_600})
    assert (await tenant.http.get("/v1.0/users", headers=headers)).status_code == 401


async def test_graph_refuses_a_token_for_somebody_else(tenant: Tenant) -> None:
    identity = (await tenant.sign_in()).json()["id_token"]
    answer = await tenant.http.get("/v1.0/users", headers=bearer(identity))
    assert "audience" in answer.json()["error"]["message"]


async def test_graph_refuses_a_revoked_token(tenant: Tenant) -> None:
    headers = await tenant.app_headers()
    await tenant.switch("POST", "revoke", {"access": True})
    assert (await tenant.http.get("/v1.0/users", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("svc%23a@contoso.example", "Managed"),
        ("a@CONTOSO-group.example", "Managed"),
        ("a@else.example", "Unknown"),
    ],
)
async def test_user_realm_knows_the_tenants_domains(tenant: Tenant, name: str, kind: str) -> None:
    answer = await tenant.http.get(f"/common/userrealm/{name}?api-version=1.0")
    assert answer.json()["account_type"] == kind
