"""The load: keep-alive connections that each ask again as soon as they are answered.

One thread and few objects in between, so that one core of Python keeps a core of anybody's server busy.
"""

import gc
import itertools
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.framing import Framing
from bench.wire import Address, Answer, WrongAnswer

CONNECTIONS = 32
_WARM_UP_S = 0.1
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Whom to ask what, over and over, and what a right answer is; `is_right` sees a sample of them.

    `chunk` is the most bytes taken from a connection at once.
    """

    address: Address
    requests: Sequence[bytes]
    is_right: Callable[[Answer], bool]
    status: int = 200
    connections: int = CONNECTIONS
    chunk: int = 4096

    def framing(self) -> Framing:
        """What follows its answers."""
        return Framing(status=self.status, is_right=self.is_right)

    def connect(self, stack: ExitStack) -> dict[int, socket.socket]:
        """Its connections by number, closed with the stack."""
        sockets = [
            stack.enter_context(socket.create_connection(self.address)) for _ in range(self.connections)
        ]
        for one in sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return {one.fileno(): one for one in sockets}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many answers came in how many seconds."""

    answers: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def drive(load: Load, *, seconds: float, warm_up_s: float = _WARM_UP_S) -> Tally:
    """Ask for that long. Raises WrongAnswer at the first one that is."""
    with ExitStack() as stack:
        stack.enter_context(without_collector())
        driver = _Driver(load, stack)
        driver.run(warm_up_s)
        return driver.run(seconds)


@contextmanager
def without_collector() -> Iterator[None]:
    """The load makes no cycles: looking for them would only make it late."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Driver:
    def __init__(self, load: Load, stack: ExitStack) -> None:
        self._chunk = load.chunk
        self._framing = load.framing()
        self._requests = itertools.cycle(load.requests)
        self._sockets = load.connect(stack)
        self._poll = stack.enter_context(select.epoll())
        for number, one in self._sockets.items():
            self._poll.register(number, select.EPOLLIN)
            one.sendall(next(self._requests))

    def run(self, seconds: float) -> Tally:
        """The hot loop: whatever is in it is paid for with every answer."""
        answers, sockets, chunk, poll = 0, self._sockets, self._chunk, self._poll.poll
        requests, ends = self._requests, self._framing.ends
        began = now = time.perf_counter()
        until = began + seconds
        while now < until:
            ready = poll(_PATIENCE_S)
            if not ready:
                raise WrongAnswer(f"No answer for {_PATIENCE_S:.0f} s, after {answers}.")
            for number, _ in ready:
                connection = sockets[number]
                if ends(number, connection.recv(chunk)):
                    answers += 1
                    connection.send(next(requests))
            now = time.perf_counter()
        return Tally(answers, now - began)
