"""The people of one request to Microsoft, who stay together while the same people are asked about again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress, count
from math import inf
from operator import ne

from app.presence.models import Reading, Source


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
    """Whom one request was about, and what it said of each: `said[i]` is about `ids[i]`.

    Everybody in it shares one `asked`, so a later request that says the same of them renews them all by
    replacing that alone. `members` counts who is in it: somebody who is heard of by another request, or
    forgotten, is not any more. `unsettled` are the positions of those whose every reading needs a look, even
    one that says the same again; `renewed_at` is when its time limit last began to run.
    """

    asked: Asked
    ids: Sequence[str]
    said: list[Reading] = field(default_factory=list)
    members: int = 0
    unsettled: set[int] = field(default_factory=set)
    renewed_at: float = -inf

    @property
    def settled(self) -> Mapping[str, Reading]:
        """What was said, by object id, of those who need no look if it is said once more."""
        readings = zip(self.ids, self.said, strict=False)  # of those restored nothing was said
        return {one: said for index, (one, said) in enumerate(readings) if index not in self.unsettled}

    def precedes(self, later: "Cohort") -> bool:
        """Whether a later request wins over this one for whoever is in both, whatever it says."""
        before, asked = self.asked, later.asked
        return asked.at >= before.arrived_at and asked.source is before.source

    def is_followed_by(self, later: "Cohort") -> bool:
        """Whether a later request is about all who are in it and nobody else, and wins for all of them."""
        is_whole = self.members == len(self.ids)
        return is_whole and self.precedes(later) and later.ids == self.ids

    def news_in(self, later: "Cohort") -> Iterable[int]:
        """The positions at which a later request about the same people needs a look."""
        differing = compress(count(), map(ne, later.said, self.said))
        return sorted(self.unsettled.union(differing)) if self.unsettled else differing

    def keep(self, index: int, *, settled: bool) -> None:
        """Keep what was said at this position, to compare the next reading with it."""
        self.said[index] = self.said[index].lasting(self.ids[index])
        (self.unsettled.discard if settled else self.unsettled.add)(index)
