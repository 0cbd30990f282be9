"""A scripted working day: people arrive, telephone, meet, eat and leave, each by a rhythm of their own."""

from dataclasses import dataclass, field

from .directory import Directory, Person
from .presence import PresenceBoard, first_presence, spelled

OPENING_MINUTE = 10 * 60
# The night is left out: whoever watches would see nobody for half a day.
MORNING_MINUTE, EVENING_MINUTE = 7 * 60, 19 * 60
SLOT_MINUTES = 5
DAY_OFF_EVERY = 20
State = tuple[str, str]
OFF: State = ("Offline", "Offline")
FREE: State = ("Available", "Available")
AWAY: State = ("Away", "Away")
MEETING: State = ("Busy", "InAMeeting")
UNKNOWN: State = ("PresenceUnknown", "PresenceUnknown")
# README and --help promise what these people are; that is true whenever a newcomer asks for the first time.
_PROMISED: tuple[State, ...] = (FREE, MEETING, AWAY)
_SCATTER_RANGE = 1 << 32
_INTERRUPTIONS: tuple[tuple[float, State], ...] = (
    (0.16, ("Busy", "InACall")),
    (0.19, ("Busy", "Busy")),
    (0.22, ("DoNotDisturb", "Presenting")),
    (0.24, ("DoNotDisturb", "DoNotDisturb")),
    (0.28, ("BeRightBack", "BeRightBack")),
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When one person comes, eats and goes, in minutes since midnight, and which hours are meetings."""

    arrives: int
    eats: int
    leaves: int
    meetings: frozenset[int]
    salt: int

    @classmethod
    def of(cls, index: int) -> "Rhythm":
        """The habits of the person with this number."""
        salt = _scatter(index)
        return cls(
            arrives=7 * 60 + salt % 170,
            eats=11 * 60 + 30 + (salt >> 4) % 90,
            leaves=15 * 60 + 30 + (salt >> 8) % 180,
            meetings=frozenset((9 + (salt >> 12) % 4, 13 + (salt >> 16) % 4)),
            salt=salt,
        )

    def state_at(self, minute: int) -> State:
        """What Teams shows at this minute of the day."""
        if self.salt % DAY_OFF_EVERY == DAY_OFF_EVERY - 1 or not self.arrives <= minute < self.leaves:
            return OFF
        if self.eats <= minute < self.eats + 45:
            return AWAY
        if minute // 60 in self.meetings and minute % 60 < 45:  # noqa: PLR2004 - minutes
            return MEETING
        return self._at_the_desk(minute // SLOT_MINUTES)

    def _at_the_desk(self, slot: int) -> State:
        chance = _scatter(self.salt ^ slot) / _SCATTER_RANGE
        return next((state for limit, state in _INTERRUPTIONS if chance < limit), FREE)


@dataclass(slots=True)
class WorkingDay:
    """Moves the tenant through the day, all but the first three people.

    Whoever was placed by hand stays there until handed back.
    """

    directory: Directory
    board: PresenceBoard
    minute: float = OPENING_MINUTE
    _rhythms: dict[str, Rhythm] = field(default_factory=dict)
    _promised: dict[str, State] = field(default_factory=dict)
    _pinned: set[str] = field(default_factory=set)

    def open(self) -> None:
        """Ten in the morning: the first three people as they stay, the rest by their rhythm."""
        people = self.directory.people
        self._promised = {person.id: state for person, state in zip(people, _PROMISED, strict=False)}
        for index, person in enumerate(people):
            self._rhythms[person.id] = Rhythm.of(index)
            state = self._scripted(person) if person.is_held else UNKNOWN
            self.board.put(person.id, first_presence(index, *state))

    def pass_time(self, minutes: float) -> None:
        """Let the script run on; after the evening comes the next, equal morning."""
        self.minute = MORNING_MINUTE + (self.minute + minutes - MORNING_MINUTE) % (
            EVENING_MINUTE - MORNING_MINUTE
        )
        for index, person in enumerate(self.directory.people):
            if person.id in self._rhythms and person.id not in self._pinned and person.is_held:
                state = self._scripted(person)
                self.board.shift(person.id, *(spelled(index, word) for word in state))

    def pin(self, person_id: str) -> None:
        """This person no longer follows the script."""
        self._pinned.add(person_id)

    def unpin(self, person_id: str) -> None:
        """This person follows the script again, from the next minute on."""
        self._pinned.discard(person_id)

    def _scripted(self, person: Person) -> State:
        return self._promised.get(person.id) or self._rhythms[person.id].state_at(int(self.minute))


def _scatter(number: int) -> int:
    """A repeatable 32-bit hash: neighbours land far apart (the finisher of MurmurHash3)."""
    number = ((number ^ (number >> 16)) * 0x85EBCA6B) % _SCATTER_RANGE
    number = ((number ^ (number >> 13)) * 0xC2B2AE35) % _SCATTER_RANGE
    return number ^ (number >> 16)
