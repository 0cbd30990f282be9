"""Tenants in all sizes, in the test's own process and in one of their own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from simulator.app import build_app
from simulator.clock import Clock
from simulator.sheet import Sheet
from simulator.world import Plan, build_world
from tests.simulator.process import SimulatorProcess
from tests.simulator.tenant import ROOT, Tenant

NOON = 1_795_435_200.0


@asynccontextmanager
async def open_tenant(plan: Plan) -> AsyncIterator[Tenant]:
    """A tenant whose clock stands still until somebody advances it."""
    world = build_world(plan, clock=Clock(source=lambda: NOON))
    app = build_app(world, Sheet(world, root=ROOT, ca_bundle=Path("ca.pem")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as http:
        yield Tenant(world=world, http=http)


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    """Twenty held people, two guests, two disabled accounts."""
    async with open_tenant(Plan(people=20)) as opened:
        yield opened


@pytest.fixture
async def big_tenant() -> AsyncIterator[Tenant]:
    """More people than fit on one page of anything."""
    async with open_tenant(Plan(people=1_000)) as opened:
        yield opened


@pytest.fixture
async def basic_tenant() -> AsyncIterator[Tenant]:
    """Only the basic permission was granted."""
    async with open_tenant(
        Plan(people=20, permissions=("Presence.Read.All", "User.ReadBasic.All"))
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The real thing: a process, TLS, its own certificate authority."""
    with SimulatorProcess.started(tmp_path_factory.mktemp("simulator"), people=30) as process:
        yield process
