"""How old a value may be, what happens when it is too old, and which of two readings counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from app.config import WhenBlind
from app.presence.cohort import Asked
from app.presence.models import NOTHING_KNOWN, Freshness, Presence, Sighting, Source
from app.presence.store import LAST_VALUE_LIMIT_S, PresenceStore
from tests.support.clock import START, ManualClock
from tests.support.cohorts import cohort_of

FREE = Presence(availability="Available", activity="Available")
BUSY = Presence(availability="Busy", activity="InACall")
MAX, EVA = "max", "eva"


def numbered(presence: Presence, number: str | None) -> Presence:
    return Presence(availability=presence.availability, activity=presence.activity, sequence_number=number)


class Kept:
    """A store (fresh 30 s, keep 300 s) on a clock that stands still."""

    def __init__(self, when_blind: WhenBlind = WhenBlind.UNKNOWN) -> None:
        self.clock = ManualClock()
        self.store = PresenceStore(
            timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0, when_blind=when_blind
        )

    def read(
        self,
        readings: Mapping[str, Presence],
        *,
        asked_ago_s: float = 0.0,
        arrived_ago_s: float = 0.0,
        source: Source = Source.SWEEP,
    ) -> None:
        """Record readings that were asked for, and came, so many seconds ago."""
        now = self.clock.monotonic()
        wall = self.clock.now() - timedelta(seconds=asked_ago_s)
        asked = Asked(at=now - asked_ago_s, arrived_at=now - arrived_ago_s, wall=wall, source=source)
        self.store.record(cohort_of(readings, asked))

    def sighting(self, person_id: str = MAX) -> Sighting:
        """What is known about somebody who has been read."""
        found = self.store.get(person_id)
        assert found is not None
        return found

    def changed_at(self) -> datetime | None:
        """When a change was seen, if one was."""
        return self.sighting().changed_at


def test_somebody_never_read_is_not_blind_but_unread() -> None:
    kept = Kept()
    assert kept.store.get(MAX) is None
    assert not kept.store.has_read(MAX)


@pytest.mark.parametrize(
    ("age_s", "freshness", "stale"),
    [
        (0.0, Freshness.FRESH, False),
        (29.5, Freshness.FRESH, False),
        (30.0, Freshness.STALE, True),
        (299.5, Freshness.STALE, True),
    ],
)
def test_a_value_is_fresh_then_stale_with_its_true_age(
    age_s: float, freshness: Freshness, *, stale: bool
) -> None:
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(age_s)
    seen = kept.sighting()
    assert (seen.presence, seen.age_s, seen.freshness, seen.stale) == (FREE, age_s, freshness, stale)
    assert (seen.observed_at, seen.source) == (START, Source.SWEEP)


def test_a_value_of_exactly_the_greatest_age_is_still_given() -> None:
    """Up to keep means up to and including it, however quickly the answer had come."""
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(300.0)
    assert kept.sighting().freshness is Freshness.STALE


@pytest.mark.parametrize("when_blind", [WhenBlind.UNKNOWN, WhenBlind.REACHABLE])
def test_past_keep_the_value_is_forgotten(when_blind: WhenBlind) -> None:
    """No age, no time, no value: there is nothing left that could be taken for the truth."""
    kept = Kept(when_blind)
    kept.read({MAX: FREE})
    kept.clock.pass_by(300.5)
    assert kept.store.get(MAX) == NOTHING_KNOWN
    assert kept.store.has_read(MAX)


def test_with_last_the_value_stays_with_its_true_age_for_a_day() -> None:
    kept = Kept(WhenBlind.LAST)
    kept.read({MAX: FREE})
    kept.clock.pass_by(300.5)
    assert kept.sighting().freshness is Freshness.BLIND
    kept.clock.pass_by(LAST_VALUE_LIMIT_S - 301.0)
    seen = kept.sighting()
    assert (seen.presence, seen.age_s, seen.stale) == (FREE, LAST_VALUE_LIMIT_S - 0.5, True)
    kept.clock.pass_by(1.0)
    assert kept.store.get(MAX) == NOTHING_KNOWN


def test_age_counts_from_the_question_not_from_the_answer() -> None:
    """A slow answer is as old as the question: Microsoft may have looked at once."""
    kept = Kept()
    kept.read({MAX: FREE}, asked_ago_s=12.0)
    assert kept.sighting().age_s == 12.0
    assert kept.sighting().observed_at == START - timedelta(seconds=12)


def test_a_slow_answer_is_forgotten_by_its_age_and_not_by_its_arrival() -> None:
    kept = Kept()
    kept.read({MAX: FREE}, asked_ago_s=12.0)
    kept.clock.pass_by(288.5)
    assert kept.store.get(MAX) == NOTHING_KNOWN


def test_nobody_knows_since_when_until_a_change_was_seen() -> None:
    """Microsoft has no "since", so we say nothing before we have seen a change ourselves."""
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(10)
    kept.read({MAX: FREE})
    assert kept.changed_at() is None


def test_a_change_is_dated_by_the_reading_that_showed_it() -> None:
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(10)
    kept.read({MAX: BUSY})
    kept.clock.pass_by(10)
    kept.read({MAX: BUSY})
    assert kept.changed_at() == START + timedelta(seconds=10)


@pytest.mark.parametrize(
    "after",
    [
        Presence(availability="Available", activity="InACall"),
        Presence(availability="Away", activity="Available"),
    ],
)
def test_activity_and_availability_each_count_as_a_change(after: Presence) -> None:
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(10)
    kept.read({MAX: after})
    assert kept.changed_at() == START + timedelta(seconds=10)


def test_another_status_message_or_number_is_not_a_change() -> None:
    kept = Kept()
    kept.read({MAX: numbered(FREE, "1")})
    kept.clock.pass_by(10)
    same = Presence(
        availability="Available",
        activity="Available",
        status_message="hi",
        out_of_office=True,
        sequence_number="2",
    )
    kept.read({MAX: same})
    assert kept.changed_at() is None
    assert kept.sighting().presence == same


def test_what_was_forgotten_leaves_no_since_behind() -> None:
    """After a blind time nobody can say when the change happened."""
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(10)
    kept.read({MAX: BUSY})
    kept.clock.pass_by(301)
    kept.read({MAX: FREE})
    assert kept.changed_at() is None


def test_a_value_forgotten_after_a_slow_answer_leaves_no_since_behind_either() -> None:
    kept = Kept()
    kept.read({MAX: FREE}, asked_ago_s=12.0)
    kept.clock.pass_by(289)
    assert kept.store.get(MAX) == NOTHING_KNOWN
    kept.read({MAX: BUSY})
    assert kept.changed_at() is None


def test_a_reading_asked_for_later_wins_whatever_its_number() -> None:
    """Numbers that went backwards (a tenant moved, say) must not freeze a person for ever."""
    kept = Kept()
    kept.read({MAX: numbered(FREE, "9")})
    kept.clock.pass_by(1)
    kept.read({MAX: numbered(BUSY, "1")})
    assert kept.sighting().presence.availability == "Busy"


def test_of_two_readings_in_flight_together_the_higher_number_wins() -> None:
    """The first question came back last, with the older value."""
    kept = Kept()
    kept.clock.pass_by(10)
    kept.read({MAX: numbered(BUSY, "2")}, asked_ago_s=1, source=Source.DEMAND)
    kept.read({MAX: numbered(FREE, "1")}, asked_ago_s=3)
    assert kept.sighting().presence.availability == "Busy"
    assert kept.sighting().source is Source.DEMAND


def test_a_higher_number_wins_even_if_it_was_asked_for_first() -> None:
    kept = Kept()
    kept.clock.pass_by(10)
    kept.read({MAX: numbered(BUSY, "1")}, asked_ago_s=1)
    kept.read({MAX: numbered(FREE, "2")}, asked_ago_s=3)
    assert kept.sighting().presence.availability == "Available"


@pytest.mark.parametrize(("early", "late"), [(None, None), ("9", None), (None, "1"), ("5", "5")])
def test_without_two_different_numbers_the_later_question_wins(early: str | None, late: str | None) -> None:
    kept = Kept()
    kept.clock.pass_by(10)
    kept.read({MAX: numbered(BUSY, late)}, asked_ago_s=1)
    kept.read({MAX: numbered(FREE, early)}, asked_ago_s=3)
    assert kept.sighting().presence.availability == "Busy"


def test_the_order_of_arrival_does_not_matter_between_overlapping_readings() -> None:
    kept = Kept()
    kept.clock.pass_by(10)
    kept.read({MAX: FREE}, asked_ago_s=3)
    kept.read({MAX: BUSY}, asked_ago_s=1)
    assert kept.sighting().presence == BUSY


def test_whoever_is_no_longer_held_is_forgotten() -> None:
    """Somebody who left and comes back starts as never read, without an old green."""
    kept = Kept()
    kept.read({MAX: FREE, EVA: BUSY})
    kept.store.forget([MAX])
    assert kept.store.get(MAX) is None
    assert not kept.store.has_read(MAX)
    assert kept.sighting(EVA).presence == BUSY


def test_forgetting_also_reaches_people_whose_value_has_expired() -> None:
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(301)
    kept.store.forget([MAX])
    assert kept.store.get(MAX) is None


def test_a_large_tenant_is_kept_whole() -> None:
    """Nobody is ever dropped to make room: 25,000 people are 25,000 answers."""
    kept = Kept()
    everybody = [f"person-{number}" for number in range(25_000)]
    for start in range(0, len(everybody), 650):
        kept.read(dict.fromkeys(everybody[start : start + 650], FREE))
    assert {kept.store.freshness_of(person_id) for person_id in everybody} == {Freshness.FRESH}


def test_people_are_told_apart_by_how_far_to_trust_what_is_known() -> None:
    kept = Kept()
    kept.read({"blind": FREE})
    kept.clock.pass_by(270)
    kept.read({"stale": FREE})
    kept.clock.pass_by(31)
    kept.read({"fresh": FREE})
    known = {
        person_id: kept.store.freshness_of(person_id) for person_id in ("fresh", "stale", "blind", "none")
    }
    assert known == {
        "fresh": Freshness.FRESH,
        "stale": Freshness.STALE,
        "blind": Freshness.BLIND,
        "none": None,
    }


def test_an_unknown_word_is_counted_with_every_reading_that_holds_it() -> None:
    """Also when it says the same as the reading before."""
    kept = Kept()
    for _ in range(3):
        kept.read({MAX: Presence(availability="Levitating", activity="Busy"), EVA: FREE})
        kept.clock.pass_by(10)
    assert kept.store.unknown_words.readings == 3


def test_the_same_again_keeps_what_was_made_of_it_and_anything_new_drops_it() -> None:
    """Prebuilt answers live exactly as long as what they were built from."""
    kept = Kept()
    kept.read({MAX: FREE})
    entry = kept.store.entries[MAX]
    known, entry.rendered = entry.known, "an answer"
    kept.clock.pass_by(10)
    kept.read({MAX: FREE})
    assert (entry.known is known, entry.rendered == "an answer") == (True, True)
    assert entry.asked.at == kept.clock.monotonic()
    kept.clock.pass_by(10)
    kept.read({MAX: numbered(FREE, "2")})
    assert entry.known is not known
    assert entry.rendered is None


def test_the_same_from_another_source_is_told_as_from_there() -> None:
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(10)
    kept.read({MAX: FREE}, source=Source.DEMAND)
    assert kept.sighting().source is Source.DEMAND
    kept.clock.pass_by(10)
    kept.read({MAX: FREE})
    assert kept.sighting().source is Source.SWEEP


def test_the_same_reading_after_a_blind_time_starts_anew() -> None:
    """What was known before the blind time is not taken up again by hearing the same once more."""
    kept = Kept()
    kept.read({MAX: FREE})
    kept.clock.pass_by(10)
    kept.read({MAX: BUSY})
    kept.clock.pass_by(301)
    kept.read({MAX: BUSY})
    assert (kept.sighting().presence, kept.changed_at()) == (BUSY, None)
