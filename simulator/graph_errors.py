"""Graph's way of saying no ("Microsoft Graph error responses and resource types")."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from .exchange import NO_HEADERS, Answer, Ask, RefusedError, json_answer


class GraphError(RefusedError):
    """One refusal: callers are told to branch on `code`, never on the message."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        inner: Mapping[str, Any] = NO_HEADERS,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers, self.inner = headers, inner

    def answer(self, ask: Ask, *, now: float) -> Answer:
        """The documented body, with the ids that support asks for."""
        error = {"code": self.code, "message": self.message, "innerError": self._inner(ask, now=now)}
        return json_answer({"error": error}, status=self.status, headers=self.headers)

    def _inner(self, ask: Ask, *, now: float) -> dict[str, Any]:
        return {
            **self.inner,
            "date": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": ask.request_id,
            "client-request-id": ask.client_request_id,
        }


def bad_request(message: str, *, code: str = "BadRequest") -> GraphError:
    """A request that Graph does not understand."""
    return GraphError(HTTPStatus.BAD_REQUEST, code, message)


def unsupported_query(message: str) -> GraphError:
    """A query that the directory cannot run."""
    return bad_request(message, code="Request_UnsupportedQuery")


def not_found(what: str) -> GraphError:
    """No such person."""
    message = (
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    )
    return GraphError(HTTPStatus.NOT_FOUND, "Request_ResourceNotFound", message)


def denied() -> GraphError:
    """The token lacks a permission of the directory."""
    message = "Insufficient privileges to complete the operation."
    return GraphError(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", message)


def forbidden() -> GraphError:
    """The token lacks a permission of presence, which answers with an empty message."""
    return GraphError(HTTPStatus.FORBIDDEN, "Forbidden", "")


def invalid_token(message: str, *, authority: str) -> GraphError:
    """The token is missing, broken, expired, revoked or meant for somebody else."""
    challenge = (
        f'Bearer realm="", authorization_uri="{authority}/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
    return GraphError(
        HTTPStatus.UNAUTHORIZED,
        "InvalidAuthenticationToken",
        message,
        headers={"www-authenticate": challenge},
    )


def default_error(status: int, code: str | None) -> GraphError:
    """What Graph would say with a status, for a switch that names only the status."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return GraphError(status, code or DEFAULT_CODES.get(status, phrase.replace(" ", "")), phrase)


DEFAULT_CODES: Mapping[int, str] = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    410: "resyncRequired",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    509: "BandwidthLimitExceeded",
}
