"""What somebody's presence was within the last hour, each state with the moment when it was first seen."""

import weakref
from datetime import timedelta

from app.presence.history import History
from app.presence.models import Presence
from app.presence.store import PresenceStore
from tests.support.clock import ManualClock
from tests.support.cohorts import answered, asked_now

FREE = Presence(availability="Available", activity="Available")
BUSY = Presence(availability="Busy", activity="InACall")
MAX, EVA = "max", "eva"


class Watched:
    """A store and a history that hear the same answers, one every ten seconds."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.history = History(self.clock.now)
        self._store = PresenceStore(timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0)

    def hear(self, *said: tuple[str, Presence]) -> None:
        """The answer to a question about both."""
        self.clock.pass_by(10)
        cohort = answered([MAX, EVA], said, asked_now(self.clock))
        self._store.record(cohort)
        self.history.note(cohort)

    def words(self, person_id: str) -> list[str]:
        """The availability of somebody's spells, oldest first."""
        return [spell.availability for spell in self.history.of(person_id)]


def test_only_a_new_state_is_a_new_spell_in_whatever_order_it_is_told() -> None:
    watched = Watched()
    watched.hear((MAX, FREE), (EVA, BUSY))
    watched.hear((EVA, BUSY), (MAX, FREE))
    watched.hear((MAX, BUSY), (EVA.upper(), BUSY))
    watched.hear((MAX, FREE), (EVA, BUSY))
    assert watched.words(MAX) == ["Available", "Busy", "Available"]
    assert watched.words(EVA) == ["Busy"]


def test_somebody_left_out_is_unknown_from_then_on_and_nobody_else_is_noted() -> None:
    watched = Watched()
    watched.hear((MAX, FREE), (EVA, BUSY))
    watched.hear((MAX, FREE), ("stranger", FREE))
    assert watched.words(EVA) == ["Busy", "PresenceUnknown"]
    assert watched.words("stranger") == []


def test_what_ended_more_than_an_hour_ago_is_dropped() -> None:
    watched = Watched()
    watched.hear((MAX, FREE), (EVA, BUSY))
    watched.hear((MAX, BUSY), (EVA, BUSY))
    watched.clock.pass_by(timedelta(hours=1).total_seconds() + 1)
    assert watched.words(MAX) == ["Busy"]


class Word(str):
    """A word of which it can be told whether anybody still has it."""

    __slots__ = ("__weakref__",)


def test_an_hour_later_nobody_has_an_earlier_state_any_more_looked_at_or_not() -> None:
    """Neither of somebody who has moved once and never again, nor while nothing is read (found D3)."""
    watched = Watched()
    word = Word("Busy")
    earlier = weakref.ref(word)
    watched.hear((MAX, Presence(availability=word, activity="InACall")), (EVA, FREE))
    del word
    watched.hear((MAX, FREE), (EVA, FREE))
    watched.hear((MAX, FREE), (EVA, FREE))
    assert earlier() is not None
    watched.clock.pass_by(3_600)
    watched.hear((MAX, FREE), (EVA, FREE))
    watched.history.tidy()
    assert earlier() is None
    assert watched.words(MAX) == ["Available"]
    watched.clock.pass_by(3_601)
    watched.history.tidy()
    assert watched.words(MAX) == []
