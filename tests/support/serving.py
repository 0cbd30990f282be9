"""An application behind the real protocol on a real socket, whose deadlines are looked at more often."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from app.api.connection_limits import Connections, Server
from app.api.protocol import LimitingProtocol

_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Serving:
    """Where it listens, and what the server knows of its connections."""

    port: int
    state: Connections


@asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    protocol: type[LimitingProtocol] = LimitingProtocol,
    listener: socket.socket | None = None,
    max_connections: int = 1000,
) -> AsyncIterator[Serving]:
    """Serve until the end of the block; a connection may idle for a second."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=1,
    )
    config.load()
    state = Server(config, max_connections=max_connections).server_state
    state.default_headers = [(b"date", b"today")]
    loop = asyncio.get_running_loop()
    listener = listener or socket.create_server(("127.0.0.1", 0))

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            state.enforce_deadlines(loop.time())

    async with await loop.create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), sock=listener
    ):
        looking = asyncio.create_task(look())
        try:
            yield Serving(listener.getsockname()[1], state)
        finally:
            looking.cancel()
            for connection in list(state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)
