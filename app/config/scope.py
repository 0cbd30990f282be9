"""PRESENCE_SCOPE: the whole tenant, or a list of groups, domains and single people."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from app.config import forms

_TENANT = "tenant"
_KINDS = ("group", "domain", "user")
_FORM = (
    f"write {_TENANT}, or a comma list of group:<object id>, domain:<name> and user:<address or object id>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSetting:
    """Who is held, as the operator spelt it: everybody, or the union of the three lists."""

    tenant: bool = False
    groups: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


def parse_scope(text: str) -> ScopeSetting:
    """Read `tenant` or `kind:value,…`; a `ValueError` completes `PRESENCE_SCOPE …`, one sentence a line.

    Entries are counted instead of quoted, because no message of the settings repeats a value.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if [entry.lower() for entry in entries] == [_TENANT]:
        return ScopeSetting(tenant=True)
    if not entries:
        raise ValueError(f"holds no entry: {_FORM}")
    return _union(_parsed(entries))


def _parsed(entries: Iterable[str]) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            parts.append(_parse_entry(entry))
        except ValueError as error:
            problems.append(f"entry {number} {error}")
    if problems:
        raise ValueError("\n".join(problems))
    return parts


def _union(parts: Iterable[tuple[str, str]]) -> ScopeSetting:
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for kind, value in parts:
        found[kind].append(value)
    return ScopeSetting(
        groups=tuple(found["group"]), domains=tuple(found["domain"]), users=tuple(found["user"])
    )


def _parse_entry(entry: str) -> tuple[str, str]:
    word, colon, value = (part.strip() for part in entry.partition(":"))
    kind = word.lower()
    if not colon and kind == _TENANT:
        raise ValueError("is tenant, which means everybody: leave it alone, or remove it from the list")
    if not colon or kind not in _KINDS:
        raise ValueError(_not_a_kind(kind))
    return kind, _CHECKS[kind](value)


def _not_a_kind(word: str) -> str:
    """A guess that never repeats what was written: a closest word is one of ours."""
    meant = next(iter(get_close_matches(word, (*_KINDS, _TENANT), n=1)), "")
    if not meant:
        return f"begins with none of the known kinds: {_FORM}"
    return f"begins with none of the known kinds: did you mean {meant if meant == _TENANT else f'{meant}:'}?"


def _group(value: str) -> str:
    if not forms.is_guid(value):
        raise ValueError("names a group by something other than its id: enter the group's Object Id")
    return value


def _domain(value: str) -> str:
    if not forms.is_domain(value):
        raise ValueError("names no domain: write it like domain:contoso.com")
    return value


def _user(value: str) -> str:
    if not forms.is_guid(value) and not forms.is_user_name(value):
        raise ValueError("names no person: enter a whole address or an object id after user:")
    return value


_CHECKS = {"group": _group, "domain": _domain, "user": _user}
