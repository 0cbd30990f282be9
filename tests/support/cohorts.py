"""What one request said, written as a test would tell it."""

from collections.abc import Mapping

from app.presence.cohort import Asked, Cohort
from app.presence.models import Presence


def cohort_of(readings: Mapping[str, Presence], asked: Asked) -> Cohort:
    """These people's presences, as the answer to one request."""
    return Cohort(asked=asked, ids=[*readings], said=[*readings.values()])
