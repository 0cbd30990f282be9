"""The file itself: whole or not at all, ours alone, and harmless whatever is in it."""

import gzip
import json
import os
import resource
import socket
import stat
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SnapshotError, SnapshotUnusable
from app.ingest.snapshot_file import NAME, VERSION, Content, Header, Identity, SnapshotFile
from app.presence.models import Person, Presence, Source
from app.presence.store import Kept
from tests.support.clock import START

IDENTITY = Identity(
    tenant_id="contoso",
    client_id="client",
    authority="https://login.example",
    graph="https://graph.example",
    scope=("tenant",),
    default_country="DE",
)
LABEL = msgspec.json.encode({"version": VERSION, "identity": IDENTITY}) + b"\n"
HEADER = Header(
    written_at=START,
    listed_at=START,
    delta_link="https://graph.example/delta",
    narrow=False,
    members={"group": frozenset({"id-max"})},
)
MAX = Person(id="id-max", display_name="Max Müller", mail="max@firm.example", aliases=("m@firm.example",))
EVA = Person(id="id-eva", mail="eva@firm.example", account_enabled=False, user_type="Guest")
FREE = Kept(
    presence=Presence(availability="Available", activity="Available", sequence_number="7"),
    observed_at=START,
    changed_at=START,
    source=Source.SWEEP,
)
CONTENT = Content(header=HEADER, people=[MAX, EVA], readings=[FREE, None])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


def damaged(folder: Path, data: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_bytes(data)
    with pytest.raises(SnapshotUnusable) as raised:
        SnapshotFile(folder, identity=IDENTITY).read()
    return str(raised.value)


def test_what_is_written_is_what_is_read(folder: Path) -> None:
    """People who are not held, somebody blind, and more people than are encoded in one go."""
    crowd = [msgspec.structs.replace(MAX, id=f"id-{number}") for number in range(1_234)]
    content = Content(
        header=HEADER, people=[*CONTENT.people, *crowd], readings=[FREE, None, *[Kept()] * len(crowd)]
    )
    SnapshotFile(folder, identity=IDENTITY).write(content)
    assert SnapshotFile(folder, identity=IDENTITY).read() == content


def test_there_is_nothing_to_read_at_the_first_start(folder: Path) -> None:
    """No file is no fault."""
    assert SnapshotFile(folder, identity=IDENTITY).read() is None


def test_only_its_owner_may_read_it_and_nothing_else_is_left(folder: Path) -> None:
    """0600 whatever the umask allows, and no temporary file."""
    before = os.umask(0)
    try:
        for _ in range(2):
            SnapshotFile(folder, identity=IDENTITY).write(CONTENT)
    finally:
        os.umask(before)
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_writer_has_left_is_in_nobodys_way(folder: Path) -> None:
    """A temporary file of another mode is replaced, not filled."""
    folder.mkdir(parents=True)
    left = folder / f"{NAME}.tmp"
    left.write_text("half a person")
    left.chmod(0o644)
    SnapshotFile(folder, identity=IDENTITY).write(CONTENT)
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_told_with_its_setting(tmp_path: Path) -> None:
    """And it heals when there is one."""
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("")
    file = SnapshotFile(obstacle / "state", identity=IDENTITY)
    with pytest.raises(SnapshotError, match="PRESENCE_STATE_DIR"):
        file.write(CONTENT)
    obstacle.unlink()
    file.write(CONTENT)
    assert file.read() == CONTENT


def test_deleting_leaves_nothing_behind(folder: Path) -> None:
    """Neither the file nor half of one, and a second time is as good."""
    file = SnapshotFile(folder, identity=IDENTITY)
    file.write(CONTENT)
    (folder / f"{NAME}.tmp").write_text("half")
    file.delete()
    file.delete()
    assert list(folder.iterdir()) == []


def test_every_way_to_cut_it_off_is_noticed(folder: Path) -> None:
    """No byte of it may be missing."""
    SnapshotFile(folder, identity=IDENTITY).write(CONTENT)
    whole = (folder / NAME).read_bytes()
    for length in range(1, len(whole)):
        assert damaged(folder, whole[:length])


def test_another_version_is_named(folder: Path) -> None:
    """Its other fields need not be known for that."""
    newer = gzip.compress(json.dumps({"version": VERSION + 1, "people": "elsewhere"}).encode() + b"\n")
    assert "another version" in damaged(folder, newer)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b""),
        gzip.compress(b"[]"),
        gzip.compress(b"\xff\xfe"),
        gzip.compress(b"[" * 100_000),
        gzip.compress(LABEL + msgspec.json.encode(HEADER) + b"\n{}\n"),
        gzip.compress(LABEL + msgspec.json.encode(HEADER) + b'\n{"person": {"id": 7}}\n'),
        gzip.compress(
            LABEL
            + msgspec.json.encode(HEADER)
            + b'\n{"person": {"id": "x"}, "read": true, "observed_at": "2026-11-23T10:00:00"}\n'
        ),
    ],
    ids=len,  # two collections pack at two moments
)
def test_what_is_no_snapshot_is_refused(folder: Path, data: bytes) -> None:
    """Empty, foreign, of another shape, or with a date without a zone."""
    assert damaged(folder, data)


