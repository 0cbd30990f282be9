"""Answers a second of everybody, round after round, each as a share of that round's ceiling."""

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from bench.contestants import CEILING, HIT, LOOKUP, UNCHANGED, USUAL, Contestant, ceiling, line_up
from bench.cores import BusyCore
from bench.results import Peer
from bench.run import Run
from bench.statistics import shares

_ENOUGH = 0.95
# Where neighbours of the machine come and go, the median of many short looks says more than that of few long.
_LOOKS = 3
_PART_OF_A_ROUND = 0.5


def measure(run: Run) -> None:
    """Every contestant for a moment in every round."""
    with ExitStack() as stack:
        field = line_up(stack, run.place("hits"), cores=run.cores)
        for sentence in field.remarks:
            run.results.remark(sentence)
        _rounds(run, field.contestants)
    _compare(run)


def ceiling_per_s(run: Run) -> float:
    """This run's ceiling; measured for itself if only a part of the figures is wanted."""
    known = run.results.peer(CEILING)
    if known:
        return median(known.per_s)
    with ExitStack() as stack:
        bare = ceiling(stack, run.place("ceiling"), cores=run.cores)
        return median([bare.per_s(run.seconds) for _ in range(run.rounds)])


def _rounds(run: Run, contestants: Sequence[Contestant]) -> None:
    per_s: dict[str, list[float]] = {one.name: [] for one in contestants}
    busy: dict[str, list[float]] = {one.name: [] for one in contestants}
    for number in range(_LOOKS * run.rounds):
        for one in rotated(contestants, number):
            core = BusyCore(run.cores.server)
            per_s[one.name].append(one.per_s(_PART_OF_A_ROUND * run.seconds))
            busy[one.name].append(core.share)
    for one in contestants:
        share = shares(per_s[one.name], per_s[CEILING])
        peer = Peer(
            name=one.name, title=one.title, per_s=per_s[one.name], share=share, busy=median(busy[one.name])
        )
        run.results.peers.append(peer)


def rotated(contestants: Sequence[Contestant], number: int) -> Sequence[Contestant]:
    """Each round begins with somebody else: nobody is always measured at the same moment of a round."""
    first = number % len(contestants)
    return [*contestants[first:], *contestants[:first]]


def _compare(run: Run) -> None:
    by_name = {peer.name: peer for peer in run.results.peers}
    for figure, name in (("hit", HIT), ("unchanged", UNCHANGED), ("lookup", LOOKUP)):
        run.results.rounds[figure] = by_name[name].share
    run.results.rounds["hit_times_usual"] = shares(by_name[HIT].per_s, by_name[USUAL].per_s)
    idle = [peer.title for peer in run.results.peers if peer.busy < _ENOUGH and peer.name != "direct"]
    if idle:
        run.results.remark(
            f"The load could not keep the server's core busy, more may be possible: {', '.join(idle)}."
        )
