"""Invented people for the peers, and the key that opens the door of everything measured here."""

import hashlib
from uuid import UUID

PEOPLE = 10_000
KEY = "an-invented-key-that-opens-nothing-but-the-bench"
KEY_SHA256 = hashlib.sha256(KEY.encode()).hexdigest()
# Asked for one after the other, so that no cache of one answer would do.
ASKED = 256


def address_of(number: int) -> str:
    """The mail address of one of them."""
    return f"person.{number:05d}@contoso.example"


def object_id_of(number: int) -> str:
    """The object id of one of them."""
    return str(UUID(int=(4 << 76) | (2 << 62) | number))
