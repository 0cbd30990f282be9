"""Twins: a service with the short way beside one without it."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.firm import FREE, IDS, PEOPLE
from tests.support.twins import Twins


@pytest.fixture
def twins_of() -> Iterator[Callable[..., Twins]]:
    """Makes twins with some settings, everybody read half a second ago."""
    made: list[Twins] = []

    def make(**options: str) -> Twins:
        made.append(Twins(PEOPLE, **options))
        made[-1].read(dict.fromkeys(IDS, FREE))
        return made[-1]

    yield make
    for twins in made:
        twins.close()
