"""An answer has an end, whoever gives it: Microsoft, or something in between."""

import asyncio
import gzip
import resource
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import trustme

from app.doctor.network import Network, Patience
from app.doctor.sign_in_host import SignInHost
from app.errors import GraphError, SignInUnavailable, UnexpectedAnswer
from app.graph.bounded import TooLarge
from app.graph.connections import Connections
from app.graph.sign_in import MsalSignIn, Token
from app.graph.sign_in_http import open_sign_in_http
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http
from tests.graph.fake_sign_in import credentials_with
from tests.support.clock import ManualClock
from tests.support.odd_servers import Serve, listening

MIB = 1024 * 1024
_PACKED = gzip.compress(b" " * 16 * MIB)
_PACKED_TWICE = gzip.compress(gzip.compress(b"\0" * 64 * MIB) * 4)


def head(status: str = "200 OK", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: application/json", *headers, "", ""]).encode()


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "a body without end": (head(), b" " * 65536),
    "chunks without end": (
        head("200 OK", "Transfer-Encoding: chunked"),
        b"10000\r\n" + b" " * 65536 + b"\r\n",
    ),
    "an error without end": (head("503 Service Unavailable"), b"x" * 65536),
    "a bomb": (head("200 OK", "Content-Encoding: gzip"), gzip.compress(b" " * 1024 * MIB)),
    "a bomb in a refusal": (
        head("400 Bad Request", "Content-Encoding: gzip"),
        gzip.compress(b" " * 256 * MIB),
    ),
    "a bomb within a bomb": (head("200 OK", "Content-Encoding: gzip, gzip"), _PACKED_TWICE),
    "a head without end": (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 4000 + b"\r\n"),
    "promises without end": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@dataclass(frozen=True, slots=True)
class Trust:
    """A certificate for a server on this machine, and who trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def trust() -> Trust:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return Trust(server, client)


@pytest.fixture(params=ENDLESS)
def root(request: pytest.FixtureRequest, trust: Trust) -> Iterator[str]:
    """A host that answers everything in one of these ways, again and again until nobody listens."""
    first, again = ENDLESS[request.param]
    with listening(_endless(first, again, trust.server)) as port:
        yield f"https://localhost:{port}"


def _endless(first: bytes, again: bytes, context: ssl.SSLContext) -> Serve:
    def serve(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.settimeout(20)
            wrapped.recv(65536)
            wrapped.sendall(first)
            for _ in range(100_000):
                wrapped.sendall(again)

    return serve


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """None of it takes more than a few of the largest answers, or longer than a patient caller waits."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024
    assert time.monotonic() - began < 25


async def test_an_answer_of_graph_without_end_is_unexpected(root: str, trust: Trust) -> None:
    """It is counted while it is unpacked, and given up beyond 64 MiB (found D7)."""
    clock = ManualClock()
    connections = Connections(lambda: open_http(trust.client))

    def acquire(*, renew: bool = False) -> Token:
        del renew
        return Token("token", 3600.0, 3300.0)

    transport = GraphTransport(
        connections,
        root=root,
        tokens=TokenSource(acquire, clock=clock),
        budget=GraphBudget(clock),
        clock=clock,
    )
    with pytest.raises(GraphError) as raised:
        await transport.get("/v1.0/users")
    await connections.close()
    if isinstance(raised.value, UnexpectedAnswer):
        assert "MiB" in str(raised.value) or "packed twice" in str(raised.value)


def test_an_answer_of_the_sign_in_host_without_end_is_an_outage(root: str, trust: Trust) -> None:
    """Beyond 1 MiB it is given up; nobody takes it for a refusal of the credentials (found D7)."""
    sign_in = MsalSignIn(
        credentials_with(root=root), connect=lambda: open_sign_in_http(trust.client, authority_root=root)
    )
    with pytest.raises(SignInUnavailable):
        sign_in.acquire()
    sign_in.close()


async def test_the_doctor_reads_no_answer_without_end(root: str, trust: Trust) -> None:
    """It asks the same host with its own client (found D7)."""
    patience = Patience(answer_s=10.0)
    host = SignInHost(
        credentials=credentials_with(root=root),
        graph_root=root,
        network=Network(roots=(root,), verify=trust.client, patience=patience),
        verify=trust.client,
        patience=patience,
        now=lambda: datetime.now(UTC),
    )
    with pytest.raises((httpx.HTTPError, TimeoutError)):
        await host.get(f"{root}/tenant")


async def test_what_is_just_within_the_limit_is_read(trust: Trust) -> None:
    """The limit is where it is said to be."""
    sizes: list[Callable[[int], bytes]] = [lambda size: b" " * size, lambda size: gzip.compress(b" " * size)]
    for packed, make in enumerate(sizes):
        for size, fits in ((64 * MIB, True), (64 * MIB + 1, False)):
            body = make(size)
            headers = [f"Content-Length: {len(body)}", *(["Content-Encoding: gzip"] if packed else [])]
            with listening(_endless(head("200 OK", *headers) + body, b"", trust.server)) as port:
                connections = Connections(lambda: open_http(trust.client))
                url = httpx.URL(f"https://localhost:{port}/")
                asking = connections.request("GET", url, body=None, headers={})
                if fits:
                    assert len((await asyncio.wait_for(asking, 20)).content) == size
                else:
                    with pytest.raises(TooLarge, match="64 MiB"):
                        await asking
                await connections.close()
