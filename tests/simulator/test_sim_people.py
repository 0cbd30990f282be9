"""The invented people: as many as asked, the same from the same seed, awkward in all the ways that matter."""

from collections import Counter

import pytest

from simulator.people import SHARED_ADDRESS, invent_people


@pytest.mark.parametrize("number", [0, 1, 9, 10, 200])
def test_guests_and_disabled_accounts_come_on_top(number: int) -> None:
    people = invent_people(held=number, seed=1)
    extra = max(2, number // 50)
    assert sum(person.is_held for person in people) == number
    assert sum(person.properties["userType"] == "Guest" for person in people) == extra
    assert sum(person.properties["accountEnabled"] is False for person in people) == extra


def test_the_same_seed_gives_the_same_people() -> None:
    first, again, other = (invent_people(held=50, seed=seed) for seed in (7, 7, 8))
    assert first == again
    assert first[0].id != other[0].id


def test_a_larger_tenant_begins_with_the_same_people() -> None:
    assert invent_people(held=20, seed=1)[:20] == invent_people(held=30, seed=1)[:20]


def test_exactly_one_address_is_shared() -> None:
    held = [person for person in invent_people(held=3_000, seed=1) if person.is_held]
    owners = Counter(address for person in held for address in set(person.addresses()))
    assert [address for address, count in owners.items() if count > 1] == [SHARED_ADDRESS]


def test_everything_that_makes_matching_hard_occurs() -> None:
    people = invent_people(held=200, seed=1)
    values = [person.properties for person in people]
    schemes = {address.partition(":")[0] for value in values for address in value["proxyAddresses"]}
    phones = Counter(phone for value in values for phone in value["businessPhones"])
    assert schemes == {"SMTP", "smtp", "sip", "x500"}
    assert any("mail" not in value for value in values)
    assert any(value.get("mail") not in (None, value["userPrincipalName"]) for value in values)
    assert any("#EXT#@" in value["userPrincipalName"] for value in values)
    assert max(phones.values()) > 1
    assert all(value.get("mail", "").isascii() for value in values)
    assert not all(value["displayName"].isascii() for value in values)
