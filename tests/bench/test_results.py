"""The page says what was measured: no figure in it that the rounds do not have."""

import re
from pathlib import Path
from statistics import median
from xml.etree import ElementTree as ET

import pytest

from bench.figures import FIGURES, Figure
from bench.machine import Machine
from bench.plot import drawn
from bench.report import written
from bench.results import Peer, Results
from tests.support.processes import ROOT

MACHINE = Machine(cores=2, processor="Some CPU", python="3.11", libraries={"uvicorn": "1"})
SAVED = ROOT / "bench" / "results.json"


def a_run() -> Results:
    """Of two contestants, with one figure that is reached and one that is missed."""
    results = Results(machine=MACHINE, date="2026-01-01")
    results.peers = [
        Peer(name="bare", title="bare", per_s=[100.0, 200.0], share=[1.0, 1.0], busy=[1.0]),
        Peer(name="hit", title="this service: a <hit>", per_s=[85.0, 170.0], share=[0.85, 0.85], busy=[1.0]),
    ]
    results.rounds = {"hit": [0.85, 0.85, 0.7], "memory": [150.4, 221.0, 220.0]}
    return results


def test_an_aim_that_could_not_be_measured_is_missed_and_says_why() -> None:
    results = a_run()
    results.fail("p99_times", "the machine never kept its pace")
    page = written(results)
    assert "1 of 3 aims are reached" in page
    assert "| not measured |  | **no**: the machine never kept its pace |" in page


def test_a_figure_is_judged_by_its_median() -> None:
    results = a_run()
    assert results.reached("hit")
    assert not results.reached("memory")
    assert not results.reached("batch")


def test_never_means_not_even_in_the_worst_round() -> None:
    never = Figure(title="pause", form=".0f", at_most=50.0, by_worst=True)
    assert never.is_reached_by(middle=10.0, least=5.0, most=50.0)
    assert not never.is_reached_by(middle=10.0, least=5.0, most=51.0)


def test_a_missed_aim_is_said_in_words() -> None:
    page = written(a_run())
    assert "1 of 2 aims are reached. Missed: memory for 100,000 people" in page
    assert "| 0.85 | 0.70 to 0.85 | yes |" in page
    assert "| 220 MB | 150 to 221 MB | **no** |" in page


def test_a_figure_without_an_honest_value_is_missed() -> None:
    results = a_run()
    results.fail("hit", "the queue grows")
    assert not results.reached("hit")
    assert "**no**: the queue grows" in written(results)


def test_what_was_saved_is_what_is_read(tmp_path: Path) -> None:
    a_run().save(tmp_path / "results.json")
    assert written(Results.load(tmp_path / "results.json")) == written(a_run())


def test_the_plot_has_a_bar_for_everybody_as_long_as_its_share() -> None:
    tree = ET.fromstring(drawn(a_run()))  # noqa: S314 - our own drawing
    bars = [bar for bar in tree.iter() if bar.get("class") in {"ours", "other"} and bar.get("height") == "20"]
    bare, hit = (float(bar.get("width", "")) for bar in bars)
    assert hit / bare == pytest.approx(0.85, abs=0.01)


def test_every_aim_of_the_page_is_a_figure_that_is_measured() -> None:
    """A name that nobody writes would be missing from the table without a word."""
    sources = "".join(path.read_text() for path in (ROOT / "bench").glob("*.py") if path.name != "figures.py")
    assert not [name for name in FIGURES if f'"{name}"' not in sources]


@pytest.mark.skipif(not SAVED.exists(), reason="nobody has run `make bench` here")
def test_the_published_page_and_plot_are_those_of_the_published_rounds() -> None:
    results = Results.load(SAVED)
    assert (SAVED.parent / "RESULTS.md").read_text() == written(results)
    assert (SAVED.parent / "results.svg").read_text() == drawn(results)


@pytest.mark.skipif(not SAVED.exists(), reason="nobody has run `make bench` here")
def test_the_published_run_is_complete() -> None:
    """Every figure, at least five rounds of each."""
    results = Results.load(SAVED)
    assert FIGURES.keys() == results.rounds.keys() | results.failed.keys()
    assert min(map(len, results.rounds.values())) >= 5
    assert min(len(peer.per_s) for peer in results.peers) >= 5
    for name, shown in re.findall(r"^\| ([^|]+) \| ([\d,]+) \|", written(results), re.MULTILINE):
        peer = next(peer for peer in results.peers if peer.title == name)
        assert shown == f"{median(peer.per_s):,.0f}"
