"""Which names are settings, and what a name that is not one was probably meant to be."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from app.config.settings import FROM_FILE, Settings, variable_of

VARIABLES = tuple(variable_of(field) for field in Settings.model_fields if field != "warnings")
"""Every setting by the name that an operator writes."""

NAMES = frozenset(VARIABLES) | {f"{name}_FILE" for name in FROM_FILE}

_NOT_YET = frozenset(
    {
        "PRESENCE_NOTIFICATION_URL",
        "PRESENCE_REDIS_URL",
        "PRESENCE_TENANTS_FILE",
    }
)
_OF_OTHER_TOOLS = re.compile(r"AZURE_AD_.*")  # a common prefix in web frameworks, one word from Azure's own
_OF_THE_PROCESS = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"})
_PREFIX = "PRESENCE_"

# A Service named "presence", or "presence-something", is announced to every container of its namespace.
_INJECTED = re.compile(
    r"PRESENCE_(?:[A-Z0-9_]+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_INJECTED_PORT = re.compile(r"PRESENCE_(?:[A-Z0-9_]+_)?PORT")
_INJECTED_VALUE = re.compile(r"(?:tcp|udp|sctp)://")


def is_injected(name: str, value: str) -> bool:
    """Whether Kubernetes has put this into the environment to announce a Service, not an operator."""
    port = _INJECTED_PORT.fullmatch(name) and _INJECTED_VALUE.match(value)
    return bool(port or _INJECTED.fullmatch(name))


def misplaced(dotenv: Mapping[str, str]) -> Iterator[str]:
    """One sentence for each name in `.env` that has no effect there."""
    for name in dotenv:
        if name.upper() in _OF_THE_PROCESS:
            yield f"{name} is read from the process environment, not from .env: move it there."


def unknown(names: Mapping[str, str]) -> Iterator[str]:
    """One sentence for each name that looks like a setting and is none; foreign names do not matter."""
    for name in names:
        if name in _NOT_YET:
            yield f"{name} is not in this version: remove it."
        elif name not in NAMES and not _OF_OTHER_TOOLS.fullmatch(name):
            yield from _misspelt(name)


def _misspelt(name: str) -> Iterator[str]:
    upper = name.upper()
    ours = upper.startswith(_PREFIX)
    meant = _likeliest(upper) if ours else _closest(upper)
    if meant:
        yield f"{name} is not a setting: did you mean {meant}?"
    elif ours:
        yield f"{name} is not a setting: .env.example lists them all."


def _likeliest(name: str) -> str | None:
    """A guess at any price but nonsense, from what follows the prefix: that name was meant for us."""
    tails = {known.removeprefix(_PREFIX): known for known in sorted(NAMES)}
    tail = name.removeprefix(_PREFIX).removesuffix("_FILE")
    return next((tails[match] for match in get_close_matches(tail, tails, n=1, cutoff=0.6)), None)


def _closest(name: str) -> str | None:
    """A guess only if the name can hardly be anybody else's."""
    stem = name.removesuffix("_FILE")
    return (
        stem if stem in NAMES else next(iter(get_close_matches(name, sorted(NAMES), n=1, cutoff=0.9)), None)
    )
