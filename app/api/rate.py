"""How often one key may ask, so that one phone system gone wild does not slow the others."""

from collections.abc import Callable

from app.errors import TooManyRequests

_EVERYBODY = ""


class RateLimit:
    """A bucket of requests for each key: so many a second, twice that at once (at least one).

    Callers without a key share one bucket: they are all on this machine. 0 a second is no limit.
    """

    def __init__(self, rate_per_s: float, *, timer: Callable[[], float]) -> None:
        self._rate = rate_per_s
        self._burst = max(1.0, 2 * rate_per_s)
        self._timer = timer
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key_name: str | None) -> None:
        """Count one request. Raises TooManyRequests, which costs nothing of what is left."""
        if not self._rate:
            return
        now, name = self._timer(), key_name or _EVERYBODY
        left, at = self._left.get(name, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        if left < 1:
            wait_s = (1 - left) / self._rate
            raise TooManyRequests("This key has asked too often: ask again later.", retry_after_s=wait_s)
        self._left[name] = (left - 1, now)
