"""The people of one request to Microsoft, who stay together while the same people are asked about again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress, count
from math import inf
from operator import ne

from app.presence.models import Reading, Source, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """When a reading was asked for and when it came, in monotonic seconds and by the wall clock.

    Age counts from the asking: a value is at least as old as the question, however long the answer took.
    """

    at: float
    arrived_at: float
    wall: datetime
    source: Source


@dataclass(slots=True, eq=False, kw_only=True)
class Cohort:
    """Whom one request was about, and what it said of each.

    `ids` are in the order of the question, `said` in that of the answer: Microsoft's own, which may leave
    people out. Once they are arranged, `said[i]` is about `people[i]`, and nobody is missing.

    Everybody in it shares one `asked`, so a later request that says the same of them renews them all by
    replacing that alone. `members` counts who is in it: somebody who is heard of by another request, or
    forgotten, is not any more. `unsettled` are the positions of those whose every reading needs a look, even
    one that says the same again; `renewed_at` is when its time limit last began to run.
    """

    asked: Asked
    ids: Sequence[str]
    said: list[Reading] = field(default_factory=list)
    people: Sequence[str] = ()
    members: int = 0
    unsettled: set[int] = field(default_factory=set)
    renewed_at: float = -inf

    @property
    def settled(self) -> Mapping[str, Reading]:
        """What was said, by object id, of those who need no look if it is said once more."""
        readings = zip(self.people, self.said, strict=True)
        return {one: said for index, (one, said) in enumerate(readings) if index not in self.unsettled}

    def arrange(self) -> None:
        """Find out whom each reading is about; whoever was left out is unknown.

        Neither the order is documented nor the letter case, nor that everybody is told of only once.
        """
        position = {reading.person_id: index for index, reading in enumerate(self.said)}
        if len(self.said) == len(self.ids) and position.keys() == set(self.ids):
            self.people = sorted(self.ids, key=position.__getitem__)
        else:
            self.arrange_as(self.ids)

    def arrange_as(self, people: Sequence[str]) -> None:
        """Put what was said in the order of these people, all of whom were asked about."""
        by_id = {reading.person_id: reading for reading in self.said}
        try:
            self.people, self.said = people, [*map(by_id.__getitem__, people)]
        except KeyError:
            by_id = {reading.person_id.lower(): reading for reading in self.said}
            self.people, self.said = people, [by_id.get(one) or Told(one) for one in people]

    def precedes(self, later: "Cohort") -> bool:
        """Whether a later request wins over this one for whoever is in both, whatever it says."""
        before, asked = self.asked, later.asked
        return asked.at >= before.arrived_at and asked.source is before.source

    def is_followed_by(self, later: "Cohort") -> bool:
        """Whether a later request is about all who are in it and nobody else, and wins for all of them."""
        is_whole = self.members == len(self.ids)
        return is_whole and self.precedes(later) and later.ids == self.ids

    def news_in(self, later: "Cohort") -> Sequence[int]:
        """Arrange a later request about the same people as this one; the positions at which it needs a look.

        Nearly always it was answered in the same order; if not, its first reading nearly always tells.
        """
        if self._is_in_order(later, [0]):
            news = self._differing(later)
            if self._is_in_order(later, news):
                later.people = self.people
                return news
        later.arrange_as(self.people)
        return self._differing(later)

    def keep(self, index: int, *, settled: bool) -> None:
        """Keep what was said at this position, to compare the next reading with it."""
        self.said[index] = self.said[index].lasting(self.people[index])
        (self.unsettled.discard if settled else self.unsettled.add)(index)

    def _differing(self, later: "Cohort") -> Sequence[int]:
        differing = compress(count(), map(ne, later.said, self.said))
        return sorted(self.unsettled.union(differing)) if self.unsettled else [*differing]

    def _is_in_order(self, later: "Cohort", positions: Iterable[int]) -> bool:
        """Whether nobody is missing, and at these positions stand the same people.

        At all others they do if the readings there are equal, because equal ones are about the same person.
        """
        as_many = len(later.said) == len(self.said)
        return as_many and all(later.said[one].person_id == self.people[one] for one in positions)
