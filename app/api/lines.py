"""Entries of a list, built before they are asked for: the same people are asked for again and again.

A line is what a page says of somebody (`pages.py`) with what they were asked for as in front of it. It is
kept by that, letter for letter: whoever is asked for once more in the same spelling costs one look-up, and
nothing is put into lower case, echoed or searched for in the directory.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from app.api.pages import Page, Pages, moment
from app.api.schemas import MAX_USERS
from app.ingest.desk import Desk
from app.presence.cohort import Cohort
from app.presence.entry import Entry

PARTS = 3
"""How many parts an entry is written in; the first begins with a comma."""

# As many as the longest list has, half a kilobyte each. To let all of them go takes two milliseconds.
_MOST = MAX_USERS
# Five milliseconds, if nobody has asked for these people before and their pages have to be built as well.
_MADE_AT_ONCE = 100

_USER = b',{"user":'
_FOUND = b',"outcome":"found","presence":'
_GAP = (b"",) * PARTS

_echo = msgspec.json.Encoder().encode


class Line(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """Somebody's entry for one spelling, in two parts: time comes between them.

    Good while its page is the one that lies with the person's entry in the store.
    """

    entry: Entry
    page: Page
    before: bytes
    behind: bytes


class Lines:
    """The lines of one tenant, each made with the first question for it.

    What is known of somebody takes only their own line with it when it changes, because no page outlives it.
    Whom an address belongs to and by which rules they are judged changes with the directory or the rulebook:
    then all lines go. They also go after `fresh_for_s`, asked for or not, so that nothing is remembered here
    for long that is forgotten elsewhere; hence nobody has to make room, and whoever comes when there is none
    is looked up each time.
    """

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._pages = pages
        self._directory = desk.directory
        self._rules = desk.rules
        self._entries = desk.store.entries
        self._fresh_for_s = desk.store.fresh_for_s
        self._lines: dict[str, Line] = {}
        self._changes = self._directory.changes
        self._rulebook = self._rules.rulebook
        self._end: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._lines)

    def write(self, users: Sequence[Any], *, into: list[bytes]) -> list[int]:
        """Append the entry of each user, and empty parts for whoever is not fresh or can have no page.

        Returns the positions of those, counted in `into`. Ends early where many lines had to be made. This is
        one loop without a call for whoever has a line, because it runs a thousand times for a request.
        """
        now = self._pages.timer()
        moments: dict[int, bytes] = {}  # by the identity of those who were asked about together
        cohort, then = None, b""
        gaps, made = list[int](), 0
        for user, line in zip(users, self._known(users), strict=True):
            if line is not None and (entry := line.entry).rendered is line.page:
                if entry.cohort is not cohort:
                    cohort = entry.cohort
                    then = moments.get(id(cohort)) or self._remember(cohort, now, moments)
                if then:
                    into.append(line.before)
                    into.append(then)
                    into.append(line.behind)
                    continue
            if made == _MADE_AT_ONCE:
                break
            made += 1
            parts = self._made(user, now)
            if parts is None:
                gaps.append(len(into) // PARTS)
            into.extend(parts or _GAP)
        return gaps

    def _known(self, users: Sequence[Any]) -> list[Line | None]:
        """The line of each user; whether it is still good is found out when it is written."""
        if self._changes != self._directory.changes or self._rulebook is not self._rules.rulebook:
            self._lines.clear()
            self._changes, self._rulebook = self._directory.changes, self._rules.rulebook
        try:
            return list(map(self._lines.get, users))
        except TypeError:  # somebody asked for with a list
            return [self._lines.get(user) if isinstance(user, str) else None for user in users]

    def _made(self, user: Any, now: float) -> tuple[bytes, bytes, bytes] | None:
        """The entry of somebody fresh by a new line.

        Noted down as answered this once: nobody can miss an address again before the directory changes.
        """
        if not isinstance(user, str) or not (found := self._pages.find(key := user.lower(), now)):
            return None
        self._pages.answered(key)
        page, then = found
        before = b"".join((_USER, _echo(user), _FOUND, page.before))
        line = Line(entry=self._entries[page.person.id], page=page, before=before, behind=_ended(page.behind))
        if len(self._lines) < _MOST or user in self._lines:
            self._keep(line, user)
        return line.before, then.in_body, line.behind

    def _keep(self, line: Line, user: str) -> None:
        self._lines[user] = line
        if not self._end:
            self._end = asyncio.get_running_loop().call_later(self._fresh_for_s, self._let_go)

    def _let_go(self) -> None:
        self._lines.clear()
        self._end = None

    def _remember(self, cohort: Cohort, now: float, moments: dict[int, bytes]) -> bytes:
        """The moment of a reading, empty if it is no longer fresh."""
        age_s = now - cohort.asked.at
        then = moment(cohort.asked.wall, int(age_s)).in_body if age_s < self._fresh_for_s else b""
        moments[id(cohort)] = then
        return then


@lru_cache(maxsize=64)
def _ended(behind: bytes) -> bytes:
    """The end of a page and of its entry: the very same bytes for all who end alike."""
    return behind + b"}"
