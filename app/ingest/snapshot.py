"""Warm restart: what is known is written down every minute, and taken up again by the next process."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import msgspec

from app.clock import Clock
from app.errors import SnapshotError, SnapshotUnusable
from app.ingest.groups import GroupSync
from app.ingest.poll import PresencePoller
from app.ingest.snapshot_file import Content, Header, SnapshotFile
from app.ingest.users import UserSync
from app.off_loop import off_loop
from app.presence.directory import Directory
from app.presence.models import Person
from app.presence.store import Kept, PresenceStore
from app.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)

WRITE_EVERY_S = 60.0
_WRITE = "write"
_OLDEST = timedelta(days=7)
# People who are gathered before others get their turn.
_PORTION = 250


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """Writes the directory, its delta link and the last readings, and restores them at the start.

    A snapshot younger than `keep_for_s` makes the service ready at once; an older one restores the directory,
    and of the readings those that may still be told.
    """

    file: SnapshotFile
    directory: Directory
    store: PresenceStore
    users: UserSync
    groups: GroupSync
    poller: PresencePoller
    clock: Clock
    keep_for_s: float
    status_messages: bool
    _writes: SingleFlight[None] = field(default_factory=SingleFlight, init=False)
    _told: bool = field(default=False, init=False)
    _rounds: int = field(default=0, init=False)
    _listed_at: datetime | None = field(default=None, init=False)

    def restore(self) -> None:
        """Take up what the process before has left; a file that is of no use is deleted, with its reason."""
        self.file.delete_unfinished()
        try:
            content = self.file.read()
            if content is not None:
                self._check(content.header)
        except SnapshotUnusable as error:
            self.file.delete()
            _LOG.warning("Starting without the snapshot: %s", error)
            return
        if content is not None:
            self._take(content)

    async def first_due(self) -> None:
        """Return once everybody has been read, or a minute after the directory has."""
        await self.users.listed.wait()
        read = asyncio.ensure_future(self.poller.read_once.wait())
        late = asyncio.ensure_future(self.clock.sleep(WRITE_EVERY_S))
        try:
            await asyncio.wait({read, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            read.cancel()
            late.cancel()

    async def round(self) -> None:
        """Write what is known now, if there is anything; one at a time. Raises SnapshotError."""
        if not self.users.listed.is_set():
            return
        content = await self._gathered()
        try:
            await asyncio.shield(
                self._writes.start(_WRITE, lambda: off_loop(partial(self.file.write, content)))
            )
        except SnapshotError:
            self._told = True
            raise
        self._told = False

    async def close(self) -> None:
        """Write for the last time; what cannot be written any more is told, unless it has been."""
        told = self._told
        if under_way := self._writes.running(_WRITE):
            await asyncio.wait({under_way})
        try:
            await self.round()
        except SnapshotError as error:
            _LOG.log(logging.DEBUG if told else logging.WARNING, "%s", error)

    async def _gathered(self) -> Content:
        """Header and people belong to one moment; a reading is as new as its portion."""
        header = Header(
            written_at=self.clock.now(),
            listed_at=self._directory_date(),
            delta_link=self.users.delta_link,
            narrow=self.users.narrow,
            members=dict(self.directory.members),
        )
        people = self.directory.people
        readings: list[Kept | None] = []
        for start in range(0, len(people), _PORTION):
            readings += map(self._reading, people[start : start + _PORTION])
            await asyncio.sleep(0)
        return Content(header=header, people=people, readings=readings)

    def _directory_date(self) -> datetime:
        """When Microsoft was last seen to confirm the directory: writing it anew does not make it younger."""
        if self._listed_at is None or self.users.rounds > self._rounds:
            self._listed_at, self._rounds = self.clock.now(), self.users.rounds
        return self._listed_at

    def _reading(self, person: Person) -> Kept | None:
        if not self.directory.holds(person.id):
            return None
        kept = self.store.kept(person.id)
        return self._discreet(kept) if kept else None

    def _discreet(self, kept: Kept) -> Kept:
        """Without what people have written about themselves, unless the operator wants that."""
        if self.status_messages or kept.presence is None or kept.presence.status_message is None:
            return kept
        return msgspec.structs.replace(
            kept, presence=msgspec.structs.replace(kept.presence, status_message=None)
        )

    def _check(self, header: Header) -> None:
        if self.clock.now() - header.listed_at > _OLDEST:
            raise SnapshotUnusable(f"it is older than {_OLDEST.days} days")

    def _take(self, content: Content) -> None:
        header, now = content.header, self.clock.now()
        young = timedelta() <= now - header.written_at < timedelta(seconds=self.keep_for_s)
        self._listed_at = header.listed_at
        self.directory.restore(content.people, header.members)
        self.users.resume(header.delta_link, narrow=header.narrow)
        if self.directory.complete:
            self.groups.attempted.set()
        self._restore_readings(content, now, young=young)
        _LOG.info(
            "Took up the snapshot of %s",
            header.written_at.isoformat(timespec="seconds"),
            extra={"people": len(content.people), "ready": self.poller.everybody_read},
        )

    def _restore_readings(self, content: Content, now: datetime, *, young: bool) -> None:
        kept = {
            person.id: self._discreet(reading)
            for person, reading in zip(content.people, content.readings, strict=True)
            if reading and self.directory.holds(person.id)
        }
        self.store.restore(kept, now=now, blind_too=young)
        self.poller.resume(unproven=() if young else kept)
