"""What of a reading outlives the process, and how it comes back: never younger than it is."""

from datetime import timedelta

import pytest

from app.config import WhenBlind
from app.presence.models import NOTHING_KNOWN, Freshness, Presence, Source
from app.presence.store import LAST_VALUE_LIMIT_S, Kept, PresenceStore
from tests.support.clock import START, ManualClock
from tests.support.cohorts import asked_now, cohort_of

FREE = Presence(availability="Available", activity="Available", sequence_number="7")
BUSY = Presence(availability="Busy", activity="InACall")
MAX = "max"


def store_on(clock: ManualClock, when_blind: WhenBlind = WhenBlind.UNKNOWN) -> PresenceStore:
    return PresenceStore(timer=clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0, when_blind=when_blind)


def read(store: PresenceStore, clock: ManualClock, presence: Presence) -> None:
    store.record(cohort_of({MAX: presence}, asked_now(clock)))


def kept(age_s: float) -> Kept:
    changed_at = START - timedelta(hours=1)
    observed_at = START - timedelta(seconds=age_s)
    return Kept(presence=FREE, observed_at=observed_at, changed_at=changed_at, source=Source.SWEEP)


def test_a_reading_is_kept_with_the_wall_clocks_dates() -> None:
    """Monotonic time means nothing to the next process."""
    clock = ManualClock()
    store = store_on(clock)
    read(store, clock, BUSY)
    clock.pass_by(10)
    read(store, clock, FREE)
    moment = START + timedelta(seconds=10)
    assert store.kept(MAX) == Kept(presence=FREE, observed_at=moment, changed_at=moment, source=Source.SWEEP)


def test_nobody_is_kept_who_was_never_read() -> None:
    """There is nothing to tell the next process."""
    assert store_on(ManualClock()).kept(MAX) is None


def test_a_value_past_the_limit_is_not_kept_but_that_it_was_read_is() -> None:
    """The next process is as blind as this one, not more so."""
    clock = ManualClock()
    store = store_on(clock)
    read(store, clock, FREE)
    clock.pass_by(301)
    assert store.kept(MAX) == Kept()


@pytest.mark.parametrize(
    ("age_s", "freshness"), [(0.0, Freshness.FRESH), (29.0, Freshness.FRESH), (299.0, Freshness.STALE)]
)
def test_a_restored_value_has_its_true_age_and_says_where_it_is_from(
    age_s: float, freshness: Freshness
) -> None:
    """Stale by age, like any other."""
    store = store_on(ManualClock())
    store.restore({MAX: kept(age_s)}, now=START, blind_too=True)
    seen = store.get(MAX)
    assert seen is not None
    assert (seen.presence, seen.age_s, seen.freshness) == (FREE, age_s, freshness)
    assert (seen.source, seen.observed_at) == (Source.SNAPSHOT, START - timedelta(seconds=age_s))
    assert seen.changed_at == START - timedelta(hours=1)


@pytest.mark.parametrize("one", [kept(-1.0), kept(-1e6)])
def test_a_reading_from_the_future_counts_as_blind(one: Kept) -> None:
    """A clock that was set back must not make a value look fresh for hours."""
    store = store_on(ManualClock())
    store.restore({MAX: one}, now=START, blind_too=False)
    assert store.get(MAX) == NOTHING_KNOWN


@pytest.mark.parametrize("one", [kept(301.0), Kept()])
def test_a_reading_past_the_limit_is_dropped(one: Kept) -> None:
    """Blind in a young snapshot, never read in an old one."""
    young, old = store_on(ManualClock()), store_on(ManualClock())
    young.restore({MAX: one}, now=START, blind_too=True)
    old.restore({MAX: one}, now=START, blind_too=False)
    assert young.get(MAX) == NOTHING_KNOWN
    assert old.get(MAX) is None


def test_with_last_a_value_is_restored_for_a_day() -> None:
    """The limit is the one of the running service."""
    store = store_on(ManualClock(), WhenBlind.LAST)
    ages = {"yesterday": LAST_VALUE_LIMIT_S - 60, "before": LAST_VALUE_LIMIT_S + 60}
    store.restore({key: kept(age_s) for key, age_s in ages.items()}, now=START, blind_too=False)
    seen = store.get("yesterday")
    assert seen is not None
    assert (seen.presence, seen.freshness, seen.age_s) == (FREE, Freshness.BLIND, LAST_VALUE_LIMIT_S - 60)
    assert not store.has_read("before")


def test_a_restored_value_is_forgotten_at_its_limit_and_not_later() -> None:
    """The limit counts from the question, in whichever process it was asked."""
    clock = ManualClock()
    store = store_on(clock)
    store.restore({MAX: kept(290.0)}, now=START, blind_too=True)
    clock.pass_by(11)
    assert store.get(MAX) == NOTHING_KNOWN


def test_any_new_reading_wins_over_a_restored_one_and_a_change_is_seen() -> None:
    """Whatever its sequence number: it was asked for later."""
    clock = ManualClock()
    store = store_on(clock)
    store.restore({MAX: kept(5.0)}, now=START, blind_too=True)
    read(store, clock, BUSY)
    seen = store.get(MAX)
    assert seen is not None
    assert (seen.presence, seen.source, seen.changed_at) == (BUSY, Source.SWEEP, START)
