"""API keys: entries as they are written, and new ones."""

import hashlib
import re
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from app.config import ApiKey, Scope, load_settings, new_api_key
from app.config.keys import parse_api_keys
from app.errors import SettingsError

HASH = "0f" * 32


def only(entry: str) -> ApiKey:
    (key,) = parse_api_keys(entry)
    return key


def test_a_name_and_a_hash_open_everything_from_anywhere() -> None:
    assert only(f"acd:{HASH}") == ApiKey(
        name="acd", sha256=bytes.fromhex(HASH), scopes=frozenset(Scope), networks=()
    )


def test_the_hash_may_be_in_capital_letters() -> None:
    assert only(f"acd:{HASH.upper()}").sha256 == bytes.fromhex(HASH)


@pytest.mark.parametrize(
    ("text", "scopes"),
    [("read", {Scope.READ}), ("read+admin", {Scope.READ, Scope.ADMIN}), ("explain", {Scope.EXPLAIN})],
)
def test_scopes_narrow_what_a_key_opens(text: str, scopes: set[Scope]) -> None:
    assert only(f"acd:{HASH}:{text}").scopes == scopes


@pytest.mark.parametrize("between", ["", ":read"])
def test_networks_narrow_where_a_key_is_valid(between: str) -> None:
    """Also with IPv6, whose colons are not those of the entry."""
    key = only(f"acd:{HASH}{between}@192.0.2.0/24+2001:db8::/32+198.51.100.7")
    assert key.networks == tuple(map(ip_network, ("192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32")))


def test_several_entries_are_separated_by_commas_blanks_do_not_matter() -> None:
    assert [key.name for key in parse_api_keys(f" acd:{HASH} , pbx:{HASH}:read,\nboard:{HASH}\r\n")] == [
        "acd",
        "pbx",
        "board",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "secret",
        "acd:secret",
        f"acd:{HASH}0",
        f"acd:{HASH[:-1]}g",
        f":{HASH}",
        f"a b:{HASH}",
        f"ä:{HASH}",
        f"{'n' * 65}:{HASH}",
        f"acd:{HASH}:",
        f"acd:{HASH}:write",
        f"acd:{HASH}:read+",
        f"acd:{HASH}:read:admin",
        f"acd:{HASH}@",
        f"acd:{HASH}@secret",
        f"acd:{HASH}@192.0.2.1/24",
        f"acd:{HASH}@192.0.2.0/33",
        f"acd:{HASH}@192.0.2.0/24@192.0.2.0/24",
    ],
)
def test_what_is_no_entry_is_refused_by_its_number(entry: str) -> None:
    """By its number only: whoever misreads the documentation enters the key itself."""
    with pytest.raises(
        ValueError, match=r"^entry 2 (is not `name:sha256`|names an unknown scope|has a network)"
    ) as raised:
        parse_api_keys(f"fine:{HASH},{entry}")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_the_hash_of_nothing_is_refused(spell: Callable[[str], str]) -> None:
    """`sha256sum` of an empty variable: whoever sends no key must not have the right one."""
    with pytest.raises(ValueError, match="entry 1 is the hash of no key at all"):
        parse_api_keys(f"acd:{spell(hashlib.sha256(b'').hexdigest())}:read")


def test_keys_without_any_entry_are_refused() -> None:
    """Somebody wanted the door closed; nothing but separators must not leave it open."""
    with pytest.raises(ValueError, match="holds no entry"):
        parse_api_keys(" ,\n")


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="has two entries of the same name"):
        parse_api_keys(f"acd:{HASH},acd:{'1' * 64}")


def test_every_wrong_entry_is_told_in_a_sentence_with_the_variable() -> None:
    environ = {
        "AZURE_TENANT_ID": "contoso.com",
        "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666",
        "AZURE_CLIENT_SECRET": "invented~Value",
        "PRESENCE_API_KEYS": f"one,two,acd:{HASH}:write",
    }
    with pytest.raises(SettingsError) as raised:
        load_settings(environ, dotenv=None)
    sentences = str(raised.value).splitlines()
    assert [sentence.split()[:3] for sentence in sentences] == [
        ["PRESENCE_API_KEYS", "entry", number] for number in "123"
    ]
    assert "`teams-presence key new NAME`" in sentences[0]


@pytest.mark.parametrize("name", ["acd", "Sales_2.board-1", "n" * 64])
def test_a_new_key_is_recognised_by_its_entry(name: str) -> None:
    key, entry = new_api_key(name)
    parsed = only(entry)
    assert (parsed.name, parsed.sha256) == (name, hashlib.sha256(key.encode()).digest())
    assert parsed.scopes == frozenset(Scope)


def test_a_new_key_is_long_random_and_safe_in_a_url() -> None:
    first, second = new_api_key("acd")[0], new_api_key("acd")[0]
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", first)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a,b", "a@b", "ä", "n" * 65, "acd\n"])
def test_a_new_key_needs_a_name_that_fits_an_entry(name: str) -> None:
    with pytest.raises(SettingsError, match="The name of a key is"):
        new_api_key(name)


def test_an_entry_shows_no_hash() -> None:
    key = only(f"acd:{HASH}")
    assert HASH not in repr(key)
    assert repr(key.sha256) not in repr(key)
