"""The event loop's lag is measured, and remembered for a minute."""

import asyncio

from app.ingest.lag import LoopLag
from tests.support.clock import ManualClock, settle


class Lagging:
    """A loop that a test can make late."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lag = LoopLag(self.clock)

    async def measured(self, *, late_s: float) -> None:
        """One round in which something else holds the loop for that long."""
        measuring = asyncio.create_task(self.lag.round())
        await settle()
        self.clock.pass_by(0.5 + late_s)
        await self.clock.advance(0)
        await measuring


async def test_an_idle_loop_is_not_late() -> None:
    lagging = Lagging()
    assert (lagging.lag.latest_s, lagging.lag.worst_s) == (0.0, 0.0)
    await lagging.measured(late_s=0.0)
    assert lagging.lag.latest_s == 0.0


async def test_the_worst_is_remembered_for_a_minute() -> None:
    """A hiccup between two looks of the operator is not missed, and does not stay for ever."""
    lagging = Lagging()
    await lagging.measured(late_s=0.3)
    for _ in range(100):
        await lagging.measured(late_s=0.0)
    assert round(lagging.lag.worst_s, 6) == 0.3
    for _ in range(20):
        await lagging.measured(late_s=0.0)
    assert lagging.lag.worst_s == 0.0
