"""Secrets: any character, from any source."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings, load_settings
from app.config.sources import read_dotenv
from app.errors import SettingsError

IDENTITY = {"AZURE_TENANT_ID": "contoso.com", "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666"}
USER = {**IDENTITY, "AZURE_CLIENT_SECRET": "invented~Value", "AZURE_USERNAME": "svc@contoso.com"}
PASSWORDS = ["P[a]<s>?s#w&o\"r'd ß", "x${HOME} #y\\", '"abc', "inner  blanks", "a=b,c:d@e", "pässwörd€漢🙂"]

Load = Callable[[Path, str], Settings]


def quoted(value: str) -> str:
    """The rule that `.env.example` gives."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def from_environment(_folder: Path, password: str) -> Settings:
    return load_settings({**USER, "AZURE_PASSWORD": password}, dotenv=None)


def from_dotenv(folder: Path, password: str) -> Settings:
    dotenv = folder / ".env"
    dotenv.write_text(f"AZURE_PASSWORD={quoted(password)}\n", "utf-8")
    return load_settings(USER, dotenv)


def from_file(folder: Path, password: str) -> Settings:
    mounted = folder / "password"
    mounted.write_text(f"{password}\n", "utf-8")
    return load_settings({**USER, "AZURE_PASSWORD_FILE": str(mounted)}, dotenv=None)


def from_file_named_in_dotenv(folder: Path, password: str) -> Settings:
    mounted, dotenv = folder / "password", folder / ".env"
    mounted.write_text(password, "utf-8")
    dotenv.write_text(f"AZURE_PASSWORD_FILE={quoted(str(mounted))}\n", "utf-8")
    return load_settings(USER, dotenv)


def password_of(settings: Settings) -> str:
    assert settings.azure_password is not None
    return settings.azure_password.get_secret_value()


@pytest.mark.parametrize("load", [from_environment, from_dotenv, from_file, from_file_named_in_dotenv])
@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_arrives_unchanged(tmp_path: Path, load: Load, password: str) -> None:
    """Also the characters that other connectors forbid."""
    assert password_of(load(tmp_path, password)) == password


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(
        lambda text: text == text.strip()
    )
)
def test_the_quoting_rule_of_dotenv_holds_for_any_password(
    tmp_path_factory: pytest.TempPathFactory, password: str
) -> None:
    dotenv = tmp_path_factory.getbasetemp() / "any.env"
    dotenv.write_bytes(f"AZURE_PASSWORD={quoted(password)}\n".encode())
    assert read_dotenv(dotenv) == {"AZURE_PASSWORD": password}


@pytest.mark.parametrize("password", [" leading", "trailing ", "trailing\u00a0", "two lines at the end\n"])
def test_a_password_with_a_blank_at_its_edge_is_refused(password: str) -> None:
    """Microsoft forbids it, so it can only be an accident of copying."""
    with pytest.raises(
        SettingsError, match=r"^AZURE_PASSWORD (begins or ends with a blank|holds a line break)"
    ):
        from_environment(Path(), password)


@pytest.mark.parametrize("secret", [" leading~Value", "trailing~Value "])
def test_a_client_secret_with_a_blank_at_its_edge_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match=r"^AZURE_CLIENT_SECRET begins or ends with a blank"):
        load_settings({**IDENTITY, "AZURE_CLIENT_SECRET": secret}, dotenv=None)


@pytest.mark.parametrize("password", ["a\tb", "a\x07b", "a\nb", "a\x85b"])
def test_a_control_character_in_a_password_is_refused(password: str) -> None:
    """It comes from an escape in double quotes in `.env`, never from a keyboard."""
    with pytest.raises(
        SettingsError, match=r"^AZURE_PASSWORD holds a line break or another control character"
    ):
        from_environment(Path(), password)


