"""Our share of Microsoft's patience: a token bucket that everything talking to Graph draws from."""

from app.clock import Clock

# Microsoft Graph throttling limits, *Presence*: 1,500 requests in 30 s per application and tenant. A bucket
# lets `burst + 30 * rate` through in any 30 s: 1,480 here.
PRESENCE_RATE = 46.0
PRESENCE_BURST = 100.0


class TokenBucket:
    """Lets `rate_per_s` calls a second through, after a quiet time up to `burst` at once."""

    def __init__(self, *, rate_per_s: float, burst: float, clock: Clock) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._filled_at = clock.monotonic()

    async def take(self) -> None:
        """Wait for a turn. Turns are given in the order they were asked for."""
        self._fill()
        self._left -= 1
        if self._left < 0:
            await self._clock.sleep(-self._left / self._rate)

    def try_take(self) -> bool:
        """Take a turn if there is one right now."""
        self._fill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def hold_off(self, seconds: float) -> None:
        """Let nothing through for that long: Microsoft asked for it."""
        self._fill()
        self._left = min(self._left, -seconds * self._rate)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now
