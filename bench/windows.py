"""Latencies during a sweep and without one: which belong to which, and what their p99 is."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from bench.statistics import percentile

# Requests of one sweep follow each other more closely than this, sweeps less.
_APART_S = 2.0
# A sweep is felt a little longer than its answers are under way.
_MARGIN_S = 0.1
# A dozen answers to a sweep fall into each, and the machine stands still for longer only in a few.
_SLICE_S = 0.25
_ENOUGH = 500

Window = tuple[float, float]
Latency = tuple[float, float]
"""When a request was due, and how long it took, in seconds."""


def sweeps(calls: Sequence[float]) -> list[Window]:
    """First and last answer of each sweep, from when its requests were answered."""
    found: list[Window] = []
    for at in sorted(calls):
        if found and at - found[-1][1] < _APART_S:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def split(
    due_at: Sequence[float], took_s: Sequence[float], windows: Sequence[Window]
) -> tuple[list[Latency], list[Latency]]:
    """The requests that were due during a sweep, and those clearly outside."""
    busy, quiet = [], []
    for due, took in zip(due_at, took_s, strict=True):
        if any(first - _MARGIN_S <= due <= last + _MARGIN_S for first, last in windows):
            busy.append((due, took))
        elif not any(first - 3 * _MARGIN_S <= due <= last + 3 * _MARGIN_S for first, last in windows):
            quiet.append((due, took))
    return busy, quiet


def typical_p99(latencies: Sequence[Latency]) -> float:
    """The median of the p99 of each quarter of a second.

    A shared machine takes the processor away now and then, for tens of milliseconds. At half the ceiling's
    load one such moment is more than a hundredth of all requests of some seconds, sweep or no sweep.
    """
    slices = defaultdict[int, list[float]](list)
    for due, took in latencies:
        slices[int(due / _SLICE_S)].append(took)
    whole = [slice_s for slice_s in slices.values() if len(slice_s) >= _ENOUGH]
    return median(percentile(slice_s, 0.99) for slice_s in whole) if whole else whole_p99(latencies)


def whole_p99(latencies: Sequence[Latency]) -> float:
    """The p99 of all of them."""
    return percentile([took for _, took in latencies], 0.99)
