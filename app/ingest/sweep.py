"""One sweep: everybody asked for, 650 a request, whatever becomes of single requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from app.errors import GraphRejected
from app.graph.client import IDS_PER_REQUEST
from app.progress import progress

# Requests that are under way together; the token bucket sets the pace.
_IN_PARALLEL = 8
# Finding one among 650 takes ten steps; a request refused for another reason must not become thousands.
_MOST_STEPS = 40


class Sweep:
    """Reads portion after portion; one that Graph refuses is halved until whoever it is about stands alone.

    `refused` are those; they are believed only if Graph accepted anything at all (`accepted`).
    """

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._read = read
        self._steps_left = _MOST_STEPS
        self.accepted = False
        self.refused: list[str] = []

    async def run(self, ids: Sequence[str]) -> list[BaseException]:
        """Read everybody; the errors of the requests that failed, which did not stop the others."""
        left, failures = portions(ids), list[BaseException]()
        readers = (self._one_after_another(left, failures) for _ in range(_IN_PARALLEL))
        ends = await asyncio.gather(*readers, return_exceptions=True)  # cancelled, it ends behind the last
        return failures + [end for end in ends if end is not None]

    async def _one_after_another(self, left: Iterator[Sequence[str]], failures: list[BaseException]) -> None:
        """Read what nobody else has begun, until nothing is left: a few tasks, however many requests."""
        for portion in left:
            (outcome,) = await asyncio.gather(self._read_whole(portion), return_exceptions=True)
            if outcome is not None:
                failures.append(outcome)

    async def _read_whole(self, ids: Sequence[str]) -> None:
        pending = [ids]
        while pending:
            portion = pending.pop()
            try:
                await self._read(portion)
            except GraphRejected as refusal:
                pending += self._halves(portion, refusal)
            else:
                self.accepted = True
            finally:
                progress().got_on()

    def _halves(self, ids: Sequence[str], refusal: GraphRejected) -> list[Sequence[str]]:
        """What to try instead of a refused portion; nothing for somebody who stands alone."""
        if len(ids) == 1:
            self.refused += ids
            return []
        if self._steps_left <= 0:
            raise refusal
        self._steps_left -= 1
        middle = len(ids) // 2
        return [ids[:middle], ids[middle:]]


def portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids, as many at a time as one request takes."""
    return (ids[start : start + IDS_PER_REQUEST] for start in range(0, len(ids), IDS_PER_REQUEST))
