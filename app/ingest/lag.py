"""How late the event loop wakes those who sleep: what every caller would have to wait on top."""

from collections import deque

from app.clock import Clock

MEASURED_OVER_S = 0.5
_REMEMBERED = 120


class LoopLag:
    """Measures again and again how much longer a short sleep takes than it should; keeps the last minute.

    A suspension of the machine counts: nobody was answered meanwhile.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[float] = deque([0.0], maxlen=_REMEMBERED)

    @property
    def latest_s(self) -> float:
        """How late the loop was the last time, in seconds."""
        return self._latest[-1]

    @property
    def worst_s(self) -> float:
        """The worst of the last minute, in seconds."""
        return max(self._latest)

    async def round(self) -> None:
        """Sleep for half a second and see how long that took."""
        due_at = self._clock.monotonic() + MEASURED_OVER_S
        await self._clock.sleep(MEASURED_OVER_S)
        self._latest.append(max(0.0, self._clock.monotonic() - due_at))
