"""Numbers in any notation, valid or not."""

from hypothesis import given
from hypothesis import strategies as st

from app.presence.models import Person
from app.presence.phones import NumberReader

READER = NumberReader("DE")
NATIONAL = st.from_regex(r"30[2-9][0-9]{6,7}", fullmatch=True)
BETWEEN = st.sampled_from(["", " ", "-", "/", "."])


@given(st.text(max_size=100))
def test_any_text_is_digits_or_nothing(text: str) -> None:
    """Never an error, never anything but ASCII digits."""
    for number in (READER.digits(text), *READER.candidates(text)):
        assert number == "" or (number.isascii() and number.isdigit())


@given(NATIONAL, BETWEEN)
def test_each_notation_of_a_number_is_the_same_number(number: str, between: str) -> None:
    """International, with 00, national, with blanks and strokes."""
    spread = f"{number[:2]}{between}{number[2:5]}{between}{number[5:]}"
    notations = (f"+49{between}{spread}", f"0049{between}{spread}", f"0{spread}", f"+49 (0) {spread}")
    assert {READER.digits(one) for one in notations} == {f"49{number}"}


@given(st.text(max_size=60))
def test_what_was_read_is_read_again_the_same(text: str) -> None:
    """A number that we have given out finds its person when it comes back."""
    if number := READER.digits(text):
        assert READER.digits(f"+{number}") == number


@given(st.text(max_size=60))
def test_a_number_as_it_is_kept_has_lost_none_of_its_digits(text: str) -> None:
    assert str(READER.number(text) or "") == READER.digits(text)


@given(st.lists(st.one_of(NATIONAL.map("0{}".format), st.text(max_size=5)), max_size=3))
def test_of_several_numbers_those_are_kept_that_can_be_read(spelt: list[str]) -> None:
    kept = Person(id="id-max", business_phones=READER.numbers(spelt)).numbers()
    assert kept == tuple(dict.fromkeys(filter(None, map(READER.number, spelt))))
