"""What one request said, written as a test would tell it."""

from collections.abc import Iterable, Mapping

from app.presence.cohort import Asked, Cohort
from app.presence.models import Presence, Source, Told
from tests.support.clock import ManualClock


def asked_now(clock: ManualClock) -> Asked:
    """A sweep's question that is answered in the same moment."""
    now = clock.monotonic()
    return Asked(at=now, arrived_at=now, wall=clock.now(), source=Source.SWEEP)


def cohort_of(readings: Mapping[str, Presence], asked: Asked) -> Cohort:
    """These people's presences, as the answer to one request."""
    return answered(readings, readings.items(), asked)


def answered(ids: Iterable[str], said: Iterable[tuple[str, Presence]], asked: Asked) -> Cohort:
    """An answer to a question about these people as it came: in any order, perhaps about others."""
    return Cohort(asked=asked, ids=[*ids], said=[Told(*each) for each in said])
