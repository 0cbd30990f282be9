"""Signing in with a certificate, PEM or PFX, and what is said when that cannot be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from app.config import load_settings
from app.errors import SettingsError, SignInRefused, SignInUnavailable
from app.graph.credentials import ClientCertificate, ClientSecret, UserPassword, credentials_of
from tests.graph.fake_sign_in import FakeSignInHost

WORD = "Certificate~Word"
IDENTITY = {"AZURE_TENANT_ID": "contoso.com", "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666"}
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate_for(key: Key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "presence")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def protection(word: str | None) -> KeySerializationEncryption:
    return BestAvailableEncryption(word.encode()) if word else NoEncryption()


def pem(key: Key, folder: Path, *, word: str | None = None) -> Path:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection(word))
    path = folder / "app.pem"
    path.write_bytes(private + certificate_for(key).public_bytes(Encoding.PEM))
    return path


def pfx(key: rsa.RSAPrivateKey, folder: Path, *, word: str | None = None, suffix: str = ".pfx") -> Path:
    path = folder / f"app{suffix}"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"app", key, certificate_for(key), None, protection(word))
    )
    return path


def assert_signs_in(credential: ClientCertificate) -> None:
    host = FakeSignInHost()
    assert host.sign_in(app=credential).acquire().value == "token-1"
    (form,) = host.forms
    assert form["client_assertion"].count(".") == 2
    assert "client_secret" not in form


@pytest.mark.parametrize("word", [None, WORD])
def test_a_pem_file_signs_in(key: rsa.RSAPrivateKey, tmp_path: Path, word: str | None) -> None:
    assert_signs_in(ClientCertificate(pem(key, tmp_path, word=word), word))


@pytest.mark.parametrize("suffix", [".pfx", ".p12", ".PFX"])
@pytest.mark.parametrize("word", [None, WORD])
def test_a_pfx_file_signs_in(key: rsa.RSAPrivateKey, tmp_path: Path, word: str | None, suffix: str) -> None:
    assert_signs_in(ClientCertificate(pfx(key, tmp_path, word=word, suffix=suffix), word))


def test_the_certificate_may_stand_before_its_key(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = pem(key, tmp_path)
    private, _, public = path.read_text().partition("-----BEGIN CERTIFICATE-----")
    path.write_text(f"-----BEGIN CERTIFICATE-----{public}{private}")
    assert_signs_in(ClientCertificate(path))


def assert_told(credential: ClientCertificate) -> None:
    """A sentence that names the setting, an error that a person must act on, and not a word of the secret."""
    with pytest.raises(SignInRefused) as raised:
        FakeSignInHost().sign_in(app=credential).acquire()
    assert "AZURE_CLIENT_CERTIFICATE_PATH" in str(raised.value)
    assert WORD not in str(raised.value)


@pytest.mark.parametrize("word", [None, "Wrong~Word"])
def test_a_protected_pem_with_the_wrong_password_is_told(
    key: rsa.RSAPrivateKey, tmp_path: Path, word: str | None
) -> None:
    assert_told(ClientCertificate(pem(key, tmp_path, word=WORD), word))


@pytest.mark.parametrize("word", [None, "Wrong~Word"])
def test_a_protected_pfx_with_the_wrong_password_is_told(
    key: rsa.RSAPrivateKey, tmp_path: Path, word: str | None
) -> None:
    assert_told(ClientCertificate(pfx(key, tmp_path, word=WORD), word))


def test_a_password_for_a_pem_that_has_none_is_told_or_ignored(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    credential = ClientCertificate(pem(key, tmp_path), WORD)
    try:
        FakeSignInHost().sign_in(app=credential).acquire()
    except SignInRefused:
        assert_told(credential)


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\xff\xfe\x00", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
)
@pytest.mark.parametrize("name", ["app.pem", "app.pfx"])
def test_a_file_that_is_no_certificate_is_told(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert_told(ClientCertificate(path))


@pytest.mark.parametrize("name", ["missing.pem", "missing.pfx", "authority/missing.pem"])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    assert_told(ClientCertificate(tmp_path / name))


def test_a_key_without_its_certificate_is_told(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = pem(key, tmp_path)
    path.write_text(path.read_text().partition("-----BEGIN CERTIFICATE-----")[0])
    assert_told(ClientCertificate(path))


def test_a_certificate_without_its_key_is_told(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(certificate_for(key).public_bytes(Encoding.PEM))
    assert_told(ClientCertificate(path))


def test_a_key_of_another_kind_is_told(tmp_path: Path) -> None:
    """Entra takes RSA keys only."""
    assert_told(ClientCertificate(pem(ec.generate_private_key(ec.SECP256R1()), tmp_path)))


def test_a_new_certificate_under_the_same_path_counts_at_the_next_try(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "app.pem"
    sign_in = FakeSignInHost().sign_in(app=ClientCertificate(path))
    with pytest.raises(SignInRefused):
        sign_in.acquire()
    pem(key, tmp_path)
    assert sign_in.acquire().value == "token-1"


def test_no_credential_shows_its_secret(tmp_path: Path) -> None:
    shown = repr(
        [ClientSecret(WORD), ClientCertificate(tmp_path, WORD), UserPassword("svc@firm.example", WORD)]
    )
    assert WORD not in shown
    assert "svc@firm.example" in shown


def test_a_certificate_that_was_taken_up_stays_what_it_was(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """A file that has changed since must not slip into a sign-in that nobody has proved."""
    path = pem(key, tmp_path)
    settings = load_settings({**IDENTITY, "AZURE_CLIENT_CERTIFICATE_PATH": str(path)}, dotenv=None)
    host = FakeSignInHost()
    sign_in = host.sign_in(app=credentials_of(settings).app)
    host.tokens = [httpx.Response(503)]
    with pytest.raises(SignInUnavailable):
        sign_in.acquire()
    path.write_text("something else")
    assert sign_in.acquire().value == "token-1"


def test_a_certificate_that_vanishes_while_the_settings_are_read_is_told(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = pem(key, tmp_path)
    settings = load_settings({**IDENTITY, "AZURE_CLIENT_CERTIFICATE_PATH": str(path)}, dotenv=None)
    path.unlink()
    with pytest.raises(SettingsError, match=r"^AZURE_CLIENT_CERTIFICATE_PATH cannot be read"):
        credentials_of(settings)
