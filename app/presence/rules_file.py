"""The rules file: bytes of TOML in, a rulebook or the line and the reason why not out."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any

from app.errors import MalformedRequest, RulesError
from app.presence.addresses import is_object_id, parse_user
from app.presence.answers import BLIND, WRAP_UP
from app.presence.models import State, comparable, is_known_word, likely_word
from app.presence.rulebook import Rulebook
from app.presence.rules import ANY, Rule, Rules, Verdict, relaxed, strict
from app.presence.toml_limits import fault_in
from app.presence.toml_lines import Path, line_of

MAX_BYTES = 1024 * 1024

_MAX_WORDS = 100
# For each answer every row of a set may have to be looked at, and every group.
_MAX_ROWS_OF_A_SET, _MAX_GROUPS = 200, 500
_NAMES_TOLD = 20
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TOP = ("default", "unknown_reachable", "assign", "sets")
_ASSIGN = ("people", "groups")
_ROW = ("name", "availability", "activity", "state", "reachable")
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


class _Fault(Exception):
    """What is wrong, and where in the tree; the line is found only when somebody must be told."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def parse_rules(data: bytes, *, name: str = "rules.toml") -> Rulebook:
    """The rulebook that a file describes. Raises RulesError with the file's name, the line and the reason."""
    if len(data) > MAX_BYTES:
        raise RulesError(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MiB.")
    if not data.strip():
        raise RulesError(f"{name} is empty.")
    text = _text(data, name)
    if beyond := fault_in(text):
        raise _refusal(name, *beyond)
    try:
        return _rulebook(tomllib.loads(text))
    except _Fault as fault:
        raise _refusal(name, line_of(fault.path, text), str(fault)) from None
    except tomllib.TOMLDecodeError as error:
        raise _broken(name, text, str(error)) from None
    except (ValueError, RecursionError):
        raise RulesError(f"{name} is nested too deeply, or holds a number that is too long.") from None


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refusal(name, line, "this is not UTF-8, save the file in that encoding") from None


def _broken(name: str, text: str, said: str) -> RulesError:
    """Python's own words for broken syntax; where it says "end of document", that is the last line."""
    place = _PLACE.search(said)
    line = place["line"] if place else None
    reason = said[: place.start()] if place else said
    return _refusal(name, int(line or text.rstrip().count("\n") + 1), f"this is not TOML: {reason}")


def _refusal(name: str, line: int, reason: str) -> RulesError:
    return RulesError(f"{name} line {line}: {reason}.")


def _rulebook(document: Mapping[str, Any]) -> Rulebook:
    _check_keys(document, _TOP, ())
    unknown_reachable = _flag(document.get("unknown_reachable", False), ("unknown_reachable",))
    presets = (strict(unknown_reachable=unknown_reachable), relaxed(unknown_reachable=unknown_reachable))
    own = _sets(_table(document.get("sets", {}), ("sets",)), reserved=[rules.name for rules in presets])
    sets = {rules.name: rules for rules in (*presets, *own)}
    assign = _table(document.get("assign", {}), ("assign",))
    _check_keys(assign, _ASSIGN, ("assign",))
    groups = _assigned(assign, "groups", sets, _group)
    if len(groups) > _MAX_GROUPS:
        raise _Fault(("assign", "groups"), f"at most {_MAX_GROUPS} groups can have a set")
    return Rulebook(
        sets=sets,
        default=_set_name(document.get("default", "strict"), ("default",), sets),
        people=_assigned(assign, "people", sets, _user),
        groups=groups,
    )


def _sets(tables: Mapping[str, Any], *, reserved: Sequence[str]) -> Iterator[Rules]:
    for name, rows in tables.items():
        path: Path = ("sets", name)
        if name in reserved:
            raise _Fault(path, f'"{name}" is built in: choose another name for this set')
        _check_name(name, path)
        if not isinstance(rows, list) or not rows:
            raise _Fault(path, f"a set is a list of rows: begin each with [[sets.{name}]]")
        yield Rules(name, _rows(rows, path))


def _rows(rows: Sequence[Any], path: Path) -> list[Rule]:
    if len(rows) > _MAX_ROWS_OF_A_SET:
        raise _Fault((*path, _MAX_ROWS_OF_A_SET), f"a set has at most {_MAX_ROWS_OF_A_SET} rows")
    table = [_row(_table(row, (*path, index)), (*path, index)) for index, row in enumerate(rows)]
    catching_all = [index for index, rule in enumerate(table) if rule.availability == rule.activity == ANY]
    last = len(table) - 1
    if not catching_all:
        raise _Fault((*path, last), "the last row of a set must match everything: leave out both words")
    if catching_all[0] < last:
        raise _Fault((*path, catching_all[0]), "this row matches everything, so no row behind it ever counts")
    return table


def _row(row: Mapping[str, Any], path: Path) -> Rule:
    _check_keys(row, _ROW, path)
    for key in ("name", "state", "reachable"):
        if key not in row:
            raise _Fault(path, f'this row lacks "{key}"')
    _check_name(row["name"], (*path, "name"))
    if row["name"] in {BLIND, WRAP_UP}:
        raise _Fault((*path, "name"), f'"{row["name"]}" is what the service itself says: choose another name')
    return Rule(
        verdict=Verdict(
            state=_state(row["state"], (*path, "state")),
            reachable=_flag(row["reachable"], (*path, "reachable")),
            rule=row["name"],
        ),
        availability=_words(row.get("availability", "*"), (*path, "availability")),
        activity=_words(row.get("activity", "*"), (*path, "activity")),
    )


def _words(value: Any, path: Path) -> frozenset[str]:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise _Fault(path, f'"{path[-1]}" is a word, a list of words, or "*"')
    if len(words) > _MAX_WORDS:
        raise _Fault(path, f'"{path[-1]}" has at most {_MAX_WORDS} words')
    if words == ["*"]:
        return ANY
    for word in words:
        _check_word(word.strip(), path)
    return frozenset(word.strip().lower() for word in words)


def _check_word(word: str, path: Path) -> None:
    """A word nobody knows may be a new one of Microsoft's, but not one that looks like a slip."""
    if word == "*":
        raise _Fault(path, '"*" matches everything: it stands alone')
    if not is_known_word(word) and (meant := likely_word(word)):
        raise _Fault(path, f"Microsoft has no such word: did you mean {meant}")


def _state(value: Any, path: Path) -> State:
    if not isinstance(value, str) or value not in list(State):
        raise _Fault(path, f'"state" is one of {", ".join(State)}')
    return State(value)


def _flag(value: Any, path: Path) -> bool:
    if not isinstance(value, bool | int) or value not in (0, 1):
        raise _Fault(path, f'"{path[-1]}" must be true or false')
    return bool(value)


def _assigned(
    assign: Mapping[str, Any], kind: str, sets: Mapping[str, Rules], key_of: Callable[[str, Path], str]
) -> dict[str, str]:
    assigned: dict[str, str] = {}
    for spelt, name in _table(assign.get(kind, {}), ("assign", kind)).items():
        path: Path = ("assign", kind, spelt)
        key = key_of(spelt, path)
        if key in assigned:
            raise _Fault(path, "this one has a set already: letter case makes no difference")
        assigned[key] = _set_name(name, path, sets)
    return assigned


def _user(spelt: str, path: Path) -> str:
    try:
        return parse_user(spelt)
    except MalformedRequest as error:
        raise _Fault(path, f"this is nobody's address: {str(error).rstrip('.')}") from None


def _group(spelt: str, path: Path) -> str:
    key = comparable(spelt.strip())
    if not is_object_id(key):
        raise _Fault(path, "a group is named by its object id, from its Overview page in Entra")
    return key


def _set_name(value: Any, path: Path, sets: Mapping[str, Rules]) -> str:
    if not isinstance(value, str) or value not in sets:
        told = [*islice(sets, _NAMES_TOLD), *(["…"] if len(sets) > _NAMES_TOLD else [])]
        raise _Fault(path, f"there is no such set: there are {', '.join(told)}")
    return value


def _check_name(value: Any, path: Path) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _Fault(path, "a name is 1 to 64 of the characters A-Z, a-z, 0-9, _, . and -")


def _table(value: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Fault(path, f'"{path[-1]}" must be a table')
    return value


def _check_keys(table: Mapping[str, Any], known: Sequence[str], path: Path) -> None:
    for key in table:
        if key not in known:
            close = get_close_matches(key.lower(), known, n=1)
            hint = f"did you mean {close[0]}" if close else f"there are {', '.join(known)}"
            raise _Fault((*path, key), f"this key means nothing here: {hint}")
