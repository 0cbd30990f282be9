"""What `bench.sweep_cost` finds."""

from bench.processes import told_by
from bench.run import Run


def measure(run: Run) -> None:
    """The cost of a sweep, as a share of a core."""
    shares = told_by("bench.sweep_cost", str(run.rounds), core=run.cores.server)
    run.results.rounds["sweep_cost"] = [100 * share for share in shares]
