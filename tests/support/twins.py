"""Two services that are told the same things at once: one has the short way, one only the long one."""

import asyncio
from base64 import b64encode
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from app.api.at_once import send_whole
from app.api.batch import Batch
from app.api.hotpath import HotPath
from app.config import load_settings
from app.ingest.tenant import Tenant
from app.main import build_api, build_app
from app.presence.cohort import Asked
from app.presence.models import Person, PersonChange, Presence, Source
from tests.support.clock import ManualClock
from tests.support.cohorts import cohort_of
from tests.support.settings import IDENTITY

KEY = "the-key-of-a-phone-system"
OTHER_KEY = "the-key-of-an-administrator"
ENTRIES = ",".join(
    (
        f"acd:{sha256(KEY.encode()).hexdigest()}:read@192.0.2.0/24+127.0.0.1",
        f"admin:{sha256(OTHER_KEY.encode()).hexdigest()}:admin+explain",
    )
)
T = TypeVar("T")
BASIC = b"Basic " + b64encode(f"whoever:{KEY}".encode())
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, header by header; a name that the service made up for the request is left out."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The value of a header."""
        return dict(self.headers)[name]


class Twins:
    """`ask` asks both and gives both answers; `hits` counts what the short way had."""

    def __init__(self, people: Iterable[PersonChange], **settings: str) -> None:
        self.clock = ManualClock()
        self.hits = 0
        environ = {
            **IDENTITY,
            "AZURE_AUTHORITY_HOST": "https://localhost:1",
            "PRESENCE_GRAPH_URL": "https://localhost:1",
            **settings,
        }
        self._runner = asyncio.Runner()
        self._apis = [build_api(), build_api()]
        self._apps = [
            build_app(load_settings(environ, None), api=api, clock=self.clock) for api in self._apis
        ]
        self._lives = [self._runner.run(_Life.begin(app)) for app in self._apps]
        for tenant in self.tenants:
            tenant.directory.replace_all(people)

    @property
    def fast(self) -> HotPath:
        """The one with the short way."""
        return self._apps[0]

    @property
    def tenants(self) -> Sequence[Tenant]:
        """What each of them knows."""
        return [cast(Tenant, api.state.tenant) for api in self._apis]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something where both live."""
        return self._runner.run(work)

    @property
    def ways(self) -> Sequence[ASGIApp]:
        """The short way with the long one behind it, and a long way alone."""
        return [self._apps[0], self._apps[1].behind]

    @property
    def batch(self) -> Batch:
        """What answers the first one's lists."""
        return cast(Batch, self._apis[0].state.batch)

    def close(self) -> None:
        """Stop both."""
        for life in self._lives:
            self._runner.run(life.end())
        self._runner.close()

    def change(self, *people: PersonChange) -> None:
        """The directory brings changes."""
        for tenant in self.tenants:
            tenant.directory.apply(people)

    def regroup(self, group: str, *members: str) -> None:
        """A group has these members now."""
        for tenant in self.tenants:
            tenant.directory.regroup({group: frozenset(members)})

    def read(self, readings: Mapping[str, Presence], *, ago_s: float = 0.5) -> None:
        """Microsoft said this, so long ago."""
        at = self.clock.monotonic() - ago_s
        asked = Asked(at=at, arrived_at=at, wall=self.clock.now(), source=Source.SWEEP)
        for tenant in self.tenants:
            tenant.store.record(cohort_of(readings, asked))

    def take_rules(self) -> None:
        """The rules file is looked at."""
        for tenant in self.tenants:
            self._runner.run(self._look(tenant))

    def held(self) -> Sequence[Person]:
        """Everybody who is held."""
        directory = self.tenants[0].directory
        return [person for person in directory.people if directory.holds(person.id)]

    def ask(
        self, target: str, headers: Headers = (), *, method: str = "GET", client: str = "127.0.0.1"
    ) -> tuple[Said, Said]:
        """Both answers to one question, the short way's first."""
        return self._runner.run(self._ask(target, headers, method=method, client=client))

    def call(self, target: str, headers: Headers = ()) -> Said:
        """What the first says as any ASGI server would call it."""
        scope = _scope(target, headers, method="GET", client="127.0.0.1")
        return self._runner.run(_listen(self.fast, scope))

    def post(self, target: str, *pieces: Message, headers: Headers = (), app: ASGIApp | None = None) -> Said:
        """What the first, or another application, says to a body that comes in pieces."""
        scope = _scope(target, headers, method="POST", client="127.0.0.1")
        return self._runner.run(_listen(app or self.fast, scope, *pieces))

    def counted(self) -> Sequence[Sequence[str]]:
        """What each tells Prometheus of its requests."""
        return [
            [line for line in api.state.metrics.page().decode().splitlines() if "_request" in line]
            for api in self._apis
        ]

    def missed(self) -> Sequence[Sequence[tuple[str, int]]]:
        """Whom each has been asked for in vain."""
        return [[(one.asked, one.count) for one in tenant.coverage] for tenant in self.tenants]

    async def _ask(self, target: str, headers: Headers, *, method: str, client: str) -> tuple[Said, Said]:
        fast, slow = self._apps
        scope = _scope(target, headers, method=method, client=client)
        answer = fast.at_once(scope)
        if answer is None:
            return await _listen(fast.behind, scope), await _listen(slow.behind, scope)
        self.hits += 1

        async def prompt(_scope: Scope, _receive: Any, send: Any) -> None:
            await send_whole(answer, send)

        return await _listen(prompt, scope), await _listen(slow.behind, scope)

    async def _look(self, tenant: Tenant) -> None:
        await self.clock.carry(tenant.rules.look_now())


@dataclass(slots=True)
class _Life:
    """A running lifespan."""

    task: asyncio.Task[None]
    inbox: asyncio.Queue[Message]

    @classmethod
    async def begin(cls, app: ASGIApp) -> "_Life":
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        begun: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            if not begun.done():
                begun.set_result(message)

        task = asyncio.ensure_future(app({"type": "lifespan", "state": {}}, inbox.get, send))
        inbox.put_nowait({"type": "lifespan.startup"})
        assert (await begun)["type"] == "lifespan.startup.complete"
        return cls(task, inbox)

    async def end(self) -> None:
        self.inbox.put_nowait({"type": "lifespan.shutdown"})
        await self.task


async def _listen(app: ASGIApp, scope: Scope, *pieces: Message) -> Said:
    """Everything an application says to a request, without a body unless there are pieces of one."""
    said: list[Message] = []
    left = iter(pieces)

    async def receive() -> Message:
        return next(left, {"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        said.append(message)

    await app(dict(scope), receive, send)
    body = b"".join(message.get("body", b"") for message in said[1:])
    return Said(said[0]["status"], list(said[0]["headers"]), body)


def _scope(target: str, headers: Headers, *, method: str, client: str) -> Scope:
    """What uvicorn makes of a request line."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": list(headers),
        "client": (client, 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
