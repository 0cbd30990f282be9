"""Phone numbers in whatever notation they come, made comparable as E.164 digits without the plus."""

import re
from collections.abc import Iterable

import phonenumbers

from app.presence.models import Numbers

# More than any number with its extension; the rest is not looked at.
_LONGEST = 40


class NumberReader:
    """Reads numbers as somebody in one country writes them (ISO 3166, such as DE)."""

    def __init__(self, country: str) -> None:
        self._country = country

    def digits(self, number: str) -> str:
        """The number in E.164 without the plus; empty for what is none. An extension is left out."""
        try:
            parsed = phonenumbers.parse(_international(number[:_LONGEST]), self._country)
        except phonenumbers.NumberParseException:
            return ""
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")

    def numbers(self, spelt: Iterable[str]) -> Numbers:
        """Those of these numbers that can be read, as they are kept."""
        read = tuple(filter(None, map(self.number, spelt)))
        return read[0] if len(read) == 1 else read

    def number(self, spelt: str) -> int | None:
        """The number as it is kept; None for what is none."""
        return int(self.digits(spelt) or 0) or None

    def candidates(self, number: str) -> tuple[str, ...]:
        """What a caller may have meant, likeliest first: `4989…` may lack its plus, or be national."""
        text = number.strip(" \t\"'")
        spelt = {self.digits(text): None}
        if not text.startswith(("+", "0")):
            spelt[self.digits(f"+{text}")] = None
        return tuple(filter(None, spelt))


def _international(number: str) -> str:
    """With a plus where `00` stands for it; in few countries it is anything else."""
    return re.sub(r"^\s*00", "+", number)
