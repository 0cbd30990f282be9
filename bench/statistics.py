"""Few numbers from many rounds: the median, and how far the rounds lay apart."""

import math
from collections.abc import Sequence
from statistics import median

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """Median, least and most of some rounds."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Spread":
        """Of at least one round."""
        return cls(median(rounds), min(rounds), max(rounds))


def shares(rounds: Sequence[float], others: Sequence[float]) -> list[float]:
    """Round by round, how many times the other's value of the same round was reached."""
    return [one / other for one, other in zip(rounds, others, strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
