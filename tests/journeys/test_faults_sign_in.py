"""The fault matrix, rows *Sign-in*: whatever the sign-in host does, callers are answered from memory."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.support.matrix import MAX, Bench, Row, Watch, open_bench, survive
from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated
from tests.support.tcp_proxy import TcpProxy, Wire

Record = Callable[[str, object], None]
# An early renewal, the pause after the second failure, and a poll interval.
_TRANSIENT_S = 12.0


@pytest.fixture(scope="module")
def as_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Signed in with a secret, on tokens that last two seconds; the wire to the sign-in host can be cut."""
    folder = tmp_path_factory.mktemp("app")
    arguments = ("--people", "20", "--token-lifetime", "2")
    with open_bench(folder, *arguments, proxied="AZURE_AUTHORITY_HOST") as bench:
        yield bench


@pytest.fixture(scope="module")
def as_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Signed in with user name and password, on tokens that last two seconds."""
    folder = tmp_path_factory.mktemp("user")
    with open_bench(folder, "--people", "20", "--token-lifetime", "2", delegated=True) as bench:
        yield bench


def _fail(bench: Bench, /, kind: str = "status", **fault: Any) -> None:
    bench.tenant.fail("token", kind, **fault)


def _register(bench: Bench, /, **registered: Any) -> None:
    bench.tenant.change_credentials(**registered)


def _cut(bench: Bench, /, wire: Wire) -> None:
    bench.wire.become(wire)


def _outage(name: str, **fault: Any) -> Row:
    return Row(
        name=name,
        begin=partial(_fail, **fault),
        finder="signIn",
        code="sign_in_unavailable",
        heals_within_s=_TRANSIENT_S,
    )


OUTAGES = [
    _outage("token endpoint 500", status=500),
    _outage("token endpoint 503", status=503),
    _outage("token endpoint 429 with Retry-After", status=429, headers={"Retry-After": "2"}),
    _outage("token endpoint answers HTML", kind="html"),
    _outage("token endpoint answers HTML with 200", kind="html", status=200),
    _outage("token endpoint answers half a JSON", kind="body", body='{"access_token":"ey'),
]
SLOW = [
    Row(
        name=name,
        begin=partial(_cut, wire=wire),
        end=partial(_cut, wire=Wire.WHOLE),
        finder="signIn",
        code="sign_in_unavailable",
        says=says,
        shows_within_s=15,
        heals_within_s=20,
    )
    for name, wire, says in [
        ("sign-in network down", Wire.REFUSED, "refused"),
        ("token endpoint never answers", Wire.BLACK_HOLE, "no answer in time"),
        ("token endpoint drips", Wire.DRIP, "no answer in time"),
    ]
]


def _refusal(name: str, aadsts: int, *, code: str = "sign_in_refused", **ways: Any) -> Row:
    return Row(name=name, finder="signIn", code=code, says=f"AADSTS{aadsts}", at_once=True, **ways)


SECRET = [
    _refusal(
        "secret revoked",
        7000215,
        begin=partial(_register, secret="another~secret"),
        end=lambda bench: _register(bench, secret=bench.tenant.sheet["client_secret"]),
    ),
    _refusal(
        "secret expired",
        7000222,
        begin=partial(_register, secret_expires="2026-01-01T00:00:00Z"),
        end=partial(_register, secret_expires=None),
    ),
    _refusal(
        "application disabled",
        7000112,
        begin=partial(_register, app_enabled=False),
        end=partial(_register, app_enabled=True),
    ),
    _refusal("tenant gone", 90002, begin=partial(_fail, kind="aadsts", code=90002)),
    Row(
        name="presence permission withdrawn",
        begin=partial(_register, permissions=["User.Read.All"]),
        end=partial(_register, permissions=["Presence.Read.All", "User.Read.All"]),
        code="permission_missing",
        says="grant Presence.Read.All",
    ),
]


def _wrong_password(bench: Bench) -> None:
    _register(bench, password="changed behind our back")


def _right_password(bench: Bench) -> None:
    _register(bench, password=bench.tenant.sheet["password"], locked=False)


def _locked(bench: Bench) -> None:
    _register(bench, locked=True)
    bench.tenant.revoke()


PASSWORD = [
    _refusal("wrong password", 50126, code="password_refused", begin=_wrong_password, end=_right_password),
    _refusal("account locked", 50053, code="password_refused", begin=_locked, end=_right_password),
    _refusal(
        "MFA demanded",
        50076,
        begin=partial(_register, password_state="mfa"),
        end=partial(_register, password_state="ok"),
    ),
    _refusal(
        "consent missing",
        65001,
        begin=partial(_register, permissions=[]),
        end=partial(_register, permissions=["Presence.Read.All", "User.Read.All"]),
    ),
]


@pytest.mark.fault
@pytest.mark.parametrize("row", [*OUTAGES, *SLOW, *SECRET], ids=str)
def test_application_sign_in(as_app: Bench, row: Row, record_property: Record) -> None:
    """Stale with the true age, named in `/health`, told once, and current again by itself or at SIGHUP."""
    survive(as_app, row, record_property)


@pytest.mark.fault
@pytest.mark.parametrize("row", PASSWORD, ids=str)
def test_user_sign_in(as_user: Bench, row: Row, record_property: Record) -> None:
    """The same with a password, which is tried once and then left alone, so that no account is locked."""
    survive(as_user, row, record_property)


@pytest.mark.fault
def test_a_revoked_refresh_token_costs_one_password_sign_in(as_user: Bench, record_property: Record) -> None:
    """Nobody notices: the password takes over once, and a refresh token carries on."""
    as_user.wait_until_well()
    before = _grants(as_user)
    with Watch(as_user.service) as watch:
        as_user.tenant.revoke()
        eventually(lambda: _grants(as_user)[0] > before[0], within_s=5)
        afterwards = _grants(as_user)
        eventually(lambda: _grants(as_user)[1] > afterwards[1], within_s=5)
    watch.check_known_person_was_answered()
    watch.check_staleness(expected=False)
    assert _grants(as_user)[0] == before[0] + 1
    record_property("slowest_s", watch.slowest_s)


@pytest.mark.fault
def test_the_cached_token_carries_on_while_it_cannot_be_renewed(
    tmp_path_factory: pytest.TempPathFactory, record_property: Record
) -> None:
    """`/health` says that renewal fails; callers notice nothing, because the token in hand is still good."""
    row = _outage("renewal fails", status=500)
    row.stale, row.shows_within_s = False, 10
    with open_bench(tmp_path_factory.mktemp("carry"), "--people", "5", "--token-lifetime", "14") as bench:
        survive(bench, row, record_property)


@pytest.mark.fault
def test_network_down_at_the_start(simulate: Callable[..., Simulated], serve: Callable[..., Service]) -> None:
    """Alive and honest from the first second, and ready by itself once the network is there."""
    tenant = simulate("--people", "5")
    with TcpProxy(tenant.http.base_url.port or 0) as wire:
        wire.become(Wire.REFUSED)
        root = f"https://127.0.0.1:{wire.port}"
        service = serve(tenant.settings | {"AZURE_AUTHORITY_HOST": root, "PRESENCE_GRAPH_URL": root})
        eventually(lambda: _sign_in(service)["fault"], within_s=8)
        assert _sign_in(service)["faultCode"] == "sign_in_unavailable"
        assert service.get("/health/live").status_code == 200
        assert service.get(f"/presence/{MAX}").status_code == 503
        wire.become(Wire.WHOLE)
        service.wait_until_ready(within_s=20)
    assert service.presence(MAX)["stale"] is False
    assert service.process.output.count("Sign-in failed") == 1
    assert service.process.output.count("Signed in to Microsoft again") == 1


@pytest.mark.fault
def test_a_wrong_tenant_at_the_start(tenant: Simulated, serve: Callable[..., Service]) -> None:
    """Microsoft is asked once, and `/health` names the setting to correct."""
    elsewhere = "11111111-2222-3333-4444-555555555555"
    service = serve(tenant.settings | {"AZURE_TENANT_ID": elsewhere})
    eventually(lambda: _sign_in(service)["fault"], within_s=8)
    assert "AZURE_TENANT_ID" in _sign_in(service)["fault"]
    assert "AADSTS90002" in _sign_in(service)["fault"]
    assert [service.get(path).status_code for path in ("/health/live", f"/presence/{MAX}")] == [200, 503]
    assert tenant.calls()["discovery"] == 1
    assert service.process.output.count("Sign-in failed") == 1


@pytest.mark.fault
@pytest.mark.parametrize("offset_s", [600, -600], ids=["tenant ahead", "tenant behind"])
def test_clocks_ten_minutes_apart(
    tmp_path_factory: pytest.TempPathFactory, offset_s: int, record_property: Record
) -> None:
    """Tokens are renewed in time and ages are true, because only spans of our own clock are counted."""
    arguments = ("--people", "5", "--token-lifetime", "2", "--clock-offset", str(offset_s))
    with open_bench(tmp_path_factory.mktemp("skew"), *arguments) as bench:
        renewals = bench.tenant.calls()["token"] + 2
        with Watch(bench.service) as watch:
            eventually(lambda: bench.tenant.calls()["token"] >= renewals, within_s=8)
        watch.check_known_person_was_answered()
        watch.check_staleness(expected=False)
        assert not [record for record in bench.records(since=0) if " failed" in record["message"]]
    record_property("slowest_s", watch.slowest_s)


def _grants(bench: Bench) -> tuple[int, int]:
    """How many password and refresh token sign-ins went well."""
    good = [call["grant_type"] for call in bench.tenant.call_log() if call["status"] == 200]
    return good.count("password"), good.count("refresh_token")


def _sign_in(service: Service) -> dict[str, Any]:
    told: dict[str, Any] = service.health()["tenants"][0]["signIn"]
    return told
