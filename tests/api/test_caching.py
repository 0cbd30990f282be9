"""HTTP caching: an ETag for what lasts, an honest Age for what does not."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.api.render import Renderer
from app.presence.models import Freshness
from tests.support.answers import answer_about_max


def _asked(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def _response(**options: object) -> Response:
    return Renderer(status_messages=False).response(answer_about_max(**options), _asked())  # type: ignore[arg-type]


def test_an_answer_says_its_age_and_asks_caches_to_come_back() -> None:
    """`Age` is the member `age`, in whole seconds."""
    response = _response(age_s=4.7)
    assert response.headers["age"] == "4"
    assert response.headers["cache-control"] == "private, no-cache"
    assert b'"age":4,' in bytes(response.body)


def test_the_etag_is_weak_and_covers_everything_but_the_age() -> None:
    """A caller is told of a change, and not of the passing of time."""
    etag = _response(age_s=4.7).headers["etag"]
    assert etag.startswith('W/"')
    assert _response(age_s=9.0).headers["etag"] == etag
    assert _response(availability="Busy").headers["etag"] != etag
    assert _response(freshness=Freshness.STALE).headers["etag"] != etag


def test_a_blind_answer_has_no_age() -> None:
    """There is nothing to date."""
    assert "age" not in _response(age_s=None).headers


@pytest.mark.parametrize("shape", ["{}", "*", '"other", {}', '{}, "other"', "strong"])
def test_a_caller_who_has_it_already_is_told_so_without_a_body(shape: str) -> None:
    """If-None-Match compares weakly: lists, `*` and the strong spelling match, too (RFC 9110, 13.1.2)."""
    etag = _response().headers["etag"]
    value = etag.removeprefix("W/") if shape == "strong" else shape.format(etag)
    response = Renderer(status_messages=False).response(answer_about_max(), _asked(if_none_match=value))
    assert (response.status_code, bytes(response.body)) == (304, b"")
    assert response.headers["etag"] == etag
    assert response.headers["age"] == "4"


def test_a_caller_who_has_something_else_gets_the_whole_answer() -> None:
    """Also when the header is no entity tag at all."""
    for value in ('W/"other"', "", "rubbish"):
        request = _asked(if_none_match=value)
        assert Renderer(status_messages=False).response(answer_about_max(), request).status_code == 200
