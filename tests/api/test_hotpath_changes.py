"""Whatever changes is in the next answer of the short way, as it is in that of the long one."""

from collections.abc import Callable
from pathlib import Path

from app.presence.models import PersonChange, Presence
from tests.support.firm import BUSY, CALL, EVA_ID, FREE, GROUP, HOST, MAX, MAX_ID, ONE_ID, quick, slowly
from tests.support.twins import Twins


def test_age_and_the_end_of_freshness_are_told_alike(twins_of: Callable[..., Twins]) -> None:
    """Fresh by the short way, to the very edge; stale and blind by the long one."""
    twins = twins_of()
    twins.read({MAX_ID: FREE}, ago_s=0)
    ages = []
    for pause in (0.0, 0.999, 0.001, 8.5, 20.4999):
        twins.clock.pass_by(pause)
        ages.append(quick(twins, f"/presence/{MAX}", [HOST]).header(b"age"))
        quick(twins, f"/lookup?email={MAX}", [HOST])
    assert ages == [b"0", b"0", b"1", b"9", b"29"]
    twins.clock.pass_by(0.0001)
    assert b'"stale":true' in slowly(twins, f"/presence/{MAX}", [HOST]).body
    twins.clock.pass_by(300)
    assert b'"age":null' in slowly(twins, f"/presence/{MAX}", [HOST]).body
    twins.read({MAX_ID: FREE})
    assert b'"stale":false' in quick(twins, f"/presence/{MAX}", [HOST]).body


def test_a_change_of_presence_is_in_the_next_answer(twins_of: Callable[..., Twins]) -> None:
    """With another ETag; a reading that says nothing new moves only the time."""
    twins = twins_of(PRESENCE_STATUS_MESSAGES="true")
    before = quick(twins, f"/presence/{MAX}", [HOST])
    assert b'"statusMessage":"Hi' in before.body
    twins.clock.pass_by(10)
    twins.read({MAX_ID: FREE})
    again = quick(twins, f"/presence/{MAX}", [HOST])
    assert again.header(b"etag") == before.header(b"etag")
    assert again.body != before.body
    twins.read({MAX_ID: BUSY}, ago_s=0.2)
    after = quick(twins, f"/presence/{MAX}", [HOST])
    assert after.header(b"etag") != before.header(b"etag")
    assert b'"state":"busy"' in after.body
    assert b'"state":"busy"' in quick(twins, f"/lookup?email={MAX}", [HOST]).body


def test_wrapping_up_is_the_long_ways_business(twins_of: Callable[..., Twins]) -> None:
    """It ends with time alone, so no page says it; nor is a page from before the call shown in it."""
    twins = twins_of(PRESENCE_WRAP_UP="20", PRESENCE_FRESH_FOR="60")
    quick(twins, f"/presence/{MAX}", [HOST])
    twins.clock.pass_by(10)
    twins.read({MAX_ID: CALL})
    quick(twins, f"/presence/{MAX}", [HOST])
    twins.clock.pass_by(10)
    twins.read({MAX_ID: FREE}, ago_s=0)
    assert b'"rule":"wrap-up"' in slowly(twins, f"/presence/{MAX}", [HOST]).body
    twins.clock.pass_by(19.99)
    assert b'"reachable":false' in slowly(twins, f"/presence/{MAX}", [HOST]).body
    twins.clock.pass_by(0.02)
    assert b'"reachable":true' in quick(twins, f"/presence/{MAX}", [HOST]).body


def test_a_debounced_activity_is_told_alike(twins_of: Callable[..., Twins]) -> None:
    """What is held back changes with a reading, not with time."""
    twins = twins_of(PRESENCE_DEBOUNCE="15")
    for activity, pause in (("InACall", 10), ("InAMeeting", 10), ("InAMeeting", 10), ("InAMeeting", 10)):
        twins.clock.pass_by(pause)
        twins.read({MAX_ID: Presence(availability="Busy", activity=activity)})
        quick(twins, f"/presence/{MAX}", [HOST])


def test_a_renamed_person_is_found_and_told_by_the_new_name(twins_of: Callable[..., Twins]) -> None:
    """And no longer by the old one."""
    twins = twins_of()
    quick(twins, f"/presence/{MAX}", [HOST])
    twins.change(PersonChange(id=MAX_ID, properties={"mail": "max.mueller@firm.example"}))
    assert slowly(twins, f"/presence/{MAX}", [HOST]).status == 404
    assert b'"email":"max.mueller@firm.example"' in quick(twins, f"/presence/{MAX_ID}", [HOST]).body


def test_an_address_that_becomes_ambiguous_is_a_conflict_at_once(twins_of: Callable[..., Twins]) -> None:
    """Although nothing is new about the person who had it."""
    twins = twins_of()
    quick(twins, "/presence/eva@firm.example", [HOST])
    twins.change(PersonChange(id=ONE_ID, properties={"aliases": ("eva@firm.example",)}))
    assert slowly(twins, "/presence/eva@firm.example", [HOST]).status == 409
    quick(twins, f"/presence/{EVA_ID}", [HOST])


def test_somebody_who_leaves_is_not_found_at_once(twins_of: Callable[..., Twins]) -> None:
    twins = twins_of()
    quick(twins, f"/presence/{MAX}", [HOST])
    twins.change(PersonChange(id=MAX_ID, properties={"account_enabled": False}))
    assert slowly(twins, f"/presence/{MAX}", [HOST]).status == 404


def test_an_address_asked_for_in_vain_is_forgotten_by_the_first_answer(
    twins_of: Callable[..., Twins],
) -> None:
    """Whichever way gives it."""
    twins = twins_of()
    slowly(twins, "/presence/new@firm.example", [HOST])
    assert twins.missed()[0] == [("new@firm.example", 1)]
    twins.change(PersonChange(id=EVA_ID, properties={"aliases": ("new@firm.example",)}))
    quick(twins, "/presence/NEW@firm.example", [HOST])
    assert twins.missed()[0] == []


RULES = f"""
[assign.groups]
"{GROUP}" = "relaxed"
"""


def test_rules_and_groups_that_change_are_in_the_next_answer(
    twins_of: Callable[..., Twins], tmp_path: Path
) -> None:
    """A new rulebook and new members of a group take effect whole, on both ways."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    twins = twins_of(PRESENCE_RULES_FILE=str(rules))
    twins.read({MAX_ID: BUSY}, ago_s=0.1)
    assert b'"reachable":false' in quick(twins, f"/presence/{MAX}", [HOST]).body
    twins.regroup(GROUP, MAX_ID)
    assert b'"rule":"busy-may-ring"' in quick(twins, f"/presence/{MAX}", [HOST]).body
    rules.write_text('default = "relaxed"\n')
    twins.regroup(GROUP)
    assert b'"rule":"busy"' in quick(twins, f"/presence/{MAX}", [HOST]).body
    twins.take_rules()
    assert b'"rule":"busy-may-ring"' in quick(twins, f"/presence/{MAX}", [HOST]).body
