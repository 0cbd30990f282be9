"""Settings are read again from where they came from, and the process environment is not looked at twice."""

import os
from pathlib import Path

import pytest

from app.config import Settings, SettingsSource, changed, load_settings
from app.errors import SettingsError
from tests.support.settings import IDENTITY

OPEN = {name: value for name, value in IDENTITY.items() if name != "AZURE_CLIENT_SECRET"}


def secret_of(settings: Settings) -> str:
    assert settings.azure_client_secret is not None
    return settings.azure_client_secret.get_secret_value()


def test_every_file_that_values_come_from_is_known_by_name(tmp_path: Path, dotenv: Path) -> None:
    """Those that `.env` names, and those of the process environment, which beats it."""
    dotenv.write_text(
        "AZURE_CLIENT_SECRET_FILE=/run/one\nPRESENCE_API_KEYS_FILE=/run/keys\nPRESENCE_RULES_FILE=/run/rules\n"
    )
    source = SettingsSource({"AZURE_CLIENT_SECRET_FILE": "/run/two", "AZURE_PASSWORD_FILE": ""}, dotenv)
    assert source.files() == {
        ".env": dotenv,
        "AZURE_CLIENT_SECRET_FILE": Path("/run/two"),
        "PRESENCE_API_KEYS_FILE": Path("/run/keys"),
    }
    certificate = {"AZURE_CLIENT_CERTIFICATE_PATH": str(tmp_path / "app.pem")}
    assert SettingsSource(certificate, dotenv=None).files() == {
        "AZURE_CLIENT_CERTIFICATE_PATH": tmp_path / "app.pem"
    }


def test_the_process_environment_is_never_read_again(monkeypatch: pytest.MonkeyPatch, dotenv: Path) -> None:
    """What counts is what it was at the start, so that the service is what its starter made it."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PRESENCE_PORT", "8001")
    source = SettingsSource(dotenv=dotenv)
    monkeypatch.setenv("PRESENCE_PORT", "8002")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "another~Value")
    dotenv.write_text("PRESENCE_PORT=8003\nPRESENCE_WRAP_UP=5\n")
    settings = source.load()
    assert (settings.port, settings.wrap_up) == (8001, 5.0)
    assert secret_of(settings) == IDENTITY["AZURE_CLIENT_SECRET"]


def test_dotenv_and_mounted_files_are_read_anew_each_time(tmp_path: Path, dotenv: Path) -> None:
    """Also a file that `.env` names since then."""
    mounted = tmp_path / "secret"
    dotenv.write_text("AZURE_CLIENT_SECRET=one~Value\n")
    source = SettingsSource(OPEN, dotenv)
    before = source.load()
    mounted.write_text("two~Value\n")
    dotenv.write_text(f"AZURE_CLIENT_SECRET_FILE={mounted}\nPRESENCE_PORT=8001\n")
    after = source.load()
    assert (secret_of(before), secret_of(after)) == ("one~Value", "two~Value")
    assert changed(before, after) == ("AZURE_CLIENT_SECRET", "PRESENCE_PORT")
    assert changed(after, source.load()) == ()


def test_a_change_of_content_shows_in_the_fingerprint_and_a_change_of_date_does_not(
    tmp_path: Path, dotenv: Path
) -> None:
    """It holds no content, and what was seen when the settings were read is remembered."""
    mounted = tmp_path / "secret"
    mounted.write_text("one~Value\n")
    source = SettingsSource({**OPEN, "AZURE_CLIENT_SECRET_FILE": str(mounted)}, dotenv)
    source.load()
    mounted.write_text("one~Value\n")
    assert source.fingerprint() == source.seen
    mounted.write_text("two~Value\n")
    assert source.fingerprint() != source.seen
    assert "Value" not in repr(source.fingerprint())
    source.load()
    assert source.fingerprint() == source.seen
    mounted.unlink()
    assert source.fingerprint() != source.seen


def test_a_dotenv_that_cannot_be_understood_still_shows_its_changes(dotenv: Path) -> None:
    """Its mending is one of them."""
    dotenv.write_text("nonsense\n")
    source = SettingsSource(IDENTITY, dotenv)
    with pytest.raises(SettingsError):
        source.load()
    dotenv.write_text("PRESENCE_PORT=8001\n")
    assert source.fingerprint() != source.seen
    assert source.load().port == 8001


def test_a_dotenv_that_disappears_is_a_mistake_and_not_the_defaults(dotenv: Path) -> None:
    """At the start there may be none; one that was there may be about to be replaced."""
    source = SettingsSource(IDENTITY, dotenv)
    source.load()
    dotenv.write_text("PRESENCE_PORT=8001\n")
    assert source.load().port == 8001
    dotenv.unlink()
    with pytest.raises(SettingsError, match="does not exist any more"):
        source.load()


def test_settings_made_by_hand_come_from_no_file() -> None:
    source = SettingsSource({}, dotenv=None)
    assert source.fingerprint() == source.seen == {}


def test_a_pipe_is_read_at_the_start_and_left_alone(tmp_path: Path) -> None:
    """As a shell hands over a secret: whoever opened it again would wait for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    source = SettingsSource({**OPEN, "AZURE_CLIENT_SECRET_FILE": str(pipe)}, dotenv=None)
    assert source.fingerprint() == {"AZURE_CLIENT_SECRET_FILE": None}


def test_nothing_has_changed_between_equal_settings() -> None:
    """Warnings are no setting."""
    warned = {**IDENTITY, "AZURE_USERNAME": "svc@contoso.com", "AZURE_PASSWORD": "word"}
    one, other = (load_settings(warned, dotenv=None) for _ in range(2))
    assert changed(one, other) == ()
    assert changed(one, one.model_copy(update={"warnings": ()})) == ()
