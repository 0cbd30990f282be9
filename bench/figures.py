"""What is measured, and what the aim is."""

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: how its number is written, its unit, and the aim if it has one.

    `by_worst`: not the median but the worst of all rounds has to reach the aim.
    """

    title: str
    form: str
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    by_worst: bool = False

    def written(self, value: float) -> str:
        """The value with its unit."""
        return f"{self.number(value)} {self.unit}".strip()

    def number(self, value: float) -> str:
        """The value alone."""
        return format(value, self.form)

    @property
    def aim(self) -> str:
        """In words; empty without one."""
        if self.at_least is not None:
            return f"≥ {self.written(self.at_least)}"
        if self.at_most is not None:
            return f"≤ {self.written(self.at_most)}{', always' if self.by_worst else ''}"
        return ""

    def is_reached_by(self, *, middle: float, least: float, most: float) -> bool:
        """Whether rounds with this median and these ends reach the aim."""
        if self.at_least is not None:
            return (least if self.by_worst else middle) >= self.at_least
        return self.at_most is not None and (most if self.by_worst else middle) <= self.at_most


FIGURES = {
    "hit": Figure(title="GET hit with key, ETag, metrics: share of the ceiling", form=".2f", at_least=0.80),
    "unchanged": Figure(title="GET hit answering 304: share of the ceiling", form=".2f", at_least=1.0),
    "lookup": Figure(title="`/lookup?email=` hit: share of the ceiling", form=".2f", at_least=0.70),
    "hit_times_usual": Figure(
        title="GET hit against the usual FastAPI way", form=".1f", unit="times", at_least=4.4
    ),
    "batch": Figure(
        title="POST batch of 1,000, on one core", form=",.0f", unit="people/s", at_least=1_000_000
    ),
    "batch_times_usual": Figure(
        title="POST batch against the usual way", form=".1f", unit="times", at_least=4.0
    ),
    "p99_times": Figure(
        title="p99 of a hit at half the ceiling's load during a sweep of 100,000, against without",
        form=".1f",
        unit="times",
        at_most=3.0,
    ),
    "sweep_cost": Figure(
        title="sweep of 32,500 people/s, 1 % changed: decode, compare, update",
        form=".1f",
        unit="% of a core",
        at_most=3.0,
    ),
    "whole_sweep": Figure(
        title="whole sweep of 100,000 people, against the 3.1 s that Microsoft's limit allows",
        form=".2f",
        unit="times",
        at_most=1.3,
    ),
    "memory": Figure(
        title="memory for 100,000 people: RSS above an empty service", form=".0f", unit="MB", at_most=150.0
    ),
    "alive": Figure(title="from start to alive", form=".2f", unit="s", at_most=1.0),
    "ready": Figure(title="from start to ready with 10,000 people", form=".2f", unit="s", at_most=15.0),
    "warm": Figure(title="from start to ready from a snapshot", form=".2f", unit="s", at_most=2.0),
    "pause": Figure(
        title="longest wait for an answer while a snapshot of 100,000 people is written",
        form=".0f",
        unit="ms",
        at_most=50.0,
        by_worst=True,
    ),
    "batch_same": Figure(
        title="POST batch of 1,000, the same list again and again", form=",.0f", unit="people/s"
    ),
    "batch_all": Figure(
        title="POST batch of 1,000, each list of other people among 10,000", form=",.0f", unit="people/s"
    ),
    "batch_scaled": Figure(
        title="the batch, were the ceiling 22 µs a request, as where the aims were set",
        form=",.0f",
        unit="people/s",
    ),
    "sweep_cost_scaled": Figure(
        title="the sweep of 32,500 people/s, in the same way", form=".1f", unit="% of a core"
    ),
    "sweep_cost_mixed": Figure(
        title="that sweep, were every answer in another order than the one before",
        form=".1f",
        unit="% of a core",
    ),
    "p99_quiet": Figure(title="p99 of a hit at half the ceiling's load, no sweep", form=".2f", unit="ms"),
    "p99_sweep": Figure(title="the same during a sweep of 100,000", form=".2f", unit="ms"),
    "p99_late": Figure(title="of that, before the load had sent the request", form=".2f", unit="ms"),
    "carried": Figure(title="of the requests that were due then, answered", form=".3f"),
    "p99_left_out": Figure(
        title="left out of a round, because the ceiling changed by more than a quarter meanwhile",
        form=".0f",
        unit="sweeps",
    ),
    "first_question": Figure(
        title="the first question about somebody, above a later one", form=".0f", unit="µs"
    ),
    "resident": Figure(title="RSS of the service with 100,000 people", form=".0f", unit="MB"),
    "ready_large": Figure(title="from start to ready with 100,000 people", form=".1f", unit="s"),
    "pause_without": Figure(title="longest wait when no snapshot is written", form=".0f", unit="ms"),
    "snapshot_took": Figure(title="writing that snapshot under load", form=".1f", unit="s"),
}
