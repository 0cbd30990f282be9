"""Who is found by which address, while the tenant changes under us."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.presence.directory import Directory, position
from app.presence.models import PersonChange, Removal, comparable

MAX, EVA, TOM = "id-max", "id-eva", "id-tom"


def says(person_id: str, **properties: Any) -> PersonChange:
    return PersonChange(id=person_id, properties=properties)


def gone(person_id: str, removal: Removal = Removal.FINAL) -> PersonChange:
    return PersonChange(id=person_id, removal=removal)


def directory(*changes: PersonChange) -> Directory:
    made = Directory()
    made.replace_all(changes)
    return made


def found(where: Directory, address: str) -> set[str]:
    return {person.id for person in where.find(comparable(address))}


def test_a_person_is_found_by_mail_upn_alias_and_object_id_in_any_letter_case() -> None:
    here = directory(
        says(
            MAX,
            mail="Max.Muster@Firm.example",
            user_principal_name="mm@firm.example",
            aliases=("M@old.example",),
        )
    )
    for address in ("max.muster@firm.EXAMPLE", "MM@firm.example", "m@OLD.example", MAX):
        assert found(here, address) == {MAX}


def test_an_unknown_address_finds_nobody() -> None:
    assert directory(says(MAX, mail="max@firm.example")).find("eva@firm.example") == ()


def test_one_person_with_the_same_address_twice_is_not_ambiguous() -> None:
    here = directory(
        says(MAX, mail="m@x.example", user_principal_name="M@x.example", aliases=("m@X.example",))
    )
    assert len(here.find("m@x.example")) == 1


def test_an_address_that_several_held_people_share_finds_all_of_them() -> None:
    here = directory(says(MAX, mail="info@x.example"), says(EVA, aliases=("Info@x.example",)))
    assert found(here, "info@x.example") == {MAX, EVA}
    here.apply([gone(EVA)])
    assert found(here, "info@x.example") == {MAX}


@pytest.mark.parametrize(
    "why_not", [{"user_type": "Guest"}, {"user_type": "guest"}, {"account_enabled": False}]
)
def test_whoever_is_not_held_is_not_found_and_makes_nothing_ambiguous(why_not: dict[str, Any]) -> None:
    here = directory(says(MAX, mail="info@x.example"), says(EVA, mail="info@x.example", **why_not))
    assert found(here, "info@x.example") == {MAX}
    assert here.find(EVA) == ()
    assert not here.holds(EVA)
    assert list(here.held) == [MAX]
    assert len(here) == 2


@pytest.mark.parametrize(
    "withheld",
    [
        {},
        {"user_type": None, "account_enabled": None},
        {"user_type": "Member", "account_enabled": True},
        {"user_type": ""},
    ],
)
def test_a_withheld_property_counts_as_held(withheld: dict[str, Any]) -> None:
    here = directory(says(MAX, mail="max@x.example", **withheld))
    assert here.holds(MAX)


def test_somebody_disabled_disappears_and_comes_back_when_enabled() -> None:
    here = directory(says(MAX, mail="max@x.example"))
    here.apply([says(MAX, account_enabled=False)])
    assert found(here, "max@x.example") == set()
    here.apply([says(MAX, account_enabled=True)])
    assert found(here, "max@x.example") == {MAX}


def test_a_person_is_found_by_each_number_and_not_twice_by_one() -> None:
    here = directory(
        says(MAX, business_phones=(4930555010, 4930555011), mobile_phone=4930555010),
        says(EVA, business_phones=4930555011),
        says(TOM, mobile_phone=4930555012),
    )
    numbers = ("4930555010", "4930555011", "4930555012", "4930555013")
    by_number = [{person.id for person in here.find_by_number(number)} for number in numbers]
    assert by_number == [{MAX}, {MAX, EVA}, {TOM}, set()]
    here.apply([says(MAX, business_phones=(), mobile_phone=4930555013)])
    by_number = [{person.id for person in here.find_by_number(number)} for number in numbers]
    assert by_number == [set(), {EVA}, {TOM}, {MAX}]


def test_a_rename_leaves_no_old_address_behind() -> None:
    here = directory(says(MAX, mail="max@x.example"))
    here.apply([says(MAX, mail="muster@x.example")])
    assert found(here, "max@x.example") == set()
    assert found(here, "muster@x.example") == {MAX}


def test_what_is_not_mentioned_is_unchanged_and_null_is_no_value() -> None:
    here = directory(says(MAX, mail="m@x.example", user_principal_name="upn@x.example", display_name="Max"))
    here.apply([says(MAX, mail=None)])
    (person,) = here.find("upn@x.example")
    assert (person.mail, person.email, person.display_name) == (None, "upn@x.example", "Max")
    assert found(here, "m@x.example") == set()


@pytest.mark.parametrize("removal", list(Removal))
def test_whoever_is_removed_is_no_longer_found(removal: Removal) -> None:
    here = directory(says(MAX, mail="max@x.example"))
    here.apply([gone(MAX, removal)])
    assert found(here, "max@x.example") == found(here, MAX) == set()
    assert list(here.held) == []


def test_a_restored_person_has_the_addresses_back_that_the_restore_does_not_mention() -> None:
    here = directory(says(MAX, mail="max@x.example", aliases=("m@x.example",), display_name="Max"))
    here.apply([gone(MAX, Removal.RESTORABLE)])
    here.apply([says(MAX, display_name="Max M.")])
    (person,) = here.find("m@x.example")
    assert (person.display_name, person.mail) == ("Max M.", "max@x.example")


def test_somebody_removed_for_good_brings_nothing_back() -> None:
    """An id that reappears after a final removal is a new record."""
    here = directory(says(MAX, mail="max@x.example", aliases=("m@x.example",)))
    here.apply([gone(MAX), says(MAX, mail="new@x.example")])
    assert found(here, "m@x.example") == set()
    assert found(here, "new@x.example") == {MAX}


@pytest.mark.parametrize("removal", list(Removal))
def test_the_removal_of_somebody_unknown_is_nothing(removal: Removal) -> None:
    """Removals occur in an initial round as well."""
    here = directory(gone(MAX, removal))
    assert len(here) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_two_people_can_swap_their_addresses_in_one_round(order: int) -> None:
    here = directory(says(MAX, mail="a@x.example"), says(EVA, mail="b@x.example"))
    here.apply([says(MAX, mail="b@x.example"), says(EVA, mail="a@x.example")][::order])
    assert found(here, "a@x.example") == {EVA}
    assert found(here, "b@x.example") == {MAX}


def test_an_address_passes_on_to_its_new_owner_in_any_order() -> None:
    """The new owner may be mentioned before the old one is removed."""
    here = directory(says(MAX, mail="sales@x.example"))
    here.apply([says(EVA, mail="sales@x.example"), gone(MAX)])
    assert found(here, "sales@x.example") == {EVA}


def test_replace_all_forgets_whoever_is_not_mentioned() -> None:
    here = directory(says(MAX, mail="max@x.example", display_name="Old"), says(EVA, mail="eva@x.example"))
    here.replace_all([says(MAX, mail="max@x.example")])
    (person,) = here.find("max@x.example")
    assert person.display_name is None
    assert here.find("eva@x.example") == ()
    assert len(here) == 1


def test_the_directory_is_complete_only_after_a_listing() -> None:
    here = Directory()
    here.apply([says(MAX, mail="max@x.example")])
    assert not here.complete
    here.replace_all([])
    assert here.complete


def test_a_domain_is_known_once_somebody_had_an_address_in_it() -> None:
    here = directory(says(MAX, mail="max@X.example"))
    assert here.knows_domain("anybody@x.example")
    assert not here.knows_domain("anybody@y.example")


def test_an_object_id_is_in_no_domain() -> None:
    """Even where an account has a name without an at sign."""
    here = directory(says(MAX, user_principal_name="no-at-sign"))
    assert not here.knows_domain("0f0e0d0c-1111-2222-3333-444455556666")


def test_pages_follow_the_address_and_leave_nobody_out() -> None:
    people = [says(f"id-{number}", mail=f"{'Aa'[number % 2]}{number // 2}@x.example") for number in range(20)]
    here = directory(*people, says("no-address"))
    seen: list[str] = []
    after = None
    while page := [person for person, _ in zip(here.page(after=after), range(3), strict=False)]:
        seen += [person.id for person in page]
        after = position(page[-1])
    assert sorted(seen) == sorted(here.held)
    assert len(seen) == len(set(seen)) == 21


def test_a_page_begins_behind_a_position_that_is_gone_by_now() -> None:
    here = directory(
        says(MAX, mail="a@x.example"), says(EVA, mail="b@x.example"), says(TOM, mail="c@x.example")
    )
    (eva,) = here.find(EVA)
    here.apply([gone(EVA)])
    assert [person.id for person in here.page(after=position(eva))] == [TOM]


# --- properties -----------------------------------------------------------------------------------------

_ids = st.sampled_from([MAX, EVA, TOM])
_address = st.sampled_from([None, "", "a@x.example", "A@x.example", "b@x.example", "c@y.example"])
_properties = st.fixed_dictionaries(
    {},
    optional={
        "mail": _address,
        "user_principal_name": _address,
        "aliases": st.lists(_address.filter(bool), max_size=2).map(tuple),
        "account_enabled": st.sampled_from([None, True, False]),
        "user_type": st.sampled_from([None, "Member", "Guest"]),
    },
)
_change = st.one_of(
    st.builds(PersonChange, id=_ids, properties=_properties),
    st.builds(PersonChange, id=_ids, removal=st.sampled_from(Removal)),
)
_round = st.lists(_change, max_size=12)
_KEYS = (MAX, EVA, TOM, "a@x.example", "b@x.example", "c@y.example", "")


def view(here: Directory) -> tuple[Any, ...]:
    return (
        {key: {person.id: person for person in here.find(key)} for key in _KEYS},
        sorted(here.held),
        [person.id for person in here.page(after=None)],
        len(here),
    )


@given(_round, st.integers(0, 12))
def test_a_round_in_pieces_is_the_same_as_a_round_at_once(changes: list[PersonChange], cut: int) -> None:
    whole, pieces = Directory(), Directory()
    whole.apply(changes)
    pieces.apply(changes[:cut])
    pieces.apply(changes[cut:])
    assert view(whole) == view(pieces)


@given(_round)
def test_a_replayed_round_changes_nothing(changes: list[PersonChange]) -> None:
    """Microsoft says that replays happen: a person's last word stays the last word."""
    last = list({change.id: change for change in changes}.values())
    once, twice = Directory(), Directory()
    once.apply(last)
    twice.apply([*last, *last])
    known = {change.id for change in last if change.removal is None}
    assert {key: people for key, people in view(once)[0].items() if key in known} == {
        key: people for key, people in view(twice)[0].items() if key in known
    }
    assert view(once)[1] == view(twice)[1]


