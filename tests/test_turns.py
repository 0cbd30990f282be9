"""Long work lets others have their turns, and loses nothing on the way."""

import asyncio

import pytest

from app.turns import OneByOne, in_portions, in_turns


async def turns_of_others(work: asyncio.Task[object]) -> int:
    """How often somebody else could run while this was under way."""
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0)
    return turns


@pytest.mark.parametrize("number", [0, 1, 100, 101, 1_000])
async def test_items_come_whole_and_in_order_with_a_turn_after_each_portion(number: int) -> None:
    async def walk() -> list[int]:
        return [item async for item in in_turns(range(number), portion=10)]

    work = asyncio.create_task(walk())
    assert await turns_of_others(work) >= number // 10
    assert work.result() == list(range(number))


@pytest.mark.parametrize("number", [0, 1, 5_000, 5_001, 12_345])
async def test_portions_together_are_the_whole_with_a_turn_between_them(number: int) -> None:
    async def walk() -> list[int]:
        return [item async for portion in in_portions(range(number)) for item in portion]

    work = asyncio.create_task(walk())
    assert await turns_of_others(work) >= number // 5_000
    assert work.result() == list(range(number))


async def test_of_answers_that_arrive_together_one_is_worked_on_at_a_time() -> None:
    """Whoever asks meanwhile waits for one of them and not for all."""
    events: list[str] = []
    gate = OneByOne()

    async def work() -> None:
        async with gate.turn():
            events.append("work")

    async def somebody_else() -> None:
        while events.count("work") < 8:
            events.append("else")
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(8)), somebody_else())
    assert "work work" not in " ".join(events)


async def test_whoever_gives_up_or_fails_leaves_the_way_free() -> None:
    gate = OneByOne()

    async def fail() -> None:
        async with gate.turn():
            raise ValueError

    async def wait_for_ever() -> None:
        async with gate.turn():
            await asyncio.Event().wait()

    with pytest.raises(ValueError, match=r"^$"):
        await fail()
    stuck, behind = asyncio.create_task(wait_for_ever()), asyncio.create_task(fail())
    await asyncio.sleep(0)
    stuck.cancel()
    with pytest.raises(ValueError, match=r"^$"):
        await asyncio.wait_for(behind, 1)
