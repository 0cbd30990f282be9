"""Who is inside a scope, and how the directory follows the groups of one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.presence.directory import Directory
from app.presence.models import Person, PersonChange, Removal, comparable
from app.presence.scope import WHOLE_TENANT, Scope, scope_of

MAX, EVA, TOM = "id-max", "id-eva", "id-tom"
SALES, SUPPORT = "group-sales", "group-support"
PERSON = Person(
    id=MAX, mail="Max@Firm.example", user_principal_name="mm@old.example", aliases=("m@Alias.example",)
)


def part(**parts: Any) -> Scope:
    return scope_of(tenant=False, **parts)


def says(person_id: str, **properties: Any) -> PersonChange:
    return PersonChange(id=person_id, properties=properties)


def members(**groups: set[str]) -> dict[str, frozenset[str]]:
    return {f"group-{name}": frozenset(people) for name, people in groups.items()}


def directory(scope: Scope, *changes: PersonChange) -> Directory:
    made = Directory(scope)
    made.replace_all(changes or [says(MAX, mail="max@x.example"), says(EVA, mail="eva@y.example")])
    return made


@pytest.mark.parametrize(
    "scope",
    [
        WHOLE_TENANT,
        part(domains=["FIRM.example"]),
        part(domains=["old.example"]),
        part(domains=["nowhere.example", "alias.EXAMPLE"]),
        part(users=["MAX@firm.example"]),
        part(users=["mm@OLD.example"]),
        part(users=["m@alias.example"]),
        part(users=["ID-Max"]),
        part(groups=["GROUP-Sales"]),
        part(groups=[SUPPORT], users=["nobody@x.example", MAX]),
    ],
)
def test_any_part_lets_a_person_in_whatever_the_letter_case(scope: Scope) -> None:
    assert scope.includes(PERSON, members(sales={MAX}))


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        part(domains=["example"]),
        part(domains=["sub.firm.example"]),
        part(users=["eva@firm.example"]),
        part(groups=[SUPPORT]),
        part(groups=["group-never-read"]),
    ],
)
def test_nothing_else_does(scope: Scope) -> None:
    """A domain does not hold its subdomains, and no part at all holds nobody rather than everybody."""
    assert not scope.includes(PERSON, members(sales={MAX}, support={EVA}))


def test_whoever_is_outside_is_known_but_neither_held_nor_found_nor_ambiguous() -> None:
    here = directory(
        part(domains=["x.example"]),
        says(MAX, mail="max@x.example", aliases=("info@z.example",)),
        says(EVA, mail="eva@y.example", aliases=("info@z.example",)),
    )
    assert list(here.held) == [MAX]
    assert here.find(EVA) == here.find("eva@y.example") == ()
    assert [person.id for person in here.find("info@z.example")] == [MAX]
    assert len(here) == 2
    assert here.complete


@pytest.mark.parametrize("why_not", [{"user_type": "Guest"}, {"account_enabled": False}])
def test_a_scope_never_lets_in_who_would_not_be_held_anyway(why_not: dict[str, Any]) -> None:
    here = directory(part(users=[MAX], groups=[SALES]), says(MAX, mail="max@x.example", **why_not))
    here.regroup(members(sales={MAX}))
    assert list(here.held) == []


def test_a_new_address_can_lead_into_the_scope_and_out_of_it() -> None:
    here = directory(part(domains=["x.example"]))
    here.apply([says(EVA, mail="eva@x.example"), says(MAX, mail="max@y.example")])
    assert list(here.held) == [EVA]
    assert here.find("max@x.example") == ()


def test_until_a_group_was_read_nobody_is_held_through_it_and_nothing_is_complete() -> None:
    """Otherwise a caller would hear 404 about somebody who may well be held."""
    here = directory(part(groups=[SALES, SUPPORT], domains=["y.example"]))
    assert (list(here.held), here.complete) == ([EVA], False)
    here.regroup(members(sales={MAX}))
    assert (set(here.held), here.complete) == ({MAX, EVA}, False)
    here.regroup(members(support=set()))
    assert (set(here.held), here.complete) == ({MAX, EVA}, True)


def test_groups_before_the_listing_are_no_complete_directory_either() -> None:
    here = Directory(part(groups=[SALES]))
    here.regroup(members(sales={MAX}))
    assert (list(here.held), here.complete) == ([], False)
    here.replace_all([says(MAX, mail="max@x.example"), says(EVA)])
    assert (list(here.held), here.complete) == ([MAX], True)


def test_whoever_joins_enters_and_whoever_leaves_is_gone_at_once() -> None:
    here = directory(part(groups=[SALES]))
    here.regroup(members(sales={MAX}))
    assert [person.id for person in here.page(after=None)] == [MAX]
    here.regroup(members(sales={EVA}))
    assert [person.id for person in here.page(after=None)] == [EVA]
    assert here.find("max@x.example") == ()
    assert not here.holds(MAX)


def test_leaving_one_group_matters_only_to_whoever_is_in_no_other() -> None:
    here = directory(part(groups=[SALES, SUPPORT]))
    here.regroup(members(sales={MAX, EVA}, support={EVA}))
    here.regroup(members(sales=set()))
    assert list(here.held) == [EVA]


def test_a_group_that_is_not_mentioned_keeps_its_members() -> None:
    here = directory(part(groups=[SALES, SUPPORT]))
    here.regroup(members(sales={MAX}, support={EVA}))
    here.regroup({})
    assert set(here.held) == {MAX, EVA}
    assert here.members == members(sales={MAX}, support={EVA})


def test_whoever_joins_or_leaves_a_group_while_a_listing_comes_in_has_done_so_afterwards() -> None:
    """The people of the listing were judged by the groups as they were then."""
    here = directory(part(groups=[SALES]))
    here.regroup(members(sales={MAX}))
    listing = here.begin_listing()
    listing.add(says(MAX, mail="max@x.example"))
    here.regroup(members(sales={EVA}))
    listing.add(says(EVA, mail="eva@x.example"))
    plan = here.conclude(listing)
    assert plan.lost == frozenset()
    here.take(plan)
    assert list(here.held) == [EVA]


def test_groups_of_somebody_elses_concern_change_nothing_here() -> None:
    """Rules are given to groups, too: their members are kept, but they let nobody in."""
    here = directory(part(domains=["x.example"]))
    here.regroup(members(sales={EVA}))
    assert list(here.held) == [MAX]
    assert here.members[SALES] == {EVA}


def test_a_member_who_is_not_listed_yet_is_held_when_the_directory_brings_them() -> None:
    here = directory(part(groups=[SALES]))
    here.regroup(members(sales={TOM}))
    assert list(here.held) == []
    here.apply([says(TOM, mail="tom@x.example")])
    assert list(here.held) == [TOM]


_ids = st.sampled_from([MAX, EVA, TOM])
_groups = st.dictionaries(st.sampled_from([SALES, SUPPORT]), st.frozensets(_ids))
_changes = st.lists(
    st.one_of(
        st.builds(says, _ids, mail=st.sampled_from(["a@x.example", "b@y.example", None])),
        st.builds(PersonChange, id=_ids, removal=st.sampled_from(Removal)),
    ),
    max_size=6,
)


@given(st.lists(st.one_of(_groups, _changes), max_size=8))
def test_exactly_those_inside_are_held_whatever_happened_in_which_order(steps: list[Any]) -> None:
    scope = part(groups=[SALES], domains=["y.example"])
    here, everybody = Directory(scope), Directory()
    for step in steps:
        if isinstance(step, dict):
            here.regroup(step)
        else:
            here.apply(step)
            everybody.apply(step)
    inside = {
        key for key in everybody.held for one in everybody.find(key) if scope.includes(one, here.members)
    }
    assert set(here.held) == inside
    for address in ("a@x.example", "b@y.example"):
        found = {person.id for person in here.find(comparable(address))}
        assert found == {person.id for person in everybody.find(address)} & inside