def test_a_folder_in_its_place_is_refused_too(folder: Path) -> None:
    """Whatever cannot be read is one sentence."""
    (folder / NAME).mkdir(parents=True)
    with pytest.raises(SnapshotUnusable, match="cannot be read"):
        SnapshotFile(folder, identity=IDENTITY).read()


@pytest.mark.parametrize("oddity", ["pipe", "socket", "link", "device", "not ours", "open to everybody"])
def test_only_a_file_that_is_ours_alone_is_believed(folder: Path, oddity: str) -> None:
    """Nothing is waited for, and nobody else's file is taken for ours (found D15)."""
    SnapshotFile(folder, identity=IDENTITY).write(CONTENT)
    path, aside = folder / NAME, folder / "aside"
    if oddity in {"not ours", "device"} and os.geteuid():
        pytest.skip("only root may make that")
    if oddity == "not ours":
        os.chown(path, 12345, -1)
    elif oddity == "open to everybody":
        path.chmod(0o606)
    else:
        path.rename(aside)
    with socket.socket(socket.AF_UNIX) as listener:
        match oddity:
            case "pipe":
                os.mkfifo(path)
            case "socket":
                os.chdir(folder)  # an address of a socket is short
                listener.bind(NAME)
            case "link":
                path.symlink_to(aside)
            case "device":
                os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # zeros without end
        with pytest.raises(SnapshotUnusable, match="cannot be read"):
            SnapshotFile(folder, identity=IDENTITY).read()
        SnapshotFile(folder, identity=IDENTITY).write(CONTENT)
    assert SnapshotFile(folder, identity=IDENTITY).read() == CONTENT


@pytest.mark.parametrize(
    "before", [b"", LABEL, LABEL + msgspec.json.encode(HEADER) + b"\n"], ids=["at once", "header", "people"]
)
@pytest.mark.parametrize("filling", [b" ", b"\0", b"[", b'"a', b"\n"])
def test_a_bomb_is_not_unpacked(folder: Path, before: bytes, filling: bytes) -> None:
    """A file of 2 MB that would take 2 GB is refused for its first line too long, or wrong (found D15)."""
    folder.mkdir(parents=True)
    bomb = gzip.compress(filling * (2**24 // len(filling)))
    (folder / NAME).write_bytes(gzip.compress(before) + bomb * 128)
    began, before_kib = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SnapshotUnusable):
        SnapshotFile(folder, identity=IDENTITY).read()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 300 * 1024
    assert time.monotonic() - began < 20


def test_whose_it_is_comes_first(folder: Path) -> None:
    """What stands behind somebody else's name is not even looked at (found D15)."""
    theirs = msgspec.structs.replace(IDENTITY, tenant_id="fabrikam")
    SnapshotFile(folder, identity=theirs).write(CONTENT)
    whole = gzip.decompress((folder / NAME).read_bytes())
    assert "another tenant" in damaged(folder, gzip.compress(whole[: whole.index(b"\n") + 1] + b"rubbish"))


def read_bytes(data: bytes) -> Content | None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / NAME).write_bytes(data)
        try:
            return SnapshotFile(Path(folder), identity=IDENTITY).read()
        except SnapshotUnusable:
            return None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.binary())
def test_random_bytes_never_crash(data: bytes) -> None:
    """Neither as the file nor inside a file that was packed correctly."""
    assert read_bytes(data) is None
    assert read_bytes(gzip.compress(data)) is None


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_random_lines_behind_a_good_header_never_crash(data: bytes) -> None:
    """Either nothing at all, or people."""
    read = read_bytes(gzip.compress(LABEL + msgspec.json.encode(HEADER) + b"\n" + data))
    assert read is None or all(isinstance(person, Person) for person in read.people)
