"""Two secrets, of which one is used, with real msal: the other takes over when that one is refused."""

import logging
import traceback

import httpx
import pytest

from app.errors import PasswordRefused, SignInError, SignInRefused, SignInUnavailable
from app.graph.credentials import ClientSecret, Credentials, UserPassword
from app.graph.paired_sign_in import PairedSignIn
from tests.graph.fake_sign_in import PASSWORD, SECRET, USER, FakeSignInHost, credentials_with, refused

SECOND = "Second~Value.of-the.app"
THIRD = "Third~Value.of-the.app"
ACCOUNT = UserPassword(USER, PASSWORD)
BOTH = credentials_with(reserve=SECOND)


class Paired:
    """A sign-in with a second secret, at a host that takes only some."""

    def __init__(self, *accepted: str, credentials: Credentials = BOTH) -> None:
        self.host = FakeSignInHost()
        self.host.secrets = set(accepted)
        self.sign_in = PairedSignIn(credentials, connect=self.host.connect)

    def failure(self, *, renew: bool = False) -> SignInError:
        """What the next sign-in fails with."""
        with pytest.raises(SignInError) as raised:
            self.sign_in.acquire(renew=renew)
        return raised.value

    @property
    def setting(self) -> str:
        """Which of the two is in use."""
        return self.sign_in.in_use.app.setting


def test_the_second_secret_is_not_sent_while_the_first_is_good() -> None:
    paired = Paired(SECRET, SECOND)
    assert paired.sign_in.acquire().value == "token-1"
    assert paired.sign_in.acquire(renew=True).value == "token-2"
    assert paired.host.asked_with == [SECRET, SECRET]
    assert paired.setting == "AZURE_CLIENT_SECRET"


@pytest.mark.parametrize("code", [7000215, 7000222])
def test_a_refused_first_secret_costs_one_request_more(code: int, caplog: pytest.LogCaptureFixture) -> None:
    """Wrong or expired; the caller gets a token at once, and the log says what to do."""
    paired = Paired(SECRET, SECOND)
    paired.host.tokens = [refused(code, "invalid_client", status=401)]
    assert paired.sign_in.acquire().value == "token-1"
    assert paired.host.asked_with == [SECRET, SECOND]
    assert paired.setting == "AZURE_CLIENT_SECRET_NEXT"
    (record,) = caplog.records
    assert "Signed in with AZURE_CLIENT_SECRET_NEXT" in record.getMessage()
    assert f"AADSTS{code}" in record.getMessage()
    assert "move it to AZURE_CLIENT_SECRET" in record.getMessage()


def test_a_first_secret_refused_on_renewal_is_replaced_while_the_old_token_still_lives() -> None:
    """By itself msal would hand out the old token and keep the refusal to itself until that token dies."""
    paired = Paired(SECRET)
    paired.host.lifetime = {"expires_in": 86_400, "refresh_in": 43_200}
    paired.sign_in.acquire()
    paired.host.secrets = {SECOND}
    assert paired.sign_in.acquire(renew=True).value == "token-2"
    assert paired.setting == "AZURE_CLIENT_SECRET_NEXT"


def test_the_second_secret_stays_in_use_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    paired = Paired(SECOND)
    for _ in range(3):
        paired.sign_in.acquire(renew=True)
    assert paired.host.asked_with == [SECRET, *[SECOND] * 3]
    assert len(caplog.records) == 1


def test_whichever_is_refused_the_other_takes_over() -> None:
    """Somebody may have deleted the newer one."""
    paired = Paired(SECOND)
    paired.sign_in.acquire()
    paired.host.secrets = {SECRET}
    paired.sign_in.acquire(renew=True)
    assert paired.host.asked_with == [SECRET, SECOND, SECOND, SECRET]
    assert paired.setting == "AZURE_CLIENT_SECRET"


def test_two_refused_secrets_are_one_fault_that_names_both() -> None:
    told = Paired().failure()
    assert type(told) is SignInRefused
    assert told.aadsts == (7000215, 7000215)
    assert "AZURE_CLIENT_SECRET: Microsoft refused" in str(told)
    assert "AZURE_CLIENT_SECRET_NEXT: Microsoft refused" in str(told)


def test_a_second_secret_that_could_not_be_tried_is_worth_another_try_soon() -> None:
    paired = Paired(SECOND)
    overloaded = httpx.Response(503, headers={"retry-after": "77"})
    paired.host.tokens = [refused(7000222, "invalid_client", status=401), overloaded]
    told = paired.failure()
    assert type(told) is SignInUnavailable
    assert told.retry_after_s == 77.0
    assert paired.sign_in.acquire().value == "token-1"


