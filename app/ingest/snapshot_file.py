"""The snapshot on disk: what is in it, how it gets there whole or not at all, and who may read it."""

import gzip
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from app.errors import SnapshotError, SnapshotUnusable
from app.files import open_own
from app.ingest.packed_lines import PackedLines, TooMuchUnpacked
from app.presence.models import Person, Presence, Source
from app.presence.store import Kept

NAME = "snapshot.json.gz"
# Raise it when an older file would be misread: changed fields, other phone digits, a wider `$select`.
VERSION = 3

# People that are encoded in one go, while nothing else of the process runs.
_PORTION = 100
# The first level: twice as fast as the usual one, for a file that is a fifth larger.
_COMPRESSION = 1
# Bytes of each kind of line, and lines: what unpacks to more is not one of ours. A header has the members of
# groups, 39 bytes each.
_MAX_LABEL, _MAX_HEADER, _MAX_ROW, _MAX_PEOPLE = 2**20, 2**26, 2**20, 1_000_000
# gzip and msgspec let all of these through for a file that is not one of ours, or only half of it.
_UNREADABLE = (EOFError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError)

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data it is, and what it was read by: a snapshot with another one is of no use."""

    tenant_id: str
    client_id: str
    authority: str
    graph: str
    scope: tuple[str, ...]
    default_country: str


class _Label(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of the file."""

    version: int = VERSION
    identity: Identity


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The second line: of when it is, and what is to be known besides the people."""

    written_at: _Moment
    listed_at: _Moment
    delta_link: str | None
    narrow: bool
    members: dict[str, frozenset[str]]


class _Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Every other line: one account, with its last reading if it is held."""

    person: Person
    read: bool = False
    presence: Presence | None = None
    observed_at: _Moment | None = None
    changed_at: _Moment | None = None
    source: Source | None = None

    @property
    def kept(self) -> Kept | None:
        """The reading, None for somebody never read."""
        if not self.read:
            return None
        return Kept(
            presence=self.presence,
            observed_at=self.observed_at,
            changed_at=self.changed_at,
            source=self.source,
        )


class _Version(msgspec.Struct):
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that outlives the process: never a token, never a secret.

    `readings` go with `people` one by one; two lists, because so many pairs would be work for the collector.
    """

    header: Header
    people: Sequence[Person]
    readings: Sequence[Kept | None]


class SnapshotFile:
    """One file in a folder of its own, mode 0600, replaced whole. Safe to be written from several threads."""

    def __init__(self, folder: Path, *, identity: Identity) -> None:
        self._folder = folder
        self._identity = identity
        self._path = folder / NAME
        self._temporary = folder / f"{NAME}.tmp"
        self._writing = threading.Lock()

    def read(self) -> Content | None:
        """What was written last; None without a file. Raises SnapshotUnusable.

        Whose it is comes first: of a file that is not ours nothing more is unpacked.
        """
        try:
            with open_own(self._path) as file:
                lines = PackedLines(file)
                self._check_label(lines.next(limit_bytes=_MAX_LABEL))
                return _decoded(lines)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SnapshotUnusable(f"it cannot be read ({error.strerror or 'damaged'})") from error
        except TooMuchUnpacked as error:
            raise SnapshotUnusable("it unpacks to more than a snapshot holds") from error
        except _UNREADABLE as error:
            raise SnapshotUnusable("it is damaged, or not a snapshot") from error

    def write(self, content: Content) -> None:
        """Put this in the place of what is there. Raises SnapshotError, leaving the old file as it was."""
        with self._writing:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._write_temporary(content)
                self._temporary.replace(self._path)
                self._settle()
            except OSError as error:
                self._remove(self._temporary)
                raise SnapshotError(
                    f"The snapshot cannot be written to PRESENCE_STATE_DIR ({error.strerror}): "
                    "after a restart the service will have to read everybody anew."
                ) from error

    def delete(self) -> None:
        """Leave nothing behind, if the folder allows it."""
        self._remove(self._path)
        self.delete_unfinished()

    def delete_unfinished(self) -> None:
        """Remove what a process that was killed while writing has left."""
        self._remove(self._temporary)

    def _check_label(self, line: bytes) -> None:
        version = msgspec.json.decode(line, type=_Version).version
        if version != VERSION:
            raise SnapshotUnusable(f"it was written by another version (format {version})")
        if msgspec.json.decode(line, type=_Label).identity != self._identity:
            raise SnapshotUnusable(
                "it was written for another tenant, application, cloud, scope or default country"
            )

    def _write_temporary(self, content: Content) -> None:
        self._temporary.unlink(missing_ok=True)
        only_ours = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(only_ours, "wb") as file:  # noqa: PTH123 - a descriptor, because of the mode
            with gzip.GzipFile("", "wb", _COMPRESSION, file) as packed:
                for portion in _encoded(_Label(identity=self._identity), content):
                    packed.write(portion)
            file.flush()
            os.fsync(file.fileno())

    def _settle(self) -> None:
        """Have the new name survive a power cut, too."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _remove(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _encoded(label: _Label, content: Content) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    yield encoder.encode_lines([label, content.header])
    for start in range(0, len(content.people), _PORTION):
        portion = slice(start, start + _PORTION)
        # A list: of an iterator msgspec 0.22.0 keeps a reference for ever, and with it everybody's presence.
        yield encoder.encode_lines([*map(_row, content.people[portion], content.readings[portion])])


def _row(person: Person, kept: Kept | None) -> _Row:
    if kept is None:
        return _Row(person=person)
    return _Row(
        person=person,
        read=True,
        presence=kept.presence,
        observed_at=kept.observed_at,
        changed_at=kept.changed_at,
        source=kept.source,
    )


def _decoded(lines: PackedLines) -> Content:
    """Line by line: all at once, a hundred thousand people would take as much room again, and keep it."""
    header = msgspec.json.decode(lines.next(limit_bytes=_MAX_HEADER), type=Header)
    decoder, people, readings = msgspec.json.Decoder(_Row), list[Person](), list[Kept | None]()
    while line := lines.next(limit_bytes=_MAX_ROW):
        row = decoder.decode(line)
        people.append(row.person.thrifty())
        readings.append(row.kept)
        if len(people) > _MAX_PEOPLE:
            raise SnapshotUnusable(f"more than {_MAX_PEOPLE:,} people are in it")
    return Content(header=header, people=people, readings=readings)
