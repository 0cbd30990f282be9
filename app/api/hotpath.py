"""The short way: what phone systems ask all day, answered before FastAPI, with bytes that lie ready.

It knows two questions, `GET /presence/{user}` and `GET /lookup?email=…`, and two answers, 200 and 304, about
people who are fresh. It says exactly what the way behind it would say, passes the same door and is counted in
the same places. Whatever is the least bit unusual it leaves to that way, which is the definition: every
error, every other status, every other shape comes from there.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.access_log import write_access
from app.api.at_once import AtOnce, Head, send_whole
from app.api.dependencies import USER_PATH
from app.api.door import Door
from app.api.pages import Flat, Moment, Page, Pages
from app.api.proxies import Networks, as_asked
from app.api.refusals import LOOKUP
from app.api.render import CACHE_CONTROL, has_already
from app.api.request_id import HEADER, request_id
from app.api.security_headers import wanted
from app.errors import CallerError
from app.metrics import Metrics

_PRESENCE = "/presence/"
_BEHIND_PRESENCE = slice(len(_PRESENCE), None)
_ROUTE = f"/presence{USER_PATH}"
_EMAIL = b"email="
_BODY = frozenset({b"content-length", b"transfer-encoding"})

_SAFE = wanted(200)
_DATED = ((b"etag", None), (b"cache-control", CACHE_CONTROL.encode()), (b"age", None))
_LENGTH, _NAMED = (b"content-length", None), (HEADER, None)
_UNCHANGED = Head(*_DATED, *_SAFE, _NAMED)
_WHOLE = Head(*_DATED, _LENGTH, (b"content-type", b"application/json"), *_SAFE, _NAMED)
_FLAT = Head(
    (b"cache-control", b"no-store"),
    _LENGTH,
    (b"content-type", b"application/json; charset=utf-8"),
    *_SAFE,
    _NAMED,
)

T = TypeVar("T")
Found = Callable[[str, float], tuple[T, Moment] | None]
"""Finds what an answer is made of, by a key in lower case and the time."""
Shaped = Callable[[T, Moment, Mapping[bytes, bytes]], AtOnce]
"""Makes an answer of that, a moment, and the headers of the request."""


class HotPath:
    """Answers what it has a page for, once `open`; the rest goes to the application `behind`."""

    def __init__(
        self,
        behind: ASGIApp,
        *,
        door: Door,
        metrics: Metrics,
        trusted: Networks = (),
        access_log: bool = False,
    ) -> None:
        self.behind = behind
        self._door = door
        self._asked_by_path = metrics.answered(route=_ROUTE, method="GET")
        self._looked_up = metrics.answered(route=LOOKUP, method="GET")
        self._trusted = trusted
        self._access_log = access_log
        self._pages: Pages | None = None

    def open(self, pages: Pages) -> None:
        """Begin to answer from these pages."""
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for servers that do not ask `at_once` themselves."""
        if answer := self.at_once(scope):
            await send_whole(answer, send)
        else:
            await self.behind(scope, receive, send)

    def at_once(self, scope: Scope) -> AtOnce | None:
        """The answer to a request, counted and logged; None if the way behind has to answer."""
        pages = self._pages
        if pages is None or scope["type"] != "http" or scope["method"] != "GET":
            return None
        began = pages.timer()
        if self._trusted:
            scope = as_asked(scope, trusted=self._trusted)
        path, query = scope["path"], scope["query_string"]
        if path == LOOKUP:
            answer = self._answer(_address_in(query), scope, pages, pages.find_flat, _flat, now=began)
            answered = self._looked_up
        elif path.startswith(_PRESENCE) and not query:
            answer = self._answer(path[_BEHIND_PRESENCE], scope, pages, pages.find, _whole, now=began)
            answered = self._asked_by_path
        else:
            return None
        if answer:
            took_s = pages.timer() - began
            answered.count(answer.status, took_s)
            if self._access_log:
                write_access(scope, answer.status, took_s * 1000)
        return answer

    def _answer(  # noqa: PLR0913 - who asks, for whom, and how that is answered
        self, user: str, scope: Scope, pages: Pages, find: Found[T], shape: Shaped[T], *, now: float
    ) -> AtOnce | None:
        """The answer about somebody, if the caller may have it and there is a page for it."""
        headers = dict(scope["headers"])
        if len(headers) < len(scope["headers"]) or not _BODY.isdisjoint(headers):
            return None  # which of two headers counts, and what a body means, others know
        try:
            name = self._door.check(scope, headers)  # first, so that a stranger never learns who is known
            if (found := find(key := user.lower(), now)) is None:
                return None
            self._door.count(name)
        except CallerError:
            return None  # and told why by the way behind
        pages.answered(key)
        return shape(*found, headers)


def _address_in(query: bytes) -> str:
    """The address in a query that holds nothing else, however encoded; empty for any other query."""
    if not query.startswith(_EMAIL):
        return ""
    value = query[len(_EMAIL) :].replace(b"%40", b"@")  # all that most callers encode
    if b"&" in value or b"+" in value:
        return ""
    if b"%" in value:
        value = unquote_to_bytes(value)
    return value.decode() if value.isascii() else ""


def _whole(page: Page, moment: Moment, headers: Mapping[bytes, bytes]) -> AtOnce:
    """What `Renderer.response` says."""
    theirs = headers.get(b"if-none-match")
    if theirs and (theirs == page.etag or has_already([theirs.decode("latin-1")], page.etag.decode())):
        return AtOnce(304, _UNCHANGED, (page.etag, moment.age, request_id(headers)))
    body = b"".join((page.before, moment.in_body, page.behind))
    return AtOnce(200, _WHOLE, (page.etag, moment.age, b"%d" % len(body), request_id(headers)), body)


def _flat(flat: Flat, moment: Moment, headers: Mapping[bytes, bytes]) -> AtOnce:
    """What `Shape.found` says in its default shape."""
    body = b"".join((flat[0], moment.in_flat, flat[1]))
    return AtOnce(200, _FLAT, (b"%d" % len(body), request_id(headers)), body)
