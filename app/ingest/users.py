"""Keeps the directory current: one listing of everybody, then only what has changed."""

import asyncio
import logging
import time
from collections.abc import Callable

from app.errors import DeltaExpired, GraphRejected, MassRemoval, PermissionMissing, UnexpectedAnswer
from app.graph.client import GraphClient
from app.graph.wire import UserPage
from app.presence.directory import Directory, Listing, Plan
from app.presence.models import PersonChange
from app.presence.safety import LossGuard
from app.progress import progress
from app.turns import in_turns

_LOG = logging.getLogger(__name__)

# How often a narrow listing is tried anew with every property: the permission may have been granted since.
_TRY_WIDE_EVERY_S = 24 * 3600.0


class UserSync:
    """Rounds of *user: delta*: the first lists everybody, each later one follows the delta link.

    A round takes effect when its last page is in, so nobody sees half of one; a round that fails goes on
    where it failed, and one that is cancelled is followed by a new listing. One that would lose very many
    people is kept out, and read again from the same link, so that nothing is lost should it prove true.
    `may_narrow` allows the properties of User.ReadBasic.All, which only the delegated sign-in may list with.
    """

    def __init__(
        self,
        client: GraphClient,
        *,
        directory: Directory,
        may_narrow: bool,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._directory = directory
        self._may_narrow = may_narrow
        self._delta_link: str | None = None
        self._next_link: str | None = None
        self._pending: list[PersonChange] = []
        self._met: set[str] = set()
        self._listing: Listing | None = None
        self._unreadable = 0
        self._timer = timer
        self._try_wide_at = float("-inf")
        self._losses = LossGuard()
        self.listed = asyncio.Event()
        self.rounds = 0

    @property
    def narrow(self) -> bool:
        """Whether only the properties of User.ReadBasic.All can be had."""
        return self._client.narrow

    def believe_loss(self) -> None:
        """Let the next round take effect even if it loses everybody whose loss is kept out now."""
        self._losses.approve()

    @property
    def delta_link(self) -> str | None:
        """Where the next round begins; None while that is a full listing."""
        return self._delta_link

    def resume(self, delta_link: str | None, *, narrow: bool) -> None:
        """Go on behind an earlier process's last round; its directory counts as listed.

        After a narrow listing everybody is listed anew: the permission may have been granted meanwhile.
        """
        self._client.narrow = narrow
        self._start_over(None if narrow else delta_link)
        self.listed.set()

    def try_wide(self) -> None:
        """Let the next round of a narrow directory find out whether User.Read.All is granted by now."""
        self._try_wide_at = float("-inf")

    async def round(self) -> None:
        """Bring the directory up to date. Raises GraphError, SignInError."""
        try:
            await self._follow_pages()
        except DeltaExpired:
            _LOG.info("The delta link has expired: listing everybody anew")
            self._start_over()
            await self._follow_pages()
        except (GraphRejected, PermissionMissing, UnexpectedAnswer):
            # A link that Graph will never take again must not be kept: one step back each time.
            self._start_over(self._delta_link if self._next_link else None)
            raise
        except asyncio.CancelledError:
            self._start_over()  # pages without end must not be gone on with, and would pile up
            raise

    async def _follow_pages(self) -> None:
        page = await self._first_page()
        self._unreadable += page.unreadable
        while not page.delta_link:
            if not page.next_link:
                raise UnexpectedAnswer("A page of people has neither a next link nor a delta link.")
            await self._take_in(page)
            self._next_link = page.next_link
            page = await self._client.users(self._next_link)
            self._unreadable += page.unreadable
        await self._take_in(page)
        self._finish(page.delta_link)

    async def _take_in(self, page: UserPage) -> None:
        """Keep a page for the end of the round; everybody's state takes shape meanwhile, changes wait."""
        met = len(self._met)
        self._met.update(change.id for change in page.changes)
        if len(self._met) > met:
            progress().got_on()
        if self._delta_link:
            self._pending += page.changes
            return
        self._listing = self._listing or self._directory.begin_listing()
        async for change in in_turns(page.changes):
            self._listing.add(change)

    async def _first_page(self) -> UserPage:
        """The page to go on with; a listing begins wide, and narrow where only that is allowed."""
        link = self._next_link or self._delta_link
        if link and not (self.narrow and not self._next_link and await self._may_widen()):
            return await self._client.users(link)
        self._delta_link = None
        self._client.narrow = False
        try:
            return await self._client.users(None)
        except PermissionMissing as error:
            return await self._list_narrowly(error)

    async def _may_widen(self) -> bool:
        """Whether every property may be listed by now; asked once a day, or when a person wants it."""
        if self._timer() < self._try_wide_at:
            return False
        try:
            await self._client.probe_wide()
        except PermissionMissing:
            self._try_wide_at = self._timer() + _TRY_WIDE_EVERY_S
            return False
        _LOG.info("User.Read.All is granted by now: listing everybody anew, with aliases and phone numbers")
        return True

    async def _list_narrowly(self, refusal: PermissionMissing) -> UserPage:
        """The listing that User.ReadBasic.All allows the delegated sign-in; without it, what to grant."""
        self._client.narrow = self._may_narrow
        try:
            if self._may_narrow:
                page = await self._client.users(None)
                self._try_wide_at = self._timer() + _TRY_WIDE_EVERY_S
                _LOG.warning("User.Read.All is not granted: aliases and phone numbers stay unknown")
                return page
        except PermissionMissing as again:
            refusal = again
        self._client.narrow = False
        raise PermissionMissing(
            f"Listing people is not allowed: grant User.Read.All, with admin consent. {refusal}"
        ) from refusal

    def _finish(self, delta_link: str) -> None:
        if self._unreadable:
            _LOG.warning("%d people could not be read in this round: they are left out", self._unreadable)
        plan, held = self._plan(), len(self._directory.held)
        self.listed.set()
        if not self._losses.believes(plan.lost, of=held):
            self._start_over(self._delta_link)
            raise MassRemoval(
                f"{len(plan.lost)} of {held} people would vanish at once: the directory stays as it was. "
                "It is believed after three equal rounds, or at once by SIGHUP."
            )
        self._directory.take(plan)
        self._start_over(delta_link)
        self.rounds += 1

    def _plan(self) -> Plan:
        if self._listing:
            return self._directory.conclude(self._listing)
        return self._directory.plan(self._pending)

    def _start_over(self, delta_link: str | None = None) -> None:
        self._delta_link, self._next_link, self._listing = delta_link, None, None
        self._pending, self._met, self._unreadable = [], set(), 0
