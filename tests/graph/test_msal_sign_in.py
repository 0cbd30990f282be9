"""Real msal against a scripted sign-in host: tokens, each way of failing, and no secret in any of it."""

import logging
import traceback

import httpx
import pytest

from app.errors import PasswordRefused, SignInError, SignInRefused, SignInUnavailable
from app.graph.credentials import UserPassword
from app.graph.sign_in import MsalSignIn
from tests.graph.fake_sign_in import (
    CLIENT,
    HOST,
    PASSWORD,
    SCOPE,
    SECRET,
    TENANT,
    USER,
    FakeSignInHost,
    refused,
)

ACCOUNT = UserPassword(USER, PASSWORD)
GATEWAY = httpx.Response(200, text="<html>Please sign in to the WiFi</html>")
NO_NETWORK = httpx.ConnectError("[Errno -2] Name or service not known")


def failure(sign_in: MsalSignIn) -> SignInError:
    with pytest.raises(SignInError) as raised:
        sign_in.acquire()
    return raised.value


# --- as the application ---------------------------------------------------------------------------------


def test_the_application_signs_in_with_its_secret() -> None:
    host = FakeSignInHost()
    token = host.sign_in().acquire()
    assert (token.value, token.expires_in_s) == ("token-1", 3600.0)
    (form,) = host.forms
    assert form["grant_type"] == "client_credentials"
    assert (form["client_id"], form["client_secret"], form["scope"]) == (CLIENT, SECRET, SCOPE)


def test_only_the_configured_host_is_ever_asked() -> None:
    """No instance discovery at login.microsoftonline.com, neither for success nor for failure."""
    host = FakeSignInHost()
    host.tokens = [refused(7000215, "invalid_client", status=401)]
    sign_in = host.sign_in(user=ACCOUNT)
    failure(sign_in)
    sign_in.acquire()
    assert {f"{request.url.scheme}://{request.url.netloc.decode()}" for request in host.asked} == {HOST}


@pytest.mark.parametrize(
    ("lifetime", "refresh_in_s"),
    [
        ({"expires_in": 3600}, 3300.0),
        ({"expires_in": 86_400, "refresh_in": 43_200}, 43_200.0),
        ({"expires_in": 400}, 200.0),
        ({"expires_in": 3600, "refresh_in": 3590}, 3300.0),
        ({"expires_in": 3600, "refresh_in": 0}, 3300.0),
        ({"expires_in": "3600"}, 3300.0),
    ],
)
def test_a_token_is_renewed_when_microsoft_says_so_and_five_minutes_early_at_the_latest(
    lifetime: dict[str, int], refresh_in_s: float
) -> None:
    host = FakeSignInHost()
    host.lifetime = lifetime
    assert host.sign_in().acquire().refresh_in_s == pytest.approx(refresh_in_s, abs=5)


def test_a_good_token_comes_from_msals_memory_unless_another_is_wanted() -> None:
    host = FakeSignInHost()
    sign_in = host.sign_in()
    assert [sign_in.acquire().value for _ in range(3)] == ["token-1"] * 3
    assert sign_in.acquire(renew=True).value == "token-2"


def test_an_outage_during_early_renewal_gives_the_token_that_is_still_good() -> None:
    """Bare msal would raise here, because it only knows the errors of `requests`."""
    host = FakeSignInHost()
    host.lifetime = {"expires_in": 3600, "refresh_in": -1}
    sign_in = host.sign_in()
    assert sign_in.acquire().value == "token-1"
    host.tokens = [NO_NETWORK]
    assert sign_in.acquire().value == "token-1"
    host.tokens = [httpx.Response(503)]
    assert sign_in.acquire().value == "token-1"


# --- as a user ------------------------------------------------------------------------------------------


def test_a_user_signs_in_with_any_password() -> None:
    host = FakeSignInHost()
    assert host.sign_in(user=ACCOUNT).acquire().value == "token-1"
    (form,) = host.forms
    assert (form["grant_type"], form["username"], form["password"]) == ("password", USER, PASSWORD)
    assert form["client_secret"] == SECRET


def test_the_refresh_token_is_used_before_the_password() -> None:
    host = FakeSignInHost()
    sign_in = host.sign_in(user=ACCOUNT)
    sign_in.acquire()
    assert sign_in.acquire().value == "token-1"
    assert sign_in.acquire(renew=True).value == "token-2"
    assert host.grants == ["password", "refresh_token"]


