"""Reading many people together says the same of each as reading everybody alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.presence.cohort import Asked
from app.presence.models import Presence, Sighting, Source
from app.presence.store import Kept, PresenceStore
from tests.support.clock import ManualClock
from tests.support.cohorts import cohort_of

FREE = Presence(availability="Available", activity="Available", sequence_number="1")
BUSY = Presence(availability="Busy", activity="InACall", sequence_number="2")
MEETING = Presence(availability="Busy", activity="InAMeeting")
PUZZLING = Presence(availability="Levitating", activity="Busy")
PEOPLE = ("max", "eva", "tom", "ida")
MAX, EVA, TOM, IDA = PEOPLE

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
        self.together, self.alone = self._store(), self._store()

    def _store(self) -> PresenceStore:
        return PresenceStore(timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0, debounce_s=15.0)

    def read(self, readings: Mapping[str, Presence], source: Source, took_s: float) -> None:
        """The answer to one request that was under way for so long."""
        now = self.clock.monotonic()
        wall = self.clock.now() - timedelta(seconds=took_s)
        asked = Asked(at=now - took_s, arrived_at=now, wall=wall, source=source)
        self.together.record(cohort_of(readings, asked))
        for person_id, presence in readings.items():
            self.alone.record(cohort_of({person_id: presence}, replace(asked)))

    def forget(self, people: set[str]) -> None:
        """These people leave; whoever comes back is new."""
        self.together.forget(people)
        self.alone.forget(people)


def known(store: PresenceStore) -> Mapping[str, tuple[Sighting | None, Kept | None, bool]]:
    """Everything a store tells of everybody."""
    return {one: (store.get(one), store.kept(one), store.has_read(one)) for one in PEOPLE}


@given(st.lists(moves, max_size=25))
def test_people_read_together_are_told_of_as_if_each_had_been_read_alone(
    history: list[tuple[dict[str, Presence], Source, float] | float | set[str]],
) -> None:
    pair = Pair()
    for move in history:
        match move:
            case float(seconds):
                pair.clock.pass_by(seconds)
            case set(people):
                pair.forget(people)
            case (readings, source, took_s):
                pair.read(readings, source, took_s)
        assert known(pair.together) == known(pair.alone)
    assert pair.together.unknown_words.readings == pair.alone.unknown_words.readings


def test_whoever_says_the_same_again_keeps_one_moment_with_all_the_others() -> None:
    """One replaced object dates hundreds of people."""
    pair = Pair()
    for _ in range(2):
        pair.clock.pass_by(10)
        pair.read(dict.fromkeys(PEOPLE, FREE), Source.SWEEP, 0.0)
    (cohort,) = {entry.cohort for entry in pair.together.entries.values()}
    assert cohort.asked.at == pair.clock.monotonic()


def test_somebody_read_alone_in_between_is_dated_by_the_next_sweep_again() -> None:
    """Though the sweep says of them what it said before."""
    pair = Pair()
    everybody = dict.fromkeys(PEOPLE, FREE)
    pair.read(everybody, Source.SWEEP, 0.0)
    pair.clock.pass_by(1)
    pair.read({EVA: BUSY}, Source.DEMAND, 0.0)
    pair.clock.pass_by(9)
    pair.read(everybody, Source.SWEEP, 0.0)
    sighting = pair.together.get(EVA)
    assert sighting is not None
    assert (sighting.age_s, sighting.presence) == (0.0, FREE)


def test_somebody_forgotten_and_asked_about_again_is_known_again() -> None:
    pair = Pair()
    everybody = dict.fromkeys(PEOPLE, FREE)
    pair.read(everybody, Source.SWEEP, 0.0)
    pair.forget({TOM})
    pair.clock.pass_by(10)
    pair.read(everybody, Source.SWEEP, 0.0)
    assert pair.together.get(TOM) is not None