def test_whoever_changes_keeps_their_place_among_those_who_are_held() -> None:
    """Microsoft is asked about them in this order; one new phone number must not move everybody else."""
    here = directory(says(MAX), says(EVA), says(TOM))
    here.apply([says(EVA, display_name="Eva", mail="eva@firm.example")])
    assert here.held == [MAX, EVA, TOM]
    here.apply([says(MAX, account_enabled=False)])
    here.apply([says(MAX, account_enabled=True)])
    assert here.held == [EVA, TOM, MAX]


@given(_round.flatmap(lambda changes: st.tuples(st.just(changes), st.permutations(changes))))
def test_the_order_of_different_people_does_not_matter(
    orders: tuple[list[PersonChange], list[PersonChange]],
) -> None:
    """Microsoft promises no order; only what is said about one person stays in sequence."""
    changes, shuffled = orders
    queues = {key: [change for change in changes if change.id == key] for key in (MAX, EVA, TOM)}
    reordered = [queues[change.id].pop(0) for change in shuffled]
    one, other = Directory(), Directory()
    one.apply(changes)
    other.apply(reordered)
    assert view(one) == view(other)


@given(st.lists(_round, max_size=4))
def test_the_index_always_agrees_with_the_people(rounds: Sequence[list[PersonChange]]) -> None:
    """Whatever happened before, an address finds exactly the held people who have it."""
    here = Directory()
    for changes in rounds:
        here.apply(changes)
    held = [person for key in here.held for person in here.find(key)]
    for key in _KEYS[3:]:
        assert found(here, key) == {person.id for person in held if key in person.addresses()}


