"""Every row of the table of information a customer hands over, on its way to a first answer."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
# Each with how the README says it is written in `.env`.
PASSWORDS = {
    "P[a]<s>?s#w&o\"r'd ß": "'P[a]<s>?s#w&o\"r\\'d ß'",
    "x${HOME} #y\\": "'x${HOME} #y\\\\'",
    '"abc': "'\"abc'",
}


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("way", ["environment", "dotenv", "file"])
def test_a_service_account_signs_in_with_any_password(
    simulate: Callable[..., Simulated], serve: Callable[..., Service], tmp_path: Path, password: str, way: str
) -> None:
    """No character is forbidden, wherever the password comes from; and it shows up nowhere."""
    tenant = simulate("--people", "10", environ={"SIMULATOR_PASSWORD": password})
    settings = tenant.settings | {
        "PRESENCE_SIGN_IN": "delegated",
        "AZURE_USERNAME": tenant.sheet["username"],
        "PRESENCE_LOG_LEVEL": "debug",
    }
    arguments: tuple[str, ...] = ()
    if way == "environment":
        settings["AZURE_PASSWORD"] = password
    elif way == "dotenv":
        dotenv = tmp_path / "some.env"
        dotenv.write_text(f"AZURE_PASSWORD={PASSWORDS[password]}\n")
        arguments = ("--env-file", str(dotenv))
    else:
        mounted = tmp_path / "password"
        mounted.write_text(password + "\n")
        settings["AZURE_PASSWORD_FILE"] = str(mounted)
    service = serve(settings, arguments=arguments).wait_until_ready()
    assert service.presence(MAX)["stale"] is False
    grants = {call["grant_type"] for call in tenant.call_log() if call["endpoint"] == "token"}
    assert grants == {"password"}
    assert password not in service.process.output


def test_a_delegated_token_is_renewed_by_its_refresh_token(
    simulate: Callable[..., Simulated], serve: Callable[..., Service]
) -> None:
    """The password is used once; afterwards msal's refresh token does."""
    tenant = simulate("--people", "10", "--token-lifetime", "2")
    service = serve(tenant.settings_of_a_user).wait_until_ready()

    def grants() -> list[str]:
        return [call["grant_type"] for call in tenant.call_log() if call["endpoint"] == "token"]

    eventually(lambda: "refresh_token" in grants(), within_s=10)
    assert grants().count("password") == 1
    assert service.presence(MAX)["stale"] is False


@pytest.mark.parametrize("shape", ["pem", "pem with a password", "pfx with a password"])
def test_a_certificate_signs_in_instead_of_a_secret(
    tenant: Simulated, serve: Callable[..., Service], tmp_path: Path, shape: str
) -> None:
    """PEM or PKCS #12, with or without a password."""
    key, certificate = _certificate()
    tenant.change_credentials(certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode())
    settings = {name: value for name, value in tenant.settings.items() if name != "AZURE_CLIENT_SECRET"}
    path = tmp_path / ("app.pfx" if shape.startswith("pfx") else "app.pem")
    path.write_bytes(_file(key, certificate, shape))
    settings["AZURE_CLIENT_CERTIFICATE_PATH"] = str(path)
    if "password" in shape:
        settings["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = "p ä#"
    assert serve(settings).wait_until_ready().presence(MAX)["stale"] is False


def test_with_the_lesser_permission_a_service_account_still_answers_by_mail(
    simulate: Callable[..., Simulated], serve: Callable[..., Service]
) -> None:
    """User.ReadBasic.All withholds aliases and phones: the narrow listing works, and `/health` says so."""
    tenant = simulate("--people", "10", "--permissions", "Presence.Read.All,User.ReadBasic.All")
    service = serve(tenant.settings_of_a_user).wait_until_ready()
    assert service.presence(MAX)["email"] == MAX
    assert service.health()["tenants"][0]["people"]["narrow"] is True
    alias = tenant.sheet["people"]["alias"]
    assert service.get(f"/presence/{alias}").status_code == 404


def _certificate() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "teams-presence")])
    today = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - dt.timedelta(days=1))
    builder = builder.not_valid_after(today + dt.timedelta(days=1))
    return key, builder.sign(key, hashes.SHA256())


def _file(key: rsa.RSAPrivateKey, certificate: x509.Certificate, shape: str) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if "password" in shape:
        encryption = serialization.BestAvailableEncryption("p ä#".encode())
    if shape.startswith("pfx"):
        return pkcs12.serialize_key_and_certificates(b"app", key, certificate, None, encryption)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, encryption) + certificate.public_bytes(pem)
