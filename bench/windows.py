"""Which latencies belong to a sweep."""

from collections.abc import Sequence

# Requests of one sweep follow each other more closely than this, sweeps less.
_APART_S = 2.0
# A sweep is felt a little longer than its answers are under way.
_MARGIN_S = 0.1

Window = tuple[float, float]


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
) -> tuple[list[float], list[float]]:
    """One value for each request, told apart: of those due during a sweep, of those clearly outside."""
    busy, quiet = [], []
    for due, took in zip(due_at, took_s, strict=True):
        if any(first - _MARGIN_S <= due <= last + _MARGIN_S for first, last in windows):
            busy.append(took)
        elif not any(first - 3 * _MARGIN_S <= due <= last + 3 * _MARGIN_S for first, last in windows):
            quiet.append(took)
    return busy, quiet
