"""One person's place in the memory: what is known of them, and the request that said so last."""

from datetime import datetime

import msgspec

from app.presence.cohort import Asked, Cohort
from app.presence.models import Presence, Source
from app.presence.steady import Pending, as_before, in_call, pending_change


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What does not change while somebody's presence does not; replaced as a whole when it does."""

    presence: Presence
    source: Source
    changed_at: datetime | None = None
    pending: Pending | None = None
    call_ended_at: float | None = None

    @property
    def in_call(self) -> bool:
        """Whether a call is told or reported."""
        return in_call(self.presence.activity, *([self.pending.activity] if self.pending else ()))


class Entry(msgspec.Struct, gc=False):
    """What is known, replaced when a reading says something new, and whom it was asked together with.

    `rendered` is room for what others have made of `known`; it goes when that does. Outside the garbage
    collector, like what it holds: there are as many as people, and none of it can ever be part of a cycle.
    """

    known: Known
    cohort: Cohort
    rendered: object = None

    @property
    def asked(self) -> Asked:
        """When what is known was asked for; whoever counts nanoseconds asks the cohort."""
        return self.cohort.asked

    def take(self, presence: Presence, asked: Asked, *, debounce_s: float) -> None:
        """Take in a later reading."""
        known = next_known(self.known, presence, asked, debounce_s)
        if known is not self.known:
            self.known, self.rendered = known, None

    def move_to(self, cohort: Cohort) -> None:
        """Stand with other people from now on."""
        self.cohort.members -= 1
        cohort.members += 1
        self.cohort = cohort


def outdoes(presence: Presence, asked: Asked, before: Entry) -> bool:
    """Whether a new reading wins over the stored one.

    Asked after the stored one had arrived, it does. Of two that were in flight together the higher sequence
    number wins (Microsoft: *presence resource type*, "lexicographically sortable"), else the later question.
    """
    if asked.at >= before.asked.arrived_at:
        return True
    ours, theirs = presence.sequence_number, before.known.presence.sequence_number
    if ours and theirs and ours != theirs:
        return ours > theirs
    return asked.at >= before.asked.at


def next_known(before: Known, presence: Presence, asked: Asked, debounce_s: float) -> Known:
    """What is known after a reading: the very same object if it says nothing new."""
    if presence == before.presence and asked.source is before.source and before.pending is None:
        return before
    pending = pending_change(before.presence, presence, earlier=before.pending, at=asked.at, wall=asked.wall)
    seen_at = asked.wall
    if pending and asked.at - pending.at < debounce_s:
        presence = as_before(before.presence, presence)
    elif pending:
        seen_at, pending = pending.wall, None
    after = Known(
        presence=presence,
        source=asked.source,
        changed_at=before.changed_at if _same(before.presence, presence) else seen_at,
        pending=pending,
        call_ended_at=before.call_ended_at,
    )
    ended = before.in_call and not after.in_call
    return msgspec.structs.replace(after, call_ended_at=asked.at) if ended else after


def _same(before: Presence, after: Presence) -> bool:
    return (before.availability, before.activity) == (after.availability, after.activity)
