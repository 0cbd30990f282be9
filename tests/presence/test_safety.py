"""A sudden loss of many people is believed only when it repeats itself, or when a person says so."""

import pytest

from app.presence.directory import Directory
from app.presence.models import PersonChange, Removal
from app.presence.safety import LossGuard, is_mass_loss


def ids(number: int, *, first: int = 0) -> frozenset[str]:
    return frozenset(f"id-{index}" for index in range(first, first + number))


@pytest.mark.parametrize(
    ("lost", "of", "mass"),
    [
        (50, 60, False),
        (51, 60, True),
        (51, 255, False),
        (51, 254, True),
        (200, 1_000, False),
        (201, 1_000, True),
    ],
)
def test_more_than_fifty_and_more_than_a_fifth_is_a_mass_loss(lost: int, of: int, *, mass: bool) -> None:
    """Both together: a small firm may change, and a large one changes every day."""
    assert is_mass_loss(lost, of=of) is mass


def test_the_third_equal_round_is_believed() -> None:
    guard = LossGuard()
    assert [guard.believes(ids(60), of=100) for _ in range(3)] == [False, False, True]


def test_another_loss_begins_the_count_anew() -> None:
    """A listing that loses other people each time is broken, however often it is read."""
    guard = LossGuard()
    losses = [ids(60), ids(60), ids(61), ids(60), ids(61)]
    assert not any(guard.believes(lost, of=100) for lost in losses)


def test_a_sound_round_in_between_forgets_the_suspicion() -> None:
    guard = LossGuard()
    rounds = [ids(60), ids(60), ids(0), ids(60), ids(60), ids(60)]
    assert [guard.believes(lost, of=100) for lost in rounds] == [False, False, True, False, False, True]


def test_an_approved_loss_is_believed_at_once_with_everyday_change_on_top() -> None:
    guard = LossGuard()
    assert not guard.believes(ids(60), of=100)
    guard.approve()
    assert guard.believes(ids(65), of=100)


def test_an_approval_does_not_cover_people_who_vanish_later() -> None:
    guard = LossGuard()
    assert not guard.believes(ids(60), of=200)
    guard.approve()
    assert not guard.believes(ids(120), of=200)


def test_an_approval_without_any_alarm_approves_nothing() -> None:
    """SIGHUP is sent for other reasons too."""
    guard = LossGuard()
    guard.approve()
    assert not guard.believes(ids(60), of=100)


@pytest.mark.parametrize("change", [{"account_enabled": False}, {"user_type": "Guest"}])
def test_a_plan_tells_who_would_be_lost_and_changes_nothing(change: dict[str, object]) -> None:
    """Disabled and turned into guests counts as lost, like deleted; who was never held is no loss."""
    directory = Directory()
    directory.replace_all(
        [PersonChange(id="max"), PersonChange(id="eva"), PersonChange(id="x", properties=change)]
    )
    gone = PersonChange(id="eva", removal=Removal.RESTORABLE)
    plan = directory.plan([gone, PersonChange(id="max", properties=change)])
    assert plan.lost == {"max", "eva"}
    assert set(directory.held) == {"max", "eva"}
    listing = directory.begin_listing()
    listing.add(PersonChange(id="max"))
    assert directory.conclude(listing).lost == {"eva"}
    directory.take(plan)
    assert directory.held == []
