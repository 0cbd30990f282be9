"""A round that gets nowhere is noticed, named and broken off, and the next one gets its chance (found D6)."""

import asyncio
import logging

import pytest

from app.progress import progress
from tests.ingest.feeding import feeding


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


async def test_a_round_without_end_at_microsoft_is_told_apart_from_hanging() -> None:
    """Answers that lead nowhere are another fault, and readiness knows of it as well (found D6)."""

    async def answers_for_ever() -> None:
        while True:
            await fed.clock.sleep(5)
            progress().heard()

    async with feeding(answers_for_ever) as fed:
        await fed.clock.advance(40)
        assert fed.feed.fault_code == "round_overdue"
        assert fed.supervisor.hung == ["directory"]
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
