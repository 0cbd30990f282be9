"""uvicorn, tamed: our socket, our certificate, quiet, and gone at once when told."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .door import TRANSPORT
from .scenario import WorkingDay

TICK_S = 0.5
KEEP_ALIVE_S = 120


class CuttableProtocol(HttpToolsProtocol):
    """Shows the application its connection, because some faults cut it."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        scope: Any = self.scope
        scope["extensions"] = {TRANSPORT: self.transport}


class QuietServer(Server):
    """Reports when it listens, and leaves signals to whoever runs it."""

    def __init__(self, config: Config, *, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report."""
        await super().startup(sockets)
        self._on_listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: see `serve`."""
        yield

    def end(self) -> None:
        """Leave without waiting for anybody, and without a word to those who wait."""
        self.force_exit = self.should_exit = True
        connections: Any = self.server_state.connections
        for connection in list(connections):
            connection.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """The listening socket; raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


async def serve(server: QuietServer, *, sock: socket.socket, day: WorkingDay, day_speed: float) -> None:
    """Serve until SIGTERM or SIGINT, while the scripted day goes by."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.end)
    clockwork = asyncio.create_task(live_through(day, minutes_per_s=day_speed))
    try:
        await server.serve(sockets=[sock])
    finally:
        clockwork.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await clockwork


async def live_through(day: WorkingDay, *, minutes_per_s: float) -> None:
    """Move the day along; a speed of nothing stands still."""
    while minutes_per_s > 0:
        await asyncio.sleep(TICK_S)
        day.pass_time(minutes_per_s * TICK_S)


def configuration(app: ASGIApp, *, tls: ssl.SSLContext) -> Config:
    """No log, no date of its own, no waiting at the end."""
    return Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        ssl_context_factory=lambda *_: tls,
        log_config=None,
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=0,
    )
