"""The strict table: what each of Microsoft's words means for a call."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import WhenBlind
from app.presence.answers import judged
from app.presence.models import NOTHING_KNOWN, Freshness, Presence, Sighting, State, canonical_word
from app.presence.rules import STRICT, Rule, Rules, Verdict

BY_ACTIVITY = {
    "OutOfOffice": (State.AWAY, False, "out-of-office"),
    "InACall": (State.BUSY, False, "in-call-or-meeting"),
    "InAConferenceCall": (State.BUSY, False, "in-call-or-meeting"),
    "InAMeeting": (State.BUSY, False, "in-call-or-meeting"),
}
BY_AVAILABILITY = {
    "DoNotDisturb": (State.DND, False, "do-not-disturb"),
    "Available": (State.FREE, True, "available"),
    "AvailableIdle": (State.FREE, True, "available"),
    "Busy": (State.BUSY, False, "busy"),
    "BusyIdle": (State.BUSY, False, "busy"),
    "Away": (State.AWAY, False, "away"),
    "BeRightBack": (State.AWAY, False, "away"),
    "Offline": (State.OFFLINE, False, "offline"),
    "PresenceUnknown": (State.UNKNOWN, False, "unknown"),
    "AvailableInactive": (State.UNKNOWN, False, "unknown"),
    "Focusing": (State.UNKNOWN, False, "unknown"),
    "SomethingNew": (State.UNKNOWN, False, "unknown"),
}
OTHER_ACTIVITIES = (
    *("Available", "Away", "BeRightBack", "Busy", "DoNotDisturb", "Inactive", "Offline", "OffWork"),
    *(
        "PresenceUnknown",
        "Presenting",
        "UrgentInterruptionsOnly",
        "Focusing",
        "SomethingNew",
        "inACall + OOF",
    ),
)


def pascal(word: str) -> str:
    return word


def camel(word: str) -> str:
    return word[0].lower() + word[1:]


def verdict(availability: str, activity: str) -> tuple[State, bool, str]:
    said = STRICT.judge(Presence(availability=availability, activity=activity))
    return said.state, said.reachable, said.rule


@pytest.mark.parametrize("spelling", [pascal, camel])
@pytest.mark.parametrize(("availability", "activity"), list(product(BY_AVAILABILITY, BY_ACTIVITY)))
def test_a_call_a_meeting_or_leave_decides_whatever_the_availability(
    availability: str, activity: str, spelling: Callable[[str], str]
) -> None:
    """Nobody in a call is rung because their dot is still green."""
    assert verdict(spelling(availability), spelling(activity)) == BY_ACTIVITY[activity]


@pytest.mark.parametrize("spelling", [pascal, camel])
@pytest.mark.parametrize(("availability", "activity"), list(product(BY_AVAILABILITY, OTHER_ACTIVITIES)))
def test_otherwise_the_availability_decides(
    availability: str, activity: str, spelling: Callable[[str], str]
) -> None:
    """Only Available and AvailableIdle are reachable; a word nobody knows never is."""
    assert verdict(spelling(availability), spelling(activity)) == BY_AVAILABILITY[availability]


@given(st.text(), st.text())
def test_every_presence_gets_a_verdict(availability: str, activity: str) -> None:
    """Words that Microsoft invents tomorrow fall to the last rule and break nothing."""
    assert STRICT.judge(Presence(availability=availability, activity=activity)).state in State


@given(st.text())
def test_a_word_nobody_knows_is_never_reachable(word: str) -> None:
    known = canonical_word(word) in BY_AVAILABILITY
    assert known or not STRICT.judge(Presence(availability=word, activity=word)).reachable


def test_the_first_rule_that_matches_wins() -> None:
    first, second = (Verdict(state=State.BUSY, reachable=False, rule=name) for name in ("first", "second"))
    table = Rules("own", [Rule(verdict=first, availability=frozenset({"busy"})), Rule(verdict=second)])
    assert table.judge(Presence(availability="Busy", activity="Busy")) is first
    assert table.judge(Presence(availability="Away", activity="Busy")) is second


@pytest.mark.parametrize(
    ("when_blind", "reachable"),
    [(WhenBlind.UNKNOWN, False), (WhenBlind.LAST, False), (WhenBlind.REACHABLE, True)],
)
def test_without_a_value_the_operator_decides_who_is_reachable(
    when_blind: WhenBlind, *, reachable: bool
) -> None:
    said = judged(NOTHING_KNOWN, rules=STRICT, when_blind=when_blind)
    assert said == Verdict(state=State.UNKNOWN, reachable=reachable, rule="blind")


def test_a_value_that_is_kept_while_blind_is_judged_by_the_rules() -> None:
    """With `last`, the last value counts, not the fact of being blind."""
    busy = Presence(availability="Busy", activity="Busy")
    sighting = Sighting(presence=busy, freshness=Freshness.BLIND, age_s=400.0)
    assert judged(sighting, rules=STRICT, when_blind=WhenBlind.LAST).rule == "busy"


@pytest.mark.parametrize("word", [*BY_AVAILABILITY, *BY_ACTIVITY])
def test_words_are_shown_in_pascal_case_whatever_case_they_came_in(word: str) -> None:
    assert {canonical_word(camel(word)), canonical_word(word)} <= {word, camel(word)}
    if word != "SomethingNew":
        assert canonical_word(camel(word)) == canonical_word(word.upper()) == word


@pytest.mark.parametrize("word", ["somethingNew", "inACall + OOF", "\u00e4"])
def test_a_word_never_seen_before_is_shown_as_it_came(word: str) -> None:
    assert canonical_word(word) == word


@pytest.mark.parametrize("word", [None, ""])
def test_no_word_is_presence_unknown(word: str | None) -> None:
    assert canonical_word(word) == "PresenceUnknown"
