"""An answer written at once is, byte by byte, what uvicorn makes of the long way's."""

import asyncio
import re
import socket
from collections.abc import Callable

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.at_once import AtOnce, Head
from app.api.connection_limits import Server
from app.api.protocol import LimitingProtocol
from tests.support.firm import MAX, MAX_ID
from tests.support.serving import serving
from tests.support.twins import Twins

NAMED = b"Host: localhost\r\nX-Request-Id: call-7\r\n"
HIT = b"GET /presence/" + MAX.encode() + b" HTTP/1.1\r\n" + NAMED
LOOKUP = b"GET /lookup?email=" + MAX.encode() + b" HTTP/1.1\r\n" + NAMED
MISS = b"GET /presence/nobody@firm.example HTTP/1.1\r\n" + NAMED
OLD = b"GET /presence/" + MAX.encode() + b" HTTP/1.0\r\n" + NAMED
HEAD = b"HEAD /presence/" + MAX.encode() + b" HTTP/1.1\r\n" + NAMED
END = b"\r\n"
CLOSE = b"Connection: close\r\n\r\n"
# Spelt as no phone system does, and as some do.
TARGETS = (
    "/presence/max.muster%40firm.example",
    "/presence/MAX.Muster@firm.example",
    "/presence/max.muster@firm.example?",
    "/lookup?email=max.muster%40firm.example&",
    "/presence/max.muster@firm.example#here",
    "/lookup?email=max.muster@firm.example#here",
    "//presence/max.muster@firm.example",
    "/presence//max.muster@firm.example",
    "/./presence/max.muster@firm.example",
    "/presence%2Fmax.muster@firm.example",
    "/presence/m%E4x@firm.example",
    "/presence/m\xe4x@firm.example",
    "/lookup?email=m\xe4x@firm.example",
    "http://localhost/presence/max.muster@firm.example",
    "http://localhost/lookup?email=max.muster@firm.example",
    "*",
)
_DATE = re.compile(rb"date: [^\r]*")


def asked_as(target: str) -> bytes:
    """The head of a GET for this target, up to its last header."""
    return f"GET {target} HTTP/1.1\r\n".encode("latin-1") + NAMED


def conversations(twins: Twins, *pieces: bytes, pause_s: float = 0.0) -> list[bytes]:
    """What each way says to some pieces until it hangs up, its dates left out."""

    async def both() -> list[bytes]:
        said = [await conversation(app, *pieces, pause_s=pause_s) for app in twins.ways]
        return [_DATE.sub(b"date: some day", one) for one in said]

    return twins.run(both())


async def conversation(app: ASGIApp, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """What one application says through the real protocol, over a real socket."""
    async with serving(app) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=2**20)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        assert not server.state.tasks
    return answer


