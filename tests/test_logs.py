"""Records reach standard error as one line each, with nothing that a reader could mistake."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from app.logs import configure_logging

NAMES = (
    "",
    "httpx",
    "httpcore",
    "msal",
    "urllib3",
    "pydantic_settings",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
)
LOGGER = logging.getLogger("app.ingest.poll")
NASTY = 'a\nb\r\x1b[31m\x00\x7f\x85\u2028\u202e"\\'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def fail(message: str) -> None:
    try:
        int(NASTY)
    except ValueError:
        LOGGER.exception(message)


def test_text_is_time_level_logger_message_and_extras(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "info")
    record = logging.makeLogRecord(
        {
            "name": LOGGER.name,
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "read %d people",
            "args": (3,),
            "created": 1795428000.9,
            "tenant": "contoso.com",
            "reason": 'a "quoted" word',
            "pair": "k=v",
            "nothing": "",
        }
    )
    logging.getLogger().handle(record)
    (line,) = lines(capsys)
    assert line == (
        "2026-11-23T10:00:00Z WARNING app.ingest.poll read 3 people tenant=contoso.com "
        r'reason="a \"quoted\" word" pair="k=v" nothing=""'
    )


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")
    LOGGER.warning(
        "read", extra={"people": 3, "age": float("nan"), "who": {"a"}, "ok": None, "level": "fake"}
    )
    (line,) = lines(capsys)
    record = json.loads(line)
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "WARNING",
        "logger": "app.ingest.poll",
        "message": "read",
        "people": 3,
        "age": "nan",
        "who": "{'a'}",
        "ok": None,
    }


@pytest.mark.parametrize(
    "text",
    ["/x status=200 client=10.0.0.1", 'x" status=200', "status=200", "x\\ status=200", "a\tstatus=200"],
)
def test_no_text_can_pass_for_a_field(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Found D13: in a message or a value, what looks like `key=` is read as none, whoever wrote it."""
    configure_logging("text", "info")
    LOGGER.warning(text, extra={"reason": text, "status": 404})
    (line,) = lines(capsys)
    assert re.findall(r" (\w+)=", line) == ["reason", "status"]
    assert line.endswith(" status=404")


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_one_record_is_one_line_of_printable_characters(capsys: pytest.CaptureFixture[str], fmt: str) -> None:
    """Whoever chooses a path or a name cannot forge a second record or steer a terminal."""
    configure_logging(fmt, "info")
    LOGGER.warning("message %s", NASTY, extra={"extra": NASTY})
    fail(NASTY)
    LOGGER.warning("with a stack", stack_info=True)
    written = lines(capsys)
    assert len(written) == 3
    assert all(line.isprintable() for line in written)


def test_json_keeps_what_it_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")
    LOGGER.warning("%s", NASTY, extra={"extra": NASTY})
    record = json.loads(lines(capsys)[0])
    assert (record["message"], record["extra"]) == (NASTY, NASTY)


def test_a_traceback_stays_with_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "info")
    fail("failed")
    (line,) = lines(capsys)
    assert r'failed exception="Traceback (most recent call last):\n' in line
    configure_logging("json", "info")
    fail("failed")
    assert json.loads(lines(capsys)[0])["exception"].startswith("Traceback (most recent call last):\n")


def test_letters_of_any_language_stay_readable_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "info")
    LOGGER.warning("Jürgen 漢")
    assert "Jürgen 漢" in lines(capsys)[0]


def test_records_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "warning")
    LOGGER.info("quiet")
    assert lines(capsys) == []


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "urllib3.connectionpool"])
def test_libraries_that_print_urls_are_silent_below_warning(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    configure_logging("text", "debug")
    logging.getLogger(name).info("GET https://graph.example/users/1")
    logging.getLogger(name).warning("trouble")
    assert [line.split()[-1] for line in lines(capsys)] == ["trouble"]


def test_msal_never_speaks_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """It writes a whole token answer into the log when that is cut short; sign-in tells its faults itself."""
    configure_logging("text", "debug")
    logging.getLogger("msal.token_cache").error("Token response is not in json format: eyJ0eXAi")
    assert lines(capsys) == []


def test_a_higher_level_holds_for_libraries_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "error")
    logging.getLogger("httpx").warning("trouble")
    assert lines(capsys) == []


def test_uvicorn_writes_through_the_same_handler(capsys: pytest.CaptureFixture[str]) -> None:
    """Once, in our format, and without the coloured copy of the message that it attaches."""
    logging.getLogger("uvicorn").handlers = [logging.StreamHandler()]
    logging.getLogger("uvicorn").propagate = False
    configure_logging("text", "info")
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[1mStarted"})
    (line,) = lines(capsys)
    assert line.endswith("INFO uvicorn.error Started")


def test_configuring_again_replaces_what_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "info")
    configure_logging("json", "info")
    LOGGER.info("once")
    assert len(lines(capsys)) == 1
