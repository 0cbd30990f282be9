"""Numbers and texts from outside: none escapes as an error of Python's, nor stops the process."""

import time

import httpx
import pytest

from app.errors import SignInRefused, SignInUnavailable
from app.graph.entra_errors import first_sentence, numbers_in
from app.graph.tokens import TokenSource
from app.graph.wire_errors import decode_error, retry_after_s
from tests.graph.fake_sign_in import FakeSignInHost
from tests.support.clock import ManualClock


def token_answer(text: str) -> httpx.Response:
    """A 200 with this JSON, of which no library would make some."""
    return httpx.Response(200, content=text.encode(), headers={"Content-Type": "application/json"})


NO_TOKEN = [
    "{}",
    "[]",
    "null",
    '"token"',
    "no JSON",
    '{"access_token": null, "expires_in": 3600}',
    '{"access_token": 7, "expires_in": 3600}',
    '{"access_token": "", "expires_in": 3600}',
    '{"access_token": {"a": "b"}, "expires_in": 3600}',
    '{"access_token": "a\\r\\nb: c", "expires_in": 3600}',
    '{"access_token": "\\u0000", "expires_in": 3600}',
    '{"access_token": "tök\u0435n", "expires_in": 3600}',
    '{"error": null}',
    '{"error": {"code": "x"}}',
    *(
        f'{{"access_token": "token", "expires_in": {seconds}}}'
        for seconds in ("0", "-1", "1e400", "-1e400", "NaN", "0.001", '"soon"', "null", "true", "[]", "{}")
    ),
]


@pytest.mark.parametrize("answer", NO_TOKEN)
def test_what_is_no_token_is_an_outage_and_no_refusal(answer: str) -> None:
    """Credentials that nobody has refused are tried again soon, and what was wrong is said (found D12)."""
    host = FakeSignInHost()
    host.tokens = [token_answer(answer)] * 3
    sign_in = host.sign_in()
    with pytest.raises(SignInUnavailable) as raised:
        sign_in.acquire()
    assert "sign-in host" in str(raised.value)
    assert 'token"' not in str(raised.value)


async def test_a_token_that_expires_at_once_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """In the log, and as the fault that health tells; it is asked for again in seconds (found D12)."""
    host, clock = FakeSignInHost(), ManualClock()
    host.lifetime = {"expires_in": 0}
    source = TokenSource(host.sign_in().acquire, clock=clock)
    with pytest.raises(SignInUnavailable, match="expires at once"):
        await source.token()
    assert "expires at once" in caplog.text
    assert source.fault
    host.lifetime = {"expires_in": 3600}
    clock.pass_by(30)
    assert await source.token()


@pytest.mark.parametrize("odd", ["1e400", "NaN", "-5", '"later"', "[]", "true", "0", "1e300"])
@pytest.mark.parametrize("name", ["refresh_in", "refresh_on", "ext_expires_in", "expires_on"])
def test_an_odd_number_beside_a_good_token_costs_only_itself(name: str, odd: str) -> None:
    """The token is used; at worst the host is asked again (found D12)."""
    host = FakeSignInHost()
    host.tokens = [token_answer(f'{{"access_token": "token", "expires_in": 3600, "{name}": {odd}}}')] * 2
    try:
        token = host.sign_in().acquire()
    except SignInUnavailable:
        return  # msal itself stumbles over some
    assert token.value == "token"
    assert 0 < token.refresh_in_s <= token.expires_in_s == 3600


@pytest.mark.parametrize(
    "codes", ["[1e400]", '["50126"]', "7", '"50126"', "{}", "[null, 7000222]", "[[]]", "NaN"]
)
def test_odd_numbers_of_a_refusal_leave_it_a_refusal(codes: str) -> None:
    """OAuth's word decides; what is no number refines nothing (found D12)."""
    host = FakeSignInHost()
    answer = f'{{"error": "invalid_client", "error_description": "No.", "error_codes": {codes}}}'
    host.tokens = [httpx.Response(401, content=answer.encode())] * 2
    with pytest.raises(SignInRefused):
        host.sign_in().acquire()


WAITS = {
    "": None,
    "-5": None,
    "1e400": None,
    "NaN": None,
    "9" * 5_000: 3600.0,
    "7": 7.0,
    "Fri, 31 Dec 99999999999 23:59:59 GMT": None,
    "Fri, 31 Dec 9999 23:59:59 GMT": 3600.0,
    "Mon, 01 Jan 0001 00:00:00 +1400": 0.0,
    "Mon, 01 Jan 1990 00:00:00 GMT": 0.0,
    "a" * 60_000: None,
    " " * 60_000: None,
}


@pytest.mark.parametrize("value", WAITS, ids=lambda value: value[:20])
def test_no_wish_to_wait_is_an_error_of_ours(value: str) -> None:
    """From seconds or a date, at most an hour, or nothing at all (found D12)."""
    date = "Mon, 23 Nov 2026 10:00:00 GMT"
    assert retry_after_s(value, date=date) == WAITS[value]
    error = decode_error(503, {"retry-after": value, "date": value}, b"")
    assert error.retry_after_s is None or 0 <= error.retry_after_s <= 3600


TEXTS = [
    " " * 60_000,
    "\t " * 30_000,
    "AADSTS" * 10_000,
    "AADSTS" + "9" * 60_000,
    "Trace ID" * 8_000,
    "\r" * 60_000,
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:12]))
def test_no_text_of_microsofts_holds_the_process(text: str) -> None:
    """However long it is, and whatever it repeats: reading it takes next to no time (found D12)."""
    began = time.process_time()
    for tail in ("", "x", "Trace ID: 1"):
        first_sentence(text + tail)
        numbers_in(text + tail)
        decode_error(400, {}, f'{{"error": {{"code": "x", "message": "{text + tail}"}}}}'.encode())
    host = FakeSignInHost()
    body = {"error": "invalid_client", "error_description": text + "x", "error_codes": [7000215]}
    host.tokens = [httpx.Response(401, json=body)] * 2
    with pytest.raises(SignInRefused) as raised:
        host.sign_in().acquire()
    assert len(str(raised.value)) < 600
    assert time.process_time() - began < 1