@pytest.mark.parametrize(
    "answer",
    [
        *(refused(65001), refused(7000112, "unauthorized_client"), refused(53003, "access_denied")),
        *(refused(90033, "temporarily_unavailable"), httpx.Response(503), httpx.ConnectError("no network")),
    ],
    ids=range(6),
)
def test_what_another_secret_would_not_change_is_no_reason_to_try_it(
    answer: httpx.Response | Exception,
) -> None:
    paired = Paired(SECRET, SECOND)
    paired.host.tokens = [answer]
    paired.failure()
    assert paired.host.asked_with == [SECRET]


def test_a_user_signs_in_with_the_second_secret_and_the_password_once() -> None:
    """Microsoft looks at the application first, so a refused secret does not count against the password."""
    paired = Paired(SECOND, credentials=credentials_with(reserve=SECOND, user=ACCOUNT))
    assert paired.sign_in.acquire().value == "token-1"
    assert paired.sign_in.acquire(renew=True).value == "token-2"
    assert paired.host.grants == ["password", "password", "refresh_token"]


def test_a_refused_password_is_not_tried_with_the_second_secret() -> None:
    paired = Paired(SECRET, SECOND, credentials=credentials_with(reserve=SECOND, user=ACCOUNT))
    paired.host.passwords = set()
    assert type(paired.failure()) is PasswordRefused
    assert paired.host.asked_with == [SECRET]


def test_a_password_refused_after_a_refused_secret_is_told_as_such() -> None:
    """The pause is then that of a password."""
    paired = Paired(SECOND, credentials=credentials_with(reserve=SECOND, user=ACCOUNT))
    paired.host.passwords = set()
    told = paired.failure()
    assert type(told) is PasswordRefused
    assert told.aadsts == (7000215, 50126)


@pytest.mark.parametrize(
    ("credentials", "setting"),
    [
        (credentials_with(), "AZURE_CLIENT_SECRET"),
        (credentials_with(reserve=THIRD), "AZURE_CLIENT_SECRET"),
        (credentials_with(ClientSecret(SECOND)), None),
        (credentials_with(ClientSecret(SECOND), reserve=SECRET), None),
        (credentials_with(user=ACCOUNT), None),
    ],
    ids=["reserve gone", "another reserve", "the reserve alone", "exchanged", "another user"],
)
def test_settings_that_leave_the_first_secret_in_use_need_no_new_sign_in(
    credentials: Credentials, setting: str | None
) -> None:
    paired = Paired(SECRET)
    assert paired.sign_in.reconfigure(credentials) is (setting is not None)
    assert paired.setting == "AZURE_CLIENT_SECRET"
    assert paired.sign_in.in_use.app == ClientSecret(SECRET)


@pytest.mark.parametrize(
    ("credentials", "setting"),
    [
        (BOTH, "AZURE_CLIENT_SECRET_NEXT"),
        (credentials_with(ClientSecret(SECOND)), "AZURE_CLIENT_SECRET"),
        (credentials_with(ClientSecret(SECOND), reserve=THIRD), "AZURE_CLIENT_SECRET"),
        (credentials_with(ClientSecret(THIRD), reserve=SECOND), None),
        (credentials_with(reserve=THIRD), None),
        (credentials_with(), None),
    ],
    ids=["the same", "moved", "moved, and a newer one", "another first", "another reserve", "reserve gone"],
)
def test_settings_that_leave_the_second_secret_in_use_need_no_new_sign_in_either(
    credentials: Credentials, setting: str | None
) -> None:
    """Moved to where the first was, it is the same secret under another name."""
    paired = Paired(SECOND)
    paired.sign_in.acquire()
    assert paired.sign_in.reconfigure(credentials) is (setting is not None)
    assert paired.setting == (setting or "AZURE_CLIENT_SECRET_NEXT")
    assert paired.sign_in.in_use.app == ClientSecret(SECOND)


def test_no_secret_is_in_any_error_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    paired = Paired(SECOND)
    paired.sign_in.acquire()
    paired.host.secrets = set()
    error = paired.failure(renew=True)
    told = "".join(traceback.format_exception(error)) + repr(paired.sign_in.in_use) + caplog.text
    assert SECRET not in told
    assert SECOND not in told
