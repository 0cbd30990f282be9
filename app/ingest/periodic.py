"""The one endless loop of this service: do a piece of work again and again, and speak up on the edges.

Every background feed runs in it, so that guarding, spacing and logging are decided once.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock
from app.errors import (
    GraphError,
    MassRemoval,
    PresenceError,
    RoundHangs,
    RoundOverdue,
    RulesError,
    SettingsError,
    SignInError,
)
from app.ingest.one_round import OneRound

_LOG = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 30.0
# Sign-in decides when Microsoft is asked again, 20 s apart at most, but only when a feed comes by.
_LONGEST_WITHOUT_TOKEN_S = 10.0
# A round that has not got on for so many intervals, but within these limits, is broken off. One request to
# Graph takes 15 s at most, and waits for a turn or a sign-in do not count.
_OVERDUE_INTERVALS = 3.0
_OVERDUE_AT_LEAST_S, _OVERDUE_AT_MOST_S = 30.0, 300.0
# Sign-in tells its faults for all feeds, rules and settings tell each refused content.
_TOLD_ALREADY = (SignInError, RulesError, SettingsError)


@dataclass(slots=True, kw_only=True)
class Feed:
    """How one background feed is doing; `fault` is the sentence of what is wrong, None while all is well.

    `rounds` counts the good ones, `failed_rounds` the others, `failures` those since the last good one. It is
    `hung` from when a round had to be broken off until another has ended by itself, good or bad.
    """

    name: str
    clock: Clock
    rounds: int = 0
    failures: int = 0
    failed_rounds: int = 0
    succeeded_at: float | None = None
    fault: str | None = None
    fault_code: str | None = None
    faulty_since: datetime | None = None
    told: bool = False
    hung: bool = False
    _rest: asyncio.Future[None] | None = None

    def went_well(self) -> None:
        """Note a finished round, and say so if the one before had failed."""
        if self.told:
            _LOG.info("%s is current again", self.name, extra={"failed_rounds": self.failures})
        self.rounds += 1
        self.failures, self.fault, self.fault_code, self.faulty_since, self.told = 0, None, None, None, False
        self.succeeded_at = self.clock.monotonic()
        self.hung = False

    def went_bad(self, error: Exception) -> None:
        """Note a failed round; the first of a row is logged, unless it was told already."""
        code = _code_of(error)
        quiet = self.fault_code == code or isinstance(error, _TOLD_ALREADY)
        _LOG.log(
            logging.DEBUG if quiet else logging.WARNING,
            "%s failed: %s",
            self.name,
            error,
            exc_info=None if isinstance(error, PresenceError) else error,
            extra={"error_code": code},
        )
        self.told = self.told or not quiet
        self.failures += 1
        self.failed_rounds += 1
        self.fault, self.fault_code = str(error) or type(error).__name__, code
        self.faulty_since = self.faulty_since or self.clock.now()
        self.hung = isinstance(error, RoundHangs | RoundOverdue)

    async def rest(self, seconds: float) -> None:
        """Sleep until the next round is due, or somebody wakes the feed."""
        self._rest = asyncio.ensure_future(self.clock.sleep(seconds))
        try:
            await asyncio.wait({self._rest})
        finally:
            self._rest.cancel()

    def wake(self) -> None:
        """Begin the next round now."""
        if self._rest is not None:
            self._rest.cancel()

    @property
    def finished(self) -> int:
        """How many rounds have come to an end, good or bad."""
        return self.rounds + self.failed_rounds

    @property
    def age_s(self) -> float | None:
        """Seconds since the last round that went well; None if none ever did."""
        return None if self.succeeded_at is None else self.clock.monotonic() - self.succeeded_at


async def run_every(
    interval_s: float, work: Callable[[], Awaitable[None]], *, feed: Feed, limit_s: float | None = None
) -> None:
    """Run `work` now and then from start to start every `interval_s`, for ever; it may fail as it likes.

    A round that has not got on for `limit_s` has failed, too: it is broken off. Jitter only shortens a pause.
    After a failure the next try comes soon, then later and later.
    """
    overdue_s = min(max(_OVERDUE_INTERVALS * interval_s, _OVERDUE_AT_LEAST_S), _OVERDUE_AT_MOST_S)
    limit_s = limit_s or overdue_s
    one_round = OneRound(work, name=feed.name, clock=feed.clock, limit_s=limit_s)
    while True:
        started_at = feed.clock.monotonic()
        try:
            await one_round.run()
        except Exception as error:  # noqa: BLE001 - the guard of every loop: a bug must not end the feed
            feed.went_bad(error)
            wait_s = max(_backoff_s(interval_s, feed.failures, error), _wish_of(error, interval_s))
        else:
            feed.went_well()
            due_at = started_at + interval_s * random.uniform(0.98, 1.0)  # noqa: S311 - jitter, not a secret
            wait_s = max(0.0, due_at - feed.clock.monotonic())
        await feed.rest(wait_s)


def _backoff_s(interval_s: float, failures: int, error: Exception) -> float:
    no_token = isinstance(error, SignInError)
    longest = min(interval_s, _LONGEST_WITHOUT_TOKEN_S if no_token else _LONGEST_PAUSE_S)
    return min(longest, 2.0 ** min(failures - 1, 10)) * random.uniform(0.75, 1.0)  # noqa: S311 - jitter


def _wish_of(error: Exception, interval_s: float) -> float:
    """Graph's Retry-After. Sign-in keeps its own pace, and may be told to try again at once.

    A round that was read well and kept out is no reason to hurry: repeated soon, it would prove nothing.
    """
    if isinstance(error, MassRemoval):
        return interval_s
    return (error.retry_after_s or 0.0) if isinstance(error, GraphError) else 0.0


def _code_of(error: Exception) -> str:
    """The machine word of a fault; sign-in faults count as one, since sign-in tells them apart itself."""
    if isinstance(error, SignInError):
        return SignInError.code
    return error.code if isinstance(error, PresenceError) else "unexpected"
