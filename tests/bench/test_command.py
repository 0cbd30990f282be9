"""`python -m bench` runs: real processes, real answers, and files that agree with each other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.command import in_turn
from bench.plot import drawn
from bench.report import written
from bench.results import Results
from tests.support.processes import ROOT


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.timeout(300)  # ten seconds on a quiet machine; ten times that on a very busy one
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_one_short_round_writes_a_page_of_what_it_has_measured(tmp_path: Path) -> None:
    done = bench("--quick", "--rounds", "1", "--only", "calls", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    results = Results.load(tmp_path / "results.json")
    assert results.call_us.keys() == {"bare", "hit", "unchanged", "lookup", "usual", "careless"}
    assert all(us > 0 for (us,) in results.call_us.values())
    assert "Called without sockets the application takes" in results.time_goes
    assert done.stdout == (tmp_path / "RESULTS.md").read_text() == written(results)
    assert (tmp_path / "results.svg").read_text() == drawn(results)


def test_what_takes_only_seconds_is_looked_at_all_through_the_run() -> None:
    assert in_turn(["hits", "sweep-cost", "large"], rounds=1) == [
        *("sweep-cost", "hits", "sweep-cost", "large", "sweep-cost")
    ]
    assert in_turn(["sweep-cost"], rounds=5) == ["sweep-cost"] * 5


def test_a_figure_that_does_not_exist_is_refused() -> None:
    done = bench("--only", "speed")
    assert done.returncode == 2
    assert "hits" in done.stderr
