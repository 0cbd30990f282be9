"""`python -m bench`: every figure from scratch, or some of them while something is being changed."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

from bench import batch, calls, hits, large, pause, start, sweeping
from bench.cores import BusyCore, Cores
from bench.machine import Machine
from bench.plot import drawn
from bench.processes import NotStarted
from bench.report import written
from bench.results import Results
from bench.run import Run
from bench.scaled import scale
from bench.wire import WrongAnswer

_HERE = Path(__file__).parent
_MEASUREMENTS: Mapping[str, Callable[[Run], None]] = {
    "hits": hits.measure,
    "calls": calls.measure,
    "batch": batch.measure,
    "sweep-cost": sweeping.measure,
    "large": large.measure,
    "start": start.measure,
    "pause": pause.measure,
}
# Takes seconds, while the pace of a shared machine changes by the minute: looked at again and again between
# the others, once each time.
_IN_BETWEEN = "sweep-cost"
# At least five, or a median says little.
_ROUNDS, _SECONDS = 5, 1.0
_QUICK_ROUNDS, _QUICK_SECONDS = 2, 0.4
_LOOKED_S, _QUIET = 2.0, 0.05


def main() -> None:
    """Measure, and write the table and the plot, or print the table of a partial run."""
    chosen = _parser().parse_args()
    results = measured(chosen.only or list(_MEASUREMENTS), quick=chosen.quick, rounds=chosen.rounds)
    if chosen.out or not (chosen.only or chosen.quick):
        save(results, chosen.out or _HERE)
    sys.stdout.write(written(results))


def measured(names: list[str], *, quick: bool, rounds: int | None = None) -> Results:
    """The results of these measurements."""
    began = time.monotonic()
    results = Results(machine=Machine.this(), date=datetime.now(UTC).date().isoformat())
    cores = Cores.found()
    _look_for_others(results, cores)
    os.sched_setaffinity(0, {cores.load})
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Run(
            folder=Path(folder),
            cores=cores,
            rounds=rounds or (_QUICK_ROUNDS if quick else _ROUNDS),
            seconds=_QUICK_SECONDS if quick else _SECONDS,
            results=results,
        )
        for name in in_turn(names, rounds=run.rounds):
            _tell(f"{time.monotonic() - began:4.0f} s  {name} …")
            _attempt(name, run)
    scale(results)
    results.minutes = (time.monotonic() - began) / 60
    return results


def in_turn(names: Sequence[str], *, rounds: int) -> list[str]:
    """What to measure one after the other."""
    if _IN_BETWEEN not in names:
        return [*names]
    others = [name for name in names if name != _IN_BETWEEN]
    more = max(rounds - len(others), 1)
    return [each for name in others for each in (_IN_BETWEEN, name)] + more * [_IN_BETWEEN]


def _look_for_others(results: Results, cores: Cores) -> None:
    """Whoever else works on these cores is measured with everybody; the page has to say so."""
    server, load = BusyCore(cores.server), BusyCore(cores.load)
    time.sleep(_LOOKED_S)
    if max(server.share, load.share) > _QUIET:
        results.remark(
            f"The machine had other work: before anything was started its two cores were {server.share:.0%} "
            f"and {load.share:.0%} busy."
        )


def _attempt(name: str, run: Run) -> None:
    """One that cannot be done is told on the page, and does not cost the others."""
    try:
        _MEASUREMENTS[name](run)
    except (NotStarted, WrongAnswer, TimeoutError, CalledProcessError) as error:
        _tell(f"{name} failed: {error}")
        run.results.remark(f"`{name}` could not be measured to its end.")


def save(results: Results, folder: Path) -> None:
    """The rounds, the table and the plot."""
    results.save(folder / "results.json")
    (folder / "RESULTS.md").write_text(written(results))
    (folder / "results.svg").write_text(drawn(results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(_MEASUREMENTS), help="this one; may be repeated; prints only"
    )
    parser.add_argument("--quick", action="store_true", help="few and short rounds; prints only")
    parser.add_argument(
        "--rounds", type=int, help=f"at least, instead of {_ROUNDS}, or {_QUICK_ROUNDS} quick ones"
    )
    parser.add_argument("--out", type=Path, help="write the files here, whatever was measured")
    return parser


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
