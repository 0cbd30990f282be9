"""Keeps the rules current: the file is looked at again and again, and a broken one never takes effect."""

import asyncio
import logging
from functools import partial
from pathlib import Path

from app.clock import Clock
from app.errors import RulesError, SettingsError
from app.files import read_regular
from app.ingest.file_look import still_holds
from app.off_loop import off_loop
from app.presence.rulebook import Rulebook
from app.presence.rules_file import MAX_BYTES, parse_rules
from app.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)


class RulesWatch:
    """Holds the rulebook in force, and replaces it whole when the file's content has changed for the better.

    By content and not by date: a mounted file is a link that is swapped. Raises SettingsError if the file
    cannot be used at the start; later on the rules stay as they were, each refused content is told once, and
    every round fails until the file is mended.
    """

    def __init__(self, path: Path | None, *, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._flights: SingleFlight[None] = SingleFlight()
        self._refusal: str | None = None
        self._seen = self._read()
        try:
            self.rulebook = self._parsed(self._seen)
        except RulesError as error:
            raise SettingsError(f"PRESENCE_RULES_FILE cannot be used: {error}") from None

    async def round(self) -> None:
        """Look at the file. Raises RulesError for as long as it cannot be used."""
        await asyncio.shield(self.look_now())
        if self._refusal:
            raise RulesError(self._refusal)

    def look_now(self) -> asyncio.Task[None]:
        """The look that is under way, begun now if there is none."""
        return self._flights.start("look", self._look)

    async def close(self) -> None:
        """Stop looking."""
        await self._flights.close()

    async def _look(self) -> None:
        found = await off_loop(self._read)
        if found == self._seen:
            return
        if await still_holds(found, read=self._read, clock=self._clock):
            await self._take(found)
            self._seen = found

    async def _take(self, found: bytes | str) -> None:
        try:
            self.rulebook = await off_loop(partial(self._parsed, found))
        except RulesError as error:
            self._refusal = str(error)
            _LOG.warning("The rules stay as they are: %s", error)
        else:
            self._refusal = None
            _LOG.info("The rules of %s are in force", self.path)

    def _read(self) -> bytes | str:
        """The content, or the sentence why there is none."""
        if self.path is None:
            return b""
        try:
            return read_regular(self.path, limit=MAX_BYTES)
        except OSError as error:
            return f"{self.path.name} cannot be read ({error.strerror})."

    def _parsed(self, found: bytes | str) -> Rulebook:
        if isinstance(found, str):
            raise RulesError(found)
        return Rulebook() if self.path is None else parse_rules(found, name=self.path.name)
