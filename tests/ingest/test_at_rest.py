"""What stays for good is not searched for garbage again and again."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from app.ingest.at_rest import AtRest
from app.presence.directory import Directory
from app.presence.models import PersonChange


@pytest.fixture
def directory() -> Iterator[Directory]:
    yield Directory()
    gc.unfreeze()


def test_after_each_listing_the_collector_is_told_once_what_stays(directory: Directory) -> None:
    at_rest = AtRest(directory)
    directory.replace_all([PersonChange(id="max")])
    before = gc.get_freeze_count()
    at_rest.after_sweep()
    frozen = gc.get_freeze_count()
    assert frozen > before
    kept = [[] for _ in range(1_000)]  # type: list[list[object]]
    directory.apply([PersonChange(id="eva")])
    at_rest.after_sweep()
    assert gc.get_freeze_count() <= frozen
    directory.replace_all([PersonChange(id="max")])
    at_rest.after_sweep()
    assert gc.get_freeze_count() > frozen
    assert len(kept) == 1_000


def test_before_any_listing_nothing_is_said_to_stay(directory: Directory) -> None:
    before = gc.get_freeze_count()
    AtRest(directory).after_sweep()
    assert gc.get_freeze_count() <= before


def test_what_is_garbage_is_not_told_to_stay(directory: Directory) -> None:
    """A failed round's error and the readings around it go, also right before a listing (found D3)."""

    class Error(Exception):
        """What failed, holding what was read meanwhile, in a circle."""

    error = Error()
    error.__cause__ = error
    gone = weakref.ref(error)
    del error
    directory.replace_all([PersonChange(id="max")])
    AtRest(directory).after_sweep()
    gc.collect()
    assert gone() is None
