"""Microsoft's own client library signs in at the simulator, over TLS, in every way that we use."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.simulator.process import SimulatorProcess
from tests.simulator.tenant import bearer


@pytest.fixture(autouse=True)
def good_credentials(simulator: SimulatorProcess) -> Iterator[None]:
    """Whatever a test breaks is mended after it."""
    yield
    mended = {
        "secret": simulator.sheet["client_secret"],
        "password": simulator.sheet["password"],
        "password_state": "ok",
        "locked": False,
        "certificate_pem": None,
        "app_enabled": True,
    }
    simulator.switch("POST", "credentials", mended)
    simulator.switch("DELETE", "faults")


def sign_in(simulator: SimulatorProcess, *, password: str | None = None, username: str | None = None) -> Any:
    """User name and password with a fresh msal application, which remembers no refusal."""
    return simulator.application().acquire_token_by_username_password(
        username or simulator.sheet["username"], password or simulator.sheet["password"], simulator.scopes
    )


def test_a_secret_gives_a_token_that_opens_graph_and_is_cached(simulator: SimulatorProcess) -> None:
    app = simulator.application()
    first = app.acquire_token_for_client(simulator.scopes)
    again = app.acquire_token_for_client(simulator.scopes)
    users = simulator.http.get(f"{simulator.root}/v1.0/users", headers=bearer(first["access_token"]))
    assert users.status_code == 200
    assert again["token_source"] == "cache"


def test_a_certificate_works_as_well_once_it_is_registered(simulator: SimulatorProcess) -> None:
    key, certificate = make_certificate()
    app = simulator.application(credential={"private_key": key, "public_certificate": certificate})
    refused = app.acquire_token_for_client(simulator.scopes)
    simulator.switch("POST", "credentials", {"certificate_pem": certificate})
    assert refused["error_codes"] == [700027]
    assert "access_token" in app.acquire_token_for_client(simulator.scopes)


def test_the_tenants_domain_serves_as_well_as_its_id(simulator: SimulatorProcess) -> None:
    app = simulator.application(tenant="contoso.example")
    assert "access_token" in app.acquire_token_for_client(simulator.scopes)


def test_an_unknown_tenant_is_refused_at_discovery(simulator: SimulatorProcess) -> None:
    with pytest.raises(ValueError, match="Unable to get authority configuration") as caught:
        simulator.application(tenant="nobody.example")
    assert "AADSTS90002" in str(caught.value.__context__)


def test_a_wrong_secret_is_an_invalid_client(simulator: SimulatorProcess) -> None:
    refused = simulator.application(credential="wrong").acquire_token_for_client(simulator.scopes)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])
    assert refused["error_description"].startswith("AADSTS7000215: ")
    assert refused["trace_id"] in refused["error_description"]


def test_a_password_gives_an_account_that_is_silent_afterwards(simulator: SimulatorProcess) -> None:
    app = simulator.application()
    first = app.acquire_token_by_username_password(
        simulator.sheet["username"], simulator.sheet["password"], simulator.scopes
    )
    accounts = app.get_accounts(simulator.sheet["username"])
    assert first["id_token_claims"]["preferred_username"] == simulator.sheet["username"]
    assert app.acquire_token_silent(simulator.scopes, account=accounts[0])["token_source"] == "cache"


def test_the_refresh_token_is_redeemed_until_it_is_revoked(simulator: SimulatorProcess) -> None:
    app = simulator.application()
    app.acquire_token_by_username_password(
        simulator.sheet["username"], simulator.sheet["password"], simulator.scopes
    )
    account = app.get_accounts()[0]
    fresh = app.acquire_token_silent_with_error(simulator.scopes, account=account, force_refresh=True)
    simulator.switch("POST", "revoke")
    refused = app.acquire_token_silent_with_error(simulator.scopes, account=account, force_refresh=True)
    assert fresh["token_source"] == "identity_provider"
    assert refused["error_codes"] == [50173]


def test_ten_wrong_passwords_lock_the_account_for_a_minute(simulator: SimulatorProcess) -> None:
    seen = [sign_in(simulator, password=f"wrong {number}")["error_codes"] for number in range(11)]
    while_locked = sign_in(simulator)
    simulator.switch("POST", "clock", {"advance_s": 61})
    assert seen == [[50126]] * 10 + [[50053]]
    assert while_locked["error_codes"] == [50053]
    assert "access_token" in sign_in(simulator)


def test_who_is_not_in_the_directory_is_told_so(simulator: SimulatorProcess) -> None:
    assert sign_in(simulator, username="nobody@contoso.example")["error_codes"] == [50034]


@pytest.mark.parametrize(("state", "code"), [("expired", 50055), ("must_change", 50055), ("mfa", 50076)])
def test_a_right_password_may_still_not_do(simulator: SimulatorProcess, state: str, code: int) -> None:
    simulator.switch("POST", "credentials", {"password_state": state})
    assert sign_in(simulator)["error_codes"] == [code]


@pytest.mark.parametrize(
    "password", ["P[a]<s>?s#w&o\"r'd ß", "x${HOME} #y\\", '"abc', "ends with blank "], ids=range(4)
)
def test_a_password_may_hold_any_character(simulator: SimulatorProcess, password: str) -> None:
    simulator.switch("POST", "credentials", {"password": password})
    assert "access_token" in sign_in(simulator, password=password)


def test_any_aadsts_number_can_be_played(simulator: SimulatorProcess) -> None:
    simulator.switch("POST", "faults", {"endpoint": "token", "kind": "aadsts", "code": 53003, "count": 1})
    refused = simulator.application().acquire_token_for_client(simulator.scopes)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [53003])


def make_certificate() -> tuple[str, str]:
    """A key and a certificate signed with it, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "presence")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
