"""Who called what: counters and a log, so that a test can say "one request, not eight"."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any

ENDPOINTS = (
    "token",
    "discovery",
    "userrealm",
    "users",
    "users_delta",
    "user",
    "getPresencesByUserId",
    "presence",
    "groups",
    "applications",
    "domains",
)
LOG_LENGTH = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. Status 0 means that nothing was answered: reset or left hanging."""

    time: str
    monotonic_s: float = field(default_factory=monotonic)
    endpoint: str
    status: int
    ids: int | None = None
    client_request_id: str | None = None
    grant_type: str | None = None


class Calls:
    """Counted on arrival, logged when the outcome is known."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._log: deque[Call] = deque(maxlen=LOG_LENGTH)

    def arrived(self, endpoint: str) -> None:
        """Count a call."""
        self._counts[endpoint] += 1

    def ended(self, call: Call) -> None:
        """Write a call down."""
        self._log.append(call)

    def counts(self) -> dict[str, int]:
        """How often each endpoint was called."""
        return {name: self._counts[name] for name in ENDPOINTS}

    def last(self, number: int) -> list[dict[str, Any]]:
        """The newest calls, oldest first."""
        return [asdict(call) for call in list(self._log)[-number:]] if number > 0 else []

    def reset(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._log.clear()
