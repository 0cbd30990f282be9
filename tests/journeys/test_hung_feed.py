"""A feed that hangs inside its round is named everywhere, broken off, and forgiven after the next round."""

import asyncio
import logging
import time

import pytest

from app.ingest.feeds import start_feed
from tests.support.inside import InProcess, serving_inside
from tests.support.matrix import MAX
from tests.support.simulated import Simulated

NAME = "example"


async def hung(service: InProcess) -> bool:
    """What the metric says."""
    page = (await service.http.get("/metrics")).text
    return f'teams_presence_feed_hung{{feed="{NAME}"}} 1.0' in page


async def finding(service: InProcess) -> str | None:
    """What the doctor says of the feed, once it has come round."""
    found = (await service.health())["tenants"][0]["findings"]
    return next((one["what"] for one in found if one["cause"] == "feed-hangs"), None)


async def until_found(service: InProcess) -> str:
    give_up_at = time.monotonic() + 15
    while not (found := await finding(service)):
        assert time.monotonic() < give_up_at, await service.health()
        await asyncio.sleep(0.1)
    return found


@pytest.mark.fault
async def test_a_hung_feed_is_named_and_forgiven_after_the_next_round(
    tenant: Simulated, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing outside can make a feed hang, so the test brings one of its own (found D6).

    `/health` shows it at the feed and as a finding, readiness is red, callers are answered all the while.
    """
    free = asyncio.Event()

    async def hang() -> None:
        await free.wait()

    async with serving_inside(tenant.settings) as service:
        start_feed(service.tenant, NAME, hang, interval_s=0.5, limit_s=1.0)
        assert NAME in await until_found(service)
        assert not await service.ready()
        health = await service.health()
        assert (health["status"], health["ready"]) == ("degraded", False)
        feed = await service.feed(NAME)
        assert (feed["hung"], feed["faultCode"]) == (True, "round_hangs")
        assert feed["faultySince"]
        assert await hung(service)
        assert (await service.presence(MAX))["stale"] is False
        told = [record for record in caplog.records if NAME in record.getMessage()]
        assert [record.levelno for record in told] == [logging.WARNING]
        free.set()
        await service.wait_until_ready()
        assert not await hung(service)