@given(_round, _round)
def test_a_listing_is_the_whole_truth_whatever_was_known_before(
    before: list[PersonChange], listing: list[PersonChange]
) -> None:
    used, new = Directory(), Directory()
    used.apply(before)
    used.replace_all(listing)
    new.replace_all(listing)
    assert view(used) == view(new)


def test_nobody_sees_a_listing_before_it_is_taken_as_a_whole() -> None:
    """It is made person by person beside what is known, and then stands in its place."""
    here = directory(says(MAX, mail="max@x.example"), says(EVA, mail="eva@x.example"))
    listing = here.begin_listing()
    for change in (says(TOM, mail="max@x.example"), says(EVA, mail="eva@y.example")):
        listing.add(change)
        assert (found(here, "max@x.example"), found(here, "eva@x.example")) == ({MAX}, {EVA})
    plan = here.conclude(listing)
    assert plan.lost == {MAX}
    assert set(here.held) == {MAX, EVA}
    here.take(plan)
    assert (found(here, "max@x.example"), found(here, "eva@y.example")) == ({TOM}, {EVA})
    assert here.find("eva@x.example") == ()


def test_whoever_a_listing_leaves_as_they_were_stays_the_very_same_object() -> None:
    """What was made for them elsewhere stays good, and they are not kept twice."""
    said = says(MAX, mail="max@x.example", aliases=("m@x.example",))
    here = directory(said, says(EVA, mail="eva@x.example"))
    before = {key: here.only(key) for key in (MAX, EVA)}
    here.replace_all([said, says(EVA, mail="eva@y.example")])
    assert here.only(MAX) is before[MAX]
    assert here.only(EVA) != before[EVA]


