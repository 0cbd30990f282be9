"""Our share of Microsoft's patience is never overdrawn."""

import asyncio
from itertools import pairwise

import pytest

from app.graph.throttle import PRESENCE_BURST, PRESENCE_RATE, TokenBucket
from tests.support.clock import ManualClock, settle

MICROSOFT_ALLOWS, WINDOW_S = 1_500, 30.0


class Queue:
    """Callers at a bucket, and when each was let through."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self.clock = ManualClock()
        self.bucket = TokenBucket(rate_per_s=rate, burst=burst, clock=self.clock)
        self.passed: list[tuple[int, float]] = []
        self._began = self.clock.monotonic()
        self._callers: list[asyncio.Task[None]] = []

    def come(self, *numbers: int) -> None:
        """Let callers line up, in this order."""
        self._callers += [asyncio.create_task(self._pass(number)) for number in numbers]

    async def leave(self) -> None:
        """Send everybody home who still waits."""
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)

    async def _pass(self, number: int) -> None:
        await self.bucket.take()
        self.passed.append((number, self.clock.monotonic() - self._began))


def busiest_window(moments: list[float]) -> int:
    return max(sum(start <= moment <= start + WINDOW_S for moment in moments) for start in moments)


@pytest.mark.parametrize("idle_s", [0.0, 1_000.0])
async def test_never_more_than_microsoft_allows_in_any_thirty_seconds(idle_s: float) -> None:
    """Neither at the start nor after a quiet night, with ever more callers than turns."""
    queue = Queue(rate=PRESENCE_RATE, burst=PRESENCE_BURST)
    await queue.clock.advance(idle_s)
    queue.come(*range(4_000))
    for _ in range(80):
        await queue.clock.advance(1.0)
    moments = [moment for _, moment in queue.passed]
    assert len(moments) > 3_500
    assert busiest_window(moments) < MICROSOFT_ALLOWS
    await queue.leave()


async def test_a_sweep_of_a_large_tenant_is_spread_and_still_uses_what_microsoft_allows() -> None:
    """100,000 people, 650 a request: never a heap, and done in the time it may take."""
    queue = Queue(rate=PRESENCE_RATE, burst=PRESENCE_BURST)
    queue.come(*range(154))
    for _ in range(40):
        await queue.clock.advance(0.1)
    moments = [moment for _, moment in queue.passed]
    assert len(moments) == 154
    assert max(sum(start <= moment < start + 0.1 for moment in moments) for start in moments) <= 15
    assert moments[-1] <= 1.3 * 154 * WINDOW_S / MICROSOFT_ALLOWS


async def test_turns_are_given_in_the_order_they_were_asked_for() -> None:
    queue = Queue(rate=1.0, burst=2.0)
    queue.come(1, 2, 3)
    await queue.clock.advance(0.5)
    queue.come(4)
    await queue.clock.advance(10)
    assert queue.passed == [(1, 0.0), (2, 0.0), (3, 1.0), (4, 2.0)]


async def test_when_microsoft_asks_for_a_pause_nobody_passes() -> None:
    queue = Queue(rate=2.0, burst=10.0)
    queue.bucket.hold_off(30.0)
    queue.come(1, 2)
    await queue.clock.advance(29.5)
    assert queue.passed == []
    await queue.clock.advance(1.0)
    assert [number for number, _ in queue.passed] == [1, 2]


async def test_a_pause_also_holds_those_who_were_already_waiting() -> None:
    """Microsoft counts throttled calls: a queue that runs on into a 429 makes it worse."""
    queue = Queue(rate=1.0, burst=1.0)
    queue.come(1, 2, 3)
    await settle()
    queue.bucket.hold_off(30.0)
    await queue.clock.advance(29.5)
    assert [number for number, _ in queue.passed] == [1]
    await queue.clock.advance(10.0)
    assert [number for number, _ in queue.passed] == [1, 2, 3]


async def test_a_shorter_wish_does_not_shorten_a_longer_one() -> None:
    queue = Queue(rate=1.0, burst=1.0)
    queue.bucket.hold_off(30.0)
    queue.bucket.hold_off(5.0)
    queue.come(1)
    await queue.clock.advance(29.0)
    assert queue.passed == []
    await queue.leave()


async def test_those_who_came_during_a_pause_do_not_all_leave_at_its_end() -> None:
    """A pause is followed by our usual pace, or the next 429 is certain."""
    queue = Queue(rate=PRESENCE_RATE, burst=PRESENCE_BURST)
    queue.bucket.hold_off(60.0)
    for second in range(60):
        queue.come(*range(second * 40, second * 40 + 40))
        await queue.clock.advance(1.0)
    await queue.clock.advance(60.0)
    assert len(queue.passed) == 2_400
    assert busiest_window([moment for _, moment in queue.passed]) < MICROSOFT_ALLOWS


async def test_somebody_who_gives_up_waiting_uses_up_no_turn() -> None:
    queue = Queue(rate=1.0, burst=1.0)
    queue.come(1, 2, 3)
    await settle()
    await queue.leave()
    await queue.clock.advance(1.0)
    queue.come(4)
    await settle()
    assert [number for number, _ in queue.passed] == [1, 4]


# --- told to slow down ----------------------------------------------------------------------------------


def refused(queue: Queue, *, pause_s: float = 5.0) -> None:
    queue.bucket.throttled(asked_at=queue.clock.monotonic(), pause_s=pause_s)


async def passes(queue: Queue, seconds: int) -> int:
    """How many get through in that time, with ever more callers than turns."""
    before = len(queue.passed)
    queue.come(*range(seconds * 60))
    for _ in range(seconds):
        await queue.clock.advance(1.0)
    await queue.leave()
    return len(queue.passed) - before


async def test_a_refusal_halves_the_pace_after_the_pause() -> None:
    queue = Queue(rate=40.0, burst=100.0)
    refused(queue, pause_s=30.0)
    assert await passes(queue, 29) == 0
    assert queue.bucket.rate_per_s == 20.0
    assert 20 * 20 <= await passes(queue, 20) <= 20 * 20 + 50


async def test_refused_again_and_again_it_never_stops_completely() -> None:
    """One call a second is what finds out that Microsoft is well again."""
    queue = Queue(rate=PRESENCE_RATE, burst=PRESENCE_BURST)
    for _ in range(20):
        refused(queue)
        await queue.clock.advance(10.0)
    assert queue.bucket.rate_per_s == 1.0


async def test_calls_that_are_refused_together_are_one_reason() -> None:
    queue = Queue(rate=40.0, burst=100.0)
    asked_at = queue.clock.monotonic()
    await queue.clock.advance(1.0)
    for _ in range(8):
        queue.bucket.throttled(asked_at=asked_at, pause_s=5.0)
    assert queue.bucket.rate_per_s == 20.0


async def test_a_minute_of_success_brings_the_pace_back_little_by_little() -> None:
    queue = Queue(rate=40.0, burst=100.0)
    for _ in range(10):
        refused(queue, pause_s=0.0)
        await queue.clock.advance(1.0)
    rates = []
    for _ in range(7):
        await queue.clock.advance(10.0)
        queue.bucket.succeeded()
        rates.append(queue.bucket.rate_per_s)
    steps = [later - earlier for earlier, later in pairwise(rates)]
    assert max(steps) <= 40.0 / 6 + 0.1
    assert rates[-1] == 40.0


async def test_time_spent_pausing_recovers_nothing() -> None:
    queue = Queue(rate=40.0, burst=100.0)
    refused(queue, pause_s=600.0)
    await queue.clock.advance(600.0)
    queue.bucket.succeeded()
    assert queue.bucket.rate_per_s == 20.0


async def test_never_more_than_microsoft_allows_however_often_it_slows_and_recovers() -> None:
    queue = Queue(rate=PRESENCE_RATE, burst=PRESENCE_BURST)
    queue.come(*range(6_000))
    for second in range(200):
        if second % 50 == 10:
            refused(queue, pause_s=3.0)
        queue.bucket.succeeded()
        await queue.clock.advance(1.0)
    moments = [moment for _, moment in queue.passed]
    assert len(moments) > 3_000
    assert busiest_window(moments) < MICROSOFT_ALLOWS
    await queue.leave()
