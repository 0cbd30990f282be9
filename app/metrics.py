"""What is counted for Prometheus; the counters, and the page they are read from.

`docs/metrics.md` lists every metric; what can be read off the parts at any moment (ages, people, the pace) is
not counted here but collected when somebody asks.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

PREFIX = "teams_presence"
CONTENT_TYPE = CONTENT_TYPE_LATEST
# From a hit in memory to a first look at Microsoft, which takes 1.5 s at most.
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


# The library's switch for a second series beside each counter, which the text format has no use for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no type for it


class Metrics:
    """The counters of one application, in a registry of its own: two in one process share nothing."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests answered.", "route", "method", "status")
        self._seconds = Histogram(
            f"{PREFIX}_request_duration_seconds",
            "Seconds until an answer began.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._graph_requests = self._counter(
            "graph_requests", "Requests to Microsoft Graph.", "endpoint", "status"
        )
        self._sign_ins = self._counter("sign_ins", "Attempts to get a token.", "outcome")

    def request_answered(self, *, route: str, method: str, status: int, took_s: float) -> None:
        """Count a request; `route` is a template and never what the caller wrote."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(took_s)

    def graph_answered(self, *, endpoint: str, status: int | None) -> None:
        """Count a request to Microsoft Graph; without a status there was no answer."""
        self._graph_requests.labels(endpoint, status or "none").inc()

    def signed_in(self, *, outcome: str) -> None:
        """Count an attempt to get a token: `ok`, or the machine word of its error."""
        self._sign_ins.labels(outcome).inc()

    def collect_from(self, collector: Collector) -> None:
        """Ask this collector whenever the page is read."""
        self._registry.register(collector)

    def page(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", description, labels, registry=self._registry)
