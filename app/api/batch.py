"""Many people in one answer: their pages side by side, without an object per person on the way."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

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
# A quarter of a millisecond with pages, some more where they have yet to be built.
_PORTION = 250

_json = msgspec.json.Encoder().encode
_echo_lines = msgspec.json.Encoder().encode_lines


class Batch:
    """Answers lists: from pages whom there is one for, by the desk whom not."""

    def __init__(self, desk: Desk, renderer: Renderer, pages: Pages) -> None:
        self._desk = desk
        self._renderer = renderer
        self._pages = pages

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
        """Everybody's entry, and the positions of those who have neither page nor entry yet."""
        parts: list[bytes] = []
        left: list[int] = []
        for start in range(0, len(users), _PORTION):
            if start:
                await asyncio.sleep(0)
            gaps = self._write(users[start : start + _PORTION], into=parts)
            for index, place in gaps.items():
                if entry := told.get(start + index):
                    parts[place] = entry
                else:
                    left.append(start + index)
        return parts, left

    def _write(self, users: Sequence[Any], *, into: list[bytes]) -> dict[int, int]:
        keys = _keys(users)
        gaps = self._pages.write(keys, _echo_lines(users).splitlines(), into=into)
        self._pages.answered_all(key for index, key in enumerate(keys) if index not in gaps)
        return gaps

    async def _by_the_desk(self, users: Sequence[Any], *, ruleset: str | None = None) -> list[bytes]:
        answers = await self._desk.answers(users, ruleset=ruleset)
        pairs = zip(users, answers, strict=True)
        return [b",%b" % _json(self._entry(user, answer)) async for user, answer in in_turns(pairs)]

    def _entry(self, user: Any, answer: Answer | CallerError) -> dict[str, Any]:
        if isinstance(answer, CallerError):
            return {"user": user, "outcome": _OUTCOME[type(answer)]}
        return {"user": user, "outcome": Outcome.FOUND, "presence": self._renderer.members(answer)}


def _keys(users: Sequence[Any]) -> list[str]:
    try:
        return list(map(str.lower, users))
    except TypeError:  # somebody asked for with a number
        return [user.lower() if isinstance(user, str) else "" for user in users]


def _joined(parts: list[bytes]) -> bytes:
    """The whole body; each entry begins with a comma."""
    if not parts:
        return b'{"results":[]}'
    parts[0] = b'{"results":[' + parts[0].removeprefix(b",")
    parts.append(b"]}")
    return b"".join(parts)
