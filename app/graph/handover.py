"""New credentials in place of old ones, without a moment in which nobody can sign in."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock
from app.errors import PasswordRefused, SignInError, SignInRefused
from app.graph.credentials import Credentials
from app.graph.entra_errors import LOCKED
from app.graph.paired_sign_in import Connect, PairedSignIn
from app.graph.sign_in import MsalSignIn, Token
from app.graph.tokens import TokenSource, pause_s

_LOG = logging.getLogger(__name__)

_NEVER_S = float("inf")
# Should anything but a SignInError come out of an attempt.
_UNFORESEEN_S = 20.0


def prove(credentials: Credentials, *, connect: Connect) -> Token:
    """The token that these credentials yield by themselves, with a fresh msal application and token cache.

    Blocking; touches nobody else's sign-in. Raises SignInError. A wrong password counts towards a lock-out.
    """
    sign_in = MsalSignIn(credentials, connect=connect)
    try:
        return sign_in.acquire()
    finally:
        sign_in.close()


@dataclass(slots=True, kw_only=True)
class Candidate:
    """Credentials that are to be taken into use and have not been: not tried yet, or without success."""

    credentials: Credentials
    settings: tuple[str, ...]
    since: datetime
    fault: SignInError | None = None
    failures: int = 0
    try_at: float = float("-inf")

    @property
    def rejected(self) -> bool:
        """Whether Microsoft said no, so that a person must act."""
        return isinstance(self.fault, SignInRefused)


class Handover:
    """Holds the credentials in use, and lets others take over once they have yielded a token.

    Until then those in use and the token in hand stay what they were. After an outage others are tried again
    at the pace of `TokenSource`; refused ones too, because Microsoft may take minutes to know a new secret,
    but a wrong password never until it changes or somebody asks for it.
    """

    def __init__(self, sign_in: PairedSignIn, *, tokens: TokenSource, connect: Connect, clock: Clock) -> None:
        self._sign_in = sign_in
        self.tokens = tokens
        self._connect = connect
        self._clock = clock
        self.candidate: Candidate | None = None

    @property
    def credentials(self) -> Credentials:
        """Those in use at this moment; `app.setting` says which secret or certificate that is."""
        return self._sign_in.in_use

    @property
    def signed_out(self) -> bool:
        """Whether the last attempt to get a token has failed, with or without one in hand."""
        return self.tokens.fault is not None

    def offer(self, credentials: Credentials) -> None:
        """Let these take over as soon as they are proved, instead of any offered before."""
        if self.candidate and credentials == self.candidate.credentials:
            return
        self.withdraw()
        reserve = self._sign_in.configured.next
        if not self._sign_in.reconfigure(credentials):
            names = tuple(credentials.differing(self.credentials))
            self.candidate = Candidate(credentials=credentials, settings=names, since=self._clock.now())
        elif credentials.next != reserve:
            _LOG.info("AZURE_CLIENT_SECRET_NEXT %s", "stands by" if credentials.next else "is set no longer")
            self._try_reserve()

    def withdraw(self) -> None:
        """Forget what was offered: the credentials in use are what the settings say, or all there is."""
        if self.candidate and self.candidate.fault:
            _LOG.info("The changed %s has been changed again", _listed(self.candidate.settings))
        self.candidate = None

    async def round(self) -> bool:
        """Try what is offered, if it is time to; true if it has taken over."""
        candidate = self.candidate
        if candidate is None or self._clock.monotonic() < candidate.try_at:
            return False
        candidate.failures += 1
        candidate.try_at = self._clock.monotonic() + _UNFORESEEN_S
        fresh = PairedSignIn(candidate.credentials, connect=self._connect)
        try:
            await self.tokens.adopt(fresh.acquire)
        except SignInError as error:
            fresh.close()
            self._went_bad(candidate, error)
            return False
        self._take(fresh)
        return True

    def retry_now(self) -> None:
        """Try again with the next round, whatever was decided after the last failure."""
        if self.candidate:
            self.candidate.try_at = float("-inf")

    def close(self) -> None:
        """Close the connections to the sign-in host."""
        self._sign_in.close()

    def _try_reserve(self) -> None:
        """At once, unless a password was refused, which another secret would not change."""
        if not isinstance(self.tokens.fault, PasswordRefused):
            self.tokens.retry_now()

    def _take(self, fresh: PairedSignIn) -> None:
        """Of a pair the second may have been accepted, which may be what was in use before."""
        if names := _listed(fresh.in_use.differing(self.credentials)):
            _LOG.info("Signed in with the changed %s", names)
        self._sign_in.close()
        self._sign_in, self.candidate = fresh, None

    def _went_bad(self, candidate: Candidate, error: SignInError) -> None:
        known, candidate.fault = candidate.fault, error
        candidate.try_at = self._clock.monotonic() + _pause_s(error, failures=candidate.failures)
        if known is None or (known.code, known.aadsts) != (error.code, error.aadsts):
            _LOG.warning(
                "The changed %s is not in use, the service goes on with what it has: %s",
                _listed(candidate.settings),
                error,
                extra={"error_code": error.code},
            )


def _listed(settings: Iterable[str]) -> str:
    return " and ".join(settings)


def _pause_s(error: SignInError, *, failures: int) -> float:
    # A lock passes; a wrong password stays wrong.
    if isinstance(error, PasswordRefused) and LOCKED not in error.aadsts:
        return _NEVER_S
    return pause_s(error, failures=failures)
