"""Where a value comes from."""

import os
from pathlib import Path

import pytest

from app.config import load_settings
from app.errors import SettingsError
from tests.support.settings import IDENTITY, port, problems


def test_the_environment_beats_dotenv(dotenv: Path) -> None:
    dotenv.write_text("PRESENCE_PORT=8001\nPRESENCE_POLL_INTERVAL=5\n")
    settings = load_settings({**IDENTITY, "PRESENCE_PORT": "8002"}, dotenv)
    assert (settings.port, settings.poll_interval) == (8002, 5.0)


def test_empty_is_unset_in_both(dotenv: Path) -> None:
    dotenv.write_text("PRESENCE_PORT=8001\nPRESENCE_HOST=\nPRESENCE_LOG_LEVEL=''\nPRESENCE_SCOPE= # later\n")
    assert port({"PRESENCE_PORT": "", "PRESENCE_STATE_DIR": "", "AZURE_PASSWORD_FILE": ""}, dotenv) == 8001


def test_everything_can_come_from_dotenv(dotenv: Path) -> None:
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in IDENTITY.items()))
    assert load_settings({}, dotenv).azure_tenant_id == "contoso.com"


def test_dotenv_is_read_from_the_working_directory_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PRESENCE_PORT=8001\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings(IDENTITY).port == 8001


def test_a_missing_dotenv_is_fine(dotenv: Path) -> None:
    assert port({}, dotenv) == 8000


def test_only_the_given_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reads the process environment behind the caller's back."""
    monkeypatch.setenv("PRESENCE_PORT", "8001")
    assert port({}, None) == 8000
    assert load_settings({**os.environ, **IDENTITY}, dotenv=None).port == 8001


def test_nothing_is_interpolated(dotenv: Path) -> None:
    dotenv.write_text("AZURE_CLIENT_SECRET=a${HOME}$HOME$(id)`id`\n")
    environ = {name: value for name, value in IDENTITY.items() if name != "AZURE_CLIENT_SECRET"}
    secret = load_settings({**environ, "HOME": "/home"}, dotenv).azure_client_secret
    assert secret is not None
    assert secret.get_secret_value() == "a${HOME}$HOME$(id)`id`"


def test_a_byte_order_mark_windows_line_ends_exports_and_comments_are_tolerated(dotenv: Path) -> None:
    dotenv.write_bytes(
        b"\xef\xbb\xbfPRESENCE_PORT=8001 # comment\r\n\r\n# comment\r\nexport PRESENCE_KEEP_FOR = 60\r\n"
    )
    settings = load_settings(IDENTITY, dotenv)
    assert (settings.port, settings.keep_for) == (8001, 60.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("PRESENCE_PORT=8001\n\n\nAZURE_PASSWORD='open\n", 4),
        ('AZURE_PASSWORD="open\n', 1),
        ("\n# comment\nAZURE_PASSWORD='closed'too early'\n", 3),
        ("PRESENCE_PORT: 8001\n", 1),
        ("\r\n\r\n=8001\r\n", 3),
    ],
)
def test_a_line_that_cannot_be_read_stops_the_start_with_its_number(
    dotenv: Path, text: str, line: int
) -> None:
    dotenv.write_bytes(text.encode())
    assert [
        problem.startswith(f"{dotenv} line {line} cannot be read") for problem in problems({}, dotenv)
    ] == [True]


def test_a_quote_that_closes_lines_later_is_refused(dotenv: Path) -> None:
    """It would swallow the settings in between without a word."""
    dotenv.write_text("AZURE_PASSWORD='open\nPRESENCE_PORT=8001\nOTHER='\n")
    assert problems({}, dotenv) == [
        f"{dotenv} line 1 has a value that goes on in the next line: close its quote."
    ]


def test_a_name_without_an_equals_sign_is_refused(dotenv: Path) -> None:
    dotenv.write_text("PRESENCE_PORT=8001\n\nPRESENCE_HOST\n")
    assert problems({}, dotenv) == [f"{dotenv} line 3 has no =: write NAME=value, or begin a comment with #."]


def test_an_unquoted_secret_is_never_cut_at_what_looks_like_a_comment(dotenv: Path) -> None:
    dotenv.write_text("AZURE_PASSWORD=half #other half\n")
    assert problems({}, dotenv) == [
        f"{dotenv} line 1 has a secret with a blank and a # in it: put the value in single quotes."
    ]


def test_a_comment_after_a_quoted_secret_is_a_comment(dotenv: Path) -> None:
    dotenv.write_text("AZURE_PASSWORD='whole' # since May\nAZURE_USERNAME=svc@contoso.com # comment\n")
    password = load_settings(IDENTITY, dotenv).azure_password
    assert password is not None
    assert password.get_secret_value() == "whole"


def test_a_name_set_twice_is_refused(dotenv: Path) -> None:
    dotenv.write_text("PRESENCE_PORT=8001\n\nPRESENCE_PORT=8001\n")
    assert problems({}, dotenv) == [f"{dotenv} line 3 sets PRESENCE_PORT again, after line 1: keep one."]


def test_an_empty_line_of_the_example_does_not_count_as_set_twice(dotenv: Path) -> None:
    """Empty is unset, so somebody may append to a copy of the example."""
    dotenv.write_text("PRESENCE_PORT=\nOTHER=1\nOTHER=2\nPRESENCE_PORT=8001\n")
    assert port({}, dotenv) == 8001


def test_a_dotenv_that_is_not_utf_8_is_refused(dotenv: Path) -> None:
    dotenv.write_bytes("AZURE_PASSWORD=Paßwort\n".encode("latin-1"))
    assert problems({}, dotenv) == [f"{dotenv} is not UTF-8: save it in that encoding."]


def test_a_dotenv_that_cannot_be_opened_is_refused(dotenv: Path) -> None:
    """A container engine makes a folder of a file that is not there."""
    dotenv.mkdir()
    assert problems({}, dotenv) == [f"{dotenv} cannot be read: check that it is a file and its permissions."]


def test_every_bad_line_is_told(dotenv: Path) -> None:
    dotenv.write_text("one\ntwo\n")
    assert len(problems({}, dotenv)) == 2


def test_all_problems_are_told_at_once_one_sentence_a_line(dotenv: Path) -> None:
    dotenv.write_text("PRESENCE_PRT=1\nHTTP_PROXY=x\nPRESENCE_REDIS_URL=x\n")
    environ = {"PRESENCE_KEEP_FOR": "1", "PRESENCE_LOG_FORMAT": "xml", "AZURE_PASSWORD": "word"}
    with pytest.raises(SettingsError) as raised:
        load_settings(environ, dotenv)
    assert [sentence.split()[0] for sentence in str(raised.value).splitlines()] == [
        "HTTP_PROXY",
        "PRESENCE_PRT",
        "PRESENCE_REDIS_URL",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_PASSWORD",
        "PRESENCE_KEEP_FOR",
        "PRESENCE_LOG_FORMAT",
    ]
