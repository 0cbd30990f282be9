"""Keeps group membership current, for the scope and for rules that are given to groups."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from app.errors import MassRemoval
from app.graph.client import GraphClient
from app.presence.directory import Directory
from app.presence.safety import LossGuard
from app.progress import progress

# Sweeps use the same connections and must not wait for groups.
_IN_PARALLEL = 4


class GroupSync:
    """Rounds that read every wanted group whole.

    One that cannot be read, or would lose very many members at once, keeps the members it had
    and does not stop the others; never read, it has none.
    `attempted` is set once the first round is over, however it went.
    """

    def __init__(
        self, client: GraphClient, *, directory: Directory, wanted: Callable[[], Iterable[str]]
    ) -> None:
        self._client = client
        self._directory = directory
        self._wanted = wanted
        self._losses: defaultdict[str, LossGuard] = defaultdict(LossGuard)
        self._parallel = asyncio.Semaphore(_IN_PARALLEL)
        self.attempted = asyncio.Event()

    @property
    def needed(self) -> bool:
        """Whether there is any group to read."""
        return any(True for _ in self._wanted())

    def believe_losses(self) -> None:
        """Let the next round take effect for groups whose loss of members is kept out now."""
        for guard in self._losses.values():
            guard.approve()

    async def round(self) -> None:
        """Read every wanted group; what was read takes effect together. Raises the first failure."""
        groups = sorted({group.lower() for group in self._wanted()})
        try:
            outcomes = await asyncio.gather(*map(self._read, groups), return_exceptions=True)
        finally:
            self.attempted.set()  # also if it is broken off: presence waits for nothing else
        read = {
            group: outcome
            for group, outcome in zip(groups, outcomes, strict=True)
            if not isinstance(outcome, BaseException)
        }
        self._directory.regroup(read)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _read(self, group: str) -> frozenset[str]:
        async with self._parallel:
            try:
                members = await self._client.members(group)
            finally:
                progress().got_on()
        before = self._directory.members.get(group, frozenset())
        if not self._losses[group].believes(before - members, of=len(before)):
            raise MassRemoval(
                f"{len(before - members)} of {len(before)} members of group {group} would vanish at once: it "
                "stays as it was. It is believed after three equal rounds, or at once by SIGHUP."
            )
        return members
