"""What counts as an address, and which addresses are the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import MalformedRequest
from app.presence.addresses import domain_of, is_object_id, parse_user

ID = "0f0e0d0c-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("given_user", "key"),
    [
        ("max@firm.example", "max@firm.example"),
        ("MAX.Muster@Firm.Example", "max.muster@firm.example"),
        ("  max@firm.example ", "max@firm.example"),
        ("max+acd@firm.example", "max+acd@firm.example"),
        ("o'neill@firm.example", "o'neill@firm.example"),
        ("m\u00fcller@m\u00fcnchen.example", "m\u00fcller@m\u00fcnchen.example"),
        ("guest_gmail.com#EXT#@firm.onmicrosoft.com", "guest_gmail.com#ext#@firm.onmicrosoft.com"),
        ("[]<>?#&@firm.example", "[]<>?#&@firm.example"),
        ("max@localhost", "max@localhost"),
        (ID, ID),
        (ID.upper(), ID),
    ],
)
def test_a_whole_address_or_an_object_id_is_taken_in_any_letter_case(given_user: str, key: str) -> None:
    assert parse_user(given_user) == key


@pytest.mark.parametrize(
    "given_user",
    [
        *("", " ", "max", "@", "max@", "@firm.example", "max@@firm.example", "a@b@c.example"),
        *("max muster@firm.example", "max@firm example", "max@.example", "max@firm.example."),
        *("max@firm.example\x00", "max\n@firm.example", "max\t@firm.example", "max\u200b@firm.example"),
        *("max\u00a0@firm.example", "m\N{REPLACEMENT CHARACTER}ller@firm.example", "max\ud800@firm.example"),
        *(ID[:-1], ID + "0", ID.replace("-", ""), "{" + ID + "}", "g" + ID[1:]),
        "x" * 309 + "@firm.example",
    ],
)
def test_anything_else_is_malformed(given_user: str) -> None:
    with pytest.raises(MalformedRequest):
        parse_user(given_user)


@pytest.mark.parametrize("entry", [None, 1, 1.5, True, [], {}, ["max@firm.example"], b"max@firm.example"])
def test_an_entry_of_another_json_type_is_malformed(entry: object) -> None:
    with pytest.raises(MalformedRequest):
        parse_user(entry)


def test_the_reason_never_repeats_what_was_sent() -> None:
    """A caller's input does not travel into logs through an error message."""
    with pytest.raises(MalformedRequest) as raised:
        parse_user("some-private-text")
    assert "some-private-text" not in str(raised.value)


def test_composed_and_decomposed_letters_are_the_same_address() -> None:
    assert parse_user("mu\u0308ller@firm.example") == parse_user("m\u00fcller@firm.example")


@pytest.mark.parametrize(("decomposed", "composed"), [("J\u030c", "\u01f0"), ("\u03aa\u0301", "\u0390")])
def test_letters_that_compose_only_in_lower_case_are_the_same_address(decomposed: str, composed: str) -> None:
    assert parse_user(f"{decomposed}an@firm.example") == parse_user(f"{composed}an@firm.example")


def test_sharp_s_and_double_s_are_two_mailboxes() -> None:
    assert parse_user("strau\u00df@firm.example") != parse_user("strauss@firm.example")


def test_an_address_of_the_greatest_length_is_taken() -> None:
    longest = "x" * 64 + "@" + "y" * 255
    assert parse_user(longest) == longest


@given(st.one_of(st.text(), st.emails(), st.from_regex(r"[^@\s]{1,9}@[\w.-]{1,9}", fullmatch=True)))
@example("\u0130" * 300 + "@firm.example")
@example("J\u030c@firm.example")
def test_any_text_is_refused_or_has_one_comparable_form(text: str) -> None:
    """Parsing the form again changes nothing, and nothing but MalformedRequest is ever raised."""
    try:
        key = parse_user(text)
    except MalformedRequest:
        return
    assert parse_user(key) == key


@given(st.emails())
def test_letter_case_never_makes_another_person(address: str) -> None:
    assert parse_user(address.upper()) == parse_user(address.lower())


def test_the_domain_is_what_follows_the_at_sign() -> None:
    assert domain_of("max@firm.example") == "firm.example"
    assert domain_of(ID) == ""


@pytest.mark.parametrize("key", ["max@firm.example", ID + "\n", ID.upper(), ""])
def test_only_a_lower_case_guid_is_an_object_id(key: str) -> None:
    assert is_object_id(ID)
    assert not is_object_id(key)
