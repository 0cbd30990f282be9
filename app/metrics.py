"""What is counted for Prometheus; the counters, and the page they are read from.

`docs/metrics.md` lists every metric; what can be read off the parts at any moment (ages, people, the pace) is
not counted here but collected when somebody asks.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

PREFIX = "teams_presence"
CONTENT_TYPE = CONTENT_TYPE_LATEST
# From a hit in memory to a first look at Microsoft, which takes 1.5 s at most.
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_BOUNDS = (*map(floatToGoString, _BUCKETS_S), "+Inf")

# The library's switch for a second series beside each counter, which the text format has no use for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no type for it


class Answered:
    """The requests for one route with one method, and how long they took, in plain numbers.

    The library's own counters take a lock and a microsecond each, a fifth of what a whole hit may cost. These
    need no lock: only the event loop counts.
    """

    __slots__ = ("by_bucket", "by_status", "seconds")

    def __init__(self) -> None:
        self.by_status: dict[int, int] = defaultdict(int)
        self.by_bucket = [0] * len(_BOUNDS)
        self.seconds = 0.0

    def count(self, status: int, took_s: float) -> None:
        """Count one."""
        self.by_status[status] += 1
        self.by_bucket[bisect_left(_BUCKETS_S, took_s)] += 1
        self.seconds += took_s


class _Requests(Collector):
    """Tells what was answered as the library's own counter and histogram would."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str], Answered] = defaultdict(Answered)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            f"{PREFIX}_requests", "Requests answered.", labels=("route", "method", "status")
        )
        for (route, method), answered in self.answered.items():
            for status, count in answered.by_status.items():
                requests.add_metric((route, method, str(status)), count)
        yield requests
        yield self._durations()

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            f"{PREFIX}_request_duration_seconds", "Seconds until an answer began.", labels=("route",)
        )
        for route in dict.fromkeys(route for route, _ in self.answered):
            methods = [answered for (of, _), answered in self.answered.items() if of == route]
            counts = map(sum, zip(*(one.by_bucket for one in methods), strict=True))
            buckets = tuple(zip(_BOUNDS, accumulate(counts), strict=True))
            family.add_metric((route,), buckets, sum(one.seconds for one in methods))
        return family


class _DroppedRecords(Collector):
    """Tells what the log has counted itself."""

    def __init__(self, dropped: Callable[[], int]) -> None:
        self._dropped = dropped

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            f"{PREFIX}_log_records_dropped", "Log records that nobody took in time.", value=self._dropped()
        )


class Metrics:
    """The counters of one application, in a registry of its own: two in one process share nothing."""

    def __init__(self, dropped_records: Callable[[], int] = int) -> None:
        self._registry = CollectorRegistry()
        self._requests = _Requests()
        self._registry.register(self._requests)
        self._registry.register(_DroppedRecords(dropped_records))
        self._graph_requests = self._counter(
            "graph_requests", "Requests to Microsoft Graph.", "endpoint", "status"
        )
        self._sign_ins = self._counter("sign_ins", "Attempts to get a token.", "outcome")

    def request_answered(self, *, route: str, method: str, status: int, took_s: float) -> None:
        """Count a request; `route` is a template and never what the caller wrote."""
        self.answered(route=route, method=method).count(status, took_s)

    def answered(self, *, route: str, method: str) -> Answered:
        """Where the requests for one route are counted, for whoever counts many of them."""
        return self._requests.answered[route, method]

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
