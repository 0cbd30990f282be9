"""Small servers that are not Microsoft: proxies with a will of their own, ends of a wire that misbehave."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Serve = Callable[[socket.socket], None]
_PATIENCE_S = 5.0


@contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A port on which each connection is handed to `serve`, in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_guarded, args=(serve, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def nobody_listening() -> Iterator[int]:
    """A port that refuses connections for as long as it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that neither accepts nor refuses: its queue is full, and the system drops what knocks."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            knock = waiting.enter_context(socket.socket())
            knock.setblocking(False)  # noqa: FBT003 - the socket's own way
            with contextlib.suppress(BlockingIOError):
                knock.connect(listener.getsockname())
        yield listener.getsockname()[1]


def speaking_tls(context: ssl.SSLContext) -> Serve:
    """Shakes hands under this context, and says no more."""

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    return serve


def saying(text: bytes) -> Serve:
    """Waits for the first bytes and says always the same."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(text)
        connection.recv(4096)

    return serve


def mute(connection: socket.socket) -> None:
    """Takes everything and never answers."""
    connection.settimeout(None)
    while connection.recv(4096):
        pass


def cutting(connection: socket.socket) -> None:
    """Resets the connection as soon as it has heard something."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def tunnelling(port: int) -> Serve:
    """A proxy that lets everything through, to this port."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.settimeout(None)
        with socket.create_connection(("127.0.0.1", port)) as target:
            threading.Thread(target=_pump, args=(target, connection), daemon=True).start()
            _pump(connection, target)

    return serve


def refusing(status: str) -> Serve:
    """A proxy that answers every CONNECT with this status."""
    return saying(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def _guarded(serve: Serve, connection: socket.socket) -> None:
    """Whatever the other side does, the thread ends quietly."""
    connection.settimeout(_PATIENCE_S)
    with connection, contextlib.suppress(OSError):
        serve(connection)
