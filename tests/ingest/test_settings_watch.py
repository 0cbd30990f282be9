"""Changed settings while the service runs: what is taken, what is named, and how often it is spoken of."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import ApiKey, SettingsSource
from app.errors import SettingsError, SignInRefused
from app.graph.credentials import ClientSecret, credentials_of
from app.graph.handover import Handover
from app.graph.paired_sign_in import PairedSignIn
from app.graph.tokens import TokenSource
from app.ingest.file_look import LOOK_EVERY_S
from app.ingest.periodic import Feed, run_every
from app.ingest.settings_watch import SettingsWatch
from tests.graph.fake_sign_in import CLIENT, HOST, TENANT, FakeSignInHost
from tests.support.clock import ManualClock

OLD, NEW = "Old~Value.of-the.app", "New~Value.of-the.app"
KEY, OTHER_KEY = f"phone:{'0' * 64}", f"phone:{'1' * 64}"
ENVIRON = {
    "AZURE_TENANT_ID": TENANT,
    "AZURE_CLIENT_ID": CLIENT,
    "AZURE_AUTHORITY_HOST": HOST,
    "PRESENCE_GRAPH_URL": "https://graph.example",
}


class Watched:
    """A `.env`, a mounted secret, and the one who watches both; the rest is in the process environment.

    `in_dotenv` names what stands in `.env` instead.
    """

    def __init__(self, folder: Path, *in_dotenv: str) -> None:
        self.clock = ManualClock()
        self.host = FakeSignInHost()
        self.dotenv, self.mounted = folder / ".env", folder / "secret"
        self.mounted.write_text(OLD)
        self.keys: list[tuple[ApiKey, ...]] = []
        environ = {**ENVIRON, "AZURE_CLIENT_SECRET_FILE": str(self.mounted)}
        lines = [f"{name}={environ.pop(name)}\n" for name in in_dotenv]
        self.dotenv.write_text("".join([f"PRESENCE_API_KEYS={KEY}\n", *lines]))
        source = SettingsSource(environ, self.dotenv)
        settings = source.load()
        sign_in = PairedSignIn(credentials_of(settings), connect=self.host.connect)
        self.tokens = TokenSource(sign_in.acquire, clock=self.clock)
        self.handover = Handover(sign_in, tokens=self.tokens, connect=self.host.connect, clock=self.clock)
        self.watch = SettingsWatch(
            source,
            settings,
            handover=self.handover,
            take_keys=lambda keys: self.keys.append(tuple(keys)),
            clock=self.clock,
        )

    async def look(self, dotenv: str | None = None) -> str:
        """One round, after saving; what is wrong, if anything is."""
        if dotenv is not None:
            self.dotenv.write_text(dotenv)
        try:
            await self.clock.carry(self.watch.round())
        except SettingsError as error:
            return str(error)
        return ""

    @property
    def secret(self) -> object:
        """The secret in use."""
        return self.handover.credentials.app


@pytest.fixture
def watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Watched:
    """Sound settings, and a log that is heard."""
    caplog.set_level(logging.INFO, logger="app")
    return Watched(tmp_path)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records]


# --- credentials ----------------------------------------------------------------------------------------


async def test_a_changed_secret_is_proved_and_used(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.tokens.token()
    watched.mounted.write_text(f"{NEW}\n")
    assert [await watched.look(), await watched.look()] == ["", ""]
    assert watched.secret == ClientSecret(NEW)
    assert watched.host.asked_with == [OLD, NEW]
    assert told(caplog) == ["INFO Signed in with the changed AZURE_CLIENT_SECRET"]


async def test_files_of_the_same_content_are_no_change(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever their dates say."""
    watched.mounted.write_text(OLD)
    await watched.look(watched.dotenv.read_text())
    assert not watched.host.forms
    assert not caplog.records


async def test_a_mounted_link_that_is_swapped_is_a_change(watched: Watched, tmp_path: Path) -> None:
    """Kubernetes never writes into a mounted file."""
    other, link = tmp_path / "other", tmp_path / "link"
    other.write_text(NEW)
    link.symlink_to(other)
    link.rename(watched.mounted)
    await watched.look()
    assert watched.secret == ClientSecret(NEW)


async def test_a_secret_that_moves_to_another_place_is_the_same(tmp_path: Path) -> None:
    """Out of a file into `.env`, say: nobody is asked."""
    watched = Watched(tmp_path, "AZURE_CLIENT_SECRET_FILE")
    assert not await watched.look(f"PRESENCE_API_KEYS={KEY}\nAZURE_CLIENT_SECRET={OLD}\n")
    assert watched.handover.candidate is None
    assert not watched.host.forms


