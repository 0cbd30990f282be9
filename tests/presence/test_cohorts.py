"""Reading many people together says the same of each as reading everybody alone."""

import cProfile
import gc
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import WhenBlind
from app.presence.cohort import Asked, Cohort
from app.presence.models import UNKNOWN_PRESENCE, Presence, Sighting, Source
from app.presence.store import Kept, PresenceStore
from tests.support.clock import ManualClock
from tests.support.cohorts import answered, asked_now, cohort_of

FREE = Presence(availability="Available", activity="Available", sequence_number="1")
BUSY = Presence(availability="Busy", activity="InACall", sequence_number="2")
MEETING = Presence(availability="Busy", activity="InAMeeting")
PUZZLING = Presence(availability="Levitating", activity="Busy")
PEOPLE = ("max", "eva", "tom", "ida")
MAX, EVA, TOM, IDA = PEOPLE

Items = list[tuple[str, Presence]]


def in_order(items: Items) -> Items:
    """An answer as the question was."""
    return items


def backwards(items: Items) -> Items:
    """As the simulator answers."""
    return items[::-1]


def with_a_stranger(items: Items) -> Items:
    """About somebody more, whom nobody has asked about."""
    return [("stranger", FREE), *items]


def in_place_of_the_last(items: Items) -> Items:
    """About as many as asked about, but a stranger instead of one of them."""
    return [*items[:-1], ("stranger", FREE)]


def twice(items: Items) -> Items:
    """About as many as asked about, but about the first twice, and not about the last."""
    return [*items[:1], *items[:-1]]


def without_the_last(items: Items) -> Items:
    """Somebody is left out."""
    return items[:-1]


def nobody(items: Items) -> Items:
    """Everybody is left out."""
    return items[:0]


def all_but_the_first_turned_round(items: Items) -> Items:
    """In an order that begins as the question did."""
    return [*items[:1], *items[:0:-1]]


def contradicted(items: Items) -> Items:
    """With something else about everybody first."""
    return [*((person_id, MEETING) for person_id, _ in items), *items]


def in_capitals(items: Items) -> Items:
    """With the second person's id in upper case."""
    return [(one.upper() if index == 1 else one, presence) for index, (one, presence) in enumerate(items)]


SHAPES = (
    *(in_order, in_order, in_order, backwards, all_but_the_first_turned_round, in_capitals),
    *(with_a_stranger, in_place_of_the_last, without_the_last, nobody, twice, contradicted),
)


# The whole tenant most of the time, in one order, as a sweep asks for it.
asked_for = st.one_of(
    st.just(PEOPLE),
    st.just(PEOPLE),
    st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1).map(tuple),
)
presences = st.sampled_from([FREE, FREE, FREE, BUSY, MEETING, PUZZLING])
reads = st.tuples(
    asked_for.flatmap(lambda ids: st.fixed_dictionaries(dict.fromkeys(ids, presences))),
    st.sampled_from([Source.SWEEP, Source.SWEEP, Source.DEMAND]),
    st.sampled_from([0.0, 0.0, 0.5, 12.0]),
    st.sampled_from(SHAPES),
)
moves = st.one_of(
    reads,
    reads,
    st.sampled_from([1.0, 10.0, 10.0, 80.0, 301.0]),
    st.sets(st.sampled_from(PEOPLE), min_size=1, max_size=2),
)


