"""When the credentials end, as far as anybody knows: the one place where the check learns of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.doctor.causes import found, skipped
from app.doctor.certificates import look_at
from app.doctor.findings import Finding, Step, worst_first
from app.graph.client import GraphClient
from app.graph.credentials import ClientCertificate, Credentials

_SOON_DAYS = 30
_DAY_S = 86_400
_UNKNOWN = "unknown"
_HOW_TO_TELL: Mapping[str, Mapping[str, str]] = {
    "secret": {"setting": "PRESENCE_SECRET_EXPIRES", "permission": "Application.Read.All"},
    "password": {"setting": "PRESENCE_PASSWORD_EXPIRES", "permission": "Domain.Read.All"},
}


class Ending(Protocol):
    """When one credential ends. Without a date it never does, or nobody tells (`source` is `unknown`)."""

    @property
    def credential(self) -> str:
        """`secret`, `certificate` or `password`."""
        ...

    @property
    def source(self) -> str:
        """`graph`, `setting`, `certificate` or `unknown`."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """The end, where there is one and somebody tells."""
        ...

    @property
    def reason(self) -> str | None:
        """Why there is no date, or what it is made of."""
        ...


class EndingsOf(Protocol):
    """Finds out about every credential in use; `client` is None when nobody could sign in."""

    async def __call__(self, client: GraphClient | None) -> Sequence[Ending]:
        """One entry for each credential."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An ending that this machine knows by itself, or knows nothing about."""

    credential: str
    source: str = _UNKNOWN
    expires_at: datetime | None = None
    reason: str | None = None


def on_this_machine(credentials: Credentials, *, now: datetime) -> Sequence[Ending]:
    """What can be said without Microsoft: a certificate carries its own end, the others do not."""
    endings = [_of_application(credentials, now=now)]
    return [*endings, Told(credential="password")] if credentials.user else endings


def _of_application(credentials: Credentials, *, now: datetime) -> Told:
    if not isinstance(credentials.app, ClientCertificate):
        return Told(credential="secret")
    certificate = look_at(credentials.app, now=now).certificate
    if certificate is None:
        return Told(credential="certificate")
    return Told(credential="certificate", source="certificate", expires_at=certificate.not_valid_after_utc)


def judge(endings: Sequence[Ending], *, now: datetime) -> Finding:
    """The ending that is nearest, and the others beside it."""
    judged = [_judged(one, now=now) for one in endings if one.credential in _HOW_TO_TELL or _is_known(one)]
    return worst_first(judged) if judged else skipped(Step.EXPIRY)


def _is_known(ending: Ending) -> bool:
    """A certificate tells its own end; one that does not is told of where it is used."""
    return ending.source != _UNKNOWN


def _judged(ending: Ending, *, now: datetime) -> Finding:
    credential, ends_at = str(ending.credential), ending.expires_at
    detail: dict[str, Any] = {"credential": credential, "source": str(ending.source)}
    detail |= {"reason": ending.reason} if ending.reason else {}
    if ends_at is None:
        cause = "expiry-never" if _is_known(ending) else "expiry-unknown"
        words = _HOW_TO_TELL.get(credential, {})
        return found(cause, detail=detail, words=words, credential=credential)
    days = int((ends_at - now).total_seconds() // _DAY_S)
    detail |= {"expiresAt": ends_at.isoformat(), "daysLeft": days}
    cause = "expiry-over" if days < 0 else "expiry-soon" if days <= _SOON_DAYS else "expiry-ok"
    return found(cause, detail=detail, credential=credential, days=str(days), until=f"{ends_at:%Y-%m-%d}")