async def test_a_second_secret_stands_by_and_nobody_is_asked(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """It is needed when the first is refused."""
    await watched.look(f"PRESENCE_API_KEYS={KEY}\nAZURE_CLIENT_SECRET_NEXT={NEW}\n")
    assert told(caplog) == ["INFO AZURE_CLIENT_SECRET_NEXT stands by"]
    assert not watched.host.forms
    watched.host.secrets = {NEW}
    await watched.tokens.token()
    assert watched.secret == ClientSecret(NEW)


async def test_who_was_signed_out_is_told_to_ask_again(watched: Watched) -> None:
    """And only then: others have a token."""
    watched.host.secrets = {NEW}
    with pytest.raises(SignInRefused):
        await watched.tokens.token()
    assert not await watched.clock.carry(watched.watch.round())
    watched.mounted.write_text(NEW)
    assert await watched.clock.carry(watched.watch.round())
    watched.mounted.write_text(OLD)
    assert not await watched.clock.carry(watched.watch.round())


@pytest.mark.parametrize(
    "line",
    [
        *("AZURE_TENANT_ID=other.example", "AZURE_CLIENT_ID=00000000-1111-2222-3333-444455556666"),
        "PRESENCE_GRAPH_URL=https://other.example",
    ],
)
async def test_new_credentials_of_somebody_else_wait_for_the_restart(tmp_path: Path, line: str) -> None:
    """They would only be refused, and a password would be tried on the wrong account."""
    name = line.partition("=")[0]
    watched = Watched(tmp_path, name)
    watched.mounted.write_text(NEW)
    await watched.look(f"PRESENCE_API_KEYS={KEY}\n{line}\n")
    assert watched.watch.needs_restart == (name, "AZURE_CLIENT_SECRET")
    assert watched.handover.candidate is None
    assert not watched.host.forms


# --- everything else ------------------------------------------------------------------------------------


async def test_changed_keys_count_at_once_and_as_a_whole(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.look(f"PRESENCE_API_KEYS={OTHER_KEY},{KEY.replace('phone', 'board')}\n")
    assert [[key.name for key in keys] for keys in watched.keys] == [["phone", "board"]]
    assert not watched.watch.needs_restart
    assert told(caplog) == ["INFO The changed PRESENCE_API_KEYS are in force, 2 of them"]


async def test_the_last_key_is_not_taken_away_from_a_running_service(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """Without any, everybody on the machine may ask: not by a line that is missing for a moment."""
    await watched.look("\n# no keys\n")
    assert not watched.keys
    assert watched.watch.needs_restart == ("PRESENCE_API_KEYS",)
    assert told(caplog) == ["WARNING These changed settings need a restart: PRESENCE_API_KEYS"]


async def test_other_settings_are_named_once_until_they_are_what_they_were(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    keys = watched.dotenv.read_text()
    waiting = f"{keys}PRESENCE_WRAP_UP=5\nPRESENCE_PORT=8001\n"
    await watched.look(waiting)
    await watched.look(f"{waiting}# a remark\n")
    watched.mounted.write_text(NEW)
    await watched.look()
    assert watched.watch.needs_restart == ("PRESENCE_PORT", "PRESENCE_WRAP_UP")
    assert told(caplog) == [
        "WARNING These changed settings need a restart: PRESENCE_PORT, PRESENCE_WRAP_UP",
        "INFO Signed in with the changed AZURE_CLIENT_SECRET",
    ]
    await watched.look(keys)
    assert not watched.watch.needs_restart


async def test_announced_ends_are_looked_up_where_they_were_read_last(watched: Watched) -> None:
    """Who renews a secret corrects its end with it, and nothing is restarted for that."""
    await watched.look(f"PRESENCE_API_KEYS={KEY}\nPRESENCE_SECRET_EXPIRES=2030-01-31\n")
    assert watched.watch.latest.secret_expires is not None
    assert not watched.watch.needs_restart


async def test_what_should_be_known_about_changed_settings_is_told(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """As at the start."""
    await watched.look(f"PRESENCE_API_KEYS={KEY}\nAZURE_CLIENT_SECRET_NEXT={OLD}\n")
    assert "WARNING AZURE_CLIENT_SECRET_NEXT is the same as AZURE_CLIENT_SECRET" in told(caplog)[0]


# --- what cannot be read --------------------------------------------------------------------------------


def gone(watched: Watched) -> None:
    watched.dotenv.unlink()


def secret_gone(watched: Watched) -> None:
    watched.mounted.unlink()


def emptied(watched: Watched) -> None:
    watched.mounted.write_text("")


def the_id(watched: Watched) -> None:
    watched.mounted.write_text(CLIENT)


def misspelt(watched: Watched) -> None:
    watched.dotenv.write_text("PRESENCE_API_KEY=x\n")


def half_a_line(watched: Watched) -> None:
    watched.dotenv.write_text("PRESENCE_API_KEYS='")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (gone, "does not exist any more"),
        (secret_gone, "AZURE_CLIENT_SECRET cannot be taken from AZURE_CLIENT_SECRET_FILE"),
        (emptied, "the file is empty"),
        (the_id, "AZURE_CLIENT_SECRET is refused: this looks like the Secret ID"),
        (misspelt, "did you mean PRESENCE_API_KEYS?"),
        (half_a_line, "line 1 cannot be read"),
    ],
)
async def test_what_cannot_be_read_changes_nothing_and_is_told_once(
    watched: Watched, spoil: Callable[[Watched], None], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Every round fails, so that health shows it; the log has one record, and one when it is mended."""
    before = watched.dotenv.read_text()
    spoil(watched)
    refusals = [await watched.look(), await watched.look(), await watched.look()]
    assert all(reason in refusal for refusal in refusals)
    assert (watched.secret, watched.keys, watched.host.forms) == (ClientSecret(OLD), [], [])
    (record,) = told(caplog)
    assert record.startswith("WARNING The settings stay as they are: ")
    assert reason in record
    watched.mounted.write_text(OLD)
    assert await watched.look(before) == ""
    assert told(caplog)[1:] == ["INFO The settings can be read again"]


async def test_another_reason_is_another_record(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    emptied(watched)
    await watched.look()
    secret_gone(watched)
    await watched.look()
    assert len(caplog.records) == 2


async def test_no_value_is_in_what_is_told(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.mounted.write_text(f" {NEW}")
    assert NEW not in await watched.look(f"PRESENCE_API_KEYS={KEY}\nNEW {NEW}\n")
    assert NEW not in caplog.text


async def test_what_does_not_hold_for_a_moment_is_not_believed(watched: Watched) -> None:
    """A file that is still being written is looked at again later."""
    watched.mounted.write_text("half")
    look = watched.watch.look_now()
    while not watched.clock.sleeping:  # noqa: ASYNC110 - the clock under test tells nobody who sleeps
        await asyncio.sleep(0.001)
    watched.mounted.write_text(NEW)
    await watched.clock.carry(asyncio.wait({look}))
    assert not watched.host.forms
    await watched.look()
    assert watched.host.asked_with == [NEW]


async def test_a_file_mended_elsewhere_is_noticed_without_a_change_of_settings(
    watched: Watched, tmp_path: Path
) -> None:
    """A setting may name a file that only had the wrong permissions, or was not there yet."""
    rules = tmp_path / "rules.toml"
    assert "PRESENCE_RULES_FILE" in await watched.look(
        f"PRESENCE_API_KEYS={KEY}\nPRESENCE_RULES_FILE={rules}\n"
    )
    rules.touch()
    assert await watched.look() == ""


# --- when -----------------------------------------------------------------------------------------------


async def test_a_look_asked_for_begins_after_the_asking(watched: Watched) -> None:
    """SIGHUP in the middle of a round: that round may have read the files before they were written."""
    watched.mounted.write_text("half")
    round_under_way = asyncio.ensure_future(watched.watch.round())
    while not watched.clock.sleeping:  # noqa: ASYNC110 - the clock under test tells nobody who sleeps
        await asyncio.sleep(0.001)
    watched.mounted.write_text(NEW)
    await watched.clock.carry(asyncio.wait({watched.watch.look_now()}))
    assert round_under_way.done()
    assert watched.host.asked_with == [NEW]


async def test_asked_for_once_more_while_it_looks_it_looks_once_more(watched: Watched) -> None:
    """A second SIGHUP: the look that the first one began may have read the files before they were written."""
    watched.mounted.write_text("half")
    first = watched.watch.look_now()
    while not watched.clock.sleeping:  # noqa: ASYNC110 - the clock under test tells nobody who sleeps
        await asyncio.sleep(0.001)
    watched.mounted.write_text(NEW)
    await watched.clock.carry(asyncio.wait({first, watched.watch.look_now()}))
    assert watched.host.asked_with == [NEW]


async def test_the_feed_shows_the_fault_and_forgets_it(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """In the loop that really runs it, each fault is told once and by one part only."""
    feed = Feed(name="settings", clock=watched.clock)

    async def work() -> None:
        await watched.watch.round()

    task = asyncio.create_task(run_every(LOOK_EVERY_S, work, feed=feed))

    async def until(*, faulty: bool) -> None:
        while bool(feed.fault) is not faulty:
            await watched.clock.advance(0.5)
            await asyncio.sleep(0.002)

    emptied(watched)
    await until(faulty=True)
    assert feed.fault_code == "settings"
    watched.mounted.write_text(OLD)
    await until(faulty=False)
    task.cancel()
    await watched.watch.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
