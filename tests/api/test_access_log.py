"""A key in the query never reaches the log, however its name is spelt; a caller writes no field."""

import logging

import pytest

from app.api.access_log import write_access
from app.api.keys import KeyRing
from app.config import new_api_key
from app.config.keys import parse_api_keys

KEY, ENTRY = new_api_key("phone")


@pytest.mark.parametrize(
    "query",
    ["api_key={}", "email=x&api_key={}", "api%5Fkey={}", "a=1&%61pi_key={}&b=2", "api%5fkey={}&api_key={}"],
)
def test_a_key_that_opens_the_door_is_blacked_out(query: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the door reads as a key, the log does not show."""
    asked = query.format(KEY, KEY).encode()
    scope = {"type": "http", "method": "GET", "path": "/lookup", "query_string": asked, "client": None}
    assert KeyRing(parse_api_keys(ENTRY), in_query=True).check(scope, {}) == "phone"
    with caplog.at_level(logging.INFO, "app.access"):
        write_access(scope, 200, 0.1)
    assert (KEY in caplog.text, "=***" in caplog.text) == (False, True)


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ({"raw_path": b"/a%20status=200%20client=10.0.0.1"}, "/a%20status=200%20client=10.0.0.1"),
        ({"raw_path": b"/a%22%20x"}, "/a%22%20x"),
        ({"raw_path": b"/a\"b'c\\d\xe9"}, "/a%22b%27c%5Cd%E9"),
        ({"path": "/a status=200"}, "/a%20status=200"),
        ({"path": "/Jürgen 50%"}, "/J%C3%BCrgen%2050%25"),
        ({"query_string": b'a="b status=200\\\xfc'}, "/lookup?a=%22b%20status=200%5C%FC"),
    ],
)
def test_a_target_is_one_word(
    asked: dict[str, object], written: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Found D13: what a caller chooses of an address cannot begin another field of its record."""
    scope = {"type": "http", "method": "GET", "path": "/lookup", "query_string": b"", "client": None} | asked
    with caplog.at_level(logging.INFO, "app.access"):
        write_access(scope, 404, 0.1)
    assert [record.getMessage() for record in caplog.records] == [f"GET {written}"]


def test_a_method_is_one_word(caplog: pytest.LogCaptureFixture) -> None:
    """Found D13: nor can a method of somebody's own."""
    scope = {"type": "http", "method": "GET status=200", "path": "/", "query_string": b"", "client": None}
    with caplog.at_level(logging.INFO, "app.access"):
        write_access(scope, 404, 0.1)
    assert caplog.records[0].getMessage() == "GET%20status=200 /"
