"""One sign-in with real msal, blocking, and every way it can fail as one of our errors."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from app.errors import PasswordRefused, SignInError, SignInRefused, SignInUnavailable
from app.graph.credentials import Credentials, UserPassword, why_unusable
from app.graph.entra_errors import LOOP, PASSWORD, TEMPORARY, first_sentence, numbers_in
from app.graph.reach import why_unreachable
from app.graph.sign_in_http import SignInHttp
from app.graph.wire_errors import retry_after_s

if TYPE_CHECKING:
    # msal brings `requests` along, a tenth of a second of imports: done by the first sign-in, which has a
    # thread of its own and does not stand between the start and the first answer.
    import msal

REFUSED = "Microsoft refused the sign-in: "
"""How the sentence of a refusal begins, before Entra's own words."""

# What msal, and reading its result, raise when an answer has not the documented shape.
_STUMBLES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
# Seconds that a token is good for: less is none that could be used, more than two days nobody gives.
_SHORTEST_S, _LONGEST_S = 1.0, 48 * 3600.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how long it is good for, counted from when it was handed over."""

    value: str = field(repr=False)
    expires_in_s: float
    refresh_in_s: float


class MsalSignIn:
    """Signs in as the application, or as a user, and keeps msal's token cache in memory.

    The msal application is built with the first sign-in, because its constructor asks Microsoft; after a
    failure it is built anew, because msal replays a refusal for a minute. The token cache outlives it, so
    that a refresh token does. Not thread-safe: `TokenSource` lets one sign-in run at a time.
    """

    def __init__(self, credentials: Credentials, *, connect: Callable[[], SignInHttp]) -> None:
        self._credentials = credentials
        self._connect = connect
        self._http: SignInHttp | None = None
        self._app: msal.ConfidentialClientApplication | None = None
        self._cache: msal.TokenCache | None = None

    def acquire(self, *, renew: bool = False) -> Token:
        """A token, from msal's cache unless `renew`. Raises SignInError."""
        try:
            return self._acquire(renew=renew)
        except SignInError as error:
            self._app = None
            error.retry_after_s = retry_after_s(self._http.retry_after) if self._http else None
            raise

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _acquire(self, *, renew: bool) -> Token:
        app = self._app = self._app or self._new_application()
        try:
            return _token(self._result(app, renew=renew), status=self._http.status if self._http else None)
        except _outages() as error:
            raise _unavailable(error) from error
        except _STUMBLES as error:
            raise _undocumented(error) from error

    def _new_application(self) -> "msal.ConfidentialClientApplication":
        import msal  # noqa: PLC0415 - see the top of the file

        credential = self._app_credential()
        self._http = self._http or self._connect()
        self._cache = self._cache or msal.TokenCache()
        try:
            return msal.ConfidentialClientApplication(
                self._credentials.client_id,
                client_credential=credential,
                authority=f"{self._credentials.authority_root}/{self._credentials.tenant_id}",
                http_client=self._http,
                instance_discovery=False,  # no host but the configured one is ever asked
                token_cache=self._cache,
                azure_region=False,  # deaf to MSAL_FORCE_REGION
            )
        except _outages() as error:
            raise _unavailable(error) from error
        except _STUMBLES as error:
            raise _discovery_failed(error, status=self._http.status) from error

    def _app_credential(self) -> Any:
        try:
            return self._credentials.app.for_msal()
        except (OSError, ValueError) as error:
            raise SignInRefused(
                f"The certificate cannot be used ({why_unusable(error)}): check "
                "AZURE_CLIENT_CERTIFICATE_PATH and AZURE_CLIENT_CERTIFICATE_PASSWORD."
            ) from None

    def _result(self, app: "msal.ConfidentialClientApplication", *, renew: bool) -> dict[str, Any]:
        if self._credentials.user:
            return self._as_user(app, self._credentials.user, renew=renew)
        if renew:
            app.remove_tokens_for_client()
        result: dict[str, Any] = app.acquire_token_for_client(
            [self._credentials.scope], http_exceptions=_outages()
        )
        return result

    def _as_user(
        self, app: "msal.ConfidentialClientApplication", user: UserPassword, *, renew: bool
    ) -> dict[str, Any]:
        """The refresh token first: msal's password flow never looks into its cache."""
        scopes = [self._credentials.scope]
        silent = None
        for account in app.get_accounts(username=user.username)[:1]:
            silent = app.acquire_token_silent(
                scopes, account=account, force_refresh=renew, http_exceptions=_outages()
            )
        result: dict[str, Any] = silent or app.acquire_token_by_username_password(
            user.username, user.password, scopes=scopes
        )
        return result


