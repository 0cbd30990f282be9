"""How much of a missed aim is the machine's."""

from bench.machine import Machine
from bench.results import Peer, Results
from bench.scaled import scale

MACHINE = Machine(cores=2, processor="Some CPU", python="3.11", libraries={})


def test_absolute_figures_are_also_told_at_the_pace_of_the_machine_for_which_the_aims_were_set() -> None:
    """44 µs a request at the ceiling, where 22 were assumed: everything took twice as long."""
    bare = Peer(name="bare", title="bare", per_s=[1e6 / 44] * 3)
    rounds = {"batch": [500_000.0], "sweep_cost": [4.0, 6.0]}
    results = Results(machine=MACHINE, date="2026-01-01", peers=[bare], rounds=rounds)
    scale(results)
    assert [round(one, 6) for one in results.rounds["batch_scaled"]] == [1_000_000.0]
    assert [round(one, 6) for one in results.rounds["sweep_cost_scaled"]] == [2.0, 3.0]


def test_nothing_is_scaled_without_a_ceiling_of_the_same_run() -> None:
    results = Results(machine=MACHINE, date="2026-01-01", rounds={"batch": [500_000.0]})
    scale(results)
    assert list(results.rounds) == ["batch"]
