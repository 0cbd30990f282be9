"""The rules file on disk: what takes effect, what does not, and how often it is spoken of."""

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path

import pytest

from app.errors import RulesError, SettingsError
from app.ingest.file_look import LOOK_EVERY_S
from app.ingest.periodic import Feed, run_every
from app.ingest.rules_watch import RulesWatch
from tests.support.clock import ManualClock

GENTLE, STERN = 'default = "relaxed"\n', 'default = "strict"\n'
BROKEN = 'default = "relaxt"\n'


class Watched:
    """A rules file and the one who watches it."""

    def __init__(self, folder: Path, text: str = GENTLE) -> None:
        self.clock = ManualClock()
        self.file = folder / "rules.toml"
        self.file.write_text(text)
        self.watch = RulesWatch(self.file, clock=self.clock)

    @property
    def default(self) -> str:
        """The set that judges everybody."""
        return self.watch.rulebook.default

    async def look(self, text: str | None = None) -> str:
        """One round, after saving; what is wrong, if anything is."""
        if text is not None:
            self.file.write_text(text)
        try:
            await self.clock.carry(self.watch.round())
        except RulesError as error:
            return str(error)
        return ""


@pytest.fixture
def watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Watched:
    """A sound file, and a log that is heard."""
    caplog.set_level(logging.INFO)
    return Watched(tmp_path)


def test_the_file_is_in_force_from_the_start(watched: Watched) -> None:
    assert watched.default == "relaxed"


def test_without_a_file_the_strict_rules_are_in_force() -> None:
    assert RulesWatch(None, clock=ManualClock()).rulebook.default == "strict"


def test_a_file_with_an_error_stops_the_start_with_line_and_reason(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^PRESENCE_RULES_FILE .* rules\.toml line 1: .*strict, relaxed"):
        Watched(tmp_path, BROKEN)


async def test_a_changed_file_takes_effect_and_says_so_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    assert [await watched.look(STERN), await watched.look(), await watched.look()] == ["", "", ""]
    assert watched.default == "strict"
    assert len(caplog.records) == 1


async def test_the_same_content_is_no_change(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever its date says."""
    before = watched.watch.rulebook
    await watched.look(GENTLE)
    assert watched.watch.rulebook is before
    assert not caplog.records


async def test_a_mounted_link_that_is_swapped_is_a_change(watched: Watched, tmp_path: Path) -> None:
    """Kubernetes never writes into a mounted file."""
    other = tmp_path / "other.toml"
    other.write_text(STERN)
    link = tmp_path / "link"
    link.symlink_to(other)
    link.rename(watched.file)
    await watched.look()
    assert watched.default == "strict"


async def test_a_refused_file_leaves_the_rules_as_they_are(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """Every round fails, so that health shows it; the log is told once per content."""
    refusals = [await watched.look(BROKEN), await watched.look(), await watched.look()]
    assert all("rules.toml line 1" in refusal for refusal in refusals)
    assert watched.default == "relaxed"
    assert len(caplog.records) == 1
    await watched.look("# still\n" + BROKEN)
    assert len(caplog.records) == 2
    assert "line 2" in caplog.records[1].getMessage()


@pytest.mark.parametrize("mended", [GENTLE, STERN])
async def test_a_mended_file_takes_effect_and_says_so_once(
    watched: Watched, mended: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when it is mended to exactly what was in force."""
    await watched.look(BROKEN)
    caplog.clear()
    assert [await watched.look(mended), await watched.look()] == ["", ""]
    assert mended == f'default = "{watched.default}"\n'
    assert len(caplog.records) == 1


async def test_a_file_that_is_gone_is_a_fault_and_no_change(watched: Watched) -> None:
    watched.file.unlink()
    assert "cannot be read" in await watched.look()
    assert watched.default == "relaxed"
    assert not await watched.look(STERN)
    assert watched.default == "strict"


async def test_an_empty_file_is_somebody_saving_and_no_change(watched: Watched) -> None:
    assert "is empty" in await watched.look("")
    assert watched.default == "relaxed"


async def test_what_does_not_hold_for_a_moment_is_not_believed(watched: Watched) -> None:
    """A file that is still being written is looked at again later."""
    watched.file.write_text(STERN)
    look = asyncio.ensure_future(watched.watch.round())
    while not watched.clock.sleeping:  # noqa: ASYNC110 - the clock under test tells nobody who sleeps
        await asyncio.sleep(0.001)
    watched.file.write_text(BROKEN)
    await watched.clock.carry(_quietly(look))
    assert watched.default == "relaxed"


async def test_looks_at_one_time_share_the_work(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """SIGHUP in the middle of a look."""
    watched.file.write_text(BROKEN)
    looks = [watched.watch.look_now() for _ in range(5)]
    await watched.clock.carry(_all(looks))
    assert len(caplog.records) == 1


async def test_the_feed_shows_the_fault_and_forgets_it(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """In the loop that really runs it, each fault is told once and by one part only."""
    feed = Feed(name="rules", clock=watched.clock)
    task = asyncio.create_task(run_every(LOOK_EVERY_S, watched.watch.round, feed=feed))

    async def until(*, faulty: bool) -> None:
        while bool(feed.fault) is not faulty:
            await watched.clock.advance(0.5)
            await asyncio.sleep(0.002)

    watched.file.write_text(BROKEN)
    await until(faulty=True)
    assert feed.fault_code == "rules"
    watched.file.write_text(STERN)
    await until(faulty=False)
    task.cancel()
    await watched.watch.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def _quietly(look: Awaitable[None]) -> None:
    await look


async def _all(looks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*looks)
