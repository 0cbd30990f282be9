"""What Prometheus reads off a tenant at the moment it asks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.ingest.tenant import Tenant
from app.metrics import PREFIX


class TenantGauges(Collector):
    """The state of one tenant as metrics; nothing is kept between two readings."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def collect(self) -> Iterator[Metric]:
        """Every metric of this moment."""
        yield from self._of_the_feeds()
        yield from self._of_the_knowledge()
        yield from self._of_the_process()
        yield from self._of_microsoft()

    def _of_the_feeds(self) -> Iterator[Metric]:
        feeds = self._tenant.supervisor.feeds
        ages = {feed.name: feed.age_s for feed in feeds}
        yield _gauges("feed_age_seconds", "Seconds since a feed's last good round.", "feed", ages)
        good = {feed.name: float(feed.rounds) for feed in feeds}
        yield _counts("feed_rounds", "Good rounds of a feed.", "feed", good)
        bad = {feed.name: float(feed.failed_rounds) for feed in feeds}
        yield _counts("feed_failures", "Failed rounds of a feed.", "feed", bad)
        hung = {feed.name: float(feed.hung) for feed in feeds}
        yield _gauges(
            "feed_hung",
            "1 from when a round of a feed had to be broken off until another has ended.",
            "feed",
            hung,
        )
        restarts = {feed.name: float(self._tenant.supervisor.restarts[feed.name]) for feed in feeds}
        yield _counts("task_restarts", "Tasks that ended unasked and were started again.", "task", restarts)

    def _of_the_knowledge(self) -> Iterator[Metric]:
        people = asdict(self._tenant.census.latest)
        yield _gauges("people", "People by what is known of them.", "state", people)
        unknown = self._tenant.store.unknown_words
        yield _gauge("unknown_words", "Words Microsoft has not documented so far.", len(unknown.words))
        yield _count("unknown_readings", "Readings that held such a word.", unknown.readings)

    def _of_the_process(self) -> Iterator[Metric]:
        yield _gauge("ready", "1 when ready.", self._tenant.ready)
        lag = self._tenant.lag
        yield _gauge("event_loop_lag_seconds", "How late the event loop was just now.", lag.latest_s)
        yield _gauge("event_loop_lag_max_seconds", "The worst of the last minute.", lag.worst_s)

    def _of_microsoft(self) -> Iterator[Metric]:
        left = self._tenant.tokens.expires_in_s
        yield _gauge("token_seconds_left", "Seconds until the token in hand expires.", left)
        now = self._tenant.clock.now()
        ends = {one.credential.value: one.left_s(now) for one in self._tenant.countdown.latest}
        yield _gauges("credential_expires_seconds", "Seconds until a credential ends.", "credential", ends)
        budget = self._tenant.budget
        paces = {"presence": budget.presence.rate_per_s, "directory": budget.directory.rate_per_s}
        yield _gauges("graph_pace_per_second", "Requests a second we allow ourselves.", "budget", paces)


def _gauge(name: str, description: str, value: float | None) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", description, labels=[])
    if value is not None:
        family.add_metric([], float(value))
    return family


def _count(name: str, description: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", description, value=value)


def _gauges(name: str, description: str, label: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", description, labels=[label])
    for key, value in _known(values):
        family.add_metric([key], value)
    return family


def _counts(name: str, description: str, label: str, values: Mapping[str, float | None]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", description, labels=[label])
    for key, value in _known(values):
        family.add_metric([key], value)
    return family


def _known(values: Mapping[str, float | None]) -> Iterable[tuple[str, float]]:
    return ((key, float(value)) for key, value in values.items() if value is not None)
