"""A round that Microsoft makes long, or endless: what is waited for, and what is broken off (found D6)."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from app.ingest.groups import GroupSync
from app.ingest.poll import PresencePoller
from app.ingest.users import UserSync
from app.presence.directory import Directory
from app.presence.models import PersonChange
from app.presence.store import PresenceStore
from tests.graph.fake_graph import FakeGraph, Script
from tests.ingest.feeding import feeding, until_advanced
from tests.support.clock import ManualClock


async def test_microsofts_wish_to_wait_is_no_hanging() -> None:
    """Ten minutes of Retry-After are waited for inside a round (found D6)."""
    clock = ManualClock()
    graph = FakeGraph(clock, lambda _: httpx.Response(200, json={"value": []}))
    graph.budget.directory.hold_off(600.0)

    async def ask() -> None:
        await graph.transport.get("/v1.0/users/delta")

    async with feeding(ask, clock=clock) as fed:
        await fed.clock.advance(590)
        assert fed.feed.failed_rounds == 0
        await fed.clock.carry(until(lambda: fed.feed.rounds > 0))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the clock moves meanwhile
        await asyncio.sleep(0)


@pytest.mark.parametrize("status", [200, 503])
async def test_many_groups_that_microsoft_makes_slow_are_read_to_the_end(status: int) -> None:
    """Nobody in them, or no good answer: the round gets on with each of them (found D6)."""
    clock = ManualClock()

    async def slow(_: httpx.Request) -> httpx.Response:
        await clock.sleep(14)
        return httpx.Response(status, json={"value": []})

    graph = FakeGraph(clock, slow)
    sync = GroupSync(
        graph.client, directory=Directory(), wanted=lambda: [f"group-{number}" for number in range(20)]
    )
    async with feeding(sync.round, clock=clock) as fed:
        await until_advanced(fed, lambda: fed.feed.finished == 1)
        assert fed.feed.fault_code in {None, "graph_unavailable"}


async def test_a_sweep_that_microsoft_makes_slow_is_left_alone() -> None:
    """Each of its requests comes to an end, if a bad one: Microsoft's fault, no hanging (found D6)."""
    clock, directory = ManualClock(), Directory()

    async def slow(_: httpx.Request) -> httpx.Response:
        await clock.sleep(14)
        return httpx.Response(503)

    graph = FakeGraph(clock, slow)
    directory.replace_all([PersonChange(id=f"id-{number}") for number in range(20_000)])
    store = PresenceStore(timer=clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0)
    poller = PresencePoller(graph.client, directory=directory, store=store, clock=clock)
    async with feeding(poller.sweep, clock=clock) as fed:
        await until_advanced(fed, lambda: fed.feed.failed_rounds == 1)
        assert len(graph.asked) >= 31
        assert fed.feed.fault_code == "graph_unavailable"
        assert fed.supervisor.hung == []


def endless(page: Script, clock: ManualClock) -> tuple[FakeGraph, list[int]]:
    """A Graph whose pages always name another; each takes a second."""
    pages = list[int]()

    async def answer(request: httpx.Request) -> httpx.Response:
        pages.append(len(pages))
        await clock.sleep(1)
        answered = page(request)
        assert isinstance(answered, httpx.Response)
        return answered

    return FakeGraph(clock, answer), pages


def same_people(request: httpx.Request) -> httpx.Response:
    link = str(request.url.copy_with(query=b"$skiptoken=another"))
    return httpx.Response(200, json={"value": [{"id": "max", "mail": "m@x.y"}], "@odata.nextLink": link})


async def test_a_listing_of_people_without_end_is_broken_off() -> None:
    """Broken off, named, begun anew, and nothing piles up meanwhile (found D6)."""
    clock = ManualClock()
    graph, pages = endless(same_people, clock)
    sync = UserSync(graph.client, directory=Directory(), may_narrow=False, timer=clock.monotonic)
    async with feeding(sync.round, clock=clock) as fed:
        await until_advanced(fed, lambda: fed.feed.failed_rounds == 2)
        assert fed.feed.fault_code == "round_overdue"
        assert fed.supervisor.hung == ["directory"]
        assert 50 < len(pages) < 80
        starts = [str(request.url) for request in graph.asked if "skiptoken" not in str(request.url)]
        assert len(starts) >= 2


async def test_a_listing_of_a_group_without_end_is_broken_off() -> None:
    """Presence waits for the first round of groups, but not for a good one (found D6)."""
    clock = ManualClock()
    graph, _ = endless(same_people, clock)
    sync = GroupSync(graph.client, directory=Directory(), wanted=lambda: ["one"])
    async with feeding(sync.round, clock=clock) as fed:
        await until_advanced(fed, lambda: fed.feed.failed_rounds == 1)
        assert fed.feed.fault_code == "round_overdue"
        assert sync.attempted.is_set()
