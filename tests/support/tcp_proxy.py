"""A wire that can be cut: a TCP proxy in front of a simulated Microsoft, for faults below HTTP."""

import contextlib
import socket
import struct
import threading
import time
from enum import Enum
from typing import Self

_BUFFER = 65_536
_POLL_S = 0.1
# A token answer's TLS records survive this much, a list of fifty presences does not.
_CUT_AFTER = 4_000


class Wire(Enum):
    """What becomes of the bytes."""

    WHOLE = "whole"
    REFUSED = "refused"  # nobody listens, and what was open is reset
    BLACK_HOLE = "black hole"  # accepts, takes everything, never answers
    CUT = "cut"  # reset in the middle of an answer
    DRIP = "drip"  # one byte a second


class TcpProxy:
    """Forwards to `port` on this machine, through threads that end with `close`; counts the connections."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.accepted = 0
        self._wire = Wire.WHOLE
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def become(self, wire: Wire) -> None:
        """Change what becomes of the bytes, for open connections too."""
        self._wire = wire
        if wire is Wire.REFUSED:
            self._close_listener()
            self._reset_all()
        elif self._listener is None:
            self._listener = self._listen(self.port)

    def close(self) -> None:
        """End every connection."""
        self._closing.set()
        self._close_listener()
        self._reset_all()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
        listener.settimeout(_POLL_S)
        return listener

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener:
            listener.close()

    def _reset_all(self) -> None:
        for connection in list(self._open):
            _reset(connection)
        self._open.clear()

    def _accept(self) -> None:
        while not self._closing.is_set():
            listener = self._listener
            if listener is None:
                time.sleep(_POLL_S / 5)
                continue
            with contextlib.suppress(OSError):
                self._join(listener.accept()[0])

    def _join(self, client: socket.socket) -> None:
        self.accepted += 1
        server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        for connection in (client, server):
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open |= {client, server}
        threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:  # noqa: FBT001 - one of the two ways
        carried = 0
        with contextlib.suppress(OSError):
            while piece := source.recv(_BUFFER):
                carried = carried + len(piece) if self._wire is Wire.CUT else 0
                self._carry(piece, sink, carried=carried if answers else 0, answers=answers)
        self._open -= {source, sink}
        _reset(source)
        _reset(sink)

    def _carry(self, piece: bytes, sink: socket.socket, *, carried: int, answers: bool) -> None:
        if self._wire is Wire.BLACK_HOLE:
            return
        if self._wire is Wire.CUT and carried > _CUT_AFTER:
            sink.sendall(piece[: len(piece) // 2])
            raise ConnectionResetError
        if self._wire is Wire.DRIP and answers:
            self._drip(piece, sink)
            return
        sink.sendall(piece)

    def _drip(self, piece: bytes, sink: socket.socket) -> None:
        for place in range(len(piece)):
            if self._wire is not Wire.DRIP:
                sink.sendall(piece[place:])
                return
            sink.sendall(piece[place : place + 1])
            self._closing.wait(1)


def _reset(connection: socket.socket) -> None:
    """Close with a reset, and wake whoever reads from it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
