"""The application: FastAPI with its routes, behind its door, and the server it runs in."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from app import __version__
from app.api import operations, presence
from app.api.docs import install_docs
from app.api.keys import KeyRing
from app.api.middleware import guarded
from app.api.openapi import publish
from app.api.problems import install_problem_handlers
from app.api.render import Renderer
from app.clock import SystemClock
from app.config import Settings
from app.errors import SettingsError
from app.ingest.tenant import Tenant
from app.runtime import open_tenant

_LOG = logging.getLogger(__name__)

# uvicorn finishes what it has begun, for this long.
_DRAIN_S = 8
_BACKLOG = 2048


def build_api() -> FastAPI:
    """The routes and their documentation, not yet connected to a tenant."""
    api = FastAPI(
        title="Teams presence API",
        version=__version__,
        summary="Is this colleague free in Microsoft Teams? Answered from memory, with its age.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    install_problem_handlers(api, [*presence.router.routes, *operations.router.routes])
    install_docs(api)
    api.include_router(presence.router)
    api.include_router(operations.router)
    publish(api)
    return api


def build_app(settings: Settings) -> ASGIApp:
    """The whole application; its lifespan opens the tenant and closes it."""
    api = build_api()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with open_tenant(settings, clock=SystemClock()) as tenant:
            _answer_sighup(tenant)
            api.state.tenant = tenant
            api.state.renderer = Renderer(status_messages=settings.status_messages)
            yield

    api.router.lifespan_context = lifespan
    return guarded(api, keys=KeyRing(settings.api_keys))


def serve(settings: Settings) -> None:
    """Listen and answer until told to stop. Raises SettingsError if the port cannot be had."""
    listener = _listen(settings.host, settings.port)
    for warning in settings.warnings:
        _LOG.warning("%s", warning)
    if not settings.api_keys:
        _LOG.warning("No PRESENCE_API_KEYS: everybody on this machine may ask, nobody else can")
    scheme = "https" if settings.tls_cert_path else "http"
    _LOG.info("Listening on %s://%s:%d", scheme, settings.host, listener.getsockname()[1])
    config = uvicorn.Config(
        build_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=_DRAIN_S,
        ssl_certfile=settings.tls_cert_path,
        ssl_keyfile=settings.tls_key_path,
    )
    # Told to stop, uvicorn drains and then raises the signal once more: that, too, is a good end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket: had before anything else, so that a taken port is told in one sentence.

    Whoever connects before the server is up waits for the moment that takes.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {host} port {port} ({error.strerror}): set PRESENCE_PORT (or PRESENCE_HOST) "
            "to one that is free."
        ) from None
    return listener


def _answer_sighup(tenant: Tenant) -> None:
    """Handle SIGHUP, for which uvicorn has no handler: the signal would end the process."""

    def retry() -> None:
        _LOG.info("SIGHUP: the next sign-in may happen at once; changed settings need a restart")
        tenant.tokens.retry_now()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, retry)
