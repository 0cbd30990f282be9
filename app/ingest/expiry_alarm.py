"""Says in good time, and once each time, that a credential ends."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from app.presence.expiry import Credential, Expiry

_LOG = logging.getLogger(__name__)

_NAMES: Mapping[Credential, str] = {
    Credential.SECRET: "client secret",
    Credential.CERTIFICATE: "client certificate",
    Credential.PASSWORD: "password of the service account",
}
_REMEDIES: Mapping[Credential, str] = {
    Credential.SECRET: "make a new one and replace AZURE_CLIENT_SECRET",
    Credential.CERTIFICATE: "upload a new one and replace the file of AZURE_CLIENT_CERTIFICATE_PATH",
    Credential.PASSWORD: "change it and replace AZURE_PASSWORD",
}


class ExpiryAlarm:
    """One record for each stage that a credential reaches, an error after its end, and one on its renewal.

    A process that has just started tells the stage that it finds. A credential with another end is another
    one: its stage is told anew.
    """

    def __init__(self) -> None:
        self._told: dict[Credential, tuple[datetime | None, int]] = {}

    def tell(self, expiry: Expiry, *, now: datetime) -> None:
        """Speak up, if there is anything new."""
        stage = expiry.stage(now)
        if stage is None:
            self._tell_renewal(expiry)
        elif self._is_news(expiry, stage):
            self._told[expiry.credential] = (expiry.expires_at, stage)
            self._tell_stage(expiry, now=now)

    def _is_news(self, expiry: Expiry, stage: int) -> bool:
        ends_at, told = self._told.get(expiry.credential, (None, stage))
        return ends_at != expiry.expires_at or stage < told

    def _tell_stage(self, expiry: Expiry, *, now: datetime) -> None:
        ended = expiry.stage(now) == 0
        _LOG.log(
            logging.ERROR if ended else logging.WARNING,
            "The %s %s on %s: %s",
            _NAMES[expiry.credential],
            "ended" if ended else f"ends {_soon(expiry.days_left(now))},",
            _moment(expiry.expires_at),
            _REMEDIES[expiry.credential],
            extra={
                "credential": expiry.credential.value,
                "days_left": expiry.days_left(now),
                "source": expiry.source.value,
                "certainty": expiry.certainty.value,
            },
        )

    def _tell_renewal(self, expiry: Expiry) -> None:
        if expiry.is_known and expiry.credential in self._told:
            del self._told[expiry.credential]
            _LOG.info("The %s now ends: %s", _NAMES[expiry.credential], _moment(expiry.expires_at))


def _moment(ends_at: datetime | None) -> str:
    return f"{ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if ends_at else "never"


def _soon(days: int | None) -> str:
    return f"in {days} days" if days and days > 1 else "within two days" if days else "within a day"