def test_a_domain_once_seen_stays_known_after_a_listing_without_it() -> None:
    here = directory(says(MAX, mail="max@x.example"))
    here.replace_all([says(MAX, mail="max@y.example")])
    assert here.knows_domain("somebody@x.example")


def test_each_text_of_a_person_is_kept_once() -> None:
    """A hundred thousand people have their address in three places and as a key."""
    spelt = [f"{name}@x.example" for name in ["max"] * 3]
    here = directory(
        says(MAX, mail=spelt[0], user_principal_name=spelt[1], aliases=("m@x.example", spelt[2]))
    )
    person = here.only(MAX)
    assert person is not None
    assert person.user_principal_name is person.mail is person.aliases[1]
    assert comparable(spelt[0]) is spelt[0]


def test_an_address_is_shown_as_it_is_spelt_and_its_key_is_kept_once() -> None:
    """Whatever letter case it is in: as an alias, as a principal name and in the index."""
    here = directory(
        says(
            MAX,
            mail="Max.Muster@X.example",
            user_principal_name="max.muster@x.example",
            aliases=("Max.Muster@X.example", "M.Muster@X.example"),
        )
    )
    person = here.only("m.muster@x.example")
    assert person is not None
    assert person.email == "Max.Muster@X.example"
    assert person.user_principal_name is person.aliases[0]
    assert {id(key) for key in person.addresses()} == {id(alias) for alias in person.aliases}


def test_the_only_one_with_an_address_is_told_from_several_and_from_those_not_held() -> None:
    here = directory(
        says(MAX, mail="max@x.example", aliases=("info@x.example", "sales@x.example")),
        says(EVA, mail="eva@x.example", aliases=("info@x.example",)),
        says(TOM, mail="tom@x.example", aliases=("sales@x.example",), account_enabled=False),
    )
    keys = (MAX, "max@x.example", "info@x.example", "sales@x.example", "tom@x.example", TOM, "x@x.example")
    only = [person.id if (person := here.only(key)) else None for key in keys]
    assert only == [MAX, MAX, None, MAX, None, None, None]
    for key in keys:
        assert (here.only(key),) == here.find(key) or len(here.find(key)) != 1
