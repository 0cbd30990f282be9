"""Answers a second of everybody, each look at them as a share of the ceiling right before and after it."""

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import mean, median

from bench.contestants import CEILING, HIT, LOOKUP, UNCHANGED, USUAL, Contestant, ceiling, line_up
from bench.cores import BusyCore
from bench.results import Peer
from bench.run import Run
from bench.statistics import shares

_ENOUGH = 0.95
# Where neighbours of the machine come and go, the median of many short looks says more than that of few long.
_LOOKS = 4
_PART_OF_A_ROUND = 0.2


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
    bare = next(one for one in contestants if one.name == CEILING)
    others = [one for one in contestants if one is not bare]
    peers = {one.name: Peer(name=one.name, title=one.title) for one in contestants}
    for number in range(_LOOKS * run.rounds):
        before = _look(run, bare, peers[CEILING])
        for one in rotated(others, number):
            per_s = _look(run, one, peers[one.name])
            after = _look(run, bare, peers[CEILING])
            peers[one.name].share.append(per_s / mean((before, after)))
            before = after
    peers[CEILING].share.append(1.0)
    run.results.peers.extend(peers.values())


def _look(run: Run, one: Contestant, peer: Peer) -> float:
    """Answers a second over a moment, noted with the share of it in which the server's core was busy."""
    core = BusyCore(run.cores.server)
    peer.per_s.append(one.per_s(_PART_OF_A_ROUND * run.seconds))
    peer.busy.append(core.share)
    return peer.per_s[-1]


def rotated(contestants: Sequence[Contestant], number: int) -> Sequence[Contestant]:
    """Each round begins with somebody else: nobody is always measured at the same moment of a round."""
    first = number % len(contestants)
    return [*contestants[first:], *contestants[:first]]


def _compare(run: Run) -> None:
    by_name = {peer.name: peer for peer in run.results.peers}
    for figure, name in (("hit", HIT), ("unchanged", UNCHANGED), ("lookup", LOOKUP)):
        run.results.rounds[figure] = by_name[name].share
    run.results.rounds["hit_times_usual"] = shares(by_name[HIT].share, by_name[USUAL].share)
    idle = [peer.title for peer in run.results.peers if median(peer.busy) < _ENOUGH and peer.name != "direct"]
    if idle:
        run.results.remark(
            f"The load could not keep the server's core busy, more may be possible: {', '.join(idle)}."
        )
