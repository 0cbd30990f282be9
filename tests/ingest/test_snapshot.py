"""Warm restart: what the next process takes up, what it refuses, and when anything is written."""

import asyncio
import gzip
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import WhenBlind
from app.errors import SnapshotError
from app.ingest.snapshot_file import NAME
from app.presence.models import NOTHING_KNOWN, Freshness, Source
from app.presence.scope import scope_of
from tests.graph.fake_graph import answer, ids_of, page, refusal
from tests.ingest.snapshot_life import DELTA, GROUP, MAX, Life
from tests.support.clock import settle


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def lived(folder: Path, *, seconds: float = 0.0, **options: Any) -> Life:
    life = Life(folder, **options)
    await life.learn(seconds=seconds)
    return life


async def test_the_next_process_knows_what_the_one_before_knew(tmp_path: Path) -> None:
    """The person, her presence with its true age, accounts that are not held, and it is ready at once."""
    await lived(tmp_path)
    next_life = Life(tmp_path, at_s=40)
    seen = next_life.sighting()
    assert seen is not None
    assert (seen.presence.availability, seen.age_s) == ("Available", 40)
    assert (seen.freshness, seen.source) == (Freshness.STALE, Source.SNAPSHOT)
    assert next_life.poller.everybody_read
    assert next_life.directory.complete
    assert [person.mail for person in next_life.directory.find("max@firm.example")] == ["max@firm.example"]
    assert next_life.directory.set_aside("guest@other.example")
    assert next_life.graph.asked == []


async def test_the_delta_link_is_resumed_and_who_was_removed_meanwhile_goes(tmp_path: Path) -> None:
    """No listing of everybody after a restart."""
    await lived(tmp_path)
    next_life = Life(tmp_path)
    next_life.people = [{"id": "id-max", "@removed": {"reason": "deleted"}}]
    await next_life.users.round()
    assert [url.partition("?")[2] for url in next_life.graph.urls] == ["$deltatoken=1"]
    assert next_life.directory.held == []
    await next_life.snapshot.round()
    assert "max@firm.example" not in next_life.text


async def test_an_expired_delta_link_becomes_a_full_listing(tmp_path: Path) -> None:
    """Microsoft says 410 to a link that is too old."""
    await lived(tmp_path)
    next_life = Life(tmp_path)
    gone = refusal(410, "resyncRequired")
    next_life.graph.script = lambda request: (
        gone
        if "deltatoken" in str(request.url)
        else page({**MAX, "mail": "m@firm.example"}, delta_link=DELTA)
    )
    await next_life.users.round()
    assert next_life.directory.find("m@firm.example")
    assert len(next_life.directory) == 1


async def test_after_a_narrow_listing_everybody_is_listed_anew(tmp_path: Path) -> None:
    """Whoever restarts after granting a permission wants it to count."""
    life = Life(tmp_path)
    life.graph.script = lambda request: (
        refusal(403) if "proxyAddresses" in str(request.url) else page(MAX, delta_link=DELTA)
    )
    await life.users.round()
    await life.snapshot.round()
    next_life = Life(tmp_path)
    assert next_life.users.narrow
    assert next_life.users.delta_link is None
    await next_life.users.round()
    assert not next_life.users.narrow


