"""A background task that dies turns readiness red until its successor has finished one round."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.support.inside import InProcess, serving_inside
from tests.support.simulated import Simulated


@pytest.fixture
async def inside(tenant: Simulated) -> AsyncIterator[InProcess]:
    async with serving_inside(tenant.settings) as service:
        yield service


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
