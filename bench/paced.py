"""A load with a timetable: what callers feel who ask when they want, not when the last answer has come.

Latency counts from the moment a request was due. A server that stops for 50 ms makes everybody who was due
meanwhile wait; a load that waits with it would count one slow answer (coordinated omission).
"""

import itertools
import select
import time
from collections import deque
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Load, without_collector

# For answers still missing when the timetable ends; a server that carries the load needs nothing of it.
_GRACE_S = 1.0
_TIMER_SLACK = Path("/proc/self/timerslack_ns")


@dataclass(slots=True)
class Timing:
    """When requests were due, in seconds of the monotonic clock, and how long after that they were answered.

    Who was not answered at all counts with the time until the end. `planned` is how many were due: where
    fewer were `answered`, the server cannot carry the load. `late_s` is the part of each latency before the
    request was sent: the load's own fault, unless all connections were waiting for answers.
    """

    planned: int
    answered: int = 0
    due_at: list[float] = field(default_factory=list)
    latency_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)

    @property
    def carried(self) -> float:
        """The share of all that were due who were answered."""
        return self.answered / self.planned

    def note(self, due: float, *, latency_s: float, late_s: float) -> None:
        """One more request."""
        self.due_at.append(due)
        self.latency_s.append(latency_s)
        self.late_s.append(late_s)


def pace(load: Load, *, rate_per_s: float, seconds: float) -> Timing:
    """Ask at this rate for that long, evenly. Raises WrongAnswer."""
    _wake_in_time()
    with ExitStack() as stack:
        stack.enter_context(without_collector())
        return _Pacer(load, stack).run(rate_per_s, planned=int(rate_per_s * seconds))


def _wake_in_time() -> None:
    """The kernel may wake a sleeper 50 µs late to save energy: two requests of the timetable."""
    with suppress(OSError):
        _TIMER_SLACK.write_text("1")


class _Pacer:
    def __init__(self, load: Load, stack: ExitStack) -> None:
        self._chunk = load.chunk
        self._ends = load.framing().ends
        self._requests = itertools.cycle(load.requests)
        self._sockets = load.connect(stack)
        self._idle = deque(self._sockets)
        self._due: dict[int, float] = {}
        self._late: dict[int, float] = {}
        self._poll = stack.enter_context(select.epoll())
        for number in self._sockets:
            self._poll.register(number, select.EPOLLIN)

    def run(self, rate_per_s: float, *, planned: int) -> Timing:
        """Send what is due, wait for what is next: an answer or the timetable."""
        timing = Timing(planned)
        began = now = time.monotonic()
        sent, give_up_at = 0, began + planned / rate_per_s + _GRACE_S
        while timing.answered < planned and now < give_up_at:
            while self._idle and sent < planned and (due := began + sent / rate_per_s) <= now:
                self._send(due, now)
                sent += 1
            next_due = began + sent / rate_per_s if self._idle and sent < planned else give_up_at
            now = self._collect(next_due, timing)
        for number, due in self._due.items():
            timing.note(due, latency_s=now - due, late_s=self._late[number])
        for number in range(sent, planned):
            due = began + number / rate_per_s
            timing.note(due, latency_s=now - due, late_s=now - due)
        return timing

    def _send(self, due: float, now: float) -> None:
        number = self._idle.popleft()
        self._due[number] = due
        self._late[number] = now - due
        self._sockets[number].send(next(self._requests))

    def _collect(self, until: float, timing: Timing) -> float:
        """Take the answers that are there, or wait for the next one until then; the time after that.

        To wait for epoll's own descriptor, because epoll counts in milliseconds: a dozen more requests would
        be due by then.
        """
        ready = self._poll.poll(0)
        if not ready and (patience_s := until - time.monotonic()) > 0:
            select.select([self._poll], [], [], patience_s)
            ready = self._poll.poll(0)
        for number, _ in ready:
            if self._ends(number, self._sockets[number].recv(self._chunk)):
                due = self._due.pop(number)
                timing.note(due, latency_s=time.monotonic() - due, late_s=self._late[number])
                timing.answered += 1
                self._idle.append(number)
        return time.monotonic()
