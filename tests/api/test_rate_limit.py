"""How often a key may ask, with the time as an input."""

import pytest

from app.api.rate import RateLimit
from app.errors import TooManyRequests
from tests.support.clock import ManualClock


def count(limit: RateLimit, name: str | None = "acd") -> int:
    """How many requests pass now."""
    for passed in range(1000):
        try:
            limit.take(name)
        except TooManyRequests:
            return passed
    return 1000


@pytest.mark.parametrize(("rate", "burst"), [(0.1, 1), (0.5, 1), (1, 2), (2.5, 5), (20, 40)])
def test_twice_the_rate_may_come_at_once_and_at_least_one(rate: float, burst: int) -> None:
    """A fraction is one request every so many seconds."""
    assert count(RateLimit(rate, timer=ManualClock().monotonic)) == burst


def test_what_comes_back_is_the_rate_and_never_more_than_the_burst() -> None:
    """A quiet hour saves nothing up."""
    clock = ManualClock()
    limit = RateLimit(4, timer=clock.monotonic)
    assert count(limit) == 8
    clock.pass_by(0.5)
    assert count(limit) == 2
    clock.pass_by(3600)
    assert count(limit) == 8


def test_who_is_refused_is_told_when_to_come_back_and_then_may() -> None:
    """Asking too often does not push that moment further away."""
    clock = ManualClock()
    limit = RateLimit(0.1, timer=clock.monotonic)
    limit.take("acd")
    for _ in range(5):
        with pytest.raises(TooManyRequests) as refused:
            limit.take("acd")
        assert refused.value.retry_after_s == pytest.approx(10)
    clock.pass_by(10)
    limit.take("acd")


def test_each_key_has_its_own_and_those_without_share_one() -> None:
    """One phone system gone wild is one phone system."""
    limit = RateLimit(1, timer=ManualClock().monotonic)
    assert [count(limit, name) for name in ("acd", "pbx", "acd", None, None)] == [2, 2, 0, 2, 0]


def test_no_rate_is_no_limit() -> None:
    """The default."""
    assert count(RateLimit(0, timer=ManualClock().monotonic)) == 1000
