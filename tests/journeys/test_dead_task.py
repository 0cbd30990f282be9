"""A background task that dies turns readiness red until its successor has finished one round.

The service runs inside the test, behind its real server, because nothing outside can make a task die.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import uvicorn

from app.config import load_settings
from app.main import build_app
from tests.support.service import QUICK
from tests.support.simulated import Simulated

Health = dict[str, Any]


class InProcess:
    """The service in this process, spoken to over HTTP."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ready(self) -> bool:
        """Whether `/health/ready` says so."""
        return (await self._http.get("/health/ready")).status_code == httpx.codes.OK

    async def health(self) -> Health:
        """The whole story."""
        health: Health = (await self._http.get("/health")).json()
        return health

    async def dead_tasks(self) -> list[str]:
        """The names `/health` complains of."""
        dead: list[str] = (await self.health())["tenants"][0]["deadTasks"]
        return dead

    async def wait_until_ready(self) -> None:
        """Return once it is green."""
        give_up_at = time.monotonic() + 15
        while not await self.ready():
            assert time.monotonic() < give_up_at, await self.health()
            await asyncio.sleep(0.02)


@pytest.fixture
async def inside(tenant: Simulated) -> AsyncIterator[InProcess]:
    app = build_app(load_settings(QUICK | tenant.settings, dotenv=None))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        service = InProcess(http)
        await service.wait_until_ready()
        yield service
    server.should_exit = True
    await serving


def kill(name: str) -> None:
    """End a background task from outside, as a mistake of ours would."""
    (task,) = (task for task in asyncio.all_tasks() if task.get_name() == name)
    task.cancel()


@pytest.mark.fault
@pytest.mark.parametrize("name", ["presence", "directory", "event-loop", "settings", "credentials"])
async def test_a_dead_task_is_named_restarted_and_forgiven_after_one_round(
    inside: InProcess, name: str
) -> None:
    """Answers go on from memory all the while."""
    kill(name)
    await asyncio.sleep(0)
    assert await inside.dead_tasks() == [name]
    assert (await inside.health())["status"] == "degraded"
    assert not await inside.ready()
    await inside.wait_until_ready()
    assert await inside.dead_tasks() == []
    await inside.wait_until_ready()


async def test_a_failed_round_of_the_successor_is_enough(
    inside: InProcess, tenant: Simulated, request: pytest.FixtureRequest
) -> None:
    """Microsoft being down must not keep a healthy service out of the load balancer."""
    heal: Callable[[], None] = tenant.heal
    request.addfinalizer(heal)
    await asyncio.to_thread(tenant.fail, "getPresencesByUserId", "status", status=503)
    kill("presence")
    await asyncio.sleep(0)
    assert not await inside.ready()
    await inside.wait_until_ready()
    feeds = (await inside.health())["tenants"][0]["feeds"]
    assert next(feed["fault"] for feed in feeds if feed["name"] == "presence")
