"""Two cores, one for the server and one for the load: whoever shares a core measures the other's work."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# /proc/stat: user nice system idle iowait irq softirq steal …
_IDLE, _IO_WAIT, _COUNTED = 3, 4, 8


@dataclass(frozen=True, slots=True)
class Cores:
    """The core that serves and the core that asks."""

    server: int
    load: int

    @classmethod
    def found(cls) -> "Cores":
        """The first that this process may use, and the first other one that is not its sibling thread.

        Raises SystemExit with a sentence if there is only one.
        """
        first, *others = sorted(os.sched_getaffinity(0))
        apart = [core for core in others if core not in _siblings(first)]
        if not others:
            raise SystemExit("The bench needs two cores: one for the server, one for the load.")
        return cls(first, (apart or others)[0])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Whatever runs or is started in this block runs on this core; a started process stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class BusyCore:
    """How much of a core's time was spent on anything at all, since this was made."""

    def __init__(self, core: int) -> None:
        self._core = core
        self._began, self._idle = time.perf_counter(), _idle_s(core)

    @property
    def share(self) -> float:
        """From 0 to 1, as exact as the kernel's ticks of 10 ms."""
        passed_s = time.perf_counter() - self._began
        return min(1.0, max(0.0, 1 - (_idle_s(self._core) - self._idle) / passed_s))


def _siblings(core: int) -> set[int]:
    """The hardware threads that share one core, as in `0,4` or `0-1`; they take work from each other."""
    place = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    text = place.read_text() if place.exists() else str(core)
    ends = [list(map(int, part.split("-"))) for part in text.split(",")]
    return {number for end in ends for number in range(end[0], end[-1] + 1)}


def _idle_s(core: int) -> float:
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            counted = list(map(int, ticks[:_COUNTED]))
            return (counted[_IDLE] + counted[_IO_WAIT]) / _TICKS_PER_S
    raise LookupError(f"There is no core {core}.")
