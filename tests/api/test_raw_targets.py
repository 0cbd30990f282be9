"""Bytes beyond ASCII in a request line mean their percent-encoding, wherever the pieces end."""

import asyncio

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.support.serving import serving

END = b" HTTP/1.1\r\nHost: localhost\r\nX-Name: M\xfcller\r\nConnection: close\r\n\r\n"
FIRST = b"GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"
TARGETS = {
    "/lookup?ServiceName=Störung&codes=200".encode(): "ServiceName=St%C3%B6rung&codes=200",
    "/lookup?ServiceName=Störung".encode("latin-1"): "ServiceName=St%F6rung",
    "/müller?a=%C3%B6".encode(): "a=%C3%B6",
    "/lookup?a=\U0001f600".encode(): "a=%F0%9F%98%80",
}


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells the query, and the name in the headers."""
    name = dict(scope["headers"]).get(b"x-name", b"").decode("latin-1")
    await JSONResponse([scope["query_string"].decode(), name])(scope, receive, send)


async def told(*pieces: bytes) -> str:
    async with serving(mirror) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.01)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    return answer.decode()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("before", [b"", b"\r\n", FIRST, FIRST + b"\r\n"])
async def test_raw_bytes_of_a_target_are_percent_encoded(target: bytes, before: bytes) -> None:
    """Names arrive as phone systems write them; headers stay as they are (found C5)."""
    request = before + b"GET " + target + END
    at = request.index(target)
    cuts = [
        len(request),
        at,
        at + len(target),
        request.index(b"\xfc", at + len(target)),
        at + len(target) - 1,
    ]
    for cut in cuts:
        answer = await told(request[:cut], request[cut:])
        assert f'["{TARGETS[target]}","Müller"]' in answer
        assert " 400 " not in answer


async def test_raw_bytes_elsewhere_are_left_alone() -> None:
    """A body is a body, and what is no request stays none."""
    body = "GET /ü HTTP/1.1\r\n\r\n".encode()
    head = b"POST /?x=1 HTTP/1.1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    assert '["x=1",""]' in await told(head, body)
    assert " 400 " in await told(b"\x16\x03\x01\x02\x00\xfc\r\n\r\n")
    assert " 400 " in await told("GÄT / HTTP/1.1\r\n\r\n".encode())
