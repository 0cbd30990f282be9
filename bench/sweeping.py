"""What `bench.sweep_cost` finds."""

from bench.processes import told_by
from bench.run import Run


def measure(run: Run) -> None:
    """One more round of the cost of a sweep, as a share of a core, with either order of the answers."""
    for name, share in told_by("bench.sweep_cost", core=run.cores.server).items():
        run.results.note(name, 100 * share)
