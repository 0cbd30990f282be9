"""Microsoft Graph as the service uses it: what the token carries, who is listed, whose presence is shown."""

import asyncio
from collections.abc import Iterable
from itertools import islice

from app.doctor.causes import found, skipped
from app.doctor.claims import granted
from app.doctor.findings import Finding, Step
from app.doctor.graph_faults import GraphCase, diagnose_graph
from app.errors import GraphError, PermissionMissing
from app.graph.client import GraphClient
from app.graph.sign_in import Token
from app.graph.wire import UserPage
from app.presence.models import UNKNOWN_WORD, PersonChange, Source

# Each need, and what Microsoft lists as sufficient for it, the least first (*permissions reference*).
PRESENCE = ("Presence.Read.All", "Presence.ReadWrite.All")
PEOPLE = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
GROUPS = (
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
_NARROW = "User.ReadBasic.All"
_WITHHELD_IF_NARROW = "proxyAddresses, businessPhones, mobilePhone, accountEnabled, userType"
# What every account has: absent from everybody, it is withheld.
_ALWAYS_SET = {"account_enabled": "accountEnabled", "user_type": "userType"}
_ASKED = 20


class Graph:
    """Asks Graph for a first page of people and the presence of a few of them."""

    def __init__(
        self, client: GraphClient, *, case: GraphCase, delegated: bool, groups: Iterable[str]
    ) -> None:
        self._client = client
        self._case = case
        self._delegated = delegated
        self._groups = sorted(groups)
        self._missing: frozenset[str] = frozenset()
        self._some: list[str] = []

    async def permissions(self, token: Token) -> Finding:
        """Which permissions the token carries, and which are missing."""
        carried = granted(token.value)
        if carried is None:
            return found("permissions-unread")
        needs = [PRESENCE, PEOPLE, *([GROUPS] if self._groups else [])]
        missing = [sufficient[0] for sufficient in needs if not carried.intersection(sufficient)]
        narrow = self._delegated and _NARROW in carried and PEOPLE[0] in missing
        detail = {"granted": sorted(carried), "missing": missing}
        self._missing = frozenset(missing) - ({PEOPLE[0]} if narrow else set())
        if self._missing:
            named = ", ".join(one for one in missing if one in self._missing)
            return found("permission-missing", detail=detail, words=self._case.words, missing=named)
        if narrow:
            return found("permission-narrow", detail=detail, words=self._case.words)
        used = sorted(carried.intersection(*[{one for need in needs for one in need}]))
        return found("permissions-ok", detail=detail, granted=", ".join(used))

    async def users(self) -> Finding:
        """Whether people, and the groups that are named, can be read."""
        if PEOPLE[0] in self._missing:
            return skipped(Step.USERS)
        try:
            page = await self._page()
        except GraphError as error:
            return diagnose_graph(error, step=Step.USERS, case=self._case)
        self._some = list(islice((one.id for one in page.changes if _is_held(one)), _ASKED))
        return await self._unreadable_group() or self._listed(page)

    async def presence(self) -> Finding:
        """Whether the presence of somebody can be read: a few are asked for, as not everybody has one."""
        if not self._some or PRESENCE[0] in self._missing:
            return skipped(Step.PRESENCE)
        try:
            answer = await self._client.presences(self._some, source=Source.DEMAND)
        except GraphError as error:
            return diagnose_graph(error, step=Step.PRESENCE, case=self._case)
        answer.arrange()  # so that everybody asked about counts once
        asked = len(answer.ids)
        known = sum(one.presence.availability != UNKNOWN_WORD for one in answer.said)
        counts = {"asked": asked, "known": known}
        cause = "presence-ok" if known else "presence-unknown-only"
        return found(cause, detail=counts, asked=str(asked), known=str(known))

    async def _page(self) -> UserPage:
        """The first page; narrow where the delegated sign-in may list only so. Raises GraphError."""
        try:
            return await self._client.users(None)
        except PermissionMissing:
            if not self._delegated:
                raise
        self._client.narrow = True
        return await self._client.users(None)

    def _listed(self, page: UserPage) -> Finding:
        count, withheld = len(page.changes), self._withheld(page)
        detail = {"firstPage": count, "withheld": withheld.split(", ") if withheld else []}
        words = {**self._case.words, "count": str(count), "fields": withheld}
        if not count:
            return found("users-none", detail=detail, words=words)
        return found("fields-withheld" if withheld else "users-ok", detail=detail, words=words)

    def _withheld(self, page: UserPage) -> str:
        if self._client.narrow:
            return _WITHHELD_IF_NARROW
        seen = {name for one in page.changes for name, value in one.properties.items() if value is not None}
        return ", ".join(told for name, told in _ALWAYS_SET.items() if name not in seen)

    async def _unreadable_group(self) -> Finding | None:
        if GROUPS[0] in self._missing:
            return None
        probes = (self._probe(group) for group in self._groups)
        return next(filter(None, await asyncio.gather(*probes)), None)

    async def _probe(self, group: str) -> Finding | None:
        try:
            await self._client.probe_group(group)
        except PermissionMissing as error:
            return found("groups-forbidden", detail={"microsoft": str(error)}, words=self._case.words)
        except GraphError as error:
            return diagnose_graph(error, step=Step.USERS, case=self._case)
        return None


def _is_held(person: PersonChange) -> bool:
    """Neither guest nor disabled, as far as that is shown; a page's people have their properties."""
    known = person.properties
    return known.get("account_enabled") is not False and known.get("user_type") != "Guest"
