"""What `bench.sweep_cost` finds."""

from bench.processes import told_by
from bench.run import Run


def measure(run: Run) -> None:
    """The cost of a sweep, as a share of a core."""
    both = told_by("bench.sweep_cost", str(run.rounds), core=run.cores.server)
    for name, shares in zip(("sweep_cost", "sweep_cost_mixed"), both, strict=True):
        run.results.rounds[name] = [100 * share for share in shares]