def test_a_revoked_refresh_token_costs_one_sign_in_with_the_password() -> None:
    host = FakeSignInHost()
    sign_in = host.sign_in(user=ACCOUNT)
    sign_in.acquire()
    host.tokens = [refused(50173)]
    assert sign_in.acquire(renew=True).value == "token-2"
    assert host.grants == ["password", "refresh_token", "password"]


def test_a_refresh_token_survives_a_failure() -> None:
    """After an outage the password is not needed: msal's application is new, its memory is not."""
    host = FakeSignInHost()
    sign_in = host.sign_in(user=ACCOUNT)
    sign_in.acquire()
    host.tokens = [NO_NETWORK, NO_NETWORK]
    with pytest.raises(SignInUnavailable):
        sign_in.acquire(renew=True)
    host.tokens = []
    sign_in.acquire(renew=True)
    assert host.grants[-1] == "refresh_token"
    assert host.grants.count("password") <= 2


@pytest.mark.parametrize("name", ["svc#1@firm.example", "s?v=c@firm.example", "a b/c%@firm.example"])
def test_the_user_realm_is_asked_at_the_right_port_with_the_name_escaped(name: str) -> None:
    """Bare msal drops the port and puts the name into the path as it is; `#` and `?` would cut it short."""
    host = FakeSignInHost()
    host.sign_in(user=UserPassword(name, PASSWORD)).acquire()
    (realm,) = [request for request in host.asked if "/userrealm/" in request.url.path]
    assert realm.url.netloc == b"login.example:8444"
    assert realm.url.path == f"/common/userrealm/{name}"
    assert realm.url.query == b"api-version=1.0"


# --- each class of failure ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "status"),
    [
        *(
            (7000215, "invalid_client", 401),
            (7000222, "invalid_client", 401),
            (7000218, "invalid_request", 400),
        ),
        *((700016, "unauthorized_client", 400), (700027, "invalid_client", 401)),
        *(
            (7000112, "unauthorized_client", 400),
            (70011, "invalid_scope", 400),
            (500011, "invalid_resource", 400),
        ),
        *((900382, "invalid_request", 400), (7000229, "unauthorized_client", 400)),
    ],
)
def test_a_refused_application_needs_a_person(code: int, error: str, status: int) -> None:
    host = FakeSignInHost()
    host.tokens = [refused(code, error, status=status)]
    told = failure(host.sign_in())
    assert type(told) is SignInRefused
    assert told.aadsts == (code,)
    assert f"AADSTS{code}: Told in words." in str(told)
    assert "Trace ID" not in str(told)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        *(
            (50034, "invalid_grant"),
            (50055, "invalid_grant"),
            (50057, "invalid_grant"),
            (50105, "invalid_grant"),
        ),
        *((50076, "interaction_required"), (50079, "interaction_required"), (53003, "access_denied")),
        *((65001, "invalid_grant"), (50158, "interaction_required"), (50135, "invalid_grant")),
    ],
)
def test_a_refused_account_needs_a_person(code: int, error: str) -> None:
    host = FakeSignInHost()
    host.tokens = [refused(code, error)]
    told = failure(host.sign_in(user=ACCOUNT))
    assert type(told) is SignInRefused
    assert told.aadsts == (code,)


@pytest.mark.parametrize("code", [50126, 50053])
def test_a_refused_password_is_told_apart_because_of_the_lock_out(code: int) -> None:
    host = FakeSignInHost()
    host.tokens = [refused(code)]
    assert type(failure(host.sign_in(user=ACCOUNT))) is PasswordRefused
    assert host.grants == ["password"]


