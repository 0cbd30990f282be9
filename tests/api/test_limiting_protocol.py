"""What a client may send, byte by byte, against the real protocol on a real socket with short limits."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api.protocol import LimitingProtocol
from tests.support.serving import serving

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
KIB = 1024


class Short(LimitingProtocol):
    """Limits that a test can wait for."""

    head_within_s = 0.3
    body_within_s = 0.3
    max_message = 256 * KIB


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells the length of the body, and of the headers that it knows in the end."""
    request = Request(scope, receive)
    try:
        body = await request.body()
    except ClientDisconnect:
        return
    await PlainTextResponse(f"{len(body)} {len(scope['headers'])}")(scope, receive, send)


@dataclass
class Door:
    """A listening server."""

    port: int

    async def ask(self, *pieces: bytes, drip_s: float = 0.0) -> bytes:
        """Everything that is answered to some pieces, until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        answer = asyncio.create_task(reader.read())
        for piece in pieces:
            if answer.done():
                break
            writer.write(piece)
            await asyncio.sleep(drip_s)
        try:
            return await asyncio.wait_for(answer, 5)
        except ConnectionError:
            return b""
        finally:
            writer.close()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """The protocol in front of an application that echoes."""
    async with serving(echo, protocol=Short) as server:
        yield Door(server.port)


def head_of(size: int) -> bytes:
    """A head of about so many bytes."""
    return GET + b"X-Padding: " + b"a" * (size - len(GET) - 15) + b"\r\n\r\n"


async def test_an_ordinary_request_is_answered_and_the_connection_kept(door: Door) -> None:
    """Two in one piece, both answered, in order."""
    answer = await door.ask(GET + b"\r\n" + POST + b"0123456789")
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.endswith(b"10 2")


async def test_a_head_of_just_under_64_kib_is_read(door: Door) -> None:
    """The limit is where it is said to be."""
    assert (await door.ask(head_of(64 * KIB - 100))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("size", [65 * KIB, 200 * KIB])
async def test_a_larger_head_is_a_431(door: Door, size: int) -> None:
    """Also when it comes whole, in one piece, behind another request."""
    for before in (b"", GET + b"\r\n"):
        answer = await door.ask(before + head_of(size))
        assert b"HTTP/1.1 431 " in answer or not answer
    assert b'"code":"head_too_large"' in await door.ask(head_of(size))


async def test_a_header_without_end_is_a_431_before_it_ends(door: Door) -> None:
    """Nobody waits for the blank line."""
    answer = await door.ask(GET, *[b"X-Padding: " + b"a" * 1000 + b"\r\n"] * 100)
    assert answer.startswith(b"HTTP/1.1 431 ")
    answer = await door.ask(b"GET /", *[b"a" * 1000] * 100)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_a_byte_at_a_time_is_a_408_in_time(door: Door) -> None:
    """Each byte is in time, the whole is not: the deadline does not move."""
    began = time.monotonic()
    answer = await door.ask(*(bytes([one]) for one in head_of(400)), drip_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer
    assert b"x-content-type-options: nosniff" in answer
    assert time.monotonic() - began < 2


async def test_a_body_that_does_not_come_is_a_408(door: Door) -> None:
    """One that stops, one that drips, and one in chunks."""
    for pieces in ([POST], [POST, *[b"0"] * 9], [CHUNKED, *[b"1\r\na\r\n"] * 50]):
        assert (await door.ask(*pieces, drip_s=0.05)).startswith(b"HTTP/1.1 408 ")


async def test_who_says_nothing_is_not_told_anything(door: Door) -> None:
    """The connection just ends, so that nobody takes a 408 for the answer to a later question."""
    assert await door.ask() == b""


async def test_headers_behind_a_body_are_not_kept(door: Door) -> None:
    """They could go on for ever, and could bring a key after it was checked."""
    trailers = b"X-Api-Key: late\r\n" * 100
    answer = await door.ask(CHUNKED + b"1\r\na\r\n0\r\n", trailers, b"\r\n")
    assert answer.endswith(b"1 2")


async def test_chunks_and_trailers_without_end_are_cut_off(door: Door) -> None:
    """Whatever the parser makes of them, one request has so many bytes."""
    assert b" 200 " not in await door.ask(CHUNKED + b"1\r\na\r\n0\r\n", *[b"A: b\r\n" * 1000] * 100)


async def test_what_is_not_http_is_told_so_in_our_words(door: Door) -> None:
    """A problem document, no banner."""
    answer = await door.ask(b"\x16\x03\x01\x02\x00\x01\x00")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b"server:" not in answer.lower()


async def test_an_offer_to_speak_http_2_is_overlooked(door: Door) -> None:
    """Java's HTTP client makes it with every first request."""
    offer = GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n\r\n"
    assert (await door.ask(offer)).startswith(b"HTTP/1.1 200 ")


async def test_others_are_answered_while_many_say_nothing(door: Door) -> None:
    """Silent connections cost a socket and a timer each, and end by themselves."""
    silent = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(300)]
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(GET + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - began < 0.2
    ends: list[Awaitable[bytes]] = [one.read() for one, _ in silent]
    assert set(await asyncio.wait_for(asyncio.gather(*ends), 5)) == {b""}
    for _, one in [*silent, (reader, writer)]:
        one.close()
