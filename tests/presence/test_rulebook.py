"""Who is judged by which set, and what the settings around the rules do to a verdict."""

import logging

import pytest

from app.config import WhenBlind
from app.errors import MalformedRequest
from app.presence.answers import judged
from app.presence.models import Freshness, Person, Presence, Sighting, State
from app.presence.rulebook import PRESETS, Rulebook
from app.presence.rules import RELAXED, STRICT, Rule, Rules, Verdict
from app.presence.words import UnknownWords

MAX = Person(
    id="11111111-1111-4111-8111-111111111111",
    mail="Max@firm.example",
    user_principal_name="m.muster@firm.example",
    aliases=("maxi@firm.example",),
)
SALES, SUPPORT = "group-sales", "group-support"
EVERYBODY = Rules("own", [Rule(verdict=Verdict(state=State.FREE, reachable=True, rule="all"))])
SETS = {**PRESETS, "own": EVERYBODY}
MEMBERS = {SALES: frozenset({MAX.id}), SUPPORT: frozenset({MAX.id})}


def test_without_a_file_everybody_is_judged_strictly() -> None:
    assert Rulebook().for_person(MAX) is STRICT


def test_both_presets_are_always_there() -> None:
    assert (Rulebook().named("strict"), Rulebook().named("relaxed")) == (STRICT, RELAXED)


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    """A caller sees at once what could have been meant."""
    with pytest.raises(MalformedRequest, match=r"strict, relaxed, own"):
        Rulebook(sets=SETS).named("Strict")


@pytest.mark.parametrize("key", [MAX.id, "max@firm.example", "m.muster@firm.example", "maxi@firm.example"])
def test_a_person_is_assigned_by_any_address_or_by_object_id(key: str) -> None:
    book = Rulebook(sets=SETS, people={key: "own"}, groups={SALES: "relaxed"})
    assert book.for_person(MAX, members=MEMBERS) is EVERYBODY


def test_of_several_assignments_the_object_id_then_the_mail_counts() -> None:
    people = {"maxi@firm.example": "strict", "max@firm.example": "own"}
    assert Rulebook(sets=SETS, people=people).for_person(MAX) is EVERYBODY
    assert Rulebook(sets=SETS, people={**people, MAX.id: "relaxed"}).for_person(MAX) is RELAXED


def test_of_several_groups_the_first_in_the_file_counts() -> None:
    book = Rulebook(sets=SETS, groups={SUPPORT: "own", SALES: "relaxed"})
    assert book.for_person(MAX, members=MEMBERS) is EVERYBODY
    assert book.for_person(MAX, members={SALES: frozenset({MAX.id})}) is RELAXED
    assert book.group_ids == {SALES, SUPPORT}


def test_a_group_that_nobody_has_read_leaves_the_default() -> None:
    book = Rulebook(sets=SETS, default="own", groups={SALES: "relaxed"})
    assert book.for_person(MAX) is EVERYBODY


def seen(activity: str, *, since_call_s: float | None) -> Sighting:
    presence = Presence(availability=activity, activity=activity)
    return Sighting(presence=presence, freshness=Freshness.FRESH, age_s=1.0, since_call_s=since_call_s)


@pytest.mark.parametrize(
    ("since_call_s", "reachable", "rule"),
    [(None, True, "available"), (0.0, False, "wrap-up"), (29.9, False, "wrap-up"), (30.0, True, "available")],
)
def test_after_a_call_nobody_is_reachable_for_a_while(
    since_call_s: float | None, *, reachable: bool, rule: str
) -> None:
    """The state is told as it is; only `reachable` waits."""
    said = judged(
        seen("Available", since_call_s=since_call_s), rules=STRICT, when_blind=WhenBlind.LAST, wrap_up_s=30
    )
    assert said == Verdict(state=State.FREE, reachable=reachable, rule=rule)


def test_wrap_up_does_not_speak_where_nobody_is_reachable_anyway() -> None:
    said = judged(seen("Busy", since_call_s=1.0), rules=STRICT, when_blind=WhenBlind.LAST, wrap_up_s=30)
    assert said.rule == "busy"


def test_a_new_word_is_told_once_and_each_reading_counted(caplog: pytest.LogCaptureFixture) -> None:
    words = UnknownWords()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            words.note(Presence(availability="Levitating", activity="Humming"))
            words.note(Presence(availability="busyIdle", activity="inACall"))
    assert [record.getMessage().split("'")[1] for record in caplog.records] == ["Levitating", "Humming"]
    assert (words.words, words.readings) == (["Humming", "Levitating"], 3)


def test_a_flood_of_new_words_is_bounded_in_memory_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    words = UnknownWords()
    for number in range(500):
        words.note(Presence(availability=f"{number:0>1000}", activity="Busy"))
        words.note(Presence(availability=f"New{number}", activity="Busy"))
    assert len(words.words) == len(caplog.records) <= 100
    assert words.readings == 1000
    assert max(map(len, words.words)) <= 64
