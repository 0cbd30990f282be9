"""Our share of Microsoft's patience: a token bucket that everything talking to Graph draws from."""

import asyncio

from app.clock import Clock

# Microsoft Graph throttling limits, *Presence*: 1,500 requests in 30 s per application and tenant. A bucket
# lets `burst + 30 * rate` through in any 30 s: 1,473 here. Nearly all of it is pace and little of it burst,
# because answers that come all at once would be taken in all at once, and callers would wait meanwhile.
PRESENCE_RATE = 49.0
PRESENCE_BURST = 3.0
# The directory has a budget of its own: at least 3,500 resource units in 10 s, a request costs one or two.
DIRECTORY_RATE = 100.0
DIRECTORY_BURST = 100.0
# One refusal halves the pace; from the floor, a minute without another brings the whole pace back.
_SLOWEST_PER_S = 1.0
_RECOVERS_IN_S = 60.0
# Shorter waits are a rounding error.
_INSTANT_S = 1e-9


class TokenBucket:
    """Lets `rate_per_s` calls a second through, after a quiet time up to `burst` at once; never more.

    Told to slow down it halves pace and burst, and takes both back little by little while calls succeed.
    Whoever waits is served in the order of asking: the first in the queue watches bucket and hold for all, so
    that a hold stops those already waiting, and one who gives up has used up nothing.
    """

    def __init__(self, *, rate_per_s: float, burst: float, clock: Clock) -> None:
        self._full_rate = self._rate = rate_per_s
        self._burst = burst
        self._clock = clock
        self._queue = asyncio.Lock()
        self._left = burst
        self._filled_at = self._held_until = self._slowed_at = self._eased_at = clock.monotonic()

    @property
    def rate_per_s(self) -> float:
        """Calls a second at the present pace."""
        return self._rate

    async def take(self) -> None:
        """Wait for a turn."""
        async with self._queue:
            while (wait_s := self._wait_s()) > _INSTANT_S:
                await self._clock.sleep(wait_s)
            self._left -= 1

    def hold_off(self, seconds: float) -> None:
        """Let nothing through for that long: Microsoft asked for it."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def throttled(self, *, asked_at: float, pause_s: float) -> None:
        """Slow down and let nothing through for `pause_s`: a call that left at `asked_at` was refused.

        Calls that were under way together and are refused together are one reason, not many.
        """
        if asked_at >= self._slowed_at:
            self._pass_time()
            self._slowed_at = self._clock.monotonic()
            self._set_rate(self._rate / 2)
        self.hold_off(pause_s)
        self._eased_at = self._held_until

    def succeeded(self) -> None:
        """Take back some of the pace, in proportion to the time since it last changed."""
        self._pass_time()
        regained = self._full_rate * max(0.0, self._filled_at - self._eased_at) / _RECOVERS_IN_S
        self._eased_at = max(self._eased_at, self._filled_at)
        self._set_rate(self._rate + regained)

    def _set_rate(self, rate_per_s: float) -> None:
        self._rate = min(self._full_rate, max(_SLOWEST_PER_S, rate_per_s))
        self._left = min(self._left, self._most())

    def _most(self) -> float:
        """What may go at once: the burst, as much smaller as the pace is slower."""
        return max(1.0, self._burst * self._rate / self._full_rate)

    def _pass_time(self) -> None:
        now = self._clock.monotonic()
        self._left = min(self._most(), self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now

    def _wait_s(self) -> float:
        self._pass_time()
        return max(self._held_until - self._filled_at, (1 - self._left) / self._rate)


class GraphBudget:
    """The buckets of one tenant. Microsoft limits presence and the directory apart, and so do we.

    One that must wait does not stop the other: a throttled listing never lets presence grow old.
    """

    def __init__(self, clock: Clock) -> None:
        self.presence = TokenBucket(rate_per_s=PRESENCE_RATE, burst=PRESENCE_BURST, clock=clock)
        self.directory = TokenBucket(rate_per_s=DIRECTORY_RATE, burst=DIRECTORY_BURST, clock=clock)

    def bucket_for(self, path: str) -> TokenBucket:
        """The bucket that a request to this path draws from."""
        return self.presence if path.startswith("/v1.0/communications/") else self.directory
