"""Microsoft's limit on presence: 1,500 requests in 30 seconds per app and tenant ("throttling-limits")."""

import math
from dataclasses import dataclass, field
from http import HTTPStatus

from .clock import Clock
from .graph_errors import GraphError

PRESENCE_LIMIT = 1_500
PRESENCE_WINDOW_S = 30.0


@dataclass(slots=True, kw_only=True)
class Throttle:
    """One window per caller. Refused calls count too, as documented, so hammering never helps."""

    clock: Clock
    limit: int = PRESENCE_LIMIT
    window_s: float = PRESENCE_WINDOW_S
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict)

    def spend(self, caller: str) -> None:
        """Count one call; raises the documented 429 above the limit."""
        now = self.clock.now()
        opened, count = self._windows.get(caller, (now, 0))
        if now - opened >= self.window_s:
            opened, count = now, 0
        self._windows[caller] = (opened, count + 1)
        if count >= self.limit:
            raise too_many_requests(math.ceil(opened + self.window_s - now))


def too_many_requests(retry_after_s: int) -> GraphError:
    """The answer shown on the page "Microsoft Graph throttling guidance"."""
    return GraphError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequests",
        "Please retry again later.",
        headers={"retry-after": str(retry_after_s)},
        inner={"code": "429", "message": "Please retry after", "status": "429"},
    )
