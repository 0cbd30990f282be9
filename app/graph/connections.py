"""The connections to one host, given up as a whole when the machine at their other end is in trouble."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from urllib.request import Request

import httpx

from app.graph.bounded import GRAPH_LIMIT, read_async

# httpcore tries to import it with every request, to tell asyncio from trio. Where it is not installed (we do
# not need it), Python searches the disk each time: a fifth of what a sweep costs. This says no at once.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None is how an import is made to fail

_IN_TROUBLE = frozenset({httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT})


class NoCookies(CookieJar):
    """Takes none, and does not even look for them in every answer: Graph's interface knows no sessions."""

    def extract_cookies(self, response: HTTPResponse, request: Request) -> None:
        """Leave them where they are."""


# Longer than the usual pause between two sweeps: to shake hands is more work than to take in an answer.
KEPT_FOR_S = 30.0


@dataclass(slots=True)
class _Pool:
    client: httpx.AsyncClient
    used_at: float
    under_way: int = 0


class Connections:
    """A pool of kept-alive connections that is replaced after a 503 or 504, or when it was idle for too long.

    Microsoft Graph, *best practices*: repeat such a request on a new connection, which may lead to another
    machine. What is under way on the old ones ends there; they are closed behind the last of it.
    The pool itself would let a connection go in time, but by a timer that stands still while the machine is
    suspended: afterwards every request would wait for answers on connections that nobody else knows any more.
    """

    def __init__(
        self, connect: Callable[[], httpx.AsyncClient], *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._connect = connect
        self._timer = timer
        self._pool = _Pool(connect(), timer())
        self._retired: list[_Pool] = []

    async def request(
        self, method: str, url: httpx.URL, *, body: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send a request and read its answer. Raises httpx.HTTPError."""
        now = self._timer()
        if now - self._pool.used_at > KEPT_FOR_S:
            self._replace(self._pool)
        pool = self._pool
        pool.used_at = now
        pool.under_way += 1
        try:
            request = pool.client.build_request(method, url, content=body, headers=headers)
            answer = await read_async(pool.client, request, limit=GRAPH_LIMIT)
            if answer.status_code in _IN_TROUBLE:
                self._replace(pool)
        finally:
            pool.used_at = self._timer()
            pool.under_way -= 1
            await self._close_deserted()
        return answer

    async def close(self) -> None:
        """Close every connection, whatever is under way."""
        for pool in (self._pool, *self._retired):
            await pool.client.aclose()

    def _replace(self, pool: _Pool) -> None:
        if pool is self._pool:
            self._retired.append(pool)
            self._pool = _Pool(self._connect(), self._timer())

    async def _close_deserted(self) -> None:
        deserted = [pool for pool in self._retired if not pool.under_way]
        self._retired = [pool for pool in self._retired if pool.under_way]
        for pool in deserted:
            await pool.client.aclose()
