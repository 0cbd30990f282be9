"""What `bench.sweep_cost` finds."""

import msgspec

from bench.processes import told_by
from bench.run import Run
from bench.sweep_cost import Found


def measure(run: Run) -> None:
    """The cost of a sweep, as a share of a core."""
    found = msgspec.convert(told_by("bench.sweep_cost", str(run.rounds), core=run.cores.server), Found)
    run.results.rounds["sweep_cost"] = [100 * share for share in found.share]
    run.results.rounds["sweep_change"] = found.change_us
