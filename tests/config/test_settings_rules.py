"""Which settings must agree with each other."""

from pathlib import Path

import pytest
import trustme

from app.config import Settings, SignIn, load_settings
from app.errors import SettingsError

IDENTITY = {"AZURE_TENANT_ID": "contoso.com", "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666"}
REQUIRED = {**IDENTITY, "AZURE_CLIENT_SECRET": "invented~Value"}
USER = {"AZURE_USERNAME": "svc@contoso.com", "AZURE_PASSWORD": "word"}
KEYS = {"PRESENCE_API_KEYS": f"acd:{'0' * 64}"}


def load(environ: dict[str, str], **changes: str) -> Settings:
    return load_settings({**environ, **changes}, dotenv=None)


def problems(environ: dict[str, str], **changes: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(environ, **changes)
    return str(raised.value).splitlines()


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A certificate and its private key in one file, good for every setting that names a file."""
    path = tmp_path / "file.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(path)
    return str(path)


@pytest.mark.parametrize(("interval", "fresh"), [("30", "30"), ("31", "30"), ("40", None), (None, "5")])
def test_the_interval_is_shorter_than_fresh(interval: str | None, fresh: str | None) -> None:
    """Also against a default."""
    given = {"PRESENCE_POLL_INTERVAL": interval, "PRESENCE_FRESH_FOR": fresh}
    (sentence,) = problems({**REQUIRED, **{name: value for name, value in given.items() if value}})
    assert sentence.startswith("PRESENCE_FRESH_FOR must be greater than PRESENCE_POLL_INTERVAL")


def test_fresh_is_not_longer_than_keep() -> None:
    assert problems(REQUIRED, PRESENCE_FRESH_FOR="301") == [
        "PRESENCE_KEEP_FOR must not be less than PRESENCE_FRESH_FOR."
    ]
    assert load(REQUIRED, PRESENCE_FRESH_FOR="300").fresh_for == 300.0


def test_a_certificate_takes_the_place_of_the_secret(file: str) -> None:
    settings = load(IDENTITY, AZURE_CLIENT_CERTIFICATE_PATH=file, AZURE_CLIENT_CERTIFICATE_PASSWORD=" any ")
    assert settings.azure_client_certificate_path == Path(file)
    assert settings.azure_client_certificate_password is not None
    assert settings.azure_client_certificate_password.get_secret_value() == " any "


def test_secret_and_certificate_together_are_refused(file: str) -> None:
    assert problems(REQUIRED, AZURE_CLIENT_CERTIFICATE_PATH=file) == [
        "AZURE_CLIENT_CERTIFICATE_PATH and AZURE_CLIENT_SECRET are both set: remove one of them."
    ]


def test_a_second_secret_stands_beside_the_first() -> None:
    settings = load(REQUIRED, AZURE_CLIENT_SECRET_NEXT="newer~Value")
    assert settings.azure_client_secret_next is not None
    assert settings.azure_client_secret_next.get_secret_value() == "newer~Value"
    assert settings.warnings == ()


def test_a_second_secret_without_the_first_or_beside_a_certificate_is_refused(file: str) -> None:
    """In one sentence: that there is no credential at all follows from it."""
    (alone,) = problems(IDENTITY, AZURE_CLIENT_SECRET_NEXT="newer~Value")
    (beside,) = problems(IDENTITY, AZURE_CLIENT_SECRET_NEXT="newer~Value", AZURE_CLIENT_CERTIFICATE_PATH=file)
    assert alone == beside
    assert alone.startswith(
        "AZURE_CLIENT_SECRET_NEXT stands beside AZURE_CLIENT_SECRET, which is not set: set that too"
    )


def test_two_secrets_that_are_one_are_warned_of() -> None:
    """Who copied the old one would believe to be prepared."""
    (warning,) = load(REQUIRED, AZURE_CLIENT_SECRET_NEXT=REQUIRED["AZURE_CLIENT_SECRET"]).warnings
    assert warning.startswith("AZURE_CLIENT_SECRET_NEXT is the same as AZURE_CLIENT_SECRET")


def test_a_certificate_password_without_a_certificate_is_refused() -> None:
    (sentence,) = problems(REQUIRED, AZURE_CLIENT_CERTIFICATE_PASSWORD="word")
    assert sentence.startswith(
        "AZURE_CLIENT_CERTIFICATE_PASSWORD opens a certificate: set AZURE_CLIENT_CERTIFICATE_PATH"
    )


def test_signing_in_as_a_user_takes_both_and_the_credential(file: str) -> None:
    delegated = {**USER, "PRESENCE_SIGN_IN": "delegated"}
    assert load({**REQUIRED, **delegated}).sign_in is SignIn.DELEGATED
    assert load({**IDENTITY, **delegated}, AZURE_CLIENT_CERTIFICATE_PATH=file).warnings == ()
    (sentence,) = problems({**IDENTITY, **delegated})
    assert sentence.startswith("AZURE_CLIENT_CERTIFICATE_PATH or AZURE_CLIENT_SECRET must be set")


def test_signing_in_as_a_user_without_one_is_refused() -> None:
    assert problems(REQUIRED, PRESENCE_SIGN_IN="delegated") == [
        "AZURE_USERNAME is missing: PRESENCE_SIGN_IN=delegated needs the user to sign in as.",
        "AZURE_PASSWORD is missing: a user cannot sign in without it.",
    ]


@pytest.mark.parametrize("sign_in", ["app", "delegated"])
def test_a_user_name_without_a_password_is_refused(sign_in: str) -> None:
    assert problems(REQUIRED, AZURE_USERNAME="svc@contoso.com", PRESENCE_SIGN_IN=sign_in) == [
        "AZURE_PASSWORD is missing: a user cannot sign in without it."
    ]


def test_a_password_without_a_user_name_is_refused() -> None:
    assert problems(REQUIRED, AZURE_PASSWORD="word") == [
        "AZURE_PASSWORD is set without AZURE_USERNAME: set that too, or remove it."
    ]
    assert problems(REQUIRED, AZURE_PASSWORD="word", PRESENCE_SIGN_IN="delegated") == [
        "AZURE_USERNAME is missing: PRESENCE_SIGN_IN=delegated needs the user to sign in as."
    ]


def test_a_user_without_delegated_is_not_used_and_that_is_said() -> None:
    settings = load({**REQUIRED, **USER})
    assert settings.sign_in is SignIn.APP
    (warning,) = settings.warnings
    assert "AZURE_USERNAME and AZURE_PASSWORD are set but not used" in warning


def test_the_end_of_a_credential_that_is_not_in_use_is_told(file: str) -> None:
    (warning,) = load(
        IDENTITY, AZURE_CLIENT_CERTIFICATE_PATH=file, PRESENCE_SECRET_EXPIRES="2027-05-31"
    ).warnings
    assert "PRESENCE_SECRET_EXPIRES is set but not used" in warning
    (warning,) = load(REQUIRED, PRESENCE_PASSWORD_EXPIRES="2027-05-31").warnings
    assert "PRESENCE_PASSWORD_EXPIRES is set but not used" in warning


def test_the_ends_of_the_credentials_in_use_are_no_warning() -> None:
    ends = {"PRESENCE_SECRET_EXPIRES": "2027-05-31", "PRESENCE_PASSWORD_EXPIRES": "2027-05-31"}
    assert load({**REQUIRED, **USER, **ends}, PRESENCE_SIGN_IN="delegated").warnings == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_without_keys_loopback_is_fine(host: str) -> None:
    assert load(REQUIRED, PRESENCE_HOST=host).warnings == ()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "presence.example"])  # noqa: S104  # never bound
def test_without_keys_nothing_else_is(host: str) -> None:
    (sentence,) = problems(REQUIRED, PRESENCE_HOST=host)
    assert sentence == (
        "PRESENCE_HOST is not loopback, and without PRESENCE_API_KEYS the service listens on loopback only: "
        "make a key with `teams-presence key new NAME`, or set PRESENCE_HOST=127.0.0.1."
    )


def test_plain_http_beyond_loopback_is_warned_about_once(file: str) -> None:
    beyond = {**REQUIRED, **KEYS, "PRESENCE_HOST": "0.0.0.0"}  # noqa: S104  # never bound
    (warning,) = load(beyond).warnings
    assert "unencrypted" in warning
    assert load(beyond, PRESENCE_TLS_CERT_PATH=file, PRESENCE_TLS_KEY_PATH=file).warnings == ()
    assert load({**REQUIRED, **KEYS}).warnings == ()


@pytest.mark.parametrize("name", ["PRESENCE_TLS_CERT_PATH", "PRESENCE_TLS_KEY_PATH"])
def test_tls_needs_both_files(file: str, name: str) -> None:
    assert problems(REQUIRED, **{name: file}) == [
        "PRESENCE_TLS_KEY_PATH and PRESENCE_TLS_CERT_PATH belong together: set both or neither."
    ]


def test_files_that_tls_cannot_use_are_told_before_anything_starts(file: str, tmp_path: Path) -> None:
    """Not as a traceback at the first connection, and nobody is asked for a password at the terminal."""
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("not PEM at all")
    (ca,) = problems(REQUIRED, PRESENCE_CA_BUNDLE=str(rubbish))
    assert ca == "PRESENCE_CA_BUNDLE is no file of certificates: it takes authorities in PEM form."
    (tls,) = problems(REQUIRED, PRESENCE_TLS_CERT_PATH=file, PRESENCE_TLS_KEY_PATH=str(rubbish))
    assert tls.startswith("PRESENCE_TLS_KEY_PATH and PRESENCE_TLS_CERT_PATH cannot be used")
