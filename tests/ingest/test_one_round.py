"""A round that gets nowhere is noticed, named and broken off, and the next one gets its chance (found D6)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from app.ingest.groups import GroupSync
from app.ingest.periodic import Feed, run_every
from app.ingest.poll import PresencePoller
from app.ingest.supervisor import Supervisor
from app.ingest.users import UserSync
from app.presence.directory import Directory
from app.presence.models import PersonChange
from app.presence.store import PresenceStore
from app.progress import progress
from tests.graph.fake_graph import FakeGraph, Script
from tests.support.clock import ManualClock

Work = Callable[[], Awaitable[None]]


class Fed:
    """A supervised feed every ten seconds, whose rounds may get nowhere for thirty."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.supervisor = Supervisor(clock)
        self.feed = Feed(name="directory", clock=clock)
        self.begun = 0

    def start(self, *rounds: Work) -> None:
        """Work these rounds off; the last one is done again and again."""
        left = list(rounds)

        async def work() -> None:
            self.begun += 1
            await (left.pop(0) if len(left) > 1 else left[0])()

        self.supervisor.start(self.feed, lambda: run_every(10.0, work, feed=self.feed))


@asynccontextmanager
async def feeding(*rounds: Work, clock: ManualClock | None = None) -> AsyncIterator[Fed]:
    fed = Fed(clock or ManualClock())
    fed.start(*rounds)
    yield fed
    await fed.supervisor.close()


async def hang() -> None:
    await asyncio.Event().wait()


async def all_is_well() -> None:
    """Nothing to do."""


async def test_a_round_that_hangs_is_broken_off_and_named(caplog: pytest.LogCaptureFixture) -> None:
    """Told once with the feed's name; hung until another round has ended by itself (found D6)."""
    caplog.set_level(logging.INFO)
    async with feeding(all_is_well, hang, hang, all_is_well) as fed:
        await fed.clock.advance(35)
        assert fed.supervisor.hung == []
        await fed.clock.advance(10)
        assert fed.supervisor.hung == ["directory"]
        assert fed.feed.fault_code == "round_hangs"
        await fed.clock.advance(20)
        assert fed.supervisor.hung == ["directory"]
        await fed.clock.advance(20)
        assert (fed.supervisor.hung, fed.feed.fault) == ([], None)
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO"]
    assert caplog.messages[0].startswith("directory failed: The round has hung for 30 s")


async def test_a_failed_round_ends_the_hanging_too() -> None:
    """Microsoft's trouble is not ours: the feed works again, and tells its fault (found D6)."""

    async def fail() -> None:
        raise ZeroDivisionError

    async with feeding(hang, fail) as fed:
        await fed.clock.advance(40)
        assert fed.supervisor.hung == []
        assert fed.feed.fault_code == "unexpected"


async def test_a_round_without_end_at_microsoft_is_no_hanging_of_ours() -> None:
    """Answers that lead nowhere are the feed's fault, and the service stays ready (found D6)."""

    async def answers_for_ever() -> None:
        while True:
            await fed.clock.sleep(5)
            progress().heard()

    async with feeding(answers_for_ever) as fed:
        await fed.clock.advance(40)
        assert fed.feed.fault_code == "round_overdue"
        assert fed.supervisor.hung == []
        assert fed.begun == 2


async def test_a_long_round_that_gets_on_is_left_alone() -> None:
    """Everybody of a large tenant is listed for minutes (found D6)."""

    async def get_on() -> None:
        for _ in range(30):
            await fed.clock.sleep(20)
            await asyncio.gather(fed.clock.sleep(0), asyncio.create_task(page()))

    async def page() -> None:
        progress().got_on()

    async with feeding(get_on) as fed:
        await fed.clock.advance(700)
        assert (fed.feed.rounds, fed.feed.failed_rounds) == (1, 0)


async def test_even_a_round_that_gets_on_has_an_end() -> None:
    """However many new people somebody invents (found D6)."""

    async def get_on_for_ever() -> None:
        while True:
            await fed.clock.sleep(15)
            progress().got_on()

    async with feeding(get_on_for_ever) as fed:
        await fed.clock.advance(6 * 3600 + 1)
        assert (fed.feed.failed_rounds, fed.feed.fault_code) == (1, "round_overdue")


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


async def test_a_suspension_of_the_machine_is_no_hanging() -> None:
    """A night passes within a round (found D6, D16)."""

    async def work() -> None:
        await fed.clock.sleep(5)

    async with feeding(work) as fed:
        await fed.clock.advance(2)
        fed.clock.pass_by(86_400)
        await fed.clock.advance(1)
        assert fed.feed.failed_rounds == 0
        assert fed.feed.rounds == 1


async def test_what_cannot_even_be_cancelled_is_not_begun_twice() -> None:
    """However many rounds go by: one is enough (found D6)."""
    free = asyncio.Event()

    async def stuck() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    async with feeding(stuck, all_is_well) as fed:
        await fed.clock.advance(31)
        await asyncio.sleep(1.1)
        await fed.clock.advance(300)
        assert (fed.begun, fed.supervisor.hung) == (1, ["directory"])
        free.set()
        await fed.clock.advance(30)
        assert fed.begun > 1
        assert fed.supervisor.hung == []


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
        assert fed.supervisor.hung == []
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


async def until_advanced(fed: Fed, condition: Callable[[], bool]) -> None:
    """Move time until it is so; a sign-in takes no time of the clock's, but a thread."""
    for _ in range(400):
        if condition():
            return
        await fed.clock.advance(1)
        await asyncio.sleep(0.001)
    raise AssertionError(fed.feed)
