"""The access token everybody shares: fetched off the event loop, once for all, kept while it lasts."""

import asyncio
import logging
import random
from collections.abc import Callable
from copy import copy
from functools import partial

from app.clock import Clock
from app.errors import PasswordRefused, SignInError, SignInRefused, SignInUnavailable
from app.graph.sign_in import Token
from app.metrics import Metrics
from app.off_loop import off_loop
from app.progress import progress
from app.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)

_SIGN_IN = "sign-in"
# With a feed's own interval on top, transient faults are asked about at most 30 s apart.
_TRANSIENT_CAP_S = 20.0
_PERSON_NEEDED_S = 5 * 60.0
_PASSWORD_S = 15 * 60.0
# A service account with two secrets may need ten exchanges, of 10 s at most each, of which few will be slow.
GIVE_UP_AFTER_S = 120.0
"""Seconds until nobody waits for a sign-in any longer."""
_STUCK = "The sign-in does not come back: something on this machine holds it, perhaps the name server."

# A second 401 within this time is not the token's fault: a new one would not help.
_RENEWAL_GAP_S = 60.0


class TokenSource:
    """Hands out a valid token, and decides when Microsoft may be asked for the next.

    A token in hand is used until it really expires, however often its renewal fails; renewal of a token that
    is still good happens behind the callers' backs. After a failure callers get the same error again, without
    Microsoft being asked, until the next attempt is due.
    """

    def __init__(
        self,
        acquire: Callable[..., Token],
        *,
        clock: Clock,
        metrics: Metrics | None = None,
        patience_s: float = GIVE_UP_AFTER_S,
    ) -> None:
        self._acquire = acquire
        self._patience_s = patience_s
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._flights: SingleFlight[SignInError | None] = SingleFlight()
        self._token: Token | None = None
        self._obtained_at = self._renewed_at = self._next_attempt_at = float("-inf")
        self._failures = 0
        self._at_work: asyncio.Task[Token] | None = None
        self.fault: SignInError | None = None

    @property
    def expires_in_s(self) -> float | None:
        """Seconds until the token in hand expires; None without one."""
        if self._token is None:
            return None
        return self._obtained_at + self._token.expires_in_s - self._clock.monotonic()

    @property
    def refused(self) -> bool:
        """Whether Microsoft said no, so that asking for anything is pointless."""
        return isinstance(self.fault, SignInRefused)

    async def token(self) -> str:
        """The token to send. Raises SignInError."""
        if self._usable() and not self._due():
            return self._held()
        attempt = self._flights.running(_SIGN_IN)
        if attempt is None and self._may_attempt():
            # With a token in hand msal would hand it out again instead of telling that renewal was refused.
            renew = self._token is not None
            attempt = self._flights.start(_SIGN_IN, lambda: self._attempt(renew=renew))
        if attempt and not self._usable():
            await _ended(attempt)
        return self._held()

    async def replace(self, refused: str) -> str:
        """Another token than the one Graph has just refused, or the same if a new one would not help.

        Raises SignInError while no other can be had: then that is the cause, and Graph's refusal its effect.
        """
        if self._token and self._token.value == refused and self._may_renew():
            self._renewed_at = self._clock.monotonic()
            self._flights.start(_SIGN_IN, lambda: self._attempt(renew=True))
        if under_way := self._flights.running(_SIGN_IN):
            await _ended(under_way)
        another = await self.token()
        if another == refused and self.fault:
            raise self._told()
        return another

    async def adopt(self, acquire: Callable[..., Token]) -> None:
        """Sign in by another way at once, whatever the last failure, and stay with it if it yields a token.

        Waits for a sign-in under way, and is waited for like one. Raises SignInError; then the token in hand,
        the way to the next one and its time are what they were.
        """
        while under_way := self._flights.running(_SIGN_IN):
            with progress().waiting():
                await asyncio.wait({under_way})
        attempt = self._flights.start(_SIGN_IN, lambda: self._try_out(acquire))
        if error := await _ended(attempt):
            raise error

    def retry_now(self) -> None:
        """Ask again with the next caller, whatever was decided after the last failure."""
        self._next_attempt_at = float("-inf")

    async def close(self) -> None:
        """Stop waiting for a sign-in under way."""
        await self._flights.close()

    def _may_attempt(self) -> bool:
        return self._clock.monotonic() >= self._next_attempt_at

    def _may_renew(self) -> bool:
        return self._may_attempt() and self._clock.monotonic() - self._renewed_at > _RENEWAL_GAP_S

    def _usable(self) -> bool:
        return (self.expires_in_s or 0) > 0

    def _due(self) -> bool:
        assert self._token is not None  # noqa: S101 - only asked about a token in hand
        return self._clock.monotonic() >= self._obtained_at + self._token.refresh_in_s

    def _held(self) -> str:
        if self._token is not None and self._usable():
            return self._token.value
        raise self._told()

    def _told(self) -> SignInError:
        """The fault for one caller: raising one object again and again would grow its traceback."""
        if self.fault is None:
            return SignInError("Not signed in yet.")
        told = copy(self.fault)
        told.retry_after_s = max(0.0, self._next_attempt_at - self._clock.monotonic())
        return told

    async def _attempt(self, *, renew: bool) -> SignInError | None:
        # Should anything but a SignInError come out of this, Microsoft is not asked again at once either.
        self._next_attempt_at = self._clock.monotonic() + _TRANSIENT_CAP_S
        error = await self._obtain(self._acquire, renew=renew)
        if error:
            self._went_bad(error)
        return error

    async def _try_out(self, acquire: Callable[..., Token]) -> SignInError | None:
        error = await self._obtain(acquire, renew=False)
        if error is None:
            self._acquire = acquire
        return error

    async def _obtain(self, acquire: Callable[..., Token], *, renew: bool) -> SignInError | None:
        """Put a new token in hand, or tell why there is none."""
        began_at = self._clock.monotonic()
        try:
            token = await self._in_time(acquire, renew=renew)
        except SignInError as error:
            self._metrics.signed_in(outcome=error.code)
            return error
        self._token, self._obtained_at = token, began_at  # Microsoft counts from before its answer
        self._came_back()
        return None

    async def _in_time(self, acquire: Callable[..., Token], *, renew: bool) -> Token:
        """The outcome of a sign-in; nobody waits for one that is stuck, and no other is begun beside it."""
        if self._at_work and not self._at_work.done():
            raise SignInUnavailable(_STUCK) from TimeoutError()
        self._at_work = attempt = asyncio.create_task(off_loop(partial(acquire, renew=renew)))
        try:
            await asyncio.wait({attempt}, timeout=self._patience_s)
        except asyncio.CancelledError:
            attempt.cancel()
            raise
        if not attempt.done():
            raise SignInUnavailable(_STUCK) from TimeoutError()
        return await attempt

    def _came_back(self) -> None:
        self._metrics.signed_in(outcome="ok")
        if self.fault is not None:
            _LOG.info("Signed in to Microsoft again")
        self.fault, self._failures, self._next_attempt_at = None, 0, float("-inf")

    def _went_bad(self, error: SignInError) -> None:
        if self.fault is None or (self.fault.code, self.fault.aadsts) != (error.code, error.aadsts):
            _LOG.error("Sign-in failed: %s", error, extra={"error_code": error.code})
        self.fault = error
        self._failures += 1
        self._next_attempt_at = self._clock.monotonic() + pause_s(error, failures=self._failures)


async def _ended(attempt: asyncio.Task[SignInError | None]) -> SignInError | None:
    """How a sign-in has ended; whoever gives up on it stops it for nobody else."""
    with progress().waiting():
        return await asyncio.shield(attempt)


def pause_s(error: SignInError, *, failures: int) -> float:
    """Seconds to leave Microsoft alone after so many failures in a row, of which this is the last."""
    if isinstance(error, PasswordRefused):
        return _PASSWORD_S
    if isinstance(error, SignInRefused):
        return _PERSON_NEEDED_S
    backoff = min(_TRANSIENT_CAP_S, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1)  # noqa: S311 - jitter
    return max(backoff, error.retry_after_s or 0)