def _outages() -> tuple[type[Exception], ...]:
    from msal.exceptions import MsalServiceError  # noqa: PLC0415 - see the top of the file

    return (httpx.HTTPError, MsalServiceError, json.JSONDecodeError)


def _token(result: dict[str, Any], *, status: int | None) -> Token:
    """The token of msal's answer. Raises SignInError for a refusal."""
    if "access_token" not in result:
        if not isinstance(result.get("error"), str):
            raise SignInUnavailable("The sign-in host answered neither with a token nor with an error.")
        raise _refusal(result, throttled=status == HTTPStatus.TOO_MANY_REQUESTS)
    expires_in_s = _seconds(result.get("expires_in"))
    if expires_in_s < _SHORTEST_S:
        raise SignInUnavailable("The sign-in host gave a token that is of no use: it expires at once.")
    # As msal does, five minutes early; a short-lived token at half its life.
    soon = max(expires_in_s - 300, expires_in_s / 2)
    planned = _seconds(result.get("refresh_in")) or _seconds(result.get("refresh_on")) - time.time()
    return Token(_sendable(result["access_token"]), expires_in_s, planned if 0 < planned < soon else soon)


def _seconds(value: Any) -> float:
    """A number of seconds from outside, within limits; 0 for what is none."""
    try:
        seconds = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(seconds, time.time() + _LONGEST_S) if math.isfinite(seconds) and seconds > 0 else 0.0


def _sendable(token: Any) -> str:
    """A token that can go into a header (RFC 6750, 2.1); one that cannot is never repeated in an error."""
    if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
        raise SignInUnavailable("The sign-in host gave something as a token that is none.")
    return token


def _refusal(result: dict[str, Any], *, throttled: bool) -> SignInError:
    """Entra's answer as our error: the OAuth `error` decides, the numbers only refine and explain."""
    told = result.get("error_codes")
    codes = tuple(code for code in told if type(code) is int) if isinstance(told, list) else ()
    word = str(result.get("error"))
    sentence = f"{REFUSED}{first_sentence(str(result.get('error_description') or word))[:400]}"
    if throttled or word == "temporarily_unavailable" or {*TEMPORARY, LOOP}.intersection(codes):
        return SignInUnavailable(sentence, aadsts=codes, oauth=word)
    kind = PasswordRefused if PASSWORD.intersection(codes) else SignInRefused
    return kind(sentence, aadsts=codes, oauth=word)


def _discovery_failed(error: Exception, *, status: int | None) -> SignInError:
    """Why msal's constructor gave up: 400 and 404 speak of the tenant, all else of trouble on the way."""
    if status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
        return _undocumented(error)
    codes = numbers_in(f"{error} {error.__context__}")
    number = f" (AADSTS{codes[0]})" if codes else ""
    return SignInRefused(
        f"The sign-in host does not know this tenant{number}: check AZURE_TENANT_ID and "
        "AZURE_AUTHORITY_HOST.",
        aadsts=codes,
    )


def _unavailable(error: Exception) -> SignInUnavailable:
    ours = isinstance(error, (httpx.HTTPError, json.JSONDecodeError))
    what = why_unreachable(error) if ours else str(error)
    return SignInUnavailable(f"The sign-in host cannot be used: {what}.")


def _undocumented(error: Exception) -> SignInUnavailable:
    return SignInUnavailable(f"The sign-in host answered something undocumented ({type(error).__name__}).")
