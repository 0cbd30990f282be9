"""What the absolute figures would be on the machine for which the aims were set.

Ratios travel, figures in people a second and shares of a core do not. A request to the bare web server took
22 µs there; these are the figures if everything were faster by as much.
"""

from statistics import median

from bench.contestants import CEILING
from bench.results import Results

_CEILING_US = 22.0


def scale(results: Results) -> None:
    """Add the scaled figures of a run that has measured its ceiling."""
    if not (ceiling := results.peer(CEILING)):
        return
    slower = 1e6 / median(ceiling.per_s) / _CEILING_US
    scales = (("batch", slower, "batch_scaled"), ("sweep_cost", 1 / slower, "sweep_cost_scaled"))
    for name, factor, scaled in scales:
        if rounds := results.rounds.get(name):
            results.rounds[scaled] = [factor * one for one in rounds]
