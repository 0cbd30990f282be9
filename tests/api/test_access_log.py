"""A key in the query never reaches the log, however its name is spelt."""

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
