"""New credentials take over once they have yielded a token, and not before, with real msal."""

import logging
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest

from app.errors import PasswordRefused, SignInRefused
from app.graph.credentials import ClientSecret, Credentials, UserPassword
from app.graph.handover import Handover, prove
from app.graph.paired_sign_in import PairedSignIn
from app.graph.tokens import TokenSource
from tests.graph.fake_sign_in import PASSWORD, SECRET, USER, FakeSignInHost, credentials_with, refused
from tests.support.clock import ManualClock

NEW, NEWER = "New~Value.of-the.app", "Newer~Value.of-the.app"
WRONG_PASSWORD = "wrong~Password"
CHANGED = credentials_with(ClientSecret(NEW))
NO_NETWORK = httpx.ConnectError("[Errno -2] Name or service not known")


class Service:
    """A service that is signed in, at a host that takes only some secrets and passwords."""

    def __init__(self, credentials: Credentials) -> None:
        self.clock = ManualClock()
        self.host = FakeSignInHost()
        self.host.secrets, self.host.passwords = {SECRET}, {PASSWORD}
        sign_in = PairedSignIn(credentials, connect=self.host.connect)
        self.tokens = TokenSource(sign_in.acquire, clock=self.clock)
        self.handover = Handover(sign_in, tokens=self.tokens, connect=self.host.connect, clock=self.clock)

    @property
    def secret(self) -> object:
        """The secret or certificate in use."""
        return self.handover.credentials.app

    async def offer(self, credentials: Credentials) -> bool:
        """What happens when the settings have changed to these."""
        self.handover.offer(credentials)
        return await self.handover.round()

    async def pass_by(self, seconds: float, *, every_s: float = 5.0) -> list[float]:
        """Let time pass and rounds with it; the seconds after which Microsoft was asked."""
        asked_after = []
        for number in range(int(seconds / every_s)):
            before = len(self.host.forms)
            self.clock.pass_by(every_s)
            await self.handover.round()
            if len(self.host.forms) > before:
                asked_after.append((number + 1) * every_s)
        return asked_after


async def signed_in(credentials: Credentials) -> AsyncIterator[Service]:
    made = Service(credentials)
    await made.tokens.token()
    yield made
    await made.tokens.close()
    made.handover.close()


@pytest.fixture
async def service(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Service]:
    """Signed in with a secret."""
    caplog.set_level(logging.INFO, logger="app")
    async for made in signed_in(credentials_with()):
        yield made


@pytest.fixture
async def as_user() -> AsyncIterator[Service]:
    """Signed in with a password."""
    async for made in signed_in(credentials_with(user=UserPassword(USER, PASSWORD))):
        yield made


# --- accepted -------------------------------------------------------------------------------------------


