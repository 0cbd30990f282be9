"""Keeps the settings current: what may change while the service runs does, and the rest is named."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence

from app.clock import Clock
from app.config import API_KEYS, CREDENTIALS, LIVE, ApiKey, Settings, SettingsSource, changed
from app.errors import SettingsError
from app.graph.credentials import Credentials, credentials_of
from app.graph.handover import Handover
from app.ingest.file_look import still_holds
from app.off_loop import off_loop
from app.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)

# Whom the credentials belong to, and where they are sent: new ones are not tried on somebody else.
_IDENTITY = frozenset(
    {"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST", "PRESENCE_GRAPH_URL", "PRESENCE_SIGN_IN"}
)


class SettingsWatch:
    """Reads the settings again when the content of a file they come from has changed.

    By content and not by date: a mounted file is a link that is swapped. Credentials are offered to the
    handover, API keys are taken as a whole (never none at all, which would open the door), every other
    changed setting is named in `needs_restart` and in one warning. `latest` are the settings as they were
    read last, for whoever looks up one of `LIVE` each time. Settings that cannot be read change nothing: each
    reason is told once, and every round fails until they are mended.
    """

    def __init__(
        self,
        source: SettingsSource,
        settings: Settings,
        *,
        handover: Handover,
        take_keys: Callable[[Sequence[ApiKey]], None],
        clock: Clock,
    ) -> None:
        self._source = source
        self._started_with = self.latest = settings
        self._keys = settings.api_keys
        self._handover = handover
        self._take_keys = take_keys
        self._clock = clock
        self._flights: SingleFlight[bool] = SingleFlight()
        self._refusal: str | None = None
        self.needs_restart: tuple[str, ...] = ()

    async def round(self) -> bool:
        """Look at the files, and try new credentials that are due.

        True if whoever was without a token should ask again. Raises SettingsError while they cannot be read.
        """
        news = await asyncio.shield(self._flights.start("look", self._look))
        if self._refusal:
            raise SettingsError(self._refusal)
        return news

    def look_now(self) -> asyncio.Task[bool]:
        """A look that begins after this call; one under way may have read the files already."""
        return self._flights.start(object(), self._look_once_more)

    async def close(self) -> None:
        """Stop looking."""
        await self._flights.close()

    async def _look_once_more(self) -> bool:
        if under_way := self._flights.running("look"):
            await asyncio.wait({under_way})
        return await asyncio.shield(self._flights.start("look", self._look))

    async def _look(self) -> bool:
        """Whether there is something new to sign in with for those who had no token."""
        signed_out = self._handover.signed_out
        news = await self._read_if_changed()
        handed_over = await self._handover.round()
        return signed_out and (news or handed_over)

    async def _read_if_changed(self) -> bool:
        found = await off_loop(self._source.fingerprint)
        if found == self._source.seen and not self._refusal:
            return False
        if not await still_holds(found, read=self._source.fingerprint, clock=self._clock):
            return False
        return await self._read()

    async def _read(self) -> bool:
        """Whether the settings could be read."""
        try:
            settings, credentials = await off_loop(self._load)
        except SettingsError as error:
            self._refuse(" ".join(str(error).splitlines()))
            return False
        self._mended()
        self._take(settings, credentials)
        return True

    def _load(self) -> tuple[Settings, Credentials]:
        settings = self._source.load()
        return settings, credentials_of(settings)

    def _refuse(self, reason: str) -> None:
        if reason != self._refusal:
            _LOG.warning("The settings stay as they are: %s", reason)
        self._refusal = reason

    def _mended(self) -> None:
        if self._refusal:
            _LOG.info("The settings can be read again")
        self._refusal = None

    def _take(self, settings: Settings, credentials: Credentials) -> None:
        """Take what can be taken, and name the rest."""
        for warning in sorted(set(settings.warnings) - set(self.latest.warnings)):
            _LOG.warning("%s", warning)
        self.needs_restart = tuple(self._not_taken(settings, credentials))
        news = changed(self.latest, settings)
        self.latest = settings
        if not set(self.needs_restart).isdisjoint(news):
            _LOG.warning("These changed settings need a restart: %s", ", ".join(self.needs_restart))

    def _not_taken(self, settings: Settings, credentials: Credentials) -> Iterator[str]:
        """The changed settings that wait for a restart; all others are taken."""
        names = changed(self._started_with, settings)
        yield from (name for name in names if name not in LIVE)
        if _IDENTITY.isdisjoint(names):
            self._handover.offer(credentials)
        else:
            self._handover.withdraw()
            yield from (name for name in names if name in CREDENTIALS)
        if settings.api_keys:
            self._use(settings.api_keys)
        elif self._keys:
            yield API_KEYS

    def _use(self, keys: tuple[ApiKey, ...]) -> None:
        if keys != self._keys:
            self._keys = keys
            self._take_keys(keys)
            _LOG.info("The changed PRESENCE_API_KEYS are in force, %d of them", len(keys))
