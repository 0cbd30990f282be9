"""Many requests on one connection: each is answered, in order, and none costs the others anything."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api.at_once import AtOnce, Head
from tests.support.serving import Serving, serving

_HEAD = Head((b"content-length", None))


class Numbered:
    """Answers a path with itself and the length of the body: at once, or in a while, as the path says."""

    def __init__(self) -> None:
        self.begun = 0

    def at_once(self, scope: Scope) -> AtOnce | None:
        """For paths below /hit."""
        path = scope["path"].encode() + b" 0"
        is_hit = scope["method"] == "GET" and path.startswith(b"/hit")
        return AtOnce(200, _HEAD, (b"%d" % len(path),), path) if is_hit else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For the others; below /early before the body has been read."""
        self.begun += 1
        try:
            size = 0 if scope["path"].startswith("/early") else len(await Request(scope, receive).body())
        except ClientDisconnect:
            return
        if scope["path"].startswith("/slow"):
            await asyncio.sleep(0.001)
        await PlainTextResponse(f"{scope['path']} {size}")(scope, receive, send)


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    async with serving(Numbered()) as server:
        yield server


def some_request(number: int, chance: random.Random) -> tuple[bytes, bytes]:
    """A request of any kind, and what it is to be answered with."""
    path = b"/%b/%d" % (chance.choice([b"hit", b"miss", b"slow", b"early"]), number)
    body = bytes(chance.choices(b"GET / HTP1.\r\n", k=chance.choice([0, 1, 40, 3000])))
    headers = [b"Host: localhost"]
    headers += chance.choice([[], [b"Connection: Upgrade", b"Upgrade: h2c"], [b"X-Long: " + b"x" * 900]])
    blank = chance.choice([b"", b"", b"\r\n"])
    match chance.choice(["none", "length", "chunks"]):
        case "none":
            line, body, sent = b"GET", b"", b""
        case "length":
            line, sent = b"POST", body
            headers.append(b"Content-Length: %d" % len(body))
        case _:
            line = b"POST"
            sent = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
            headers.append(b"Transfer-Encoding: chunked")
    chance.shuffle(headers)
    head = b"\r\n".join([line + b" " + path + b" HTTP/1.1", *headers])
    told = 0 if path.startswith(b"/early") else len(body)
    return blank + head + b"\r\n\r\n" + sent, b"%b %d" % (path, told)


def in_pieces(text: bytes, chance: random.Random) -> Iterator[bytes]:
    """Cut anywhere: into single bytes, into packets, into more than the service reads at once."""
    position = 0
    while position < len(text):
        size = chance.choice([1, 3, 100, 1500, 20_000, 300_000])
        yield text[position : position + size]
        position += size


@pytest.mark.parametrize("seed", range(5))
async def test_requests_of_all_kinds_in_any_pieces_are_answered_in_order(server: Serving, seed: int) -> None:
    """Each once, with its own body, and nothing else: 10,000 in all (found D1)."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    requests, expected = zip(*(some_request(number, chance) for number in range(2_000)), strict=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

    async def write() -> None:
        for piece in in_pieces(b"".join(requests), chance):
            writer.write(piece)
            await writer.drain()

    writing = asyncio.create_task(write())
    for one in expected:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), (one, head)
        assert await reader.readexactly(len(one)) == one
    await writing
    writer.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /slow HTTP/1.1\r\n\r\n",
        b"POST /slow HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
        b"POST /slow HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ],
)
async def test_requests_without_end_wait_outside(request_: bytes) -> None:
    """However many a client sends, one is worked on; the others are not even read (found D2)."""
    application = Numbered()
    async with serving(application) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_ * 200_000)
        for _ in range(300):
            await reader.readuntil(b"/slow ")
            assert len(server.state.tasks) <= 1
        writer.transport.abort()
    assert application.begun < 400


async def test_who_closes_only_its_own_side_still_gets_its_answers(server: Serving) -> None:
    """Also those behind the first, and then the connection ends (found D14)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /slow/1 HTTP/1.1\r\n\r\nGET /hit/2 HTTP/1.1\r\n\r\nPOST /slow/3 HTTP/1.1\r\n")
    writer.write(b"Content-Length: 3\r\n\r\nabcGET /hit/4 HTTP/1.1\r\n\r\n")
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    order = [answer.find(told) for told in (b"/slow/1 0", b"/hit/2 0", b"/slow/3 3", b"/hit/4 0")]
    assert -1 not in order
    assert order == sorted(order)


