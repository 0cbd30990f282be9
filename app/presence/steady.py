"""What a flicker between call and meeting, and the end of a call, mean for the activity that is told."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.presence.models import Presence

_CALLS = frozenset({"InACall", "InAConferenceCall"})
_TALKING = _CALLS | {"InAMeeting"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An activity that has been reported, but not for long enough to be told; `at` is monotonic seconds."""

    activity: str
    at: float
    wall: datetime


def in_call(*activities: str) -> bool:
    """Whether any of the activities is a call; a meeting is none."""
    return not _CALLS.isdisjoint(activities)


def pending_change(
    shown: Presence, reported: Presence, *, earlier: Pending | None, at: float, wall: datetime
) -> Pending | None:
    """The move between call, conference call and meeting that a reading is part of, since when it lasts."""
    if reported.activity == shown.activity or not {shown.activity, reported.activity} <= _TALKING:
        return None
    if earlier and earlier.activity == reported.activity:
        return earlier
    return Pending(activity=reported.activity, at=at, wall=wall)


def as_before(shown: Presence, reported: Presence) -> Presence:
    """The new reading with the old activity, for as long as the new one has not held."""
    return msgspec.structs.replace(reported, activity=shown.activity)