def test_a_password_that_was_not_utf_8_in_the_environment_is_refused() -> None:
    """Python keeps such bytes as lone surrogates, which no request could carry."""
    with pytest.raises(SettingsError, match=r"^AZURE_PASSWORD is not UTF-8"):
        from_environment(Path(), b"Pa\xdfwort".decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_SECRET_NEXT"])
def test_the_secret_id_is_told_from_the_value(name: str) -> None:
    """In the second secret, too: on the day it is needed it is too late to tell."""
    given = {**USER, "AZURE_PASSWORD": "word", name: "0a1b2c3d-0000-1111-2222-333344445555"}
    with pytest.raises(SettingsError, match=f"^{name} is refused: this looks like the Secret ID; the Value"):
        load_settings(given, dotenv=None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("pass", "pass"), ("pass\n", "pass"), ("pass\r\n", "pass"), ("\ufeffpass\n", "pass")],
)
def test_a_mounted_secret_loses_one_line_break(tmp_path: Path, content: str, expected: str) -> None:
    mounted = tmp_path / "password"
    mounted.write_bytes(content.encode())
    settings = load_settings({**USER, "AZURE_PASSWORD_FILE": str(mounted)}, dotenv=None)
    assert password_of(settings) == expected


@pytest.mark.parametrize("content", ["pass\n\n", "pass\r\n\r\n", "pass\r"])
def test_a_mounted_secret_loses_only_one_line_break(tmp_path: Path, content: str) -> None:
    """More of them are part of the value, and then refused instead of guessed at."""
    mounted = tmp_path / "password"
    mounted.write_bytes(content.encode())
    with pytest.raises(SettingsError, match=r"^AZURE_PASSWORD holds a line break"):
        load_settings({**USER, "AZURE_PASSWORD_FILE": str(mounted)}, dotenv=None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "does not exist"), (b"", "is empty"), (b"\n", "is empty"), (b"Pa\xdf", "is not UTF-8")],
)
def test_a_mounted_secret_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """Only that is told: the rules that need the value do not add to it."""
    mounted = tmp_path / "secret"
    if content is not None:
        mounted.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        load_settings({**IDENTITY, "AZURE_CLIENT_SECRET_FILE": str(mounted)}, dotenv=None)
    assert str(raised.value).startswith(
        f"AZURE_CLIENT_SECRET cannot be taken from AZURE_CLIENT_SECRET_FILE: the file {reason}"
    )
    assert len(str(raised.value).splitlines()) == 1


def test_a_folder_is_no_mounted_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the file cannot be read"):
        load_settings({**IDENTITY, "AZURE_CLIENT_SECRET_FILE": str(tmp_path)}, dotenv=None)


@pytest.mark.parametrize(
    "name",
    [
        *("AZURE_CLIENT_SECRET", "AZURE_CLIENT_SECRET_NEXT", "AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        *("AZURE_PASSWORD", "PRESENCE_API_KEYS"),
    ],
)
@pytest.mark.parametrize("split", [False, True])
def test_a_name_together_with_its_file_is_refused(tmp_path: Path, name: str, *, split: bool) -> None:
    """Wherever the two of them are."""
    mounted, dotenv = tmp_path / "mounted", tmp_path / ".env"
    mounted.write_text("one")
    dotenv.write_text(f"{name}=two\n" if split else f"{name}=two\n{name}_FILE='{mounted}'\n")
    environ = {**IDENTITY, f"{name}_FILE": str(mounted)} if split else IDENTITY
    with pytest.raises(SettingsError, match=f"{name} and {name}_FILE are both set: remove one of them"):
        load_settings(environ, dotenv)


def test_every_secret_can_be_mounted(tmp_path: Path) -> None:
    """A new secret setting must not be forgotten in the table of mounted ones."""
    secret_fields = {
        name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert secret_fields == {
        "azure_client_secret",
        "azure_client_secret_next",
        "azure_client_certificate_password",
        "azure_password",
    }
    entry, certificate, word = (tmp_path / name for name in ("entry", "certificate", "word"))
    entry.write_text(f"acd:{'0' * 64}\npbx:{'1' * 64}\n")
    certificate.touch()
    word.write_text("word\n")
    settings = load_settings(
        {
            **IDENTITY,
            "AZURE_CLIENT_CERTIFICATE_PATH": str(certificate),
            "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE": str(word),
            "PRESENCE_API_KEYS_FILE": str(entry),
        },
        dotenv=None,
    )
    assert settings.azure_client_certificate_password is not None
    assert settings.azure_client_certificate_password.get_secret_value() == "word"
    assert [key.name for key in settings.api_keys] == ["acd", "pbx"]