@pytest.mark.parametrize("cut", [b"GET /slow", b"POST /slow HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
async def test_who_closes_its_side_in_a_request_is_let_go(server: Serving, cut: bytes) -> None:
    """What is not complete can never be answered (found D14)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /slow/1 HTTP/1.1\r\n\r\n" + cut)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"/slow/1 0") == 1


async def test_who_hangs_up_in_a_pipeline_leaves_no_trace(
    server: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    """Not one record, wherever it happens: a stranger could fill the disk otherwise (found D14)."""
    one = b"POST /slow/1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /miss HTTP/1.1\r\n\r\n"
    for times in range(1, 60):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write((one * times)[: -(times % 7) or None])
        await asyncio.sleep(0.0005 * (times % 5))
        writer.transport.abort()
    for _ in range(500):
        if server.state.tasks or server.state.connections:
            await asyncio.sleep(0.01)
    assert not server.state.tasks
    assert not caplog.records


@pytest.mark.parametrize(
    "rest", [b"\0\1\2", b"CONNECT a HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
async def test_what_is_wrong_behind_a_request_costs_it_nothing(server: Serving, rest: bytes) -> None:
    """It is answered first, though both come in one piece; then what follows is refused (found D2)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /slow/1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + rest)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"/slow/1 3" in answer
    assert answer.count(b"HTTP/1.1 400 ") == 1


async def test_a_half_closed_client_is_answered_before_what_it_left_unfinished(server: Serving) -> None:
    """Half of a second request behind the first takes nothing from it (found D14)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /slow/1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
    writer.write(b"POST /slow/2 HTTP/1.1\r\nContent-Length: 3\r\n\r\n{")
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b"/slow/1 3" in answer


@pytest.mark.parametrize("ending", [b"Connection: close", b"Expect: 100-continue"])
async def test_an_early_answer_arrives_although_a_body_still_comes(server: Serving, ending: bytes) -> None:
    """Three megabytes that nobody waits for do not destroy it, and it says that it is the last (found D1)."""
    head = b"POST /early/1 HTTP/1.1\r\nContent-Length: 3000000\r\n%b\r\n\r\n" % ending
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head)
    await writer.drain()
    await asyncio.sleep(0.05)
    for _ in range(30):
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 5_000)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"/early/1 0" in answer
    assert b"connection: close" in answer


async def test_a_body_that_was_waited_for_keeps_the_connection(server: Serving) -> None:
    """Whoever is told to go on, and goes on, may ask again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for number in range(3):
        writer.write(b"POST /miss/%d HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n" % number)
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert b"close" not in await asyncio.wait_for(reader.readuntil(b"/miss/%d 2" % number), 5)
    writer.close()


async def test_a_trailer_that_says_close_ends_the_connection(server: Serving) -> None:
    """The parser listens to it, and hears nothing from then on: the next request would be swallowed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /miss/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    writer.write(b"1\r\na\r\n0\r\nConnection: close\r\n\r\nGET /miss/2 HTTP/1.1\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 0.8)
    writer.close()
    assert b"/miss/1 1" in answer
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    "rubbish", [b"zz\r\n", b"1\r\nab", b"0\r\nX: " + b"a" * 90_000, b"1;" + b"a" * 90_000, b"\r\n" * 70_000]
)
async def test_a_refusal_in_a_body_leaves_no_trace(
    server: Serving, caplog: pytest.LogCaptureFixture, rubbish: bytes
) -> None:
    """While the client waits for `100 Continue`, or sends what never ends: no traceback (found D14)."""
    head = b"POST /miss HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + rubbish)
    await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert not [record for record in caplog.records if record.exc_info]
