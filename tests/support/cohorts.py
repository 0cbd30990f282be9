"""What one request said, written as a test would tell it."""

from collections.abc import Iterable, Mapping

from app.presence.cohort import Asked, Cohort
from app.presence.models import Presence, Told


def cohort_of(readings: Mapping[str, Presence], asked: Asked) -> Cohort:
    """These people's presences, as the answer to one request."""
    return Cohort(asked=asked, ids=[*readings], said=[Told(*each) for each in readings.items()])


def answered(ids: Iterable[str], said: Iterable[tuple[str, Presence]], asked: Asked) -> Cohort:
    """An answer to a question about these people as it came: in any order, perhaps about others."""
    return Cohort(asked=asked, ids=[*ids], said=[Told(*each) for each in said])
