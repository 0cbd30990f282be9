"""The application: FastAPI with its routes, behind its door, and the server it runs in."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from app import __version__
from app.api import explain, lookup, operations, presence, rules, scrape
from app.api.access_log import AccessLog
from app.api.batch import Batch
from app.api.connection_limits import Server, raise_descriptor_limit
from app.api.docs import install_docs
from app.api.door import Door
from app.api.hotpath import HotPath
from app.api.keys import KeyRing
from app.api.listpath import ListPath
from app.api.metering import Meter, RouteNote
from app.api.middleware import guarded
from app.api.openapi import publish
from app.api.pages import Pages
from app.api.problems import install_problem_handlers
from app.api.protocol import LimitingProtocol
from app.api.proxies import ClientAddress
from app.api.rate import RateLimit
from app.api.refusals import install_refusals
from app.api.render import Renderer
from app.clock import Clock, SystemClock
from app.config import Settings, SettingsSource
from app.errors import SettingsError
from app.graph.transport import check_proxies
from app.ingest.rules_watch import RulesWatch
from app.ingest.tenant import Tenant
from app.log_writer import LogWriter
from app.metrics import Metrics
from app.runtime import open_tenant, start_rounds
from app.server import run_server
from app.shutdown import StopSignals

_LOG = logging.getLogger(__name__)

# uvicorn finishes what it has begun, for this long.
_DRAIN_S = 8
_BACKLOG = 2048
# Longer than callers usually keep a connection that they do not use: whoever hangs up second never has a
# question cross the hanging up, which looks to the caller like a service that has died.
_IDLE_S = 75


def build_api() -> FastAPI:
    """The routes and their documentation, not yet connected to a tenant."""
    api = FastAPI(
        title="Teams presence API",
        version=__version__,
        summary="Is this colleague free in Microsoft Teams? Answered from memory, with its age.",
        docs_url=None,
        openapi_url=None,  # install_docs serves it
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    routers = [module.router for module in (presence, lookup, explain, rules, operations, scrape)]
    install_problem_handlers(api, [api.router, *routers])
    install_refusals(api)
    install_docs(api)
    for router in routers:
        api.include_router(router)
    publish(api)
    return api


def build_app(
    settings: Settings,
    *,
    source: SettingsSource | None = None,
    api: FastAPI | None = None,
    clock: Clock | None = None,
    dropped_records: Callable[[], int] = int,
) -> HotPath:
    """The whole application; its lifespan opens the tenant and closes it. Raises SettingsError.

    Where the settings came from, they are looked for again and again; those without a source never change.
    """
    api = api or build_api()
    clock = clock or SystemClock()
    metrics = Metrics(dropped_records)
    api.state.metrics = metrics
    rules_watch = RulesWatch(settings.rules_file, clock=clock)
    keys = KeyRing(settings.api_keys, in_query=settings.key_in_query)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with open_tenant(
            settings,
            source=source or SettingsSource({}, dotenv=None),
            rules=rules_watch,
            take_keys=keys.replace,
            clock=clock,
            metrics=metrics,
        ) as tenant:
            _answer_sighup(tenant)
            api.state.tenant = tenant
            api.state.rounds = start_rounds(tenant, settings)
            api.state.renderer = Renderer(status_messages=settings.status_messages)
            pages = Pages(tenant.desk, api.state.renderer, timer=clock.monotonic)
            api.state.batch = Batch(tenant.desk, api.state.renderer, pages)
            list_path.open(api.state.batch)
            hot_path.open(pages)
            yield

    api.router.lifespan_context = lifespan
    door = Door(keys=keys, rate=RateLimit(settings.rate_limit, timer=clock.monotonic))
    list_path = ListPath(RouteNote(api))
    app = guarded(list_path, door=door)
    app = AccessLog(app) if settings.access_log else app
    app = ClientAddress(app, trusted=settings.trusted_proxies) if settings.trusted_proxies else app
    hot_path = HotPath(
        Meter(app, metrics=metrics, timer=clock.monotonic),
        door=door,
        metrics=metrics,
        trusted=settings.trusted_proxies,
        access_log=settings.access_log,
    )
    return hot_path


def serve(settings: Settings, *, source: SettingsSource, stop: StopSignals, log: LogWriter) -> NoReturn:
    """Listen and answer until told to stop, and end the process. Raises SettingsError if that cannot be."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is somebody to listen to it
    check_proxies()
    app = build_app(settings, source=source, dropped_records=lambda: log.dropped)
    listener = _listen(settings.host, settings.port)
    for warning in settings.warnings:
        _LOG.warning("%s", warning)
    if not settings.api_keys:
        _LOG.warning("No PRESENCE_API_KEYS: everybody on this machine may ask, nobody else can")
    _LOG.info("Listening on %s", _root_url(settings, listener.getsockname()[1]))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=LimitingProtocol,
        loop="app.api.connection_limits:Loop",
        ws="none",
        lifespan="on",
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_DRAIN_S,
        ssl_certfile=settings.tls_cert_path,
        ssl_keyfile=settings.tls_key_path,
    )
    server = Server(config, max_connections=raise_descriptor_limit())
    run_server(server, listener=listener, stop=stop)


def _root_url(settings: Settings, port: int) -> str:
    scheme = "https" if settings.tls_cert_path else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{port}"


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
    """Handle SIGHUP, for which uvicorn has no handler: the signal would end the process.

    Microsoft is asked after the settings have been read: not once more with a password that has been changed.
    """

    def read_anew() -> None:
        _LOG.info("SIGHUP: reading settings and rules again, then asking Microsoft")
        tenant.countdown.look_anew()
        tenant.users.believe_loss()
        tenant.users.try_wide()
        tenant.groups.believe_losses()
        tenant.rules.look_now()
        tenant.handover.retry_now()
        tenant.settings.look_now().add_done_callback(lambda _: ask())

    def ask() -> None:
        tenant.tokens.retry_now()
        tenant.supervisor.wake()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read_anew)
