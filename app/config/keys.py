"""API keys as an operator writes them down: a name and a hash, never the key itself."""

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

from app.errors import SettingsError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SHA256_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_OF_NOTHING = hashlib.sha256(b"").hexdigest()
_SEPARATOR = re.compile(r"[,\r\n]")
_MAKE_ONE = "make one with `teams-presence key new NAME`"


class Scope(StrEnum):
    """What a key opens: presence and lookup, the explanations, health and metrics."""

    READ = "read"
    EXPLAIN = "explain"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One entry: who calls, how the key is recognised, what it opens, and from where (no network: any)."""

    name: str
    sha256: bytes = field(repr=False)
    scopes: frozenset[Scope] = frozenset(Scope)
    networks: tuple[IPv4Network | IPv6Network, ...] = ()


def new_api_key(name: str) -> tuple[str, str]:
    """A fresh key for the caller, and the entry for PRESENCE_API_KEYS that recognises it."""
    if not _NAME.fullmatch(name):
        raise SettingsError("The name of a key is 1 to 64 of the characters A-Z, a-z, 0-9, _, . and -.")
    key = secrets.token_urlsafe(32)
    return key, f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """Read `name:sha256hex[:scope+scope][@cidr+cidr]`, separated by commas or, in a mounted file, by lines.

    A `ValueError` completes `PRESENCE_API_KEYS …`, one sentence a line, and counts entries instead of quoting
    them: an entry that is not one may well be the key itself.
    """
    entries = [entry.strip() for entry in _SEPARATOR.split(text) if entry.strip()]
    if not entries:
        raise ValueError(f"holds no entry: {_MAKE_ONE}")
    problems: list[str] = []
    keys: list[ApiKey] = []
    for number, entry in enumerate(entries, start=1):
        try:
            keys.append(_parse_entry(entry))
        except ValueError as error:
            problems.append(f"entry {number} {error}")
    problems.extend(_repeated_names(keys))
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(keys)


def _parse_entry(entry: str) -> ApiKey:
    identity, at, networks = entry.partition("@")
    name, _, rest = identity.partition(":")
    sha256, colon, scopes = rest.partition(":")
    if not _NAME.fullmatch(name) or not _SHA256_HEX.fullmatch(sha256):
        raise ValueError(f"is not `name:sha256`, the name and 64 hexadecimal digits: {_MAKE_ONE}")
    if sha256.lower() == _OF_NOTHING:
        raise ValueError(f"is the hash of no key at all, as an empty variable gives it: {_MAKE_ONE}")
    return ApiKey(
        name=name,
        sha256=bytes.fromhex(sha256),
        scopes=_parse_scopes(scopes) if colon else frozenset(Scope),
        networks=_parse_networks(networks) if at else (),
    )


def _parse_scopes(text: str) -> frozenset[Scope]:
    words = text.split("+")
    if not set(words) <= set(Scope):
        raise ValueError("names an unknown scope: use read, explain and admin, joined with +")
    return frozenset(map(Scope, words))


def _parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(map(ip_network, text.split("+")))
    except ValueError:
        pass  # its text quotes the network
    raise ValueError("has a network that is none: write 192.0.2.0/24 or 2001:db8::/32, joined with +")


def _repeated_names(keys: Sequence[ApiKey]) -> Iterator[str]:
    names = [key.name for key in keys]
    if len(set(names)) < len(names):
        yield "has two entries of the same name: rename one, or nobody can tell them apart"
