"""What `/health` says of a running service: the same causes, from what the service knows already."""

import asyncio

import pytest

from app.clock import SystemClock
from app.config import SettingsSource, load_settings
from app.doctor.findings import Status
from app.doctor.rounds import Rounds
from app.ingest.periodic import Feed
from app.ingest.rules_watch import RulesWatch
from app.metrics import Metrics
from app.runtime import open_tenant
from tests.doctor.feed_rows import ROWS
from tests.doctor.fixes import check_told_rightly
from tests.support.settings import IDENTITY

IDS = [f"{name}: {type(error).__name__} {cause}" for name, error, cause, _ in ROWS]


@pytest.mark.parametrize(("name", "error", "cause", "step"), ROWS, ids=IDS)
async def test_a_failing_feed_is_told_by_its_cause(
    name: str, error: Exception, cause: str, step: str
) -> None:
    """The same words as in the check, with the same advice."""
    settings, clock = load_settings(IDENTITY, None), SystemClock()
    rules = RulesWatch(None, clock=clock)
    async with open_tenant(
        settings,
        source=SettingsSource({}, dotenv=None),
        rules=rules,
        take_keys=lambda _: None,
        clock=clock,
        metrics=Metrics(),
    ) as tenant:
        await tenant.supervisor.close()
        feed = Feed(name=name, clock=clock)
        tenant.supervisor.start(feed, _idle)
        feed.went_bad(error)
        rounds = Rounds(tenant, settings=settings)
        await rounds.round()
        [finding] = [one for one in rounds.findings if one.detail.get("problems") or one.cause == cause]
    assert (finding.cause, finding.step) == (cause, step)
    assert finding.status in {Status.WARNING, Status.WRONG}
    check_told_rightly(finding)


async def _idle() -> None:
    await asyncio.Event().wait()
