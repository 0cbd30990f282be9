"""The one loop: how often it works, how it backs off, and when it speaks."""

import asyncio
import logging

import pytest

from app.errors import (
    GraphThrottled,
    GraphUnavailable,
    MassRemoval,
    PermissionMissing,
    SignInRefused,
    SignInUnavailable,
)
from app.ingest.periodic import Feed, run_every
from tests.support.clock import START, ManualClock

Fault = Exception | None


class Loop:
    """A feed whose work takes `takes_s` and fails as `faults` say, one a round; then all is well."""

    def __init__(self, *faults: Fault, interval_s: float = 10.0, takes_s: float = 0.0) -> None:
        self.clock = ManualClock()
        self.feed = Feed(name="presence", clock=self.clock)
        self.faults = list(faults)
        self.takes_s = takes_s
        self.starts: list[float] = []
        self._began = self.clock.monotonic()
        self._interval_s = interval_s

    async def run(self, for_s: float) -> None:
        """Let the loop run for that long, then stop it."""
        task = asyncio.create_task(run_every(self._interval_s, self._work, feed=self.feed))
        await self.clock.advance(for_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    @property
    def pauses(self) -> list[float]:
        """From start to start."""
        return [later - earlier for earlier, later in zip(self.starts, self.starts[1:], strict=False)]

    async def _work(self) -> None:
        self.starts.append(self.clock.monotonic() - self._began)
        await self.clock.sleep(self.takes_s)
        if self.faults and (fault := self.faults.pop(0)):
            raise fault


async def test_rounds_run_from_start_to_start_and_jitter_only_shortens_the_interval() -> None:
    loop = Loop(takes_s=4.0)
    await loop.run(1_000)
    assert loop.starts[0] == 0.0
    assert all(9.0 <= pause <= 10.0 for pause in loop.pauses)
    assert len({round(pause, 6) for pause in loop.pauses}) > 10


async def test_a_round_longer_than_the_interval_is_followed_by_the_next_at_once() -> None:
    loop = Loop(takes_s=15.0)
    await loop.run(100)
    assert loop.pauses == pytest.approx([15.0] * len(loop.pauses))


async def test_after_a_failure_the_next_try_comes_soon_then_later_and_later() -> None:
    loop = Loop(*[GraphUnavailable("down")] * 12, interval_s=60.0)
    await loop.run(300)
    assert 0.5 <= loop.pauses[0] <= 1.0
    assert all(later >= earlier for earlier, later in zip(loop.pauses[:4], loop.pauses[1:4], strict=False))
    assert max(loop.pauses[:12]) <= 30.0


async def test_without_a_token_a_feed_comes_by_often_enough_for_sign_in_to_be_tried_again() -> None:
    """Attempts are at most 30 s apart, however long the feed's interval: 20 s of its own and 10 s of ours."""
    loop = Loop(*[SignInUnavailable("down")] * 100, interval_s=300.0)
    await loop.run(300)
    assert max(loop.pauses) <= 10.0


async def test_a_back_off_is_never_longer_than_the_interval() -> None:
    loop = Loop(*[GraphUnavailable("down")] * 100, interval_s=2.0)
    await loop.run(100)
    assert max(loop.pauses) <= 2.0


async def test_a_slow_failure_is_followed_by_a_pause_too() -> None:
    """Time-outs of fifteen seconds must not turn into one request after the other."""
    loop = Loop(*[GraphUnavailable("timed out")] * 20, takes_s=15.0)
    await loop.run(200)
    assert all(pause > 15.0 for pause in loop.pauses[3:])


async def test_microsofts_wish_to_wait_is_kept() -> None:
    loop = Loop(GraphThrottled("slow down", retry_after_s=41.0))
    await loop.run(60)
    assert loop.pauses[0] >= 41.0


async def test_the_wish_counts_from_the_answer_and_does_not_shorten_the_interval() -> None:
    loop = Loop(GraphThrottled("slow down", retry_after_s=0.2))
    await loop.run(30)
    assert loop.pauses[0] >= 0.5


async def test_a_round_that_was_kept_out_is_not_repeated_in_a_hurry() -> None:
    """Three equal answers within seconds would prove nothing."""
    loop = Loop(*[MassRemoval("many")] * 3, interval_s=60.0)
    await loop.run(300)
    assert min(loop.pauses) >= 58.0


async def test_any_error_is_survived() -> None:
    """A mistake of our own in one round does not end the feed."""
    loop = Loop(ZeroDivisionError("ours"), KeyError("ours"), RuntimeError())
    await loop.run(30)
    assert loop.feed.rounds >= 1
    assert loop.feed.fault is None


async def test_cancellation_is_never_swallowed() -> None:
    loop = Loop(takes_s=100.0)
    await loop.run(5)
    assert (loop.feed.failures, loop.feed.fault) == (0, None)


async def test_a_cancellation_inside_the_work_ends_the_loop() -> None:
    """The supervisor notices and starts again: it is not a failed round."""

    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run_every(10.0, work, feed=Feed(name="presence", clock=ManualClock()))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if record.levelno >= logging.INFO]


async def test_a_fault_is_told_once_and_its_end_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await Loop(None, *[GraphUnavailable("down")] * 5).run(100)
    assert told(caplog) == ["WARNING", "INFO"]
    assert caplog.records[-1].getMessage() == "presence is current again"


async def test_another_fault_is_told_as_well(caplog: pytest.LogCaptureFixture) -> None:
    await Loop(GraphUnavailable("down"), PermissionMissing("no"), PermissionMissing("no")).run(3)
    assert told(caplog) == ["WARNING", "WARNING"]


async def test_faults_of_sign_in_are_left_to_sign_in(caplog: pytest.LogCaptureFixture) -> None:
    """One record per fault, from the part that found the cause."""
    caplog.set_level(logging.INFO)
    loop = Loop(*[SignInRefused("no")] * 3)
    await loop.run(60)
    assert told(caplog) == []
    assert loop.feed.fault is None


async def test_the_end_of_a_fault_is_told_even_if_sign_in_failed_in_between(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    await Loop(GraphUnavailable("down"), SignInRefused("no")).run(60)
    assert told(caplog) == ["WARNING", "INFO"]


async def test_a_mistake_of_our_own_is_told_with_its_traceback_but_microsofts_faults_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await Loop(ZeroDivisionError("ours"), GraphUnavailable("down")).run(5)
    ours, microsofts = caplog.records[:2]
    assert ours.exc_info
    assert ours.exc_info[0] is ZeroDivisionError
    assert not microsofts.exc_info


async def test_a_feed_knows_what_is_wrong_since_when_and_how_old_it_is() -> None:
    loop = Loop(None, *[GraphUnavailable("down")] * 50, interval_s=10.0)
    await loop.run(25)
    feed = loop.feed
    assert (feed.rounds, feed.fault, feed.fault_code) == (1, "down", "graph_unavailable")
    assert feed.failures > 1
    assert feed.age_s == 25.0
    assert feed.faulty_since is not None
    assert 9.0 <= (feed.faulty_since - START).total_seconds() <= 10.0


async def test_a_feed_that_never_went_well_has_no_age() -> None:
    loop = Loop(*[RuntimeError()] * 50)
    await loop.run(25)
    assert loop.feed.age_s is None
    assert loop.feed.fault == "RuntimeError"
