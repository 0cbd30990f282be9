"""A real server small enough to know exactly what it does: it counts, and can be told to misbehave."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.wire import Address

FINE = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"


@dataclass
class TinyServer:
    """Answers each request with the next of `answers`, whose pieces are sent one after the other."""

    address: Address
    answers: list[list[bytes]]
    stops_for_s: dict[int, float] = field(default_factory=dict)
    asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, connection: socket.socket) -> None:
        """Serve one connection until the other side has gone."""
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            unread = b""
            while piece := connection.recv(65536):
                *requests, unread = (unread + piece).split(b"\r\n\r\n")
                for _ in requests:
                    self._send(connection)

    def _send(self, connection: socket.socket) -> None:
        with self._lock:
            number, self.asked = self.asked, self.asked + 1
            time.sleep(self.stops_for_s.get(number, 0.0))
        for part in self.answers[number % len(self.answers)]:
            connection.sendall(part)
            time.sleep(0.001 if len(self.answers[number % len(self.answers)]) > 1 else 0)


@contextmanager
def tiny_server(*answers: list[bytes], stops_for_s: dict[int, float] | None = None) -> Iterator[TinyServer]:
    """It runs until the block ends; `stops_for_s` keeps everybody waiting at the request of that number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = TinyServer(listener.getsockname(), list(answers) or [[FINE]], stops_for_s or {})
        accepting = threading.Thread(target=_accept, args=(listener, server))
        accepting.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()


def _accept(listener: socket.socket, server: TinyServer) -> None:
    serving = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        serving.append(threading.Thread(target=_serve, args=(server, connection)))
        serving[-1].start()
    for one in serving:
        one.join()


def _serve(server: TinyServer, connection: socket.socket) -> None:
    try:
        server.answer(connection)
    except ConnectionError:
        return
