"""A flicker between call and meeting is one state, and a call leaves a moment behind when it ends."""

from datetime import timedelta

import pytest

from app.presence.models import Presence, Sighting
from app.presence.store import PresenceStore
from tests.support.clock import START, ManualClock
from tests.support.cohorts import asked_now, cohort_of


class Watched:
    """One person, read every ten seconds, with a debounce of fifteen."""

    def __init__(self, debounce_s: float = 15.0) -> None:
        self.clock = ManualClock()
        self.store = PresenceStore(
            timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0, debounce_s=debounce_s
        )

    def read(self, *activities: str, availability: str = "Busy") -> Sighting:
        """What is told after these readings, ten seconds apart."""
        for activity in activities:
            self.clock.pass_by(10)
            presence = Presence(availability=availability, activity=activity)
            self.store.record(cohort_of({"max": presence}, asked_now(self.clock)))
        told = self.store.get("max")
        assert told
        return told


def test_a_flicker_is_one_state_and_no_change() -> None:
    told = Watched().read("InACall", "InAMeeting", "InACall", "InAConferenceCall", "InACall")
    assert (told.presence.activity, told.changed_at, told.held_back) == ("InACall", None, None)


def test_what_is_held_back_is_kept_for_whoever_must_explain() -> None:
    told = Watched().read("InACall", "InAMeeting")
    assert (told.presence.activity, told.held_back) == ("InACall", "InAMeeting")


def test_a_move_that_holds_is_told_with_the_moment_it_was_first_seen() -> None:
    watched = Watched()
    assert watched.read("InACall", "InAMeeting", "InAMeeting").presence.activity == "InACall"
    told = watched.read("InAMeeting")
    assert (told.presence.activity, told.held_back) == ("InAMeeting", None)
    assert told.changed_at == START + timedelta(seconds=20)


def test_moves_that_chase_each_other_each_start_anew() -> None:
    """Only an activity that has held by itself is told."""
    told = Watched().read("InACall", "InAMeeting", "InAConferenceCall", "InAMeeting", "InAConferenceCall")
    assert told.presence.activity == "InACall"


@pytest.mark.parametrize("after", ["Available", "Busy", "Presenting", "OutOfOffice"])
def test_everything_else_is_told_at_once(after: str) -> None:
    """Whoever has hung up is not kept in a call."""
    told = Watched().read("InACall", after)
    assert (told.presence.activity, told.changed_at) == (after, START + timedelta(seconds=20))


def test_another_availability_counts_at_once_even_while_an_activity_is_held_back() -> None:
    watched = Watched()
    watched.read("InACall", "InAMeeting")
    told = watched.read("InAMeeting", availability="DoNotDisturb")
    assert (told.presence.availability, told.presence.activity) == ("DoNotDisturb", "InACall")
    assert told.changed_at == START + timedelta(seconds=30)


def test_without_a_debounce_every_move_is_told_at_once() -> None:
    told = Watched(debounce_s=0.0).read("InACall", "InAMeeting")
    assert (told.presence.activity, told.held_back) == ("InAMeeting", None)
    assert told.changed_at == START + timedelta(seconds=20)


@pytest.mark.parametrize("call", ["InACall", "InAConferenceCall"])
def test_the_end_of_a_call_is_dated_by_the_reading_that_showed_it(call: str) -> None:
    watched = Watched()
    assert watched.read("Available", call).since_call_s is None
    assert watched.read("Available").since_call_s == 0
    assert watched.read("Away", "Available").since_call_s == 20


def test_a_meeting_is_no_call() -> None:
    assert Watched().read("InAMeeting", "Available").since_call_s is None


def test_a_flicker_within_a_call_does_not_end_it() -> None:
    watched = Watched()
    assert watched.read("InACall", "InAMeeting").since_call_s is None
    assert watched.read("Available").since_call_s == 0


def test_from_one_call_into_the_next_nothing_has_ended() -> None:
    assert Watched(debounce_s=0.0).read("InACall", "InAConferenceCall").since_call_s is None
