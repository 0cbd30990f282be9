"""Many who want the same thing wait for one piece of work."""

import asyncio

import pytest

from app.single_flight import SingleFlight
from tests.support.clock import ManualClock, settle


class Kitchen:
    """Work that takes ten seconds, counted."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.flights: SingleFlight[int] = SingleFlight()
        self.begun = 0

    async def cook(self) -> int:
        """Ten seconds of work; its number."""
        self.begun += 1
        number = self.begun
        await self.clock.sleep(10.0)
        return number

    async def fail(self) -> int:
        """Work that comes to nothing."""
        raise RuntimeError("burnt")


async def test_one_piece_of_work_serves_everybody_who_asks_meanwhile() -> None:
    kitchen = Kitchen()
    tasks = [kitchen.flights.start("soup", kitchen.cook) for _ in range(5)]
    assert len(set(tasks)) == 1
    assert await kitchen.clock.carry(tasks[0]) == 1
    assert await kitchen.clock.carry(kitchen.flights.start("soup", kitchen.cook)) == 2


async def test_different_keys_are_different_work() -> None:
    kitchen = Kitchen()
    soup, fish = (kitchen.flights.start(key, kitchen.cook) for key in ("soup", "fish"))
    assert soup is not fish
    await kitchen.clock.carry(asyncio.gather(soup, fish))
    assert kitchen.begun == 2


async def test_a_failure_reaches_whoever_waits_and_makes_room_for_the_next_try() -> None:
    kitchen = Kitchen()
    with pytest.raises(RuntimeError, match="burnt"):
        await kitchen.flights.start("soup", kitchen.fail)
    await settle()
    assert await kitchen.clock.carry(kitchen.flights.start("soup", kitchen.cook)) == 1


async def test_closing_stops_what_is_under_way() -> None:
    kitchen = Kitchen()
    task = kitchen.flights.start("soup", kitchen.cook)
    await settle()
    await kitchen.flights.close()
    assert task.cancelled()
    assert kitchen.flights.running("soup") is None
