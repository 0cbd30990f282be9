"""How long a connection may hold its place: in each phase so long, and only a request ends the waiting."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api.protocol import LimitingProtocol
from tests.support.serving import Serving, serving

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[..., Awaitable[Connection]]

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"


class Short(LimitingProtocol):
    """Limits that a test can wait for; a connection may idle for a second."""

    head_within_s = 0.3
    body_within_s = 0.3
    read_within_s = 0.3
    linger_s = 0.1


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with more than any buffer on the way takes; below /small with one word."""
    size = 2 if scope["path"] == "/small" else 32 * 1024 * 1024
    await PlainTextResponse(b"a" * size)(scope, receive, send)


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    async with serving(large, protocol=Short, max_connections=20) as server:
        yield server


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes connections on which this has been said, with a moment after each piece."""
    writers = []

    async def connect(server: Serving, *pieces: bytes) -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writers.append(writer)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        return reader, writer

    yield connect
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0.02)


SMALL = GET.replace(b"/ ", b"/small ")
SILENCES = {
    "nothing at all": [],
    "blank lines": [b"\r\n", b"\r\n\r\n"],
    "half a request line": [b"GET"],
    "half a head": [GET[:-2]],
    "blank lines, then half a head": [b"\r\n", GET[:-2]],
    "half a body": [POST + b"abc"],
    "an offer without the body": [POST.replace(b"Host", b"Connection: Upgrade\r\nUpgrade: h2c\r\nHost")],
    "a request, then nothing": [SMALL],
    "a request, then blank lines": [SMALL, b"\r\n"],
    "a request, then half of another": [SMALL, GET[:20]],
    "a request, then half a body": [SMALL, POST + b"a"],
    "a body nobody waited for, not whole": [POST.replace(b"/ ", b"/small ") + b"abc"],
    "rubbish": [b"\x00\x01\x02"],
}


@pytest.mark.parametrize("silence", SILENCES)
async def test_silence_ends_in_every_phase(server: Serving, connect: Connect, silence: str) -> None:
    """Whatever a client has said before it falls silent, its place is free again in time (found D5)."""
    reader, writer = await connect(server, *SILENCES[silence])
    answer = await asyncio.wait_for(reader.read(), 3)
    writer.close()
    assert answer.count(b"HTTP/1.1 ") <= 1 + answer.count(b"HTTP/1.1 200")
    for _ in range(100):
        if server.state.connections:
            await asyncio.sleep(0.01)
    assert not server.state.connections


@pytest.mark.parametrize("drip", [b"\r\n", b"a", b"a: b\r\n"])
async def test_a_drip_is_no_request(server: Serving, connect: Connect, drip: bytes) -> None:
    """What comes a little at a time does not move the deadline, blank lines included (found D5)."""
    reader, writer = await connect(server, b"" if drip == b"\r\n" else b"GET / HTTP/1.1\r\n")
    began, answer = time.monotonic(), asyncio.create_task(reader.read())
    while not answer.done() and time.monotonic() - began < 5:
        writer.write(drip)
        await asyncio.sleep(0.05)
    assert answer.done()
    assert b" 200 " not in await answer


async def test_blank_lines_do_not_keep_an_idle_connection(server: Serving, connect: Connect) -> None:
    """It had its answer; a second later it is closed, whatever comes between requests (found D5)."""
    reader, writer = await connect(server, SMALL)
    await reader.readuntil(b"aa")
    began, end = time.monotonic(), asyncio.create_task(reader.read())
    while not end.done() and time.monotonic() - began < 5:
        writer.write(b"\r\n")
        await asyncio.sleep(0.05)
    assert end.done()
    assert await end == b""


@pytest.mark.parametrize("request_", [GET, GET.replace(b"Host", b"Connection: close\r\nHost"), GET * 3])
async def test_who_does_not_read_its_answer_is_let_go(server: Serving, request_: bytes) -> None:
    """An answer that nobody takes lies in our memory, also where the connection is to end (found D5)."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(request_)
        for _ in range(300):
            await asyncio.sleep(0.01)
            if not server.state.connections and not server.state.tasks:
                break
        assert not server.state.connections
        assert not server.state.tasks


async def test_a_slow_answer_has_no_deadline(connect: Connect) -> None:
    """What we take long for is not the client's silence: it gets its answer, and its next one."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.8)
        await PlainTextResponse("at last")(scope, receive, send)

    async with serving(slow, protocol=Short) as server:
        reader, _ = await connect(server, GET + GET)
        for _ in range(2):
            await asyncio.wait_for(reader.readuntil(b"at last"), 5)


async def test_the_longest_silent_make_room_for_who_comes(connect: Connect) -> None:
    """Twenty places are all taken by silence: somebody who asks something is answered (found D5)."""
    async with serving(large, max_connections=20) as server:
        silent = [await connect(server, b"\r\n") for _ in range(30)]
        asking, _ = await connect(server, SMALL)
        assert (await asyncio.wait_for(asking.readline(), 5)).startswith(b"HTTP/1.1 200 ")
        assert len(server.state.connections) <= server.state.limit
        assert server.state.dropped >= 10
        ended = [reader.at_eof() or reader.exception() is not None for reader, _ in silent]
    assert ended == sorted(ended, reverse=True), "the longest silent first"


async def test_who_comes_has_to_leave_where_all_are_busy(connect: Connect) -> None:
    """Nobody whose request is under way loses its place to somebody new."""
    free = asyncio.Event()

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        await free.wait()
        await PlainTextResponse("now")(scope, receive, send)

    async with serving(wait, max_connections=5) as server:
        busy = [await connect(server, GET) for _ in range(5)]
        newcomer, _ = await connect(server)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(newcomer.readexactly(1), 5)
        free.set()
        for reader, _ in busy:
            await asyncio.wait_for(reader.readuntil(b"now"), 5)
