"""Who is thrown out of the memory, and when: never before their reading is too old, surely after it."""

from app.presence.models import NOTHING_KNOWN, Presence
from app.presence.store import PresenceStore
from tests.support.clock import ManualClock
from tests.support.cohorts import asked_now, cohort_of

FREE = Presence(availability="Available", activity="Available")
LIMIT_S = 300.0
QUARTER_S = LIMIT_S / 4
# The limit, the quarter that a renewal may wait for, and a second to be on the safe side.
GONE_AFTER_S = LIMIT_S + QUARTER_S + 1.0
MAX, EVA, TOM = "max", "eva", "tom"


class Memory:
    """A store with a limit of 300 s on a clock that stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = PresenceStore(timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=LIMIT_S)

    def read(self, *people: str) -> None:
        """One request about these people."""
        self.store.record(cohort_of(dict.fromkeys(people, FREE), asked_now(self.clock)))

    def read_for(self, seconds: float, *people: str, every_s: float = 10.0) -> None:
        """Sweep after sweep about these people."""
        for _ in range(int(seconds / every_s)):
            self.clock.pass_by(every_s)
            self.read(*people)

    @property
    def kept(self) -> set[str]:
        """Who takes room in the index."""
        return set(self.store.entries)


def test_whoever_is_not_read_any_more_is_thrown_out_when_the_limit_has_passed() -> None:
    memory = Memory()
    memory.read(MAX, EVA)
    memory.read_for(GONE_AFTER_S + 10, EVA)
    assert memory.kept == {EVA}


def test_nobody_is_thrown_out_before_their_reading_is_too_old() -> None:
    """The last reading came just before a renewal was due: the hardest case."""
    memory = Memory()
    memory.read(MAX)
    memory.clock.pass_by(QUARTER_S - 0.5)
    memory.read(MAX)
    memory.clock.pass_by(LIMIT_S)
    memory.read(EVA)
    assert memory.kept == {MAX, EVA}
    sighting = memory.store.get(MAX)
    assert sighting is not None
    assert sighting.age_s == LIMIT_S


def test_people_who_are_read_again_and_again_stay_for_good() -> None:
    memory = Memory()
    memory.read(MAX, EVA)
    memory.read_for(10 * LIMIT_S, MAX, EVA)
    assert memory.kept == {MAX, EVA}


def test_the_time_of_somebody_unchanged_begins_anew_only_after_a_quarter_of_the_limit() -> None:
    """Renewing everybody with every sweep would cost more than the sweep."""
    memory = Memory()
    memory.read(MAX)
    first = memory.store.entries[MAX].cohort.renewed_at
    memory.clock.pass_by(QUARTER_S - 1)
    memory.read(MAX)
    assert memory.store.entries[MAX].cohort.renewed_at == first
    memory.clock.pass_by(1)
    memory.read(MAX)
    assert memory.store.entries[MAX].cohort.renewed_at == first + QUARTER_S


def test_the_end_of_one_time_does_not_touch_those_among_its_people_who_were_renewed_alone() -> None:
    """Somebody read on demand stands in another request than the rest of their sweep."""
    memory = Memory()
    memory.read(MAX, EVA, TOM)
    memory.clock.pass_by(QUARTER_S + 1)
    memory.read(EVA)
    memory.clock.pass_by(LIMIT_S)
    memory.read("somebody")
    assert memory.kept == {EVA, "somebody"}


def test_whoever_was_thrown_out_counts_as_blind_until_they_are_read_again() -> None:
    """Read once, too old now; never as never read, which would be 503."""
    memory = Memory()
    memory.read(MAX)
    memory.clock.pass_by(GONE_AFTER_S + 1)
    memory.read(EVA)
    assert memory.kept == {EVA}
    assert (memory.store.get(MAX), memory.store.has_read(MAX)) == (NOTHING_KNOWN, True)
    assert set(memory.store.people) == {MAX, EVA}
    memory.read(MAX)
    assert memory.store.get(MAX) != NOTHING_KNOWN
    assert sorted(memory.store.people) == [EVA, MAX]


def test_the_memory_does_not_grow_with_people_of_whom_nothing_is_heard_again() -> None:
    """Others come and go for an hour; who stays are those of the last limit."""
    memory = Memory()
    for number in range(360):
        memory.clock.pass_by(10)
        memory.read(*(f"{number}/{person}" for person in range(10)))
    at_most = (GONE_AFTER_S / 10 + 1) * 10
    assert len(memory.kept) <= at_most


def test_whoever_has_left_is_forgotten_wholly_even_when_their_time_ends_later() -> None:
    memory = Memory()
    memory.read(MAX, EVA)
    memory.store.forget([MAX])
    memory.clock.pass_by(GONE_AFTER_S + 1)
    memory.read(TOM)
    assert (memory.store.get(MAX), memory.store.has_read(MAX)) == (None, False)
