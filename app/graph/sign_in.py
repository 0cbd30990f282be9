"""One sign-in with real msal, blocking, and every way it can fail as one of our errors."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
import msal
from msal.exceptions import MsalServiceError

from app.errors import PasswordRefused, SignInError, SignInRefused, SignInUnavailable
from app.graph.credentials import Credentials, UserPassword
from app.graph.sign_in_http import SignInHttp
from app.graph.wire import retry_after_s

# entra-docs, *reference-error-codes*: "temporary", "throttled", "server" and the client-loop guard.
_TRANSIENT = frozenset({50033, 50087, 50196, 90006, 90012, 90024, 90033, 90055, 90090})
# Wrong password and smart lockout: each further try makes it worse (*concept-sspr-policy*).
_PASSWORD = frozenset({50053, 50126})
# msal takes any 4xx at discovery for an unknown tenant.
_TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_OUTAGES = (httpx.HTTPError, MsalServiceError, json.JSONDecodeError)


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
        self._cache = msal.TokenCache()

    def acquire(self, *, renew: bool = False) -> Token:
        """A token, from msal's cache unless `renew`. Raises SignInError."""
        try:
            return _token(self._result(self._application(), renew=renew))
        except _OUTAGES as error:
            raise self._failed(_unavailable(error, self._retry_after())) from error
        except SignInError as error:
            error.retry_after_s = self._retry_after()
            raise self._failed(error) from None
        except (OSError, ValueError) as error:
            if self._http and self._http.status in _TRY_AGAIN:
                raise self._failed(_unavailable(error, self._retry_after())) from error
            raise self._failed(_refused_before_sign_in(error)) from error

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _application(self) -> msal.ConfidentialClientApplication:
        if self._app is None:
            self._http = self._http or self._connect()
            self._app = msal.ConfidentialClientApplication(
                self._credentials.client_id,
                client_credential=self._credentials.app.for_msal(),
                authority=f"{self._credentials.authority_root}/{self._credentials.tenant_id}",
                http_client=self._http,
                instance_discovery=False,  # no host but the configured one is ever asked
                token_cache=self._cache,
                azure_region=False,  # deaf to MSAL_FORCE_REGION
            )
        return self._app

    def _result(self, app: msal.ConfidentialClientApplication, *, renew: bool) -> dict[str, Any]:
        if self._credentials.user:
            return self._as_user(app, self._credentials.user, renew=renew)
        if renew:
            app.remove_tokens_for_client()
        result: dict[str, Any] = app.acquire_token_for_client(
            [self._credentials.scope], http_exceptions=_OUTAGES
        )
        return result

    def _as_user(
        self, app: msal.ConfidentialClientApplication, user: UserPassword, *, renew: bool
    ) -> dict[str, Any]:
        """The refresh token first: msal's password flow never looks into its cache."""
        scopes = [self._credentials.scope]
        silent = None
        for account in app.get_accounts(username=user.username)[:1]:
            silent = app.acquire_token_silent(
                scopes, account=account, force_refresh=renew, http_exceptions=_OUTAGES
            )
        result: dict[str, Any] = silent or app.acquire_token_by_username_password(
            user.username, user.password, scopes=scopes
        )
        return result

    def _failed(self, error: SignInError) -> SignInError:
        self._app = None
        return error

    def _retry_after(self) -> float | None:
        return retry_after_s(self._http.retry_after) if self._http else None


def _token(result: dict[str, Any]) -> Token:
    """The token of msal's answer. Raises SignInError for a refusal."""
    if "access_token" not in result:
        raise _refusal(result)
    expires_in_s = float(result["expires_in"])
    # As msal does, five minutes early; a short-lived token at half its life.
    soon = max(expires_in_s - 300, expires_in_s / 2)
    planned = float(result.get("refresh_in") or result.get("refresh_on", 0) - time.time())
    return Token(result["access_token"], expires_in_s, planned if 0 < planned < soon else soon)


def _refusal(result: dict[str, Any]) -> SignInError:
    """Entra's answer as our error: the OAuth `error` decides, the numbers only refine and explain."""
    codes = tuple(int(code) for code in result.get("error_codes") or ())
    sentence = _first_sentence(str(result.get("error_description") or result.get("error")))
    if result.get("error") == "temporarily_unavailable" or _TRANSIENT.intersection(codes):
        return SignInUnavailable(sentence, aadsts=codes)
    kind = PasswordRefused if _PASSWORD.intersection(codes) else SignInRefused
    return kind(sentence, aadsts=codes)


def _first_sentence(description: str) -> str:
    """Entra's text without the trailing trace id, correlation id and time stamp."""
    text = re.split(r"\s*(?:Trace ID:|\r|\n)", description, maxsplit=1)[0]
    return f"Microsoft refused the sign-in: {text[:400]}"


def _unavailable(error: Exception, retry_after: float | None) -> SignInUnavailable:
    what = str(error) if isinstance(error, MsalServiceError) else type(error).__name__
    return SignInUnavailable(
        f"The sign-in host cannot be used right now ({what}).", retry_after_s=retry_after
    )


def _refused_before_sign_in(error: Exception) -> SignInRefused:
    """Why msal's constructor gave up: the authority said no, or the certificate cannot be used."""
    said = f"{error} {error.__context__ or ''}"
    codes = tuple(int(number) for number in re.findall(r"AADSTS(\d+)", said))
    if codes:
        reason = f"the tenant was not found at this sign-in host (AADSTS{codes[0]}): check AZURE_TENANT_ID"
    elif "OIDC Discovery" in said or "authority" in said:
        reason = "the sign-in host does not know this tenant: check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST"
    else:
        reason = "the certificate cannot be used: check AZURE_CLIENT_CERTIFICATE_PATH and its password"
    return SignInRefused(f"Sign-in is not possible: {reason}.", aadsts=codes)
