import pytest

from bench.statistics import Spread, percentile, shares


def test_the_spread_is_the_median_and_both_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert Spread.of([4.0, 1.0]) == Spread(2.5, 1.0, 4.0)


def test_each_round_is_held_against_its_own_ceiling() -> None:
    """A round in which the machine was slow for everybody counts like the others."""
    assert shares([50.0, 5.0], [100.0, 10.0]) == [0.5, 0.5]


def test_a_round_without_its_ceiling_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        shares([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("share", "expected"), [(0.99, 99), (0.5, 50), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_really_measured(share: float, expected: int) -> None:
    assert percentile([float(value) for value in reversed(range(1, 101))], share) == expected
