"""Counts down the days of the credentials in use, so that none of them ends as a surprise.

No credential tells its end when it is used: an expired secret shows first when the next token is fetched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.clock import Clock
from app.config import Settings
from app.errors import GraphError, GraphThrottled, GraphUnauthorized, GraphUnavailable, SignInError
from app.graph.client import GraphClient
from app.graph.credentials import (
    AppCredential,
    ClientCertificate,
    ClientSecret,
    Credentials,
    UserPassword,
    why_unusable,
)
from app.graph.tokens import TokenSource
from app.ingest.expiry_alarm import ExpiryAlarm
from app.off_loop import off_loop
from app.presence.expiry import (
    Certainty,
    Credential,
    Expiry,
    of_certificate,
    of_password,
    of_secret,
    settled,
    unknown,
)

COUNT_EVERY_S = 5.0
_ASK_EVERY_S = 6 * 3600.0
_REPEAT_AFTER_S = 15 * 60.0
_READ_FILE_EVERY_S = 5 * 60.0
# No answer at all, so that asking again is worth it; everything else is Microsoft's last word for now.
_NO_ANSWER = (SignInError, GraphUnavailable, GraphThrottled, GraphUnauthorized)
_SETTINGS: Mapping[Credential, str] = {
    Credential.SECRET: "PRESENCE_SECRET_EXPIRES",
    Credential.PASSWORD: "PRESENCE_PASSWORD_EXPIRES",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """The ends that the settings name."""

    secret: datetime | None = None
    password: datetime | None = None

    def of(self, credential: Credential) -> datetime | None:
        """The end of one credential; a certificate needs no setting."""
        return {Credential.SECRET: self.secret, Credential.PASSWORD: self.password}.get(credential)


def announced_by(settings: Settings, *, app: AppCredential) -> Announced:
    """The ends that the settings name; that of a secret is the first one's, when `app` is in use."""
    first = app.setting == "AZURE_CLIENT_SECRET"
    return Announced(secret=settings.secret_expires if first else None, password=settings.password_expires)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the last look at a credential has shown, and when the next is due, in monotonic seconds."""

    expiry: Expiry
    due_at: float


class Countdown:
    """The ends of the credentials in use, as far as anybody tells; `latest` always speaks of each of them.

    Microsoft is asked soon after sign-in works, again after six hours or when the credentials are others, and
    after a quarter of an hour if there was no answer. Whatever it says, or does not, is no fault of the
    service: then the end is unknown, and `reason` says how to let the service know.
    """

    def __init__(
        self,
        client: GraphClient,
        *,
        credentials: Callable[[], Credentials],
        announced: Callable[[], Announced],
        tokens: TokenSource,
        clock: Clock,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._announced = announced
        self._tokens = tokens
        self._clock = clock
        self._alarm = ExpiryAlarm()
        self._seen = credentials()
        self._looks: dict[Credential, _Look] = {}
        self.latest = self._assembled()

    @property
    def ends_within_a_day(self) -> bool:
        """Whether a credential surely ends within 24 hours, or has ended."""
        now = self._clock.now()
        sure = (one for one in self.latest if one.certainty is Certainty.SURE)
        return any(one.stage(now) in {0, 1} for one in sure)

    async def round(self) -> None:
        """Look at whatever is due, and speak up if an end comes near."""
        credentials = self._credentials()
        if credentials != self._seen:
            self._seen, self._looks = credentials, {}
        for one in _in_use(credentials):
            if self._is_due(one):
                self._looks[one] = await self._look(one, credentials)
        self.latest = self._assembled()
        if self._tokens.fault or len(self._looks) == len(self.latest):
            for expiry in self.latest:
                self._alarm.tell(expiry, now=self._clock.now())

    def look_anew(self) -> None:
        """Let the next round ask again, whenever the last time was."""
        self._looks = {one: replace(look, due_at=float("-inf")) for one, look in self._looks.items()}

    def _is_due(self, one: Credential) -> bool:
        if one is not Credential.CERTIFICATE and not (self._tokens.expires_in_s or 0) > 0:
            return False
        return one not in self._looks or self._clock.monotonic() >= self._looks[one].due_at

    async def _look(self, one: Credential, credentials: Credentials) -> _Look:
        every_s = _READ_FILE_EVERY_S if one is Credential.CERTIFICATE else _ASK_EVERY_S
        try:
            expiry = await self._read(one, credentials)
        except _NO_ANSWER as error:
            every_s = _REPEAT_AFTER_S
            expiry = self._last_known(one) or unknown(one, _sentence(error))
        except GraphError as error:
            expiry = unknown(one, _sentence(error))
        return _Look(expiry, self._clock.monotonic() + every_s)

    def _last_known(self, one: Credential) -> Expiry | None:
        """What was told before about the same credential: its end does not move while nobody answers."""
        before = self._looks.get(one)
        return before.expiry if before and before.expiry.is_known else None

    async def _read(self, one: Credential, credentials: Credentials) -> Expiry:
        app, user = credentials.app, credentials.user
        if one is Credential.PASSWORD and user:
            return await self._of_user(user)
        if isinstance(app, ClientSecret):
            entries = await self._client.secrets(credentials.client_id)
            return of_secret(entries, secret=app.value, now=self._clock.now())
        assert isinstance(app, ClientCertificate)  # noqa: S101 - there is no third kind
        return await off_loop(partial(_of_file, app))

    async def _of_user(self, user: UserPassword) -> Expiry:
        facts = await self._client.password_facts(user.username)
        policy = await self._client.password_policy(facts.domain) if facts.needs_domain else None
        return of_password(facts, policy)

    def _assembled(self) -> tuple[Expiry, ...]:
        return tuple(map(self._settled, _in_use(self._seen)))

    def _settled(self, one: Credential) -> Expiry:
        """The last word on a credential: the look's, the setting's, or how to let the service know."""
        look = self._looks.get(one)
        told = look.expiry if look else unknown(one, "Nobody has been asked so far.")
        setting = _SETTINGS.get(one)
        if setting is None:
            return told
        announced = self._announced().of(one)
        last = settled(told, announced=announced, setting=setting, now=self._clock.now())
        return last if last.is_known else unknown(one, f"{last.reason} Or set {setting}.")


def _in_use(credentials: Credentials) -> tuple[Credential, ...]:
    is_secret = isinstance(credentials.app, ClientSecret)
    app = Credential.SECRET if is_secret else Credential.CERTIFICATE
    return (app, Credential.PASSWORD) if credentials.user else (app,)


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."


def _of_file(certificate: ClientCertificate) -> Expiry:
    try:
        return of_certificate(certificate.ends_at())
    except (OSError, ValueError) as error:
        return unknown(Credential.CERTIFICATE, f"The certificate cannot be read ({why_unusable(error)}).")
