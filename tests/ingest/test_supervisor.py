"""No background task dies unnoticed."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from app.errors import GraphUnavailable
from app.ingest.periodic import Feed
from app.ingest.supervisor import Supervisor
from tests.support.clock import ManualClock, settle


class Watched:
    """A supervised task that a test can make end."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.supervisor = Supervisor(self.clock)
        self.feed = Feed(name="presence", clock=self.clock)
        self.starts = 0
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.supervisor.start(self.feed, self._work)

    async def _work(self) -> None:
        self.starts += 1
        self.end = asyncio.get_running_loop().create_future()
        await self.end


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    await settle()
    yield made
    await made.supervisor.close()


async def test_a_running_task_is_alive_and_named(watched: Watched) -> None:
    assert watched.supervisor.dead == []
    assert watched.supervisor.feeds == [watched.feed]
    assert "presence" in {task.get_name() for task in asyncio.all_tasks()}


async def die(watched: Watched) -> None:
    watched.end.set_exception(RuntimeError("ended"))
    await settle()


async def test_a_task_that_ends_is_dead_until_its_successor_has_finished_a_round(watched: Watched) -> None:
    watched.feed.went_well()
    await die(watched)
    assert watched.supervisor.dead == ["presence"]
    await watched.clock.advance(1.0)
    assert watched.starts == 2
    assert watched.supervisor.dead == ["presence"]
    watched.feed.went_well()
    assert watched.supervisor.dead == []


async def test_a_failed_round_of_the_successor_counts_as_finished(watched: Watched) -> None:
    """Microsoft's trouble is not ours: the task works again, and the feed tells its own fault."""
    await die(watched)
    await watched.clock.advance(1.0)
    watched.feed.went_bad(GraphUnavailable("down"))
    assert watched.supervisor.dead == []
    assert watched.supervisor.restarts == {"presence": 1}


async def test_a_task_that_just_returns_or_is_cancelled_is_started_again_as_well(watched: Watched) -> None:
    watched.end.set_result(None)
    await watched.clock.advance(1.0)
    assert watched.starts == 2
    watched.end.cancel()
    await settle()
    await watched.clock.advance(1.0)
    assert watched.starts == 3


async def test_a_task_that_dies_again_and_again_is_started_once_a_second(watched: Watched) -> None:
    for _ in range(5):
        await die(watched)
        await watched.clock.advance(1.0)
    assert watched.starts == 6
    assert watched.supervisor.dead == ["presence"]


async def test_a_death_is_told_with_its_cause(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    await die(watched)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "The task presence ended unasked and is started again",
    )
    assert record.exc_info
    assert str(record.exc_info[1]) == "ended"


async def test_one_task_dies_without_the_others(watched: Watched) -> None:
    other = Feed(name="directory", clock=watched.clock)

    async def go_on() -> None:
        await asyncio.Event().wait()

    watched.supervisor.start(other, go_on)
    await die(watched)
    assert watched.supervisor.dead == ["presence"]


async def test_closing_stops_everything_and_starts_nothing_again(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.supervisor.close()
    await watched.clock.advance(10)
    assert watched.starts == 1
    assert watched.supervisor.dead == []
    assert caplog.records == []


async def test_closing_also_stops_a_successor_that_is_about_to_start(watched: Watched) -> None:
    await die(watched)
    await watched.supervisor.close()
    await watched.clock.advance(10)
    assert watched.starts == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
