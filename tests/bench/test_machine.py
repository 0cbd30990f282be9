import os
from importlib.metadata import version

import pytest

from bench.cores import BusyCore, Cores, on_core
from bench.machine import Machine
from bench.peers import installed

TWO_CORES = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")


@TWO_CORES
def test_server_and_load_never_share_a_core() -> None:
    cores = Cores.found()
    assert cores.server != cores.load
    assert {cores.server, cores.load} <= os.sched_getaffinity(0)


def test_with_a_single_core_nothing_is_measured() -> None:
    with on_core(min(os.sched_getaffinity(0))), pytest.raises(SystemExit, match="two cores"):
        Cores.found()


def test_a_core_is_borrowed_for_the_block_alone() -> None:
    before = os.sched_getaffinity(0)
    with on_core(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_how_busy_a_core_is_lies_between_nothing_and_all() -> None:
    assert 0 <= BusyCore(min(os.sched_getaffinity(0))).share <= 1


def test_a_peer_that_is_not_installed_is_known_to_be_missing() -> None:
    assert not installed("a-program-that-nobody-has")


def test_the_machine_is_told_by_what_decides_about_speed() -> None:
    machine = Machine.this()
    assert machine.cores == len(os.sched_getaffinity(0))
    assert machine.processor
    assert machine.libraries["uvicorn"] == version("uvicorn")