async def test_an_accepted_secret_takes_over_and_its_token_is_the_next(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """At once, although the token in hand is good for an hour; and renewals go on with it."""
    service.host.secrets = {NEW}
    assert await service.offer(CHANGED)
    assert await service.tokens.token() == "token-2"
    service.clock.pass_by(3_601)
    assert await service.tokens.token() == "token-3"
    assert service.host.asked_with == [SECRET, NEW, NEW]
    assert service.secret == ClientSecret(NEW)
    assert service.handover.candidate is None
    assert [record.getMessage() for record in caplog.records] == [
        "Signed in with the changed AZURE_CLIENT_SECRET"
    ]


async def test_credentials_that_are_in_use_are_not_proved_again(service: Service) -> None:
    """Whatever else has changed in the file."""
    assert not await service.offer(credentials_with())
    assert service.handover.candidate is None
    assert len(service.host.forms) == 1


async def test_a_user_signs_in_with_the_new_password(as_user: Service) -> None:
    as_user.host.passwords = {"new~Password"}
    assert await as_user.offer(credentials_with(user=UserPassword(USER, "new~Password")))
    assert as_user.host.grants == ["password", "password"]
    assert as_user.handover.credentials.user == UserPassword(USER, "new~Password")


async def test_a_refused_service_is_signed_in_by_new_credentials_at_once(service: Service) -> None:
    """The five minutes until the next attempt are over when something has changed."""
    service.host.secrets = {NEW}
    service.clock.pass_by(3_601)
    with pytest.raises(SignInRefused):
        await service.tokens.token()
    assert await service.offer(CHANGED)
    assert service.tokens.fault is None
    assert await service.tokens.token() == "token-2"


async def test_a_second_secret_among_the_new_ones_is_tried_too(service: Service) -> None:
    service.host.secrets = {NEWER}
    assert await service.offer(credentials_with(ClientSecret(NEW), reserve=NEWER))
    assert service.handover.credentials.app.setting == "AZURE_CLIENT_SECRET_NEXT"


async def test_an_old_secret_as_the_second_beside_a_wrong_new_one_is_not_called_changed(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says which of the two is in use."""
    assert await service.offer(credentials_with(ClientSecret(NEW), reserve=SECRET))
    assert service.handover.credentials.app.setting == "AZURE_CLIENT_SECRET_NEXT"
    (record,) = caplog.records
    assert record.getMessage().startswith("Signed in with AZURE_CLIENT_SECRET_NEXT, because")


# --- refused --------------------------------------------------------------------------------------------


async def test_a_refused_secret_changes_nothing_and_is_told_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Although msal holds a token that was got with another one."""
    assert not await service.offer(CHANGED)
    assert await service.tokens.token() == "token-1"
    assert service.secret == ClientSecret(SECRET)
    assert service.tokens.fault is None
    candidate = service.handover.candidate
    assert candidate is not None
    assert candidate.rejected
    assert (candidate.settings, candidate.since) == (("AZURE_CLIENT_SECRET",), service.clock.now())
    await service.pass_by(3_000)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("The changed AZURE_CLIENT_SECRET is not in use")
    assert "AADSTS7000215" in record.getMessage()
    assert NEW not in f"{caplog.text} {candidate!r}"


async def test_a_secret_that_microsoft_does_not_know_yet_is_tried_again_after_five_minutes(
    service: Service,
) -> None:
    """A new one may take a while to arrive everywhere."""
    await service.offer(CHANGED)
    assert await service.pass_by(600) == [300.0, 600.0]
    service.host.secrets = {NEW}
    await service.pass_by(300)
    assert service.secret == ClientSecret(NEW)


async def test_the_old_secret_renews_the_token_while_the_new_one_is_refused(service: Service) -> None:
    await service.offer(CHANGED)
    service.clock.pass_by(3_601)
    assert await service.tokens.token() == "token-2"
    assert service.host.asked_with == [SECRET, NEW, SECRET]


async def test_an_outage_while_proving_is_repeated_at_the_pace_of_sign_in(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty seconds apart at most, told once, and taken when it is over."""
    service.host.secrets = {NEW}
    service.host.tokens = [NO_NETWORK] * 20
    await service.offer(CHANGED)
    candidate = service.handover.candidate
    assert candidate is not None
    assert not candidate.rejected
    tries = [0.0, *await service.pass_by(120)]
    assert len(tries) >= 5
    assert max(later - earlier for earlier, later in pairwise(tries)) <= 30
    service.host.tokens = []
    await service.pass_by(30)
    assert service.secret == ClientSecret(NEW)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_microsofts_wish_to_wait_is_kept(service: Service) -> None:
    service.host.tokens = [httpx.Response(503, headers={"retry-after": "100"})]
    service.host.secrets = {NEW}
    await service.offer(CHANGED)
    assert await service.pass_by(200) == [100.0]


async def test_a_refused_password_is_not_tried_again_until_it_changes(as_user: Service) -> None:
    """Each try counts towards the lock-out: not after a day, and not when something else has changed."""
    wrong = credentials_with(user=UserPassword(USER, WRONG_PASSWORD))
    await as_user.offer(wrong)
    assert as_user.host.grants == ["password", "password"]
    assert await as_user.pass_by(86_400, every_s=600) == []
    assert not await as_user.offer(wrong)
    assert len(as_user.host.forms) == 2
    as_user.host.passwords = {"right~Password"}
    assert await as_user.offer(credentials_with(user=UserPassword(USER, "right~Password")))


async def test_a_refused_password_is_tried_again_when_somebody_asks_for_it(as_user: Service) -> None:
    """SIGHUP: it has been mended at Microsoft."""
    await as_user.offer(credentials_with(user=UserPassword(USER, WRONG_PASSWORD)))
    as_user.host.passwords = {WRONG_PASSWORD}
    as_user.handover.retry_now()
    assert await as_user.handover.round()


async def test_a_locked_account_is_asked_for_again_after_a_quarter_of_an_hour(as_user: Service) -> None:
    """The password may be the right one: a lock passes."""
    as_user.host.tokens = [refused(50053)]
    as_user.host.passwords = {"new~Password"}
    await as_user.offer(credentials_with(user=UserPassword(USER, "new~Password")))
    assert await as_user.pass_by(1_800) == [900.0]


# --- changed again --------------------------------------------------------------------------------------


async def test_settings_that_go_back_to_what_is_in_use_end_the_attempts(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    await service.offer(CHANGED)
    assert not await service.offer(credentials_with())
    assert service.handover.candidate is None
    assert await service.pass_by(900) == []
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_other_new_credentials_take_the_place_of_refused_ones(service: Service) -> None:
    await service.offer(CHANGED)
    service.host.secrets = {NEWER}
    assert await service.offer(credentials_with(ClientSecret(NEWER)))
    assert service.secret == ClientSecret(NEWER)


async def test_a_second_secret_set_while_the_first_is_refused_is_used_with_the_next_question(
    service: Service,
) -> None:
    """Whoever finds the service refused may also set the second."""
    service.host.secrets = {NEW}
    service.clock.pass_by(3_601)
    with pytest.raises(SignInRefused):
        await service.tokens.token()
    await service.offer(credentials_with(reserve=NEW))
    assert await service.tokens.token() == "token-2"
    assert service.handover.credentials.app.setting == "AZURE_CLIENT_SECRET_NEXT"


async def test_a_second_secret_does_not_make_a_refused_password_be_tried_again(as_user: Service) -> None:
    as_user.host.passwords = set()
    as_user.host.tokens = [refused(50173)]
    as_user.clock.pass_by(3_601)
    with pytest.raises(PasswordRefused):
        await as_user.tokens.token()
    asked = len(as_user.host.forms)
    await as_user.offer(credentials_with(user=UserPassword(USER, PASSWORD), reserve=NEW))
    with pytest.raises(PasswordRefused):
        await as_user.tokens.token()
    assert len(as_user.host.forms) == asked


async def test_the_second_secret_moved_to_the_first_place_is_not_proved_again(service: Service) -> None:
    """It is in use: only its name is another, and the service signs in with nothing else meanwhile."""
    service.host.secrets = {NEW}
    service.clock.pass_by(3_601)
    await service.offer(credentials_with(reserve=NEW))
    await service.tokens.token()
    asked = len(service.host.forms)
    assert not await service.offer(CHANGED)
    assert service.handover.credentials.app.setting == "AZURE_CLIENT_SECRET"
    assert len(service.host.forms) == asked


# --- proving alone --------------------------------------------------------------------------------------


def test_proving_asks_microsoft_each_time_and_touches_nothing_else() -> None:
    """For whoever wants to know without changing anything."""
    host = FakeSignInHost()
    host.secrets = {SECRET}
    assert [prove(credentials_with(), connect=host.connect).value for _ in range(2)] == ["token-1", "token-2"]
    with pytest.raises(SignInRefused):
        prove(CHANGED, connect=host.connect)
