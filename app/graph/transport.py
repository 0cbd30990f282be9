"""One request to Microsoft Graph: with a token, in its turn, within a time limit, or as one of our errors."""

import asyncio
import ssl
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import certifi
import httpx

from app.clock import Clock
from app.errors import (
    GraphError,
    GraphThrottled,
    GraphUnauthorized,
    GraphUnavailable,
    SettingsError,
    UnexpectedAnswer,
)
from app.graph.bounded import ACCEPTED, TooLarge
from app.graph.connections import KEPT_FOR_S, Connections, NoCookies
from app.graph.reach import why_unreachable
from app.graph.throttle import GraphBudget, TokenBucket
from app.graph.tokens import TokenSource
from app.graph.wire_errors import decode_error
from app.metrics import Metrics
from app.progress import progress

_TIMEOUT = httpx.Timeout(5.0, pool=15.0)
_WHOLE_ANSWER_S = 15.0
_DEFAULT_PAUSE_S = 5.0
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A 200 from Graph, with the monotonic seconds and the wall clock of the question."""

    body: bytes
    asked_at: float
    arrived_at: float
    wall: datetime


class GraphTransport:
    """Sends requests to one Graph root and to nothing else.

    A token leaves only for that root's scheme, host and port, whatever a link says. One 401 is worth one new
    token and one more try (they occur without reason); everything else is for the caller to repeat.
    """

    def __init__(  # noqa: PLR0913 - what a request passes on its way, one by one
        self,
        connections: Connections,
        *,
        root: str,
        tokens: TokenSource,
        budget: GraphBudget,
        clock: Clock,
        metrics: Metrics | None = None,
    ) -> None:
        self._connections = connections
        self._root = root
        self._origin = _origin(httpx.URL(root))
        self._posted_to: dict[str, httpx.URL] = {}
        self._tokens = tokens
        self.budget = budget
        self._clock = clock
        self._metrics = metrics or Metrics()

    async def get(self, url: str) -> Reply:
        """Fetch an absolute link or a path below the root. Raises GraphError, SignInError."""
        return await self._send("GET", self._within_root(url), body=None)

    async def post(self, path: str, body: bytes) -> Reply:
        """Send JSON. Raises GraphError, SignInError."""
        if path not in self._posted_to:  # a few at most, and one of them again and again
            self._posted_to[path] = self._within_root(path)
        return await self._send("POST", self._posted_to[path], body=body)

    async def _send(self, method: str, target: httpx.URL, *, body: bytes | None) -> Reply:
        token = await self._tokens.token()
        try:
            return await self._send_once(method, target, body=body, token=token)
        except GraphUnauthorized:
            another = await self._tokens.replace(token)
            if another == token:
                raise
            return await self._send_once(method, target, body=body, token=another)

    async def _send_once(self, method: str, url: httpx.URL, *, body: bytes | None, token: str) -> Reply:
        bucket = self.budget.bucket_for(url.path)
        with progress().waiting():
            await bucket.take()
        asked_at, wall = self._clock.monotonic(), self._clock.now()
        try:
            async with asyncio.timeout(_WHOLE_ANSWER_S):
                answer = await self._connections.request(
                    method, url, body=body, headers=_headers(token, body)
                )
        except TooLarge as error:
            self._metrics.graph_answered(endpoint=_endpoint(url.path), status=None)
            raise UnexpectedAnswer(f"Microsoft Graph, or something in between: {error}.") from None
        except (httpx.HTTPError, TimeoutError) as error:
            self._metrics.graph_answered(endpoint=_endpoint(url.path), status=None)
            raise GraphUnavailable(f"Microsoft Graph cannot be used: {why_unreachable(error)}.") from error
        finally:
            progress().heard()
        self._metrics.graph_answered(endpoint=_endpoint(url.path), status=answer.status_code)
        if answer.status_code != httpx.codes.OK:
            raise _failure(answer, bucket, asked_at=asked_at)
        bucket.succeeded()
        return Reply(body=answer.content, asked_at=asked_at, arrived_at=self._clock.monotonic(), wall=wall)

    def _within_root(self, link: str) -> httpx.URL:
        try:
            target = httpx.URL(link if "://" in link else f"{self._root}{link}")
        except (httpx.InvalidURL, ValueError):
            raise UnexpectedAnswer("Microsoft Graph sent a link that is none.") from None
        if _origin(target) != self._origin:
            raise UnexpectedAnswer("Microsoft Graph sent a link to another host: it is not followed.")
        return target


def _failure(answer: httpx.Response, bucket: TokenBucket, *, asked_at: float) -> GraphError:
    """The error of an answer, after the bucket was told whatever it says about our pace."""
    error = decode_error(answer.status_code, answer.headers, answer.content)
    if isinstance(error, GraphThrottled):
        bucket.throttled(asked_at=asked_at, pause_s=error.retry_after_s or _DEFAULT_PAUSE_S)
    elif error.retry_after_s:
        bucket.hold_off(error.retry_after_s)
    return error


def _endpoint(path: str) -> str:
    """One of a few words for what was asked, for counting."""
    if path.startswith("/v1.0/communications/"):
        return "presence"
    if path.startswith("/v1.0/groups/"):
        return "groups"
    if path == "/v1.0/users/delta":
        return "delta"
    if path.startswith(("/v1.0/applications", "/v1.0/domains/", "/v1.0/users/")):
        return "credentials"
    return "search" if path == "/v1.0/users" else "other"


def _origin(url: httpx.URL) -> tuple[str, bytes, str, int | None]:
    return url.scheme, url.userinfo, url.host, url.port


def open_http(verify: ssl.SSLContext) -> httpx.AsyncClient:
    """A pool of connections to Graph; proxies come from the usual variables (HTTPS_PROXY, NO_PROXY)."""
    limits = httpx.Limits(
        max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=KEPT_FOR_S
    )
    return httpx.AsyncClient(
        verify=verify, timeout=_TIMEOUT, limits=limits, cookies=NoCookies(), headers=ACCEPTED
    )


def check_proxies() -> None:
    """Try the proxy variables before anything depends on them. Raises SettingsError."""
    try:
        httpx.Client(verify=False).close()  # noqa: S501 - never sends anything
    except (ImportError, ValueError, httpx.InvalidURL):
        raise SettingsError(
            "The proxy variables cannot be used: HTTPS_PROXY, HTTP_PROXY and ALL_PROXY take http:// or "
            "https:// addresses (no SOCKS), NO_PROXY takes host names and IPv4 addresses."
        ) from None


def trusted_authorities(ca_bundle: Path | None) -> ssl.SSLContext:
    """Mozilla's list, and the customer's own authorities beside it. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_bundle:
        context.load_verify_locations(cafile=ca_bundle)
    return context


def _headers(token: str, body: bytes | None) -> dict[str, str]:
    """Microsoft Graph, *best practices*: a fresh `client-request-id` with every request."""
    headers = {"Authorization": f"Bearer {token}", "client-request-id": str(uuid.uuid4())}
    return headers | ({"Content-Type": "application/json"} if body is not None else {})
