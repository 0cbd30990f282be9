"""Whoever is asked for in one list after the other costs one look-up, and nobody can tell."""

import asyncio
import json
from collections.abc import Callable
from itertools import islice, product
from typing import Any

from starlette.types import Message

from app.api.lines import PARTS, Lines
from app.api.pages import Pages
from app.api.render import Renderer
from app.api.schemas import MAX_USERS
from app.presence.models import PersonChange
from tests.support.firm import BUSY, EVA_ID, FREE, HOST, IDS, MAX, MAX_ID, with_key
from tests.support.lists import asked_one_by_one, told
from tests.support.twins import ENTRIES, KEY, OTHER_KEY, Twins

ROUTE = "/presence/batch"
EVA = "eva@firm.example"


def lines_of(twins: Twins) -> Lines:
    """Lines of their own for the first twin."""
    desk = twins.tenants[0].desk
    return Lines(desk, Pages(desk, Renderer(status_messages=False), timer=twins.clock.monotonic))


def written(twins: Twins, lines: Lines, *users: Any) -> list[bytes]:
    """The parts of a list that is written in one go."""

    async def write() -> list[bytes]:
        parts: list[bytes] = []
        lines.write(users, into=parts)
        return parts

    return twins.run(write())


def post(twins: Twins, key: str, *users: str) -> tuple[int, bytes]:
    body: Message = {"type": "http.request", "body": json.dumps({"users": users}).encode()}
    said = twins.post(ROUTE, body, headers=[HOST, (b"x-api-key", key.encode())])
    return said.status, said.body


def spellings(address: str, count: int) -> list[str]:
    """So many of the ways to write it in large and small letters."""
    letters = ([letter] if letter == letter.upper() else [letter, letter.upper()] for letter in address)
    return list(islice(map("".join, product(*letters)), count))


def test_whoever_is_asked_for_again_is_neither_searched_for_nor_rendered(
    twins_of: Callable[..., Twins],
) -> None:
    """The very same bytes are used again, in whatever order; another spelling has a line of its own."""
    twins = twins_of()
    lines = lines_of(twins)
    first = written(twins, lines, MAX, EVA)
    again = written(twins, lines, EVA, MAX, MAX)
    assert [part is first[index] for part, index in zip(again[::PARTS], (PARTS, 0, 0), strict=True)] == [
        True
    ] * 3
    assert len(lines) == 2
    assert b'"user":"%b"' % MAX.upper().encode() in written(twins, lines, MAX.upper())[0]
    assert len(lines) == 3


def test_a_line_is_written_with_the_moment_of_each_question(twins_of: Callable[..., Twins]) -> None:
    """Up to the very edge of freshness, and from the first reading after it."""
    twins = twins_of()
    twins.read(dict.fromkeys(IDS, FREE), ago_s=0)
    ages = []
    for pause in (0, 0.999, 0.001, 28.9999, 0.0001, 400):
        twins.clock.pass_by(pause)
        body = told(twins, MAX)
        assert body == asked_one_by_one(twins, MAX)
        ages.append(json.loads(body)["results"][0]["presence"]["age"])
    assert ages == [0, 0, 1, 29, 30, None]
    twins.read({MAX_ID: BUSY}, ago_s=1)
    lines = lines_of(twins)
    assert b'"age":1' in written(twins, lines, MAX)[1]
    assert len(lines) == 1


def test_somebody_read_anew_after_having_been_thrown_out_has_a_line_again(
    twins_of: Callable[..., Twins],
) -> None:
    """The line of what was known before is not in its way."""
    twins = twins_of()
    lines = lines_of(twins)
    written(twins, lines, MAX)
    twins.clock.pass_by(400)
    assert written(twins, lines, MAX) == [b""] * PARTS
    twins.read({MAX_ID: BUSY}, ago_s=0)
    anew = written(twins, lines, MAX)
    assert b'"state":"busy"' in anew[0]
    assert written(twins, lines, MAX)[0] is anew[0]


def test_an_address_that_goes_to_somebody_else_between_two_equal_lists_is_theirs(
    twins_of: Callable[..., Twins],
) -> None:
    """Although nothing is new about the presence of either."""
    twins = twins_of()
    twins.read({EVA_ID: BUSY}, ago_s=0.1)
    assert b'"state":"free"' in told(twins, MAX)
    twins.change(PersonChange(id=MAX_ID, properties={"mail": "gone@firm.example"}))
    twins.change(PersonChange(id=EVA_ID, properties={"mail": MAX}))
    assert b'"state":"busy"' in told(twins, MAX)
    assert told(twins, MAX) == asked_one_by_one(twins, MAX)


