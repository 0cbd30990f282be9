"""Many people in one answer: their pages side by side, without an object per person on the way."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.api.lines import PARTS, Lines
from app.api.pages import Pages
from app.api.render import Renderer
from app.api.schemas import MAX_USERS, Outcome
from app.errors import CallerError, MalformedRequest, NotReadYet, UserAmbiguous, UserNotFound
from app.ingest.desk import Desk
from app.presence.answers import Answer
from app.turns import in_turns

_OUTCOME: dict[type[CallerError], Outcome] = {
    MalformedRequest: Outcome.INVALID,
    UserNotFound: Outcome.NOT_FOUND,
    UserAmbiguous: Outcome.AMBIGUOUS,
    NotReadYet: Outcome.UNAVAILABLE,
}
# A quarter of a millisecond, where everybody has a line.
_PORTION = 1_000

_json = msgspec.json.Encoder().encode


class Batch:
    """Answers lists: from pages whom there is one for, by the desk whom not."""

    def __init__(self, desk: Desk, renderer: Renderer, pages: Pages) -> None:
        self._desk = desk
        self._renderer = renderer
        self._lines = Lines(desk, pages)

    async def body(self, users: Sequence[Any], *, ruleset: str | None) -> bytes:
        """The answers in the order asked, as JSON. Raises MalformedRequest for a list that is too long.

        Pages are made with everybody's own rules, so `ruleset` makes the desk answer for all.
        """
        if len(users) > MAX_USERS:
            raise MalformedRequest(f"At most {MAX_USERS} users fit into one batch: split it.")
        if ruleset:
            parts = await self._by_the_desk(users, ruleset=ruleset)
        else:
            parts = await self._from_pages(users)
        return _joined(parts)

    async def _from_pages(self, users: Sequence[Any]) -> list[bytes]:
        """The list in parts. The desk answers for whoever has no page.

        It may wait for Microsoft, and the pages are of the moment after that.
        """
        told: dict[int, bytes] = {}
        while True:
            parts, left = await self._written(users, told)
            if not left:
                return parts
            told |= zip(left, await self._by_the_desk([users[index] for index in left]), strict=True)

    async def _written(
        self, users: Sequence[Any], told: Mapping[int, bytes]
    ) -> tuple[list[bytes], list[int]]:
        """Everybody's entry, and the positions of those who have neither line nor entry yet."""
        parts: list[bytes] = []
        gaps: list[int] = []
        while (done := len(parts) // PARTS) < len(users):
            if done:
                await asyncio.sleep(0)
            gaps += self._lines.write(users[done : done + _PORTION], into=parts)
        for index in told.keys() & gaps:
            parts[index * PARTS] = told[index]
        return parts, [index for index in gaps if index not in told]

    async def _by_the_desk(self, users: Sequence[Any], *, ruleset: str | None = None) -> list[bytes]:
        answers = await self._desk.answers(users, ruleset=ruleset)
        pairs = zip(users, answers, strict=True)
        return [b",%b" % _json(self._entry(user, answer)) async for user, answer in in_turns(pairs)]

    def _entry(self, user: Any, answer: Answer | CallerError) -> dict[str, Any]:
        if isinstance(answer, CallerError):
            return {"user": user, "outcome": _OUTCOME[type(answer)]}
        return {"user": user, "outcome": Outcome.FOUND, "presence": self._renderer.members(answer)}


def _joined(parts: list[bytes]) -> bytes:
    """The whole body; each entry begins with a comma."""
    if not parts:
        return b'{"results":[]}'
    parts[0] = b'{"results":[' + parts[0].removeprefix(b",")
    parts.append(b"]}")
    return b"".join(parts)
