"""Entra's refusals: the numbers that say when to ask again, and what of the text is worth telling."""

import re

TEMPORARY = frozenset({50033, 50087, 90006, 90012, 90024, 90033, 90055, 90090})
"""*reference-error-codes*: "temporary", "throttled" and "server"."""

LOOP = 50196
"""*reference-error-codes*: the guard against a client that asks over and over; it passes, too."""

LOCKED = 50053
"""*reference-error-codes*: the account is locked, which passes."""

PASSWORD = frozenset({LOCKED, 50126})
"""Wrong password and smart lockout: each further try makes it worse (*concept-sspr-policy*)."""


# Characters of a text of Entra's that are looked at: more than it ever says.
_READ = 4000


def numbers_in(text: str) -> tuple[int, ...]:
    """Every number of the form AADSTS50126 in a text."""
    return tuple(int(number) for number in re.findall(r"AADSTS([0-9]{1,9})(?![0-9])", text[:_READ]))


def first_sentence(description: str) -> str:
    """Entra's text without the trailing trace id, correlation id and time stamp."""
    return re.split(r"Trace ID:|[\r\n]", description[:_READ], maxsplit=1)[0].rstrip()
