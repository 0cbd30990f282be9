"""Microsoft's errors: which of ours each becomes, and how long it asks us to wait."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import (
    DeltaExpired,
    GraphError,
    GraphRejected,
    GraphThrottled,
    GraphUnauthorized,
    GraphUnavailable,
    PermissionMissing,
    UnexpectedAnswer,
)
from app.graph.wire_errors import decode_error, retry_after_s

SENT = "Wed, 21 Oct 2026 07:28:00 GMT"


def documented(code: str, *, inner: str = "", spelling: str = "innerError") -> bytes:
    detail = {"date": "2026-10-21T07:28:00", "request-id": "r", "client-request-id": "c"}
    if inner:
        detail["code"] = inner
    return json.dumps({"error": {"code": code, "message": "A sentence.", spelling: detail}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "BadRequest", GraphRejected),
        (401, "InvalidAuthenticationToken", GraphUnauthorized),
        (401, "Unauthorized", GraphUnauthorized),
        (403, "Authorization_RequestDenied", PermissionMissing),
        (404, "Request_ResourceNotFound", UnexpectedAnswer),
        (410, "Gone", DeltaExpired),
        (400, "syncStateNotFound", DeltaExpired),
        (404, "resyncRequired", DeltaExpired),
        (410, "", DeltaExpired),
        (429, "TooManyRequests", GraphThrottled),
        (500, "InternalServerError", GraphUnavailable),
        (503, "ServiceUnavailable", GraphUnavailable),
        (504, "Timeout", GraphUnavailable),
        (509, "BandwidthLimitExceeded", GraphUnavailable),
        (302, "", UnexpectedAnswer),
    ],
)
def test_each_status_is_one_of_our_errors(status: int, code: str, kind: type[GraphError]) -> None:
    error = decode_error(status, {}, documented(code))
    assert type(error) is kind
    assert str(status) in str(error)
    assert code in str(error)


@pytest.mark.parametrize("spelling", ["innerError", "innererror"])
@pytest.mark.parametrize("code", ["resyncRequired", "syncStateNotFound"])
def test_the_innermost_code_that_is_understood_decides_in_both_spellings(code: str, spelling: str) -> None:
    """Microsoft: "Microsoft Graph error responses"; the outer code may only say BadRequest."""
    error = decode_error(400, {}, documented("BadRequest", inner=code, spelling=spelling))
    assert type(error) is DeltaExpired


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html><h1>502 Bad Gateway</h1></html>", b"null", b"[]", b"{}", b'{"error":null}'),
        *(b'{"error":"invalid_grant"}', b'{"error":{"code":7}}', b"\xff\xfe", b'{"error":{"code":"M\xfc"}}'),
        b'{"error":{"more":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    ],
    ids=range(11),
)
def test_a_gateways_body_leaves_the_status_to_decide(body: bytes) -> None:
    assert type(decode_error(502, {}, body)) is GraphUnavailable
    assert type(decode_error(429, {"retry-after": "7"}, body)) is GraphThrottled


@given(st.integers(300, 599), st.binary(), st.one_of(st.none(), st.text(max_size=30)))
def test_no_error_answer_raises_instead_of_being_told(
    status: int, body: bytes, retry_after: str | None
) -> None:
    headers = {"date": SENT} | ({"retry-after": retry_after} if retry_after is not None else {})
    assert isinstance(decode_error(status, headers, body), GraphError)


def test_a_long_message_is_cut() -> None:
    body = json.dumps({"error": {"code": "x", "message": "m" * 10_000}}).encode()
    assert len(str(decode_error(400, {}, body))) < 500


@pytest.mark.parametrize("status", [429, 503])
def test_the_wish_to_wait_travels_with_the_error(status: int) -> None:
    assert decode_error(status, {"retry-after": "41"}, b"").retry_after_s == 41.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("41", 41.0),
        (" 41 ", 41.0),
        ("Wed, 21 Oct 2026 07:29:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 07:29:00 -0000", 60.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        (None, None),
        *(
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("Wed, 99 Oct 2026", None),
            ("\u00b2", None),
        ),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value: str | None, seconds: float | None) -> None:
    """A date is measured against the answer's own, since our clock may be wrong."""
    assert retry_after_s(value, date=SENT) == seconds


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_date_with_nothing_to_measure_it_by_is_no_wish(date: str | None) -> None:
    assert retry_after_s("Wed, 21 Oct 2026 07:29:00 GMT", date=date) is None


def test_one_odd_header_cannot_silence_the_service_for_years() -> None:
    """Nobody means 31 years; msal stops believing at an hour as well."""
    seconds = retry_after_s("999999999")
    assert seconds is None or seconds <= 3_600.0
