"""An offer to speak another protocol is overlooked: the request is answered as if it had not been made."""

import asyncio
import re
from collections.abc import AsyncIterator

import httptools
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.support.serving import Serving, serving

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
WEBSOCKET = b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n"
OTHER = b"Upgrade: TLS/1.0, h2c\r\nConnection: upgrade\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what was asked, with the length of its body and the names of its headers."""
    request = Request(scope, receive)
    told = [scope["path"], scope["http_version"], len(await request.body()), sorted(request.headers)]
    await JSONResponse(told)(scope, receive, send)


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    async with serving(mirror) as server:
        yield server


class Heard:
    """What httptools says about a request."""

    def __init__(self) -> None:
        self.body = b""

    def on_message_begin(self) -> None:
        """Called without asking whether there is one."""

    def on_message_complete(self) -> None:
        """The same."""

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        self.body += body


def test_httptools_still_takes_an_offer_for_an_upgrade() -> None:
    """Once this fails, `LimitingProtocol` need not give the head to a second parser (httptools 0.9.0)."""
    heard = Heard()
    parser = httptools.HttpRequestParser(heard)
    with pytest.raises(httptools.HttpParserUpgrade):
        parser.feed_data(b"POST / HTTP/1.1\r\n" + H2C + b"Content-Length: 3\r\n\r\nabc")
    assert heard.body == b""


async def asked(server: Serving, *pieces: bytes) -> list[str]:
    """The paths that were answered, in their order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    answer = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    assert answer.count("HTTP/1.1 ") == answer.count("HTTP/1.1 200 OK"), answer
    return re.findall(r'\["(/\w+)","1.1",(?:\d+)', answer)


def framings(head: bytes, body: bytes) -> list[bytes]:
    """The same body announced by its length, and in chunks."""
    size, half = len(body), len(body) // 2
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (half, body[:half], size - half, body[half:])
    return [
        b"%bContent-Length: %d\r\n\r\n%b" % (head, size, body),
        b"%bTransfer-Encoding: chunked\r\n\r\n%b" % (head, chunks),
    ]


@pytest.mark.parametrize("offer", [H2C, WEBSOCKET, OTHER])
@pytest.mark.parametrize("framed", [0, 1])
async def test_the_body_behind_an_offer_is_a_body(server: Serving, offer: bytes, framed: int) -> None:
    """Wherever the pieces end, nothing in it is ever answered as a request (found D1)."""
    head = b"POST /first HTTP/1.1\r\nHost: localhost\r\n" + offer
    request = framings(head, SMUGGLED * 3)[framed]
    body = request.index(b"\r\n\r\n") + 4
    for cut in (len(request), body, body - 2, body + 1, body + len(SMUGGLED), 10):
        pieces = [request[:cut], request[cut:] + LAST]
        assert await asked(server, *pieces) == ["/first", "/last"]


async def test_nothing_behind_an_offer_is_lost(server: Serving) -> None:
    """Requests that come in one piece with it are answered, in their order, offers among them too."""
    offer = b"GET /offer HTTP/1.1\r\nHost: localhost\r\n" + H2C + b"\r\n"
    plain = b"GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert await asked(server, offer + plain + offer + offer + LAST) == [
        "/offer",
        "/plain",
        "/offer",
        "/offer",
        "/last",
    ]


async def test_the_application_sees_all_headers_but_the_offer(server: Serving) -> None:
    """And the connection is kept or closed as the request says."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /first HTTP/1.1\r\nX-Key: a\r\n" + OTHER + b"Connection: close\r\n")
    writer.write(b"Content-Length: 2\r\n\r\n{}")
    answer = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    assert '["/first","1.1",2,["connection","connection","content-length","x-key"]]' in answer
    assert "connection: close" in answer


@pytest.mark.parametrize(
    "request_line", [b"CONNECT localhost:1 HTTP/1.1", b"CONNECT /x HTTP/1.1", b"PRI * HTTP/2.0"]
)
async def test_what_is_no_request_for_a_path_ends_the_connection(
    server: Serving, request_line: bytes
) -> None:
    """What follows would be another protocol, and is never read as a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_line + b"\r\nHost: localhost\r\n\r\n" + SMUGGLED)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_chunks_in_http_1_0_are_refused(server: Serving) -> None:
    """A proxy that does not know them sees another end of the body than we do (RFC 9112, 6.1)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /first HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n")
    writer.write(b"2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_body_that_may_never_come_ends_the_connection() -> None:
    """Answered without `100 Continue`, a client may send its body or its next request: nobody knows."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse("no", status_code=403)(scope, receive, send)

    async with serving(refuse) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /first HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 43\r\n\r\n")
        answer = await asyncio.wait_for(reader.readuntil(b'"no"'), 5)
        writer.write(SMUGGLED + LAST)
        assert b" 403 " in answer
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
