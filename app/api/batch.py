"""Many people in one answer: their pages side by side, without an object per person on the way."""

import asyncio
from collections.abc import Sequence
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
# A tenth of a millisecond with pages, a few where they have yet to be built.
_PORTION = 100

_USER = b'{"user":'
_FOUND = b',"outcome":"found","presence":'

_json = msgspec.json.Encoder().encode


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
            entries = await self._by_the_desk(users, ruleset=ruleset)
        else:
            entries = await self._from_pages(users)
            if not all(entries):
                entries = await self._filled(users, entries)
        return b'{"results":[%b]}' % b",".join(entries)

    async def _filled(self, users: Sequence[Any], entries: Sequence[bytes]) -> list[bytes]:
        """All entries, where only some have a page.

        The desk may wait for Microsoft for the others, and the pages are of the moment after that.
        """
        left = [index for index, entry in enumerate(entries) if not entry]
        told = await self._by_the_desk([users[index] for index in left])
        filled = await self._from_pages(users)
        for index, entry in zip(left, told, strict=True):
            filled[index] = entry
        for index, entry in enumerate(filled):
            if not entry:  # too old by now
                filled[index] = (await self._by_the_desk([users[index]]))[0]
        return filled

    async def _from_pages(self, users: Sequence[Any]) -> list[bytes]:
        """An entry for whoever has a page, nothing for the others, and a turn for everybody else."""
        entries: list[bytes] = []
        for start in range(0, len(users), _PORTION):
            entries += self._portion(users[start : start + _PORTION])
            await asyncio.sleep(0)
        return entries

    def _portion(self, users: Sequence[Any]) -> list[bytes]:
        keys = [user.lower() if isinstance(user, str) else "" for user in users]
        found = self._pages.find_all(keys, self._pages.timer())
        self._pages.answered_all(key for key, one in zip(keys, found, strict=True) if one)
        return [
            b"".join((_USER, _json(user), _FOUND, one[0].before, one[1].in_body, one[0].behind, b"}"))
            if one
            else b""
            for user, one in zip(users, found, strict=True)
        ]

    async def _by_the_desk(self, users: Sequence[Any], *, ruleset: str | None = None) -> list[bytes]:
        answers = await self._desk.answers(users, ruleset=ruleset)
        pairs = zip(users, answers, strict=True)
        return [_json(self._entry(user, answer)) async for user, answer in in_turns(pairs)]

    def _entry(self, user: Any, answer: Answer | CallerError) -> dict[str, Any]:
        if isinstance(answer, CallerError):
            return {"user": user, "outcome": _OUTCOME[type(answer)]}
        return {"user": user, "outcome": Outcome.FOUND, "presence": self._renderer.members(answer)}
