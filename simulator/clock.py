"""The tenant's own time: what expires, expires by this clock, and a switch can move it forward."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate


@dataclass(slots=True)
class Clock:
    """Real time plus an offset, so that an hour passes when somebody says so."""

    source: Callable[[], float] = time.time
    offset_s: float = 0.0

    def now(self) -> float:
        """Seconds since 1970, by the tenant's clock."""
        return self.source() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Let time pass; it never runs backwards."""
        self.offset_s += max(0.0, seconds)

    def utc(self) -> datetime:
        """Now as a date."""
        return datetime.fromtimestamp(self.now(), UTC)

    def iso(self) -> str:
        """Now in RFC 3339 with milliseconds."""
        return iso(self.now())

    def http_date(self) -> str:
        """Now as the `Date` header says it."""
        return formatdate(self.now(), usegmt=True)


def iso(moment: float) -> str:
    """A moment in RFC 3339, UTC, with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 date; one without an offset is UTC. Raises ValueError."""
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
