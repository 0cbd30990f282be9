"""What the lists of the batch's figures are made of: the figure means what its name says."""

from itertools import pairwise

from bench.batch import orders, portions
from bench.people import address_of

EVERYBODY = [address_of(number) for number in range(3_600)]


def test_the_same_people_are_asked_for_in_an_order_of_its_own_each_time() -> None:
    """A server that remembers bodies has nothing from it while the next few dozen are others."""
    lists = orders(EVERYBODY[:1_000])
    assert len({tuple(one) for one in lists}) == len(lists) >= 64
    assert all(sorted(one) == EVERYBODY[:1_000] for one in lists)
    assert lists == orders(EVERYBODY[:1_000])
    assert all(one != other for one, other in pairwise(lists))


def test_nobody_is_asked_for_in_two_of_the_lists_that_are_of_everybody() -> None:
    lists = portions(EVERYBODY)
    assert [len(one) for one in lists] == [1_000] * 3
    assert len({email for one in lists for email in one}) == 3_000
