"""What Microsoft Graph says when it says no: status, headers and bytes in, one of our errors out. No I/O."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec

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

# msgspec lets invalid UTF-8 and nesting without end through as Python's own errors.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_RESYNC_CODES = frozenset({"resyncrequired", "syncstatenotfound", "syncstateinvalid"})
_LONGEST_WAIT_S = 3600.0
_NAMED: Mapping[int, type[GraphError]] = {
    HTTPStatus.BAD_REQUEST: GraphRejected,
    HTTPStatus.UNAUTHORIZED: GraphUnauthorized,
    HTTPStatus.FORBIDDEN: PermissionMissing,
    HTTPStatus.TOO_MANY_REQUESTS: GraphThrottled,
}


class _ErrorDetail(msgspec.Struct, rename="camel"):
    code: str | None = None
    message: str | None = None
    inner_error: "_ErrorDetail | None" = None
    innererror: "_ErrorDetail | None" = None

    def codes(self) -> set[str]:
        """Every code, the innermost included, in lower case; the pages spell the inner one both ways."""
        inner = self.inner_error or self.innererror
        return {(self.code or "").lower()} | (inner.codes() if inner else set())


class _ErrorBody(msgspec.Struct):
    error: _ErrorDetail


_error_body = msgspec.json.Decoder(_ErrorBody)


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> GraphError:
    """The error behind any status but 2xx (Microsoft: *Microsoft Graph error responses*)."""
    detail = _error_detail(body)
    said = " ".join(part for part in (detail.code, detail.message) if part)[:300]
    sentence = f"Microsoft Graph answered {status}{': ' + said if said else ' without a reason'}"
    wait_s = retry_after_s(headers.get("retry-after"), date=headers.get("date"))
    return _error_kind(status, detail.codes())(sentence, retry_after_s=wait_s, status=status)


def retry_after_s(value: str | None, *, date: str | None = None) -> float | None:
    """Seconds to wait, at most an hour, from seconds or from a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return min(_LONGEST_WAIT_S, float(value))
    until, sent = _http_date(value), _http_date(date)
    return min(_LONGEST_WAIT_S, max(0.0, (until - sent).total_seconds())) if until and sent else None


def _error_kind(status: int, codes: set[str]) -> type[GraphError]:
    if status == HTTPStatus.GONE or codes & _RESYNC_CODES:
        return DeltaExpired
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GraphUnavailable
    return _NAMED.get(status, UnexpectedAnswer)


def _error_detail(body: bytes) -> _ErrorDetail:
    """A gateway's HTML is no error body; the status alone has to do then."""
    try:
        return _error_body.decode(body).error
    except UNREADABLE:
        return _ErrorDetail()


def _http_date(value: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(value).replace(tzinfo=UTC) if value else None
    except (ValueError, OverflowError):  # a year beyond all
        return None
