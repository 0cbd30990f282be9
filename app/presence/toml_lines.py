"""On which line of a TOML text something stands, which Python's reader tells only for broken syntax."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]

# A statement of more lines is not taken apart, nor is what follows it. Each of its lines is tried anew, so
# there is an end of that, too.
_LONGEST_STATEMENT = 200
_MOST_PARSED = 1_000_000
_LEVELS = 6


def line_of(path: Path, text: str) -> int:
    """The line of the statement that sets `path` in a valid text, or else of the nearest thing around it."""
    lines = _lines(text.replace("\r\n", "\n"))
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 1)


def _lines(text: str) -> dict[Path, int]:
    """Every path that a statement sets or opens, with the line that the first such statement begins on."""
    found: dict[Path, int] = {}
    rows: dict[Path, int] = {}
    inside: Path = ()
    for line, statement in _statements(text.split("\n")):
        parsed = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            inside = _header(parsed, rows)
            found.update({inside[:end]: line for end in range(len(inside) + 1) if inside[:end] not in found})
        else:
            found.update({inside + path: line for path in _paths(parsed) if inside + path not in found})
    return found


def _statements(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The statements: a part of one never parses, so the first lines that do are a whole one."""
    start = parsed = 0
    while start < len(lines):
        for end in range(start + 1, min(len(lines), start + _LONGEST_STATEMENT) + 1):
            statement = "\n".join(lines[start:end])
            parsed += len(statement)
            if parsed > _MOST_PARSED:
                return
            if _parses(statement):
                yield start + 1, statement
                start = end
                break
        else:
            return


def _parses(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except (ValueError, RecursionError):
        return False
    return True


def _header(parsed: Mapping[str, Any], rows: dict[Path, int]) -> Path:
    """The path that a header opens; a list's row is numbered by how often its header came before."""
    path: Path = ()
    value: Any = parsed
    while value:
        if isinstance(value, list):
            rows[path] = rows.get(path, -1) + 1
            return (*path, rows[path])
        name, value = next(iter(value.items()))
        path = (*path, name)
        if path in rows and not isinstance(value, list):
            path = (*path, rows[path])
    return path


def _paths(value: Any, levels: int = _LEVELS) -> Iterator[Path]:
    """Every path inside a value, outermost first, as deep as anybody may ask."""
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, inner in items if levels else ():
        yield (key,)
        yield from ((key, *path) for path in _paths(inner, levels - 1))