@pytest.mark.parametrize(
    "other",
    [
        {"tenant_id": "fabrikam"},
        {"client_id": "another"},
        {"authority": "https://login.another.example"},
        {"graph": "https://graph.another.example"},
        {"scope": ("domain:firm.example",)},
        {"default_country": "FR"},
    ],
)
async def test_a_snapshot_of_somebody_else_is_deleted(
    tmp_path: Path, other: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Tenant, application, cloud, scope, and the country that phone numbers were read with."""
    await lived(tmp_path)
    next_life = Life(tmp_path, identity=other)
    assert (len(next_life.directory), next_life.poller.everybody_read) == (0, False)
    assert left_in(tmp_path) == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "another tenant" in caplog.text


async def test_a_damaged_snapshot_is_deleted_with_one_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The service starts as if there had been none."""
    life = await lived(tmp_path)
    life.path.write_bytes(life.path.read_bytes()[:100])
    next_life = Life(tmp_path)
    assert len(next_life.directory) == 0
    assert not life.path.exists()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(("days", "known"), [(6.9, 2), (7.1, 0)])
async def test_after_seven_days_the_whole_file_goes(tmp_path: Path, days: float, known: int) -> None:
    """Before that it still tells who there is."""
    life = await lived(tmp_path)
    assert len(Life(tmp_path, at_s=days * 86_400).directory) == known
    assert life.path.exists() == bool(known)


async def test_writing_it_anew_does_not_make_the_directory_younger(tmp_path: Path) -> None:
    """A service that restarts for a week without Microsoft does not keep people for ever."""
    await lived(tmp_path)
    for days in (3, 6):
        await Life(tmp_path, at_s=days * 86_400).snapshot.round()
    assert len(Life(tmp_path, at_s=6.5 * 86_400).directory) == 2
    assert len(Life(tmp_path, at_s=7.1 * 86_400).directory) == 0


async def test_an_old_snapshot_restores_the_directory_only(tmp_path: Path) -> None:
    """Ready after the first sweep, like any cold start."""
    await lived(tmp_path)
    next_life = Life(tmp_path, at_s=301)
    assert next_life.directory.holds("id-max")
    assert next_life.sighting() is None
    assert not next_life.poller.everybody_read
    await next_life.poller.sweep()
    assert next_life.poller.everybody_read


async def test_with_last_an_old_snapshot_answers_but_is_not_ready(tmp_path: Path) -> None:
    """Not even after a sweep that failed: nobody has been asked about by this process."""
    await lived(tmp_path)
    next_life = Life(tmp_path, at_s=3_600, when_blind=WhenBlind.LAST)
    seen = next_life.sighting()
    assert seen is not None
    assert (seen.presence.availability, seen.age_s) == ("Available", 3_600)
    next_life.presence_answer = refusal(400)
    with pytest.raises(Exception, match=r"."):
        await next_life.poller.sweep()
    assert not next_life.poller.everybody_read
    next_life.presence_answer = None
    await next_life.poller.sweep()
    assert next_life.poller.everybody_read


async def test_blind_before_is_blind_after(tmp_path: Path) -> None:
    """A young snapshot of a service that could not ask: no 503 for somebody who had an answer before."""
    await lived(tmp_path, seconds=400)
    next_life = Life(tmp_path, at_s=401)
    assert next_life.sighting() == NOTHING_KNOWN
    assert next_life.poller.everybody_read


async def test_a_snapshot_from_the_future_makes_nobody_fresh_and_nothing_ready(tmp_path: Path) -> None:
    """The machine's clock has been set back: who there is may be believed, how old things are may not."""
    await lived(tmp_path, at_s=3_600)
    next_life = Life(tmp_path)
    assert next_life.sighting() == NOTHING_KNOWN
    assert next_life.directory.holds("id-max")
    assert not next_life.poller.everybody_read


async def test_it_is_not_ready_at_once_if_somebody_had_not_been_read(tmp_path: Path) -> None:
    """A process killed in the middle of its first sweep was not ready either."""
    life = Life(tmp_path)
    await life.users.round()
    await life.snapshot.round()
    next_life = Life(tmp_path)
    assert next_life.directory.holds("id-max")
    assert not next_life.poller.everybody_read
    assert next_life.sighting() is None


async def test_groups_come_back_with_the_scope(tmp_path: Path) -> None:
    """Members are held without asking; nobody else is."""
    scope = scope_of(tenant=False, groups=[GROUP])
    other = {"id": "id-eva", "mail": "eva@firm.example"}
    life = Life(tmp_path, scope=scope)
    life.people.append(other)
    await life.learn()
    next_life = Life(tmp_path, scope=scope)
    assert next_life.directory.held == ["id-max"]
    assert next_life.directory.complete
    assert next_life.groups.attempted.is_set()
    assert next_life.poller.everybody_read


async def test_a_group_that_had_not_been_read_widens_nothing(tmp_path: Path) -> None:
    """Not complete, not ready, nobody held."""
    scope = scope_of(tenant=False, groups=[GROUP])
    life = Life(tmp_path, scope=scope)
    await life.users.round()
    await life.snapshot.round()
    next_life = Life(tmp_path, scope=scope)
    assert next_life.directory.held == []
    assert not next_life.directory.complete
    assert not next_life.groups.attempted.is_set()


async def test_who_leaves_the_scope_has_no_presence_in_the_next_writing(tmp_path: Path) -> None:
    """Only the name stays, as for everybody who is not held."""
    life = await lived(tmp_path)
    assert "Available" in life.text
    life.people = [{**MAX, "accountEnabled": False}]
    await life.users.round()
    await life.snapshot.round()
    assert "Available" not in life.text


@pytest.mark.parametrize("enabled", [True, False])
async def test_status_messages_are_written_only_if_they_are_shown(tmp_path: Path, *, enabled: bool) -> None:
    """And restored only then, whatever an earlier setting has left in the file."""
    message = {"message": {"content": "at the dentist"}}

    def chatty(request: httpx.Request) -> httpx.Response:
        ids = ids_of(request)
        return answer(
            value=[
                {"id": key, "availability": "Busy", "activity": "Busy", "statusMessage": message}
                for key in ids
            ]
        )

    life = Life(tmp_path, status_messages=enabled)
    await life.users.round()
    life.graph.script = chatty
    await life.poller.sweep()
    await life.snapshot.round()
    assert ("dentist" in life.text) is enabled
    quiet = Life(tmp_path).sighting()
    assert quiet is not None
    assert quiet.presence.status_message is None


async def test_nothing_is_written_before_there_is_anything_to_write(tmp_path: Path) -> None:
    """A start without Microsoft must not put an empty snapshot in the place of a good one."""
    life = Life(tmp_path)
    await life.snapshot.round()
    await life.snapshot.close()
    assert left_in(tmp_path) == []


async def test_no_token_is_in_the_file(tmp_path: Path) -> None:
    """The delta link is the only thing of Microsoft's that is kept besides people and presence."""
    life = await lived(tmp_path)
    assert life.graph.sign_ins == 1
    assert "token-1" not in life.text


async def test_the_first_writing_is_due_when_everybody_has_been_read(tmp_path: Path) -> None:
    """Not a minute later."""
    life = Life(tmp_path)
    due = asyncio.create_task(life.snapshot.first_due())
    await life.users.round()
    await life.clock.advance(1)
    assert not due.done()
    await life.poller.sweep()
    await settle()
    assert due.done()


async def test_the_first_writing_does_not_wait_for_presence_for_ever(tmp_path: Path) -> None:
    """A minute after the listing it is due anyway: the directory is worth keeping, too."""
    life = Life(tmp_path)
    due = asyncio.create_task(life.snapshot.first_due())
    await life.users.round()
    await life.clock.advance(59)
    assert not due.done()
    await life.clock.advance(2)
    assert due.done()


async def test_at_the_end_it_is_written_once_more_and_a_known_fault_is_not_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Silence at shutdown if the feed has spoken, one record if not."""
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("")
    life = Life(obstacle / "state")
    await life.users.round()
    await life.snapshot.close()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(SnapshotError):
        await life.snapshot.round()
    await life.snapshot.close()
    assert len(caplog.records) == 1
    obstacle.unlink()
    await life.snapshot.close()
    assert life.path.exists()


async def test_what_a_killed_writer_has_left_goes_at_the_start(tmp_path: Path) -> None:
    """Half a snapshot is personal data, too, and nobody would ever look at it again (found D15)."""
    (tmp_path / f"{NAME}.tmp").write_text("half a person")
    Life(tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "row", [b'{"person":{"id":"id-max"}}\n', b'{"person":{"id":"1","display_name":"%b"}}\n' % (b"a" * 60_000)]
)
async def test_a_bomb_of_rows_behind_our_own_header_is_given_up_early(tmp_path: Path, row: bytes) -> None:
    """A megabyte that unpacks to a gigabyte costs neither its time nor its room (found D15)."""
    life = await lived(tmp_path)
    with life.path.open("ab") as file:
        file.write(gzip.compress(row * (1024 * 1024 // len(row))) * 1_024)
    began = time.process_time()
    assert len(Life(tmp_path).directory) == 0
    assert time.process_time() - began < 15
    assert left_in(tmp_path) == []
