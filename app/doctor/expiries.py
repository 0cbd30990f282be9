"""When the credentials end, as the countdown knows it: what is near, over, or known to nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.doctor.causes import found, skipped
from app.doctor.findings import Finding, Step, worst_first
from app.presence.expiry import STAGES, Credential, Expiry

_HOW_TO_TELL: Mapping[Credential, Mapping[str, str]] = {
    Credential.SECRET: {"setting": "PRESENCE_SECRET_EXPIRES", "permission": "Application.Read.All"},
    Credential.PASSWORD: {"setting": "PRESENCE_PASSWORD_EXPIRES", "permission": "Domain.Read.All"},
}


def judge(endings: Sequence[Expiry], *, now: datetime) -> Finding:
    """The ending that is nearest, and the others beside it.

    A certificate that tells no end cannot be read, which is told where it is used.
    """
    tellable = [one for one in endings if one.is_known or one.credential in _HOW_TO_TELL]
    judged = [_judged(one, now=now) for one in tellable]
    return worst_first(judged) if judged else skipped(Step.EXPIRY)


def _judged(ending: Expiry, *, now: datetime) -> Finding:
    detail: dict[str, Any] = {"credential": str(ending.credential), "source": str(ending.source)}
    detail |= {"reason": ending.reason} if ending.reason else {}
    words = {"credential": str(ending.credential), **_HOW_TO_TELL.get(ending.credential, {})}
    days = ending.days_left(now)
    if ending.expires_at is None or days is None:
        return found("expiry-never" if ending.is_known else "expiry-unknown", detail=detail, words=words)
    detail |= {"expiresAt": ending.expires_at.isoformat(), "daysLeft": days}
    cause = "expiry-over" if days < 0 else "expiry-soon" if ending.stage(now) in STAGES else "expiry-ok"
    return found(cause, detail=detail, words=words, days=str(days), until=f"{ending.expires_at:%Y-%m-%d}")
