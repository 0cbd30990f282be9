"""Waiting for a condition with a deadline, which is how a journey tells the time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    condition: Callable[[], T | None], *, within_s: float, what: Callable[[], str] = lambda: "the condition"
) -> T:
    """The first true value of `condition`; fails the test when the deadline passes."""
    give_up_at = time.monotonic() + within_s
    while True:
        if value := condition():
            return value
        assert time.monotonic() < give_up_at, f"{what()} did not come true within {within_s} s"
        time.sleep(0.02)