@pytest.mark.parametrize(
    "pieces",
    [
        [HIT + CLOSE],
        [LOOKUP + CLOSE],
        [HIT + END + LOOKUP + CLOSE],
        [HIT + END, LOOKUP + END, HIT + CLOSE],
        [HIT + END + MISS + END + HIT + END + LOOKUP + CLOSE],
        [MISS + END + HIT + END + HIT + END + MISS + CLOSE],
        [HIT[:20], HIT[20:40], HIT[40:] + CLOSE],
        [HIT + END + HIT[:30], HIT[30:] + CLOSE],
        [OLD + END],
        [OLD + b"Connection: keep-alive\r\n\r\n"],
        [HEAD + CLOSE],
        [HEAD + END + HIT + CLOSE],
        [HIT + CLOSE + HIT + END],
        [HIT + b"Expect: 100-continue\r\n" + CLOSE],
        [HIT + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n\r\n"],
        [HIT + b"If-None-Match: *\r\n" + END + HIT + CLOSE],
        [HIT + b"Content-Length: 3\r\n" + END + b"abc" + HIT + CLOSE],
        [HIT + b"Transfer-Encoding: chunked\r\n" + END + b"1\r\na\r\n0\r\nX: y\r\n\r\n" + HIT + CLOSE],
        [HIT + b"X-Padding: " + b"a" * 70_000 + END + CLOSE],
        [HIT + END, b"\x16\x03\x01rubbish\r\n\r\n"],
        *([asked_as(target) + CLOSE] for target in TARGETS),
        [*(asked_as(target) + END for target in TARGETS[:4]), HIT + CLOSE],
    ],
)
def test_both_ways_are_the_same_bytes_on_the_wire(
    twins_of: Callable[..., Twins], pieces: list[bytes]
) -> None:
    """Pipelined, in pieces, by old clients and by ones that expect, upgrade or bring a body."""
    fast, slow = conversations(twins_of(), *pieces, pause_s=0.02)
    assert fast == slow
    assert fast.startswith(b"HTTP/1.1 ")


class Streaming:
    """Answers one path at once, and every other over a second and a half."""

    def at_once(self, scope: Scope) -> AtOnce | None:
        """The path that is known."""
        return (
            AtOnce(200, Head((b"content-length", None)), (b"2",), b"ok") if scope["path"] == "/hit" else None
        )

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """In two parts."""
        headers = [(b"content-length", b"4"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"be", "more_body": True})
        await asyncio.sleep(1.5)
        await send({"type": "http.response.body", "body": b"at"})


async def test_an_answer_behind_one_given_at_once_may_take_longer_than_a_connection_may_idle() -> None:
    """Both were asked for in one piece; nobody idles meanwhile."""
    pieces = [b"GET /hit HTTP/1.1\r\n" + NAMED + END + b"GET /list HTTP/1.1\r\n" + NAMED + END]
    answer = await conversation(Streaming(), *pieces)
    assert answer.endswith(b"\r\n\r\nbeat")


class Broken:
    """An application with a mistake."""

    def at_once(self, scope: Scope) -> AtOnce | None:
        """Fails."""
        raise LookupError(scope["path"])

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Fails in the same way."""
        self.at_once(scope)


async def test_a_mistake_of_ours_is_a_500_and_logged_and_not_a_bad_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The parser, in the middle of which it happens, would call it the client's."""
    assert (await conversation(Broken(), HIT + CLOSE)).startswith(b"HTTP/1.1 500 ")
    assert "LookupError" in caplog.text


def test_many_pipelined_hits_behind_a_slow_answer_come_in_order(twins_of: Callable[..., Twins]) -> None:
    """However many: they are answered one after another and not inside each other."""
    asked = MISS + END + (HIT + END + LOOKUP + END) * 1_000 + HIT + CLOSE
    fast, slow = conversations(twins_of(), asked)
    assert fast == slow
    assert fast.count(b"HTTP/1.1 200 OK") == 2_001


def test_a_client_that_reads_slowly_loses_nothing(twins_of: Callable[..., Twins]) -> None:
    """Once its buffers are full the answers wait for it, those at once too."""
    twins = twins_of()

    async def slowly() -> bytes:
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        async with serving(twins.fast, listener=listener) as server:
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)  # noqa: FBT003 - the socket module's own word
            await loop.sock_connect(client, ("127.0.0.1", server.port))
            asking = asyncio.create_task(loop.sock_sendall(client, (HIT + END) * 3_000 + HIT + CLOSE))
            await asyncio.sleep(0.2)
            assert 0 < server.state.total_requests < 3_000, "nobody waited for the reader"
            read = b""
            while piece := await asyncio.wait_for(loop.sock_recv(client, 65536), 10):
                read += piece
            await asking
            client.close()
        return read

    assert twins.run(slowly()).count(b"HTTP/1.1 200 OK") == 3_001


def test_an_idle_connection_is_closed_in_time_and_a_busy_one_is_not(twins_of: Callable[..., Twins]) -> None:
    """The time runs from the last answer, although the timer was set with the first."""
    twins = twins_of()

    async def seconds(*pieces: bytes, pause_s: float) -> tuple[int, float]:
        began = asyncio.get_running_loop().time()
        answer = await conversation(twins.fast, *pieces, pause_s=pause_s)
        return answer.count(b" 200 OK"), asyncio.get_running_loop().time() - began

    assert twins.run(seconds(HIT + END, pause_s=0))[1] == pytest.approx(1.0, abs=0.3)
    count, took_s = twins.run(seconds(*[HIT + END] * 4, pause_s=0.6))
    assert count == 4
    assert took_s == pytest.approx(1.8 + 1.0, abs=0.4)


def test_no_task_is_started_for_a_hit(twins_of: Callable[..., Twins]) -> None:
    """Or all of this would prove nothing; the same for somebody nobody knows starts one."""
    twins = twins_of()

    class Watched(LimitingProtocol):
        """Keeps the tasks it has started."""

    async def started(request: bytes) -> int:
        config = uvicorn.Config(
            twins.fast, http=Watched, ws="none", log_config=None, access_log=False, proxy_headers=False
        )
        config.load()
        state = Server(config).server_state
        protocol = Watched(config=config, server_state=state, app_state={})
        ours, theirs = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, ours)
        protocol.data_received(request)
        count = len(state.tasks)
        await asyncio.gather(*state.tasks)
        transport.close()
        theirs.close()
        await asyncio.sleep(0)
        return count

    for target in (MAX, MAX_ID):
        assert twins.run(started(f"GET /presence/{target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())) == 0
    assert twins.run(started(MISS + END)) == 1
