"""Log records for people or for machines: one record is one line, whatever a caller has put into it."""

import json
import logging
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "taskName", "color_message"),
    "rate_limited",  # how to write a record, and nothing to tell in it
}
_TALKATIVE = ("httpx", "httpcore", "urllib3", "pydantic_settings")  # they write whole URLs or values
_SECRETIVE = "msal"  # writes a token answer that it cannot read, whole, even as an error
_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")
_LIKE_A_KEY = re.compile(r"(?<= )([\w.-]+)=")


def configure_logging(fmt: str, level: str, *, handler: logging.Handler | None = None) -> None:
    """Send every record to `handler`, as `text` or `json`, from `level` (like `info`) upwards.

    Without a handler to standard error, at once. Calling it again replaces what it has set before.
    """
    handler = handler or logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if fmt == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _UVICORN:
        _hand_over(logging.getLogger(name))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.getLogger(_SECRETIVE).setLevel(logging.CRITICAL)


def escaped(text: str) -> str:
    """The text with everything that a terminal or a reader of lines would act on written as an escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class TextFormatter(logging.Formatter):
    """`2026-11-23T10:00:00Z WARNING app.ingest.poll message key=value`, all of it on one line.

    ` key=` begins an extra and nothing else: in a message or inside a quoted value its `=` is an escape.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Extras and the traceback follow the message as `key=value`."""
        time = _time(record, timespec="seconds")
        extras = "".join(f" {escaped(key)}={_quoted(str(value))}" for key, value in _extras(self, record))
        message = _without_keys(f" {escaped(record.getMessage())}")
        return f"{time} {record.levelname} {escaped(record.name)}{message}{extras}"


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, the extras, and the exception if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """No extra can take the place of what every record has."""
        fixed = {
            "time": _time(record, timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        extras = {key: _plain(value) for key, value in _extras(self, record)}
        return json.dumps({**fixed, **extras, **fixed}).replace("\x7f", "\\u007f")


def _hand_over(logger: logging.Logger) -> None:
    """Let the root's handler write what uvicorn would write in its own way."""
    logger.handlers = []
    logger.propagate = True


def _time(record: logging.LogRecord, *, timespec: str) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def _extras(formatter: logging.Formatter, record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    yield from ((key, value) for key, value in vars(record).items() if key not in _STANDARD)
    if record.exc_info:
        yield "exception", formatter.formatException(record.exc_info)
    if record.stack_info:
        yield "stack", formatter.formatStack(record.stack_info)


def _plain(value: object) -> object:
    """Something that JSON knows: numbers stay numbers, except those that it has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)


def _quoted(text: str) -> str:
    """A value that cannot be mistaken for the next key."""
    if text and not any(character in ' "=\\' or not character.isprintable() for character in text):
        return text
    doubled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_without_keys(escaped(doubled))}"'


def _without_keys(text: str) -> str:
    """The text with nothing in it that a search for ` key=` would find."""
    return _LIKE_A_KEY.sub(r"\1\\x3d", text)
