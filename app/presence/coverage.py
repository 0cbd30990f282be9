"""What callers asked for and did not get: the list that tells an operator whom the service misses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.presence.directory import Directory
from app.presence.models import Person

_MOST = 1_000


class Gap(StrEnum):
    """Why an address has no answer."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    GUEST = "guest"
    DISABLED = "disabled"
    DELETED = "deleted"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(slots=True, kw_only=True)
class Missed:
    """One address or number that had no answer, how often, and when last."""

    asked: str
    gap: Gap
    count: int
    last_asked_at: datetime


class Coverage:
    """The latest thousand addresses without an answer; the one not asked for longest makes room."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._missed: dict[str, Missed] = {}  # in the order in which they were last asked for

    def note(self, asked: str, gap: Gap) -> None:
        """Count one question without an answer."""
        before = self._missed.pop(asked, None)
        count = before.count + 1 if before else 1
        self._missed[asked] = Missed(asked=asked, gap=gap, count=count, last_asked_at=self._now())
        if len(self._missed) > _MOST:
            del self._missed[next(iter(self._missed))]

    def answered(self, asked: str) -> None:
        """Forget an address that has an answer now; every single hit passes here, so it has to be cheap."""
        self._missed.pop(asked, None)

    def __iter__(self) -> Iterator[Missed]:
        """Everything missed, the most wanted first."""
        return iter(sorted(self._missed.values(), key=lambda missed: (-missed.count, missed.asked)))


def gap_of(key: str, directory: Directory) -> Gap:
    """Why a comparable key finds nobody, or too many."""
    if directory.find(key):
        return Gap.AMBIGUOUS
    aside = directory.set_aside(key)
    return gap_of_person(aside[0], directory) if aside else Gap.UNKNOWN


def gap_of_person(person: Person, directory: Directory) -> Gap:
    """Why somebody who is known is not held."""
    reasons = {
        Gap.DELETED: person.deleted,
        Gap.GUEST: person.guest,
        Gap.DISABLED: person.account_enabled is False,
        Gap.OUT_OF_SCOPE: not directory.in_scope(person),
    }
    return next((gap for gap, applies in reasons.items() if applies), Gap.UNKNOWN)
