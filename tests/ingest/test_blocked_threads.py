"""A thread that a dead disk or network drive holds for ever is one thread, and stays one (found D6)."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import SettingsSource
from app.config.source import Fingerprint
from app.errors import SignInUnavailable
from app.graph.credentials import credentials_of
from app.graph.handover import Handover
from app.graph.paired_sign_in import PairedSignIn
from app.graph.sign_in import Token
from app.graph.tokens import TokenSource
from app.ingest.periodic import Feed, run_every
from app.ingest.settings_watch import SettingsWatch
from app.ingest.snapshot_file import Content, SnapshotFile
from app.ingest.supervisor import Supervisor
from tests.graph.fake_sign_in import FakeSignInHost
from tests.ingest import snapshot_life
from tests.ingest.snapshot_life import Life
from tests.support.clock import ManualClock
from tests.support.settings import IDENTITY

INTERVAL_S, HALF_AN_HOUR_S = 10.0, 1800.0


class Held:
    """Holds whoever comes by, for as long as the test wants, and counts them."""

    def __init__(self) -> None:
        self.comers = 0
        self.free = threading.Event()

    def __call__(self) -> None:
        """Come by."""
        self.comers += 1
        self.free.wait(30)


class HeldSource(SettingsSource):
    """Settings on a drive that does not answer any more."""

    def __init__(self, held: Held) -> None:
        super().__init__(IDENTITY, dotenv=None)
        self.held: Held | None = None
        self.settings = self.load()
        self.held = held

    def fingerprint(self) -> Fingerprint:
        """Look at the files, which takes its time."""
        if self.held:
            self.held()
        return super().fingerprint()


class HeldFile(SnapshotFile):
    """A folder on such a drive."""

    def __init__(self, folder: Path, held: Held) -> None:
        super().__init__(folder, identity=snapshot_life.IDENTITY)
        self.held = held

    def write(self, content: Content) -> None:
        """Write, which takes its time."""
        self.held()
        super().write(content)


async def check_one_is_held(feed: Feed, work: Callable[[], object], held: Held, clock: ManualClock) -> None:
    """Rounds come and go for half an hour, one thread waits; afterwards all is well again."""
    supervisor = Supervisor(clock)

    async def look() -> None:
        await work()  # type: ignore[misc]  # a coroutine of whatever kind

    supervisor.start(feed, lambda: run_every(INTERVAL_S, look, feed=feed))
    await clock.advance(HALF_AN_HOUR_S)
    assert (held.comers, supervisor.hung, feed.fault_code) == (1, [feed.name], "round_hangs")
    assert feed.failed_rounds > 5
    held.free.set()
    give_up_at = clock.monotonic() + HALF_AN_HOUR_S
    while supervisor.hung and clock.monotonic() < give_up_at:
        await clock.advance(1)
        await asyncio.sleep(0.001)
    assert (supervisor.hung, feed.fault) == ([], None)
    await supervisor.close()


async def test_settings_that_cannot_be_looked_at_hold_one_thread() -> None:
    """Named as the feed's fault (found D6)."""
    clock, held, host = ManualClock(), Held(), FakeSignInHost()
    source = HeldSource(held)
    sign_in = PairedSignIn(credentials_of(source.settings), connect=host.connect)
    tokens = TokenSource(sign_in.acquire, clock=clock)
    handover = Handover(sign_in, tokens=tokens, connect=host.connect, clock=clock)
    watch = SettingsWatch(source, source.settings, handover=handover, take_keys=lambda _: None, clock=clock)
    await check_one_is_held(Feed(name="settings", clock=clock), watch.round, held, clock)


async def test_a_snapshot_that_cannot_be_written_holds_one_thread(tmp_path: Path) -> None:
    """And what it holds is written once, not once a round (found D6)."""
    life, held = Life(tmp_path), Held()
    life.snapshot.file = HeldFile(tmp_path, held)
    life.users.listed.set()
    await check_one_is_held(Feed(name="snapshot", clock=life.clock), life.snapshot.round, held, life.clock)
    assert life.path.exists()


async def test_a_sign_in_that_never_comes_back_is_given_up_and_not_begun_again() -> None:
    """Msal is not made for two threads; once the first is back, all is well (found D6)."""
    clock, held = ManualClock(), Held()

    def acquire(*, renew: bool = False) -> Token:
        held()
        return Token(f"renewed: {renew}", 3600.0, 3300.0)

    tokens = TokenSource(acquire, clock=clock, patience_s=0.05)
    for _ in range(3):
        with pytest.raises(SignInUnavailable, match="does not come back"):
            await tokens.token()
        clock.pass_by(60)
    assert held.comers == 1
    held.free.set()
    await asyncio.sleep(0.2)  # for the thread to end
    assert await tokens.token() == "renewed: False"
    assert held.comers == 2
