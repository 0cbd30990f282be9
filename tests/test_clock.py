"""Ages and pauses count the time for which the machine was suspended."""

import asyncio
import subprocess
import sys
import time

import pytest

from app.clock import SystemClock
from tests.support.processes import ROOT

DAY_S = 86_400.0
_SHOW = "import time; from app.clock import SystemClock; print(SystemClock().monotonic() - time.monotonic())"


def test_ages_count_what_the_machine_has_slept_through() -> None:
    """In a time namespace in which the machine has slept for a day since it was started (found D16)."""
    asleep = ["unshare", "--user", "--map-root-user", "--time", "--boottime", str(int(DAY_S))]
    if subprocess.run([*asleep, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a time namespace")
    shown = subprocess.run(
        [*asleep, sys.executable, "-c", _SHOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    here = SystemClock().monotonic() - time.monotonic()
    assert float(shown.stdout) - here == pytest.approx(DAY_S, abs=1)


async def test_a_pause_ends_with_the_suspension_that_was_longer() -> None:
    """A sleeper of an hour is awake within a second or two after a night (found D16)."""
    slept_s = 0.0
    clock = SystemClock(lambda: time.monotonic() + slept_s)
    pause = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0.01)
    assert not pause.done()
    slept_s = DAY_S
    await asyncio.wait_for(pause, 10)


async def test_a_pause_is_no_shorter_than_asked_for() -> None:
    """Also one that is slept in several pieces."""
    clock = SystemClock()
    began = clock.monotonic()
    await clock.sleep(1.2)
    assert 1.2 <= clock.monotonic() - began < 10
    await clock.sleep(-1)