@pytest.mark.parametrize(
    "answer",
    [
        *(
            refused(code, "invalid_request")
            for code in (90033, 90024, 90012, 90006, 50033, 50087, 50196, 90055)
        ),
        *(refused(90090, "temporarily_unavailable"), refused(1, "temporarily_unavailable", status=429)),
        refused(1, "too_many_requests", status=429),
        *(httpx.Response(500), httpx.Response(503, text="busy"), httpx.Response(502, text="<html>")),
        *(GATEWAY, NO_NETWORK, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")),
    ],
    ids=range(18),
)
def test_trouble_at_microsoft_is_worth_another_try(answer: httpx.Response | Exception) -> None:
    host = FakeSignInHost()
    host.tokens = [answer]
    sign_in = host.sign_in()
    assert type(failure(sign_in)) is SignInUnavailable
    assert sign_in.acquire().value == "token-1"


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(503), GATEWAY, NO_NETWORK, httpx.Response(429), httpx.Response(408)],
    ids=range(6),
)
def test_trouble_during_discovery_is_worth_another_try(answer: httpx.Response | Exception) -> None:
    host = FakeSignInHost()
    host.discovery = [answer]
    sign_in = host.sign_in()
    assert type(failure(sign_in)) is SignInUnavailable
    assert sign_in.acquire().value == "token-1"


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), GATEWAY, NO_NETWORK, httpx.Response(429)], ids=range(4)
)
def test_trouble_with_the_user_realm_is_worth_another_try(answer: httpx.Response | Exception) -> None:
    host = FakeSignInHost()
    host.realm = [answer]
    sign_in = host.sign_in(user=ACCOUNT)
    assert type(failure(sign_in)) is SignInUnavailable
    assert sign_in.acquire().value == "token-1"


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], None, "text", 7, {"access_token": "t"}, {"access_token": "t", "expires_in": "soon"}),
        *({"error": None}, {"error": "x", "error_codes": ["y"]}, {"error": "x", "error_codes": 7}),
        {"access_token": "t", "expires_in": 3600, "refresh_in": "soon"},
    ],
    ids=str,
)
def test_whatever_the_host_answers_only_a_sign_in_error_is_raised(body: object) -> None:
    """A proxy's or a broken gateway's JSON is a fault like any other, not a crash."""
    host = FakeSignInHost()
    host.tokens = [httpx.Response(200, json=body)]
    try:
        host.sign_in().acquire()
    except SignInError as error:
        assert "certificate" not in str(error)  # noqa: PT017 - an answer that happens to be good is fine too


@pytest.mark.parametrize("body", [{}, [], None, "text", 7, {"issuer": 7}], ids=str)
def test_whatever_discovery_answers_only_a_sign_in_error_is_raised(body: object) -> None:
    host = FakeSignInHost()
    host.discovery = [httpx.Response(200, json=body)]
    assert "certificate" not in str(failure(host.sign_in()))


@pytest.mark.parametrize("code", [90002, 900023])
def test_a_tenant_that_does_not_exist_is_named_as_the_reason(code: int) -> None:
    host = FakeSignInHost()
    host.discovery = [refused(code, "invalid_tenant")]
    told = failure(host.sign_in())
    assert type(told) is SignInRefused
    assert told.aadsts == (code,)
    assert "AZURE_TENANT_ID" in str(told)


def test_the_wish_to_wait_is_kept_from_a_refusal_and_from_an_error_page() -> None:
    host = FakeSignInHost()
    sign_in = host.sign_in()
    host.tokens = [refused(90012, "temporarily_unavailable", status=429, retry_after="77")]
    assert failure(sign_in).retry_after_s == 77.0
    host.tokens = [httpx.Response(503, headers={"retry-after": "78"})]
    assert failure(sign_in).retry_after_s == 78.0


def test_an_old_wish_to_wait_does_not_outlive_its_answer() -> None:
    host = FakeSignInHost()
    sign_in = host.sign_in()
    host.tokens = [httpx.Response(503, headers={"retry-after": "3600"})]
    failure(sign_in)
    host.tokens = [NO_NETWORK]
    assert failure(sign_in).retry_after_s is None


def test_a_consent_given_meanwhile_counts_at_the_next_try() -> None:
    """One msal application replays an answered 400 for a minute; a fresh application does not."""
    host = FakeSignInHost()
    host.tokens = [refused(65001)]
    sign_in = host.sign_in()
    failure(sign_in)
    assert sign_in.acquire().value == "token-1"
    assert len(host.forms) == 2


# --- secrets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        refused(50126),
        refused(7000215, "invalid_client", status=401),
        httpx.Response(500),
        NO_NETWORK,
        GATEWAY,
    ],
    ids=range(5),
)
def test_no_secret_is_in_any_error_or_log(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host = FakeSignInHost()
    host.tokens = [answer]
    error = failure(host.sign_in(user=ACCOUNT))
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error) + caplog.text
    assert SECRET not in told
    assert PASSWORD not in told


def test_no_secret_is_in_the_repr_of_a_token() -> None:
    assert "token-1" not in repr(FakeSignInHost().sign_in().acquire())


def test_closing_without_having_signed_in_is_nothing() -> None:
    FakeSignInHost().sign_in().close()


def test_the_tenant_is_part_of_the_address_asked() -> None:
    host = FakeSignInHost()
    host.sign_in().acquire()
    assert all(request.url.path.startswith(f"/{TENANT}/") for request in host.asked)
