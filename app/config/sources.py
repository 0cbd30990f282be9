"""Where values come from: the process environment over `.env`, and mounted files for the secrets."""

import errno
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from app.config.names import NAMES, VARIABLES
from app.config.settings import FROM_FILE, Unreadable
from app.errors import SettingsError
from app.files import read_regular

MAX_BYTES = 1024 * 1024
"""More than any file of settings, secrets or keys has."""


def read_dotenv(path: Path) -> dict[str, str]:
    """What `.env` sets, taken literally: nothing is interpolated, and no file is no setting.

    Raises SettingsError when any line is not what it seems, since the rest could then mean anything.
    """
    text = _text_of(path)
    if isinstance(text, Unreadable):
        raise SettingsError(f"{path} {text.reason}.")
    bindings = list(parse_stream(StringIO(text or "", newline="")))
    problems = [*_malformed(bindings), *_repeated(bindings)]
    if problems:
        raise SettingsError("\n".join(f"{path} {problem}." for problem in problems))
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}


def resolve(names: Mapping[str, str]) -> dict[str, str | Unreadable]:
    """The value of every setting that is set, with those named by `…_FILE` read from there."""
    values: dict[str, str | Unreadable] = {name: names[name] for name in VARIABLES if name in names}
    for name in FROM_FILE:
        file = names.get(f"{name}_FILE")
        if file is not None:
            values[name] = _both_set(name) if name in values else _mounted(name, Path(file))
    return values


def _both_set(name: str) -> Unreadable:
    return Unreadable(f"and {name}_FILE are both set: remove one of them")


def _mounted(name: str, path: Path) -> str | Unreadable:
    text = _text_of(path)
    if isinstance(text, str):
        text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    elif text is None:
        text = Unreadable("does not exist")
    if not text:
        text = Unreadable("is empty")
    if isinstance(text, Unreadable):
        return Unreadable(f"cannot be taken from {name}_FILE: the file {text.reason}")
    return text


def _text_of(path: Path) -> str | Unreadable | None:
    """A file's text without a byte order mark, None if there is no file; an error could quote it."""
    try:
        return read_regular(path, limit=MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return Unreadable("is not UTF-8: save it in that encoding")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return Unreadable(f"is {error.strerror}: check that it is the right one")
        return Unreadable("cannot be read: check that it is a file and its permissions")


def _malformed(bindings: list[Binding]) -> Iterator[str]:
    for binding in bindings:
        line = _line_of(binding)
        if binding.error:
            yield f"line {line} cannot be read: put the value in single quotes, \\ as \\\\ and ' as \\'"
        elif binding.key and binding.value is None:
            yield f"line {line} has no =: write NAME=value, or begin a comment with #"
        elif len(binding.original.string.strip().splitlines()) > 1:
            yield f"line {line} has a value that goes on in the next line: close its quote"
        elif _cut_short(binding):
            yield f"line {line} has a secret with a blank and a # in it: put the value in single quotes"


def _cut_short(binding: Binding) -> bool:
    """Whether an unquoted secret has lost what follows ` #`, which may be a comment or half a password."""
    raw = binding.original.string.partition("=")[2].strip()
    quoted = raw.startswith(("'", '"'))
    return binding.key in FROM_FILE and bool(binding.value) and not quoted and raw != binding.value


def _repeated(bindings: list[Binding]) -> Iterator[str]:
    first: dict[str, int] = {}
    for binding in bindings:
        if binding.key in NAMES and binding.value:
            line = _line_of(binding)
            if first.setdefault(binding.key, line) != line:
                yield f"line {line} sets {binding.key} again, after line {first[binding.key]}: keep one"


def _line_of(binding: Binding) -> int:
    """The line that the name stands on: the parser counts from the blank lines before it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + len(blank.splitlines())