def test_somebody_who_left_and_came_back_is_told_by_what_was_read_since(
    twins_of: Callable[..., Twins],
) -> None:
    twins = twins_of()
    told(twins, MAX)
    twins.change(PersonChange(id=MAX_ID, properties={"account_enabled": False}))
    assert b"not_found" in told(twins, MAX)
    for tenant in twins.tenants:
        tenant.store.forget([MAX_ID])
    twins.change(PersonChange(id=MAX_ID, properties={"account_enabled": True}))
    twins.read({MAX_ID: BUSY}, ago_s=0.1)
    assert b'"state":"busy"' in told(twins, MAX)


def test_an_address_is_forgotten_as_missed_as_often_as_it_was_missed(twins_of: Callable[..., Twins]) -> None:
    """Not only by the list that makes its line for the first time."""
    twins = twins_of()
    for _ in range(2):
        twins.ask("/presence/new@firm.example", [HOST])
        assert [asked for asked, _ in twins.missed()[0]] == ["new@firm.example"]
        twins.change(PersonChange(id=EVA_ID, properties={"aliases": ("new@firm.example",)}))
        assert b'"outcome":"found"' in told(twins, "new@firm.example")
        assert twins.missed()[0] == []
        twins.change(PersonChange(id=EVA_ID, properties={"aliases": ()}))


def test_a_list_that_one_caller_may_have_is_refused_to_another_who_sends_the_same(
    twins_of: Callable[..., Twins],
) -> None:
    """Nothing is remembered by what a caller sent as a whole, and a key is checked each time."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    asked = [post(twins, key, MAX, EVA) for key in (KEY, KEY, OTHER_KEY, "wrong", KEY)]
    assert [status for status, _ in asked] == [200, 200, 403, 401, 200]
    assert asked[0][1] == asked[1][1] == asked[4][1]
    assert twins.call("/presence/batch?user=" + MAX, with_key()).body.startswith(b'{"results":[{"user":"max')


def test_no_more_lines_are_kept_than_the_longest_list_has(twins_of: Callable[..., Twins]) -> None:
    """A caller who spells an address in ever other ways is answered, and takes no more room."""
    twins = twins_of()
    lines = lines_of(twins)
    asked = spellings(MAX, MAX_USERS + 300)
    for user in asked:
        assert written(twins, lines, user)[0].startswith(b',{"user":"%b","outcome":"found"' % user.encode())
    assert len(lines) == MAX_USERS
    twins.read({MAX_ID: BUSY}, ago_s=0.1)
    assert b'"state":"busy"' in written(twins, lines, asked[0])[0]
    assert written(twins, lines, asked[0])[0] is written(twins, lines, asked[0])[0]
    assert len(lines) == MAX_USERS


def test_lines_do_not_outlive_the_presence_they_tell_for_long(twins_of: Callable[..., Twins]) -> None:
    """Even if nobody ever asks for a list again."""
    twins = twins_of(PRESENCE_POLL_INTERVAL="0.01", PRESENCE_FRESH_FOR="0.05")
    twins.read(dict.fromkeys(IDS, FREE), ago_s=0)
    lines = lines_of(twins)

    async def until_gone() -> None:
        lines.write([MAX, EVA], into=[])
        assert len(lines) == 2
        async with asyncio.timeout(10):
            while len(lines):  # noqa: ASYNC110 - a timer of the loop lets them go
                await asyncio.sleep(0.01)

    twins.run(until_gone())
    twins.run(until_gone())  # and once more


def test_a_list_of_people_never_asked_for_gives_others_many_turns(twins_of: Callable[..., Twins]) -> None:
    """Building a page takes as long as two hundred lines: it is not done for everybody in one go."""
    twins = twins_of()
    people = [
        PersonChange(
            id=f"{number:08d}-3d0c-4b0a-9f5d-0c6f6b3e2a11", properties={"mail": f"p{number}@x.example"}
        )
        for number in range(1_000)
    ]
    twins.change(*people)
    twins.read({one.id: FREE for one in people})
    emails = [one.properties["mail"] for one in people]

    async def turns() -> int:
        count, answer = 0, asyncio.ensure_future(twins.batch.body(emails, ruleset=None))
        while not answer.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert twins.run(turns()) >= 10
    assert twins.run(turns()) < 10
