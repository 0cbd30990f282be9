"""Both presets against an expectation written down anew: every pair of words, in both spellings."""

from collections.abc import Callable
from itertools import product

import pytest

from app.presence.models import Presence
from app.presence.rules import RELAXED, STRICT, Rules, relaxed, strict

AVAILABILITY = (
    *("Available", "AvailableIdle", "AvailableInactive", "Away", "BeRightBack", "Busy", "BusyIdle"),
    *("DoNotDisturb", "Focusing", "Offline", "PresenceUnknown", "Levitating"),
)
ACTIVITY = (
    *("Available", "Away", "BeRightBack", "Busy", "DoNotDisturb", "Focusing", "InACall", "InAConferenceCall"),
    *("InAMeeting", "Inactive", "Offline", "OffWork", "OutOfOffice", "PresenceUnknown", "Presenting"),
    *("UrgentInterruptionsOnly", "Humming"),
)
# jtel.md 2.7, as a phone system sees it: the state, and whether to ring under strict and under relaxed.
BY_ACTIVITY = {
    "OutOfOffice": ("away", 0, 0),
    "InACall": ("busy", 0, 0),
    "InAConferenceCall": ("busy", 0, 0),
    "InAMeeting": ("busy", 0, 0),
}
BY_AVAILABILITY = {
    "DoNotDisturb": ("dnd", 0, 0),
    "Available": ("free", 1, 1),
    "AvailableIdle": ("free", 1, 1),
    "Busy": ("busy", 0, 1),
    "BusyIdle": ("busy", 0, 1),
    "Away": ("away", 0, 1),
    "BeRightBack": ("away", 0, 1),
    "Offline": ("offline", 0, 0),
}
NOBODY_KNOWS = ("unknown", 0, 0)


def pascal(word: str) -> str:
    return word


def camel(word: str) -> str:
    return word[0].lower() + word[1:]


def said(rules: Rules, availability: str, activity: str) -> tuple[str, int, str]:
    verdict = rules.judge(Presence(availability=availability, activity=activity))
    return str(verdict.state), int(verdict.reachable), verdict.rule


@pytest.mark.parametrize("spelling", [pascal, camel])
@pytest.mark.parametrize(("availability", "activity"), list(product(AVAILABILITY, ACTIVITY)))
def test_every_pair_of_words_means_what_the_table_says(
    availability: str, activity: str, spelling: Callable[[str], str]
) -> None:
    """The activity decides for calls, meetings and leave; otherwise the availability does."""
    state, in_strict, in_relaxed = BY_ACTIVITY.get(activity) or BY_AVAILABILITY.get(
        availability, NOBODY_KNOWS
    )
    words = spelling(availability), spelling(activity)
    assert said(STRICT, *words)[:2] == (state, in_strict)
    assert said(RELAXED, *words)[:2] == (state, in_relaxed)


def test_where_the_presets_differ_the_rule_has_another_name() -> None:
    """A log line that names the rule also tells which set was at work."""
    for pair in product(AVAILABILITY, ACTIVITY):
        (_, strictly, strict_rule), (_, gently, relaxed_rule) = said(STRICT, *pair), said(RELAXED, *pair)
        assert (strictly == gently) == (strict_rule == relaxed_rule)


@pytest.mark.parametrize("preset", [strict, relaxed])
def test_only_the_last_row_can_be_made_to_fail_open(preset: Callable[..., Rules]) -> None:
    """Nothing changes for a word that a row knows."""
    closed, opened = preset(), preset(unknown_reachable=True)
    for pair in product(AVAILABILITY, ACTIVITY):
        before, after = said(closed, *pair), said(opened, *pair)
        assert after == ((before[0], 1, before[2]) if before[2] == "unknown" else before)
