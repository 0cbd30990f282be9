"""One process's life over a folder with a snapshot, and the next one's."""

import gzip
from pathlib import Path
from typing import Any

import httpx
import msgspec

from app.config import WhenBlind
from app.ingest.groups import GroupSync
from app.ingest.poll import PresencePoller
from app.ingest.snapshot import Snapshot
from app.ingest.snapshot_file import NAME, Identity, SnapshotFile
from app.ingest.users import UserSync
from app.presence.directory import Directory
from app.presence.models import Sighting
from app.presence.scope import Scope
from app.presence.store import PresenceStore
from tests.graph.fake_graph import ROOT, FakeGraph, everybody_free, page
from tests.support.clock import ManualClock

MAX = {"id": "id-max", "mail": "max@firm.example", "displayName": "Max", "accountEnabled": True}
GUEST = {"id": "id-guest", "mail": "guest@other.example", "userType": "Guest"}
GROUP = "0f0e0d0c-1111-2222-3333-444455556666"
DELTA = f"{ROOT}/v1.0/users/delta?$deltatoken=1"
IDENTITY = Identity(
    tenant_id="contoso",
    client_id="client",
    authority="https://login.example",
    graph=ROOT,
    scope=("tenant",),
    default_country="DE",
)
EVERYBODY = Scope(tenant=True)


class Life:
    """A process's life over a folder, begun `at_s` seconds after the first."""

    def __init__(
        self,
        folder: Path,
        *,
        at_s: float = 0.0,
        scope: Scope = EVERYBODY,
        when_blind: WhenBlind = WhenBlind.UNKNOWN,
        **options: Any,
    ) -> None:
        self.clock = ManualClock()
        self.clock.pass_by(at_s)
        self.people: list[dict[str, Any]] = [MAX, GUEST]
        self.users_answer: httpx.Response | None = None
        self.presence_answer: httpx.Response | None = None
        self.graph = FakeGraph(self.clock, self._script)
        client = self.graph.client
        self.directory = Directory(scope)
        self.store = PresenceStore(
            timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0, when_blind=when_blind
        )
        self.users = UserSync(client, directory=self.directory, may_narrow=True)
        self.groups = GroupSync(client, directory=self.directory, wanted=lambda: scope.groups)
        self.poller = PresencePoller(client, directory=self.directory, store=self.store, clock=self.clock)
        self.path = folder / NAME
        self.snapshot = Snapshot(
            file=SnapshotFile(
                folder, identity=msgspec.structs.replace(IDENTITY, **options.get("identity", {}))
            ),
            directory=self.directory,
            store=self.store,
            users=self.users,
            groups=self.groups,
            poller=self.poller,
            clock=self.clock,
            keep_for_s=300.0,
            status_messages=options.get("status_messages", False),
        )
        self.snapshot.restore()

    async def learn(self, *, seconds: float = 0.0) -> None:
        """Read people, groups and presence, then let time pass and write."""
        await self.users.round()
        await self.groups.round()
        await self.poller.sweep()
        self.clock.pass_by(seconds)
        await self.snapshot.round()

    def sighting(self, person_id: str = "id-max") -> Sighting | None:
        """What is known about somebody."""
        return self.store.get(person_id)

    @property
    def text(self) -> str:
        """What is on the disk, unpacked."""
        return gzip.decompress(self.path.read_bytes()).decode()

    def _script(self, request: httpx.Request) -> httpx.Response:
        if "groups" in request.url.path:
            return page({"id": "id-max"})
        if "users" in request.url.path:
            return self.users_answer or page(*self.people, delta_link=DELTA)
        return self.presence_answer or everybody_free(request)
