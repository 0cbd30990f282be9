"""Whatever a phone system puts into an address line is read without a fuss."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from app.api.caller_text import parse_form, tidy_address, tidy_number
from app.errors import MalformedRequest
from app.presence.addresses import parse_user

# A plus at the very beginning cannot be told from a blank before the address; nobody has such a name.
LOCAL = st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,20}", fullmatch=True)
ADDRESS = st.builds("{}@contoso.example".format, LOCAL)


@given(st.binary(max_size=300))
def test_any_bytes_are_some_parameters(raw: bytes) -> None:
    """Never an error: a caller is waiting on the line."""
    for name, value in parse_form(raw).items():
        assert isinstance(name, str)
        tidy_address(value)
        tidy_number(value)


@given(st.text(max_size=200))
def test_what_is_tidied_is_an_address_or_a_malformed_request(text: str) -> None:
    """No other error comes out of the two together."""
    try:
        key = parse_user(tidy_address(text))
    except MalformedRequest:
        return
    assert key.isprintable()
    assert parse_user(key) == key


@given(ADDRESS, st.sampled_from(["", " ", '"', "'", " \t"]), st.integers(0, 1))
def test_an_address_survives_quotes_blanks_and_double_encoding(address: str, around: str, times: int) -> None:
    """As often as two gateways may encode it."""
    sent = address
    for _ in range(times):
        sent = quote(sent, safe="")
    found = parse_form(b"email=" + quote(f"{around}{sent}{around}", safe="").encode())
    assert parse_user(tidy_address(found["email"])) == address


@given(ADDRESS)
def test_a_plus_that_became_a_blank_is_a_plus_again(address: str) -> None:
    """Unencoded, as phone systems send it."""
    found = parse_form(f"email={address}".encode())
    assert parse_user(tidy_address(found["email"])) == parse_user(address)
