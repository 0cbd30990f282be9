"""Sign-in with a second secret in reserve, for the day on which the first expires."""

import logging
from collections.abc import Callable
from dataclasses import replace

from app.errors import SignInError, SignInRefused, SignInUnavailable
from app.graph.credentials import Credentials
from app.graph.sign_in import MsalSignIn, Token
from app.graph.sign_in_http import SignInHttp

_LOG = logging.getLogger(__name__)

Connect = Callable[[], SignInHttp]

# RFC 6749, 5.2: "Client authentication failed"; whatever else is refused, another secret would not help.
_CLIENT_REFUSED = "invalid_client"


class PairedSignIn:
    """Signs in with one secret, and with the other of the two as soon as that one is refused.

    Whichever went well last is used until it is refused in turn. Each change means a fresh msal application
    with a fresh token cache, because msal's cache does not know which secret a token came from. Like
    `MsalSignIn` not thread-safe, but for the attributes.
    """

    def __init__(self, credentials: Credentials, *, connect: Connect) -> None:
        self._connect = connect
        self._sign_in = MsalSignIn(credentials, connect=connect)
        self.configured = credentials
        self.in_use = credentials

    def acquire(self, *, renew: bool = False) -> Token:
        """A token, a new one if `renew`. Raises SignInError."""
        try:
            return self._sign_in.acquire(renew=renew)
        except SignInRefused as error:
            other = self._other()
            if other is None or error.oauth != _CLIENT_REFUSED:
                raise
            return self._change_to(other, refusal=error)

    def reconfigure(self, credentials: Credentials) -> bool:
        """Go by these settings from now on, if they leave in use what is; false if they want another."""
        first, *second = _pair(credentials)
        first_is_known = not any(first.differing(self.configured))
        for one in (first, *(second if first_is_known else ())):
            if not any(one.differing(self.in_use)):
                self.configured, self.in_use = credentials, one
                return True
        return False

    def close(self) -> None:
        """Close the connections."""
        self._sign_in.close()

    def _other(self) -> Credentials | None:
        return next((one for one in _pair(self.configured) if one.app != self.in_use.app), None)

    def _change_to(self, other: Credentials, *, refusal: SignInRefused) -> Token:
        fresh = MsalSignIn(other, connect=self._connect)
        try:
            token = fresh.acquire()
        except SignInError as error:
            fresh.close()
            raise _neither(self.in_use, refusal, other, error) from error
        refused, self.in_use = self.in_use, other
        self._sign_in.close()
        self._sign_in = fresh
        _LOG.warning(
            "Signed in with %s, because %s is refused%s: %s",
            other.app.setting,
            refused.app.setting,
            "" if other.app == self.configured.app else f" (move it to {refused.app.setting})",
            refusal,
        )
        return token


def _pair(credentials: Credentials) -> list[Credentials]:
    """The credentials with the first secret or certificate, and with the second secret if there is one."""
    second = credentials.next
    return [credentials, *([replace(credentials, app=second)] if second else [])]


def _neither(
    first: Credentials, refusal: SignInRefused, second: Credentials, error: SignInError
) -> SignInError:
    """Both in one error of the second's kind, which says when to try again, with the first's numbers."""
    told = f"{first.app.setting}: {refusal} {second.app.setting}: {error}"
    aadsts = (*refusal.aadsts, *error.aadsts)
    if isinstance(error, SignInRefused):
        return type(error)(told, aadsts=aadsts, oauth=error.oauth)
    return SignInUnavailable(told, aadsts=aadsts, retry_after_s=error.retry_after_s)
