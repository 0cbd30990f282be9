"""Microseconds a call inside one process, without sockets: the steadiest figure on a noisy machine.

Run by itself (`python -m bench.inside ROUNDS CORE`), so that nobody else's memory and modules matter. It
counts the processor's time and not the clock's, and takes turns round by round like everything else.
"""

import asyncio
import cProfile
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
import uvloop
from starlette.types import ASGIApp, Message, Scope
from uvicorn.lifespan.on import LifespanOn

from app.config import load_settings
from app.main import build_app
from bench import asked, bare, careless, layers, usual
from bench.contestants import CEILING, HIT, LOOKUP, UNCHANGED, USUAL
from bench.people import ASKED, KEY, KEY_SHA256, PEOPLE, address_of
from bench.tenant import Tenant, simulated

_TURN_S = 0.2
_AT_ONCE = 100
_PROFILED = 5_000
_LOOK_EVERY_S = 0.02


class Found(msgspec.Struct):
    """Microseconds by contestant, what a first question costs above a later one, a hit's shares by layer."""

    call_us: dict[str, list[float]]
    first_us: list[float]
    layers: dict[str, float]


class Calls:
    """An application asked the same questions over and over, the way uvicorn would ask."""

    def __init__(self, app: ASGIApp, scopes: Sequence[Scope], *, status: int = 200) -> None:
        self._app = app
        self._scopes = cycle(scopes)
        self._status = status
        self._wrong = 0
        self._never = asyncio.Event()

    async def us_per_call(self) -> float:
        """Microseconds of processor time, over a moment. Raises ValueError for another status."""
        calls, began = 0, time.process_time()
        while (spent_s := time.process_time() - began) < _TURN_S:
            await self.some(_AT_ONCE)
            calls += _AT_ONCE
        if self._wrong:
            raise ValueError(f"{self._wrong} of {calls} answers had another status than {self._status}.")
        return spent_s / calls * 1e6

    async def some(self, calls: int) -> None:
        """So many calls, one after the other."""
        for scope in islice(self._scopes, calls):
            await self._app(dict(scope), self._body(), self._send)

    def _body(self) -> Callable[[], Awaitable[Message]]:
        """An empty body; who asks for more waits until the caller hangs up."""
        parts = iter(({"type": "http.request", "body": b"", "more_body": False},))

        async def receive() -> Message:
            for part in parts:
                return part
            await self._never.wait()
            return {"type": "http.disconnect"}

        return receive

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._wrong += message["status"] != self._status


async def first_answer(app: ASGIApp, scope: Scope) -> list[Message]:
    """What an application sends in answer to one question."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(dict(scope), receive, send)
    return sent


def scope_of(path: str, *, query: str = "", **headers: str) -> Scope:
    """What uvicorn makes of a GET with the key."""
    sent = {"host": "127.0.0.1", "x-api-key": KEY, **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "state": {},
    }


@asynccontextmanager
async def service(tenant: Tenant) -> AsyncIterator[ASGIApp]:
    """The service's application in this loop, with everybody read."""
    environ = {**tenant.settings, "PRESENCE_API_KEYS": f"bench:{KEY_SHA256}"}
    app = build_app(load_settings(environ, None))
    lifespan = LifespanOn(uvicorn.Config(app, log_config=None, lifespan="on"))
    await lifespan.startup()
    try:
        while await _status(app, scope_of("/health/ready")) != 200:  # noqa: ASYNC110 - as from outside
            await asyncio.sleep(_LOOK_EVERY_S)
        yield app
    finally:
        await lifespan.shutdown()


async def contestants(app: ASGIApp, emails: Sequence[str]) -> dict[str, Calls]:
    """Everybody who can be asked inside a process."""
    paths = [f"/presence/{email}" for email in emails]
    hits = [scope_of(path) for path in paths]
    known = [scope_of(path, **{"if-none-match": await _etag(app, scope_of(path))}) for path in paths]
    flows = [scope_of("/lookup", query=f"email={email}") for email in emails]
    theirs = [scope_of(f"/presence/{address_of(number)}") for number in range(ASKED)]
    return {
        CEILING: Calls(bare.app, theirs),
        HIT: Calls(app, hits),
        UNCHANGED: Calls(app, known, status=304),
        LOOKUP: Calls(app, flows),
        USUAL: Calls(usual.app, theirs),
        "careless": Calls(careless.app, theirs),
    }


async def measure(tenant: Tenant, *, rounds: int) -> Found:
    """In turns; then a profile of the hit."""
    async with service(tenant) as app:
        everybody = asked.addresses(tenant, limit=2 * ASKED * (rounds + 1))
        calls = await contestants(app, everybody[:ASKED])
        call_us: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, one in calls.items():
                call_us[name].append(await one.us_per_call())
                await asyncio.sleep(0)
        first_us = [await _first_us(app, everybody[ASKED * number :]) for number in range(1, rounds + 1)]
        return Found(call_us, first_us, await _layers(calls[HIT]))


async def _first_us(app: ASGIApp, strangers: Sequence[str]) -> float:
    """What is built with the first answer about somebody, as after each change."""
    calls = Calls(app, [scope_of(f"/presence/{email}") for email in strangers[:ASKED]])
    spent_s = []
    for _ in range(2):
        began = time.process_time()
        await calls.some(ASKED)
        spent_s.append(time.process_time() - began)
    first_s, later_s = spent_s
    return (first_s - later_s) / ASKED * 1e6


async def _layers(hit: Calls) -> dict[str, float]:
    profile = cProfile.Profile()
    profile.enable()
    await hit.some(_PROFILED)
    profile.disable()
    return layers.shares_of(profile)


async def _status(app: ASGIApp, scope: Scope) -> Any:
    return (await first_answer(app, scope))[0]["status"]


async def _etag(app: ASGIApp, scope: Scope) -> str:
    headers: list[tuple[bytes, bytes]] = (await first_answer(app, scope))[0]["headers"]
    return next(value.decode() for name, value in headers if name.lower() == b"etag")


def main(rounds: str, other_core: str) -> None:
    """Print what was found as JSON; the tenant is simulated on the other core."""
    with (
        tempfile.TemporaryDirectory() as folder,
        simulated(Path(folder), people=PEOPLE, core=int(other_core)) as tenant,
    ):
        found = uvloop.run(measure(tenant, rounds=int(rounds)))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