class Pair:
    """Two stores on one clock: one hears of people together, the other of each alone."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._numbers = count()
        self.together, self.alone = self._store(), self._store()

    def _store(self) -> PresenceStore:
        return PresenceStore(timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0, debounce_s=15.0)

    def read(
        self,
        readings: Mapping[str, Presence],
        source: Source = Source.SWEEP,
        took_s: float = 0.0,
        told: Callable[[Items], Items] = in_order,
    ) -> None:
        """The answer to one request that was under way for so long, in the form in which it is told."""
        now = self.clock.monotonic()
        wall = self.clock.now() - timedelta(seconds=took_s)
        asked = Asked(at=now - took_s, arrived_at=now, wall=wall, source=source)
        items = told([*readings.items()])
        said = {person_id.lower(): presence for person_id, presence in items}
        self.together.record(answered(readings, items, asked))
        for person_id in readings:
            presence = said.get(person_id, UNKNOWN_PRESENCE)
            nobody = f"nobody-{next(self._numbers)}"  # somebody new each time: no request follows another
            self.alone.record(cohort_of({person_id: presence, nobody: FREE}, replace(asked)))

    def read_together(self, readings: Mapping[str, Presence]) -> None:
        """The answer to one request, of which the other store does not hear."""
        self.together.record(cohort_of(readings, asked_now(self.clock)))

    def forget(self, people: set[str]) -> None:
        """These people leave; whoever comes back is new."""
        self.together.forget(people)
        self.alone.forget(people)


def known(store: PresenceStore) -> Mapping[str, tuple[Sighting | None, Kept | None, bool]]:
    """Everything a store tells of everybody."""
    return {one: (store.get(one), store.kept(one), store.has_read(one)) for one in PEOPLE}


@given(st.lists(moves, max_size=25))
def test_people_read_together_are_told_of_as_if_each_had_been_read_alone(
    history: list[tuple[dict[str, Presence], Source, float, Callable[[Items], Items]] | float | set[str]],
) -> None:
    pair = Pair()
    for move in history:
        match move:
            case float(seconds):
                pair.clock.pass_by(seconds)
            case set(people):
                pair.forget(people)
            case (readings, source, took_s, told):
                pair.read(readings, source, took_s, told)
        assert known(pair.together) == known(pair.alone)
    assert pair.together.unknown_words.readings == pair.alone.unknown_words.readings


@pytest.mark.parametrize("told", [in_order, backwards, all_but_the_first_turned_round, in_capitals])
def test_a_change_is_noticed_and_taken_back_in_whatever_order_it_is_told(
    told: Callable[[Items], Items],
) -> None:
    pair = Pair()
    everybody = dict.fromkeys(PEOPLE, FREE)
    pair.read(everybody)
    for presence in (BUSY, FREE):
        pair.clock.pass_by(20)
        pair.read(everybody | {TOM: presence}, told=told)
        pair.clock.pass_by(20)
        pair.read(everybody | {TOM: presence}, told=told)
        sighting = pair.together.get(TOM)
        assert sighting is not None
        assert sighting.presence == presence


@pytest.mark.parametrize("told", [without_the_last, in_place_of_the_last, nobody, twice])
def test_an_old_value_is_not_kept_for_somebody_who_is_left_out(told: Callable[[Items], Items]) -> None:
    pair = Pair()
    pair.read(dict.fromkeys(PEOPLE, FREE))
    for _ in range(2):
        pair.clock.pass_by(20)
        pair.read(dict.fromkeys(PEOPLE, FREE), told=told)
    sighting = pair.together.get(IDA)
    assert sighting is not None
    assert sighting.presence == UNKNOWN_PRESENCE


def test_whoever_says_the_same_again_keeps_one_moment_with_all_the_others() -> None:
    """One replaced object dates hundreds of people."""
    pair = Pair()
    for _ in range(2):
        pair.clock.pass_by(10)
        pair.read(dict.fromkeys(PEOPLE, FREE))
    (cohort,) = {entry.cohort for entry in pair.together.entries.values()}
    assert cohort.asked.at == pair.clock.monotonic()


def test_somebody_read_alone_in_between_is_dated_by_the_next_sweep_again() -> None:
    """Though the sweep says of them what it said before."""
    pair = Pair()
    everybody = dict.fromkeys(PEOPLE, FREE)
    pair.read(everybody)
    pair.clock.pass_by(1)
    pair.read({EVA: BUSY}, Source.DEMAND, 0.0)
    pair.clock.pass_by(9)
    pair.read(everybody)
    sighting = pair.together.get(EVA)
    assert sighting is not None
    assert (sighting.age_s, sighting.presence) == (0.0, FREE)


def test_somebody_forgotten_and_asked_about_again_is_known_again() -> None:
    pair = Pair()
    everybody = dict.fromkeys(PEOPLE, FREE)
    pair.read(everybody)
    pair.forget({TOM})
    pair.clock.pass_by(10)
    pair.read(everybody)
    assert pair.together.get(TOM) is not None


class Day:
    """A store that keeps the last value for a day, and four people who are read every minute."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = PresenceStore(
            timer=self.clock.monotonic, fresh_for_s=90.0, keep_for_s=300.0, when_blind=WhenBlind.LAST
        )
        # Held on to, so that none of them makes room for one of ours under the same id.
        self.before = [one for one in gc.get_objects() if isinstance(one, Cohort)]

    def read(self, *people: str, says: str | None = None) -> None:
        """One request about them, in this order."""
        self.clock.pass_by(60)
        presence = Presence(availability="Available", activity="Available", status_message=says)
        self.store.record(cohort_of(dict.fromkeys(people, presence), asked_now(self.clock)))

    @property
    def cohorts(self) -> list[Cohort]:
        """Those of this store that are in memory, for whatever reason."""
        gc.collect()
        return [one for one in gc.get_objects() if isinstance(one, Cohort) and one not in self.before]


def test_a_cohort_that_everybody_has_left_is_gone() -> None:
    """Somebody joins or leaves every minute: memory must not grow with the time that values are kept."""
    day = Day()
    for number in range(100):
        day.read(*PEOPLE[number % 4 :], *PEOPLE[: number % 4])
    assert len(day.cohorts) == 1


def test_nothing_that_was_said_of_somebody_outlives_them_or_what_is_said_next() -> None:
    day = Day()
    day.read(MAX, EVA, TOM, says="earlier")
    day.store.forget([EVA])
    day.read(MAX, says="later")
    said = {reading.presence.status_message for one in day.cohorts for reading in one.said}
    assert said == {"earlier", "later", None}
    (earlier,) = [one for one in day.cohorts if TOM in one.ids]
    assert [reading.presence.status_message for reading in earlier.said] == [None, None, "earlier"]


def calls_to_come_back(number: int) -> int:
    """How many calls it takes to read so many people again who were too old meanwhile."""
    pair, everybody = Pair(), dict.fromkeys((f"person-{one}" for one in range(number)), FREE)
    pair.read_together(everybody)
    pair.clock.pass_by(330)
    profile = cProfile.Profile()
    profile.runcall(pair.read_together, everybody)
    return sum(entry.callcount for entry in profile.getstats())


def test_after_an_outage_each_person_is_as_much_work_however_many_there_are() -> None:
    """Or the first answers after it would hold up every caller."""
    assert calls_to_come_back(400) < 15 * calls_to_come_back(40)
