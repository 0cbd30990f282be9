"""What a caller may ask for: a whole address or an object id, and nothing else."""

import re

from app.errors import MalformedRequest
from app.presence.models import comparable

# RFC 5321, 4.5.3.1: 64 octets before the at sign, 255 after it.
_LONGEST = 320
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Deliberately wider than RFC 5322: a guest's name holds `#`, and the directory decides who exists.
_ADDRESS = re.compile(r"[^@\s]+@(?P<domain>[^\W_]([\w.-]*[^\W_])?)")


def parse_user(user: object) -> str:
    """The comparable form of an address or object id.

    Raises MalformedRequest, saying what is wrong, for anything that cannot be one.
    """
    if not isinstance(user, str):
        raise MalformedRequest("A user is a text: an address or an object id.")
    _check_length(user)  # first: composing a long run of combining marks takes quadratic time
    key = comparable(user.strip())
    _check_length(key)
    _check_characters(key)
    if not (is_object_id(key) or _ADDRESS.fullmatch(key)):
        raise MalformedRequest("A user is a whole address such as max@firm.example, or an object id.")
    return key


def is_object_id(key: str) -> bool:
    """Whether a comparable key is an Entra object id rather than an address."""
    return _OBJECT_ID.fullmatch(key) is not None


def domain_of(key: str) -> str:
    """The part of an address after the at sign; empty for an object id."""
    return key.partition("@")[2]


def _check_length(text: str) -> None:
    if len(text) > _LONGEST:
        raise MalformedRequest(f"An address has at most {_LONGEST} characters (RFC 5321).")


def _check_characters(key: str) -> None:
    if "\N{REPLACEMENT CHARACTER}" in key:
        raise MalformedRequest("The address is not valid UTF-8: percent-encode it as UTF-8.")
    if not key.isprintable():
        raise MalformedRequest("The address holds control characters: send it without them.")
