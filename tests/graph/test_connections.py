"""After a 503 or 504 the next request leaves on a new connection, as Microsoft's best practices ask.

So does one after a suspension of the machine.
"""

import asyncio
import gc
import time
import weakref
from collections.abc import AsyncIterator

import httpx
import pytest

from app.graph.connections import Connections, NoCookies


class Machine:
    """A local HTTP server that keeps connections alive, numbers them and answers by script."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.used: list[int] = []
        self.open = self.opened = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection until the other end closes it."""
        self.opened += 1
        self.open += 1
        number = self.opened
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.used.append(number)
                await self.go_on.wait()
                status = self.statuses.pop(0) if self.statuses else 200
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


class Reached:
    """Connections to that machine."""

    def __init__(self, machine: Machine, port: int) -> None:
        self.machine = machine
        self.slept_s = 0.0
        self.connections = Connections(
            lambda: httpx.AsyncClient(trust_env=False), timer=lambda: time.monotonic() + self.slept_s
        )
        self._url = httpx.URL(f"http://127.0.0.1:{port}/")

    async def ask(self) -> int:
        """One request; its status."""
        answer = await self.connections.request("GET", self._url, body=None, headers={})
        return answer.status_code

    async def ask_and_watch(self) -> "weakref.ref[httpx.Response]":
        """One request; what is left of its answer afterwards."""
        return weakref.ref(await self.connections.request("GET", self._url, body=None, headers={}))

    async def settled(self, *, open_connections: int) -> None:
        """Wait until the other end has noticed."""
        give_up_at = time.monotonic() + 5
        while self.machine.open != open_connections:
            assert time.monotonic() < give_up_at
            await asyncio.sleep(0.005)


@pytest.fixture
async def reached() -> AsyncIterator[Reached]:
    machine = Machine()
    server = await asyncio.start_server(machine.serve, "127.0.0.1", 0)
    made = Reached(machine, server.sockets[0].getsockname()[1])
    yield made
    await made.connections.close()
    await made.settled(open_connections=0)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
async def test_a_connection_is_used_again_as_long_as_its_machine_is_well(
    reached: Reached, status: int
) -> None:
    reached.machine.statuses = [status]
    await reached.ask()
    await reached.ask()
    assert reached.machine.used == [1, 1]


@pytest.mark.parametrize("status", [503, 504])
async def test_the_retry_goes_out_on_a_new_connection(reached: Reached, status: int) -> None:
    reached.machine.statuses = [status]
    assert [await reached.ask(), await reached.ask(), await reached.ask()] == [status, 200, 200]
    assert reached.machine.used == [1, 2, 2]
    await reached.settled(open_connections=1)


async def test_after_a_suspension_nobody_waits_on_a_connection_from_before(reached: Reached) -> None:
    """Its other end has gone long ago, but the pool's own timer has stood still (found D16)."""
    await reached.ask()
    reached.slept_s = 3600.0
    assert [await reached.ask(), await reached.ask()] == [200, 200]
    assert reached.machine.used == [1, 2, 2]
    await reached.settled(open_connections=1)


async def test_requests_that_fail_together_give_up_their_connections_once(reached: Reached) -> None:
    """None of them is cut off by another's failure, and nothing stays open behind them."""
    reached.machine.statuses = [503] * 4
    reached.machine.go_on.clear()
    asked = asyncio.gather(*(reached.ask() for _ in range(4)))
    await reached.settled(open_connections=4)
    reached.machine.go_on.set()
    assert await asked == [503] * 4
    assert [await reached.ask(), await reached.ask()] == [200, 200]
    assert reached.machine.used[4:] == [5, 5]
    await reached.settled(open_connections=1)


async def test_a_cookie_is_never_sent_back() -> None:
    """Nothing that one answer sets goes along with the next request."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, headers={"set-cookie": "session=1; Path=/"})

    transport = httpx.MockTransport(answer)
    connections = Connections(lambda: httpx.AsyncClient(transport=transport, cookies=NoCookies()))
    for _ in range(2):
        await connections.request("GET", httpx.URL("https://graph.example/"), body=None, headers={})
    await connections.close()
    assert ["cookie" in request.headers for request in asked] == [False, False]


async def test_an_answer_is_gone_with_its_last_user_whenever_the_collector_comes(reached: Reached) -> None:
    """A sweep brings tens of megabytes, and hardly anything that the garbage collector counts."""
    await reached.ask()
    gc.disable()
    try:
        answer = await reached.ask_and_watch()
        assert answer() is None
    finally:
        gc.enable()
