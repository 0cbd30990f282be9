"""The machine is suspended and goes on: no answer is younger than it really is.

Nothing can suspend the machine of a test, so the service runs inside it, with a clock whose timer and wall
clock jump while the event loop's own timers stand still, as Linux has it after a suspension.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import SystemClock
from tests.support.inside import InProcess, serving_inside
from tests.support.matrix import MAX
from tests.support.simulated import Simulated

# So long that no sweep comes by itself while the test looks.
SLOW = {
    "PRESENCE_POLL_INTERVAL": "60",
    "PRESENCE_FRESH_FOR": "120",
    "PRESENCE_DIRECTORY_INTERVAL": "60",
    "PRESENCE_KEEP_FOR": "300",
}


class Machine(SystemClock):
    """The real time, and on top of it what the machine has slept through."""

    def __init__(self) -> None:
        super().__init__(lambda: time.monotonic() + self.slept_s)
        self.slept_s = self.stepped_s = 0.0

    def now(self) -> datetime:
        """The wall clock has gone on, too, and may be put right or wrong."""
        return datetime.now(UTC) + timedelta(seconds=self.slept_s + self.stepped_s)


def gap_s(answer: dict[str, Any], machine: Machine) -> float:
    """How far what is said of the age and of the time of the reading are apart."""
    observed_at = datetime.fromisoformat(answer["observedAt"])
    return abs((machine.now() - observed_at).total_seconds() - float(answer["age"]))


async def sweeps(service: InProcess) -> int:
    rounds: int = (await service.feed("presence"))["rounds"]
    return rounds


@pytest.mark.fault
async def test_after_a_suspension_the_age_is_true_and_a_sweep_comes_at_once(tenant: Simulated) -> None:
    """`age` and `observedAt` agree on every route, and nobody waits for the rest of a timer (found D16)."""
    machine = Machine()
    async with serving_inside(tenant.settings | SLOW, clock=machine) as service:
        before, swept = await service.presence(MAX), await sweeps(service)
        machine.slept_s = 90.0
        answer = await service.presence(MAX)
        batch = (await service.http.post("/presence/batch", json={"users": [MAX]})).json()
        for told in (answer, batch["results"][0]["presence"]):
            assert told["age"] >= 90
            assert gap_s(told, machine) < 2  # it is told in whole seconds
        assert gap_s(before, machine) > 80
        woken_at = time.monotonic()
        while await sweeps(service) == swept:
            assert time.monotonic() < woken_at + 15
            await asyncio.sleep(0.05)
        print(f"swept {time.monotonic() - woken_at:.2f} s after waking")
        assert (await service.presence(MAX))["age"] < 15


@pytest.mark.fault
async def test_after_a_night_nobody_is_told_what_was_true_yesterday(tenant: Simulated) -> None:
    """Past PRESENCE_KEEP_FOR nothing is known, also if Microsoft cannot be asked at once (found D16)."""
    machine = Machine()
    async with serving_inside(tenant.settings | SLOW, clock=machine) as service:
        assert (await service.presence(MAX))["availability"] == "Available"
        machine.slept_s = 86_400.0
        answer = await service.presence(MAX)
        assert (answer["availability"], answer["age"]) == ("PresenceUnknown", None)
        assert answer["stale"] is True


async def test_a_step_of_the_wall_clock_changes_no_age(tenant: Simulated) -> None:
    """Forwards or backwards, as time servers put a clock right: nobody is older for it."""
    machine = Machine()
    async with serving_inside(tenant.settings | SLOW, clock=machine) as service:
        for machine.stepped_s in (3600.0, -3600.0):
            answer = await service.presence(MAX)
            assert 0 <= answer["age"] < 30
            assert answer["stale"] is False
