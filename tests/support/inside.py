"""The service inside the test, behind its real server: for what nothing outside can bring about."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.clock import Clock
from app.config import load_settings
from app.ingest.tenant import Tenant
from app.main import build_api, build_app
from tests.support.service import QUICK

Health = dict[str, Any]


class InProcess:
    """The service in this process, spoken to over HTTP."""

    def __init__(self, http: httpx.AsyncClient, api: FastAPI) -> None:
        self.http = http
        self._api = api

    @property
    def tenant(self) -> Tenant:
        """What the service is made of."""
        tenant: Tenant = self._api.state.tenant
        return tenant

    async def ready(self) -> bool:
        """Whether `/health/ready` says so."""
        return (await self.http.get("/health/ready")).status_code == httpx.codes.OK

    async def health(self) -> Health:
        """The whole story."""
        health: Health = (await self.http.get("/health")).json()
        return health

    async def presence(self, user: str) -> dict[str, Any]:
        """Somebody's presence."""
        answer: dict[str, Any] = (await self.http.get(f"/presence/{user}")).json()
        return answer

    async def dead_tasks(self) -> list[str]:
        """The names `/health` complains of."""
        dead: list[str] = (await self.health())["tenants"][0]["deadTasks"]
        return dead

    async def feed(self, name: str) -> dict[str, Any]:
        """How one background feed is doing."""
        feeds: list[dict[str, Any]] = (await self.health())["tenants"][0]["feeds"]
        return next(feed for feed in feeds if feed["name"] == name)

    async def wait_until_ready(self) -> None:
        """Return once it is green."""
        give_up_at = time.monotonic() + 15
        while not await self.ready():
            assert time.monotonic() < give_up_at, await self.health()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving_inside(
    settings: Mapping[str, str], *, clock: Clock | None = None
) -> AsyncIterator[InProcess]:
    """The service with these settings and short intervals, ready."""
    api = build_api()
    app = build_app(load_settings({**QUICK, **settings}, dotenv=None), api=api, clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        service = InProcess(http, api)
        await service.wait_until_ready()
        yield service
    server.should_exit = True
    await serving
