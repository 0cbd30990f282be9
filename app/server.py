"""uvicorn, run to an end that waits for nobody for long."""

import asyncio
import logging
import socket
from typing import NoReturn

import uvicorn
from uvicorn.lifespan.on import LifespanOn

from app.shutdown import StopSignals, end_process

_LOG = logging.getLogger(__name__)


def run_server(server: uvicorn.Server, *, listener: socket.socket, stop: StopSignals) -> NoReturn:
    """Serve until told to stop, then end the process: 0 if it drained, uvicorn's 3 if it could not start."""
    config, status = server.config, 1
    try:
        config.load()
        config.lifespan_class = _bounded_by(stop)
        stop.server = server
        # Closed, the runner would wait for the worker threads.
        asyncio.Runner(loop_factory=config.get_loop_factory()).run(server.serve(sockets=[listener]))
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except Exception:  # noqa: BLE001 - told here, because nobody comes after
        _LOG.exception("The server has failed")
    finally:
        end_process(status)


def _bounded_by(stop: StopSignals) -> type[LifespanOn]:
    class BoundedLifespan(LifespanOn):
        """Lets the application close for as long as there is time."""

        async def shutdown(self) -> None:
            try:
                async with asyncio.timeout(stop.left_to_close_s):
                    await super().shutdown()
            except TimeoutError:
                _LOG.warning("Not everything could be closed in time: ending without it")

    return BoundedLifespan
