"""The questions this service asks Microsoft Graph."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote, urlencode

from app.errors import GroupMissing, PermissionMissing, UnexpectedAnswer
from app.graph.transport import GraphTransport
from app.graph.wire import UserPage, decode_presences, decode_users, encode_ids
from app.graph.wire_expiry import decode_domain, decode_password_facts, decode_secrets
from app.presence.cohort import Asked, Cohort
from app.presence.expiry import DomainPolicy, PasswordFacts, SecretEntry
from app.presence.models import PersonChange, Reading, Source
from app.presence.phones import NumberReader
from app.progress import progress
from app.turns import OneByOne, in_turns

# Microsoft Graph, *cloudCommunications: getPresencesByUserId*.
IDS_PER_REQUEST = 650

# Everything that is keyed on has to be named: changes to other properties do not surface (*user: delta*).
_WIDE = (
    "id,displayName,mail,userPrincipalName,proxyAddresses,businessPhones,mobilePhone,accountEnabled,userType"
)
# What User.ReadBasic.All shows of others (*user resource type*).
_NARROW = "id,displayName,mail,userPrincipalName"
_PASSWORD = "lastPasswordChangeDateTime,passwordPolicies,onPremisesSyncEnabled,userPrincipalName"  # noqa: S105
_POLICY = "passwordValidityPeriodInDays,authenticationType"

# People whose phone numbers are read in one go, about a millisecond of work.
_NUMBERS_IN_A_TURN = 20


class GraphClient:
    """Presence and people of one tenant, as domain objects. Every method raises GraphError or SignInError."""

    def __init__(self, transport: GraphTransport, *, numbers: NumberReader) -> None:
        self._transport = transport
        self._numbers = numbers
        self._reading = OneByOne()
        self.narrow = False

    async def presences(self, ids: Sequence[str], *, source: Source) -> Cohort:
        """What Graph says about at most 650 object ids, as it says it: it may leave some of them out."""
        reply = await self._transport.post("/v1.0/communications/getPresencesByUserId", encode_ids(ids))
        async with self._reading.turn():
            said: list[Reading] = [*decode_presences(reply.body)]
            await asyncio.sleep(0)  # to take them in is as much work again
        asked = Asked(at=reply.asked_at, arrived_at=reply.arrived_at, wall=reply.wall, source=source)
        return Cohort(asked=asked, ids=ids, said=said)

    async def users(self, link: str | None) -> UserPage:
        """One page of a listing or delta round; None starts a full listing."""
        reply = await self._transport.get(link or f"/v1.0/users/delta?$select={self._select}")
        page = decode_users(reply.body)
        changes = in_turns(page.changes, portion=_NUMBERS_IN_A_TURN)
        return replace(page, changes=tuple([self._with_digits(change) async for change in changes]))

    async def probe_wide(self) -> None:
        """Find out whether every property may be listed. Raises PermissionMissing if not."""
        await self._transport.get(f"/v1.0/users/delta?$select={_WIDE}")

    async def search(self, address: str) -> tuple[PersonChange, ...]:
        """Everybody who has this address, newer than any listing (*List users*, `$filter`)."""
        query = urlencode({"$filter": self._having(address), "$select": self._select}, quote_via=quote)
        page = decode_users((await self._transport.get(f"/v1.0/users?{query}")).body)
        return tuple(map(self._with_digits, page.changes))

    async def members(self, group_id: str) -> frozenset[str]:
        """The lower-case object ids of everything in a group, nested groups included.

        Not cast to users: a cast needs `ConsistencyLevel: eventual`, which reads from an index that may lag
        behind (*List group transitive members*). What is no person matches nobody.
        """
        link: str | None = _members_link(group_id, top=999)
        ids: set[str] = set()
        while link:
            page = await self._members_page(link, group_id)
            before = len(ids)
            ids.update(member.id for member in page.changes)
            if len(ids) > before:
                progress().got_on()
            link = page.next_link
        return frozenset(ids)

    async def probe_group(self, group_id: str) -> None:
        """Find out whether a group may be read. Raises PermissionMissing, GroupMissing if not."""
        await self._members_page(_members_link(group_id, top=1), group_id)

    async def secrets(self, client_id: str) -> tuple[SecretEntry, ...]:
        """The client secrets of an application, which its home tenant alone knows (*Get application*)."""
        path = f"/v1.0/applications(appId='{client_id}')?$select=passwordCredentials"
        try:
            return decode_secrets(await self._read(path, needs="Application.Read.All"))
        except UnexpectedAnswer as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise UnexpectedAnswer(
                "The application is registered in another tenant, and only there its secrets can be read.",
                status=error.status,
            ) from error

    async def password_facts(self, username: str) -> PasswordFacts:
        """What the signed-in user's own account says about the password (*Get a user*)."""
        path = f"/v1.0/users/{quote(username, safe='')}?$select={_PASSWORD}"
        return decode_password_facts(await self._read(path, needs="User.Read"), username=username)

    async def password_policy(self, domain: str) -> DomainPolicy:
        """For how long passwords are good in a domain (*Get domain*)."""
        path = f"/v1.0/domains/{quote(domain, safe='')}?$select={_POLICY}"
        return decode_domain(await self._read(path, needs="Domain.Read.All"), name=domain)

    async def _read(self, path: str, *, needs: str) -> bytes:
        try:
            return (await self._transport.get(path)).body
        except PermissionMissing as error:
            raise PermissionMissing(
                f"Microsoft does not tell: grant {needs}, with admin consent.", status=error.status
            ) from error
        finally:
            progress().got_on()  # one of a few, and none of them leads to another

    async def _members_page(self, link: str, group_id: str) -> UserPage:
        try:
            return decode_users((await self._transport.get(link)).body)
        except PermissionMissing as error:
            raise PermissionMissing(
                f"Reading groups is not allowed: grant GroupMember.Read.All, with admin consent. {error}"
            ) from error
        except UnexpectedAnswer as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise GroupMissing(
                f"There is no group {group_id} in this tenant: correct PRESENCE_SCOPE, or the rules file."
            ) from error

    def _with_digits(self, change: PersonChange) -> PersonChange:
        """The change with comparable phone numbers: made here, page by page, because it takes its time."""
        properties = dict(change.properties)
        if "business_phones" in properties:
            properties["business_phones"] = self._numbers.numbers(properties["business_phones"])
        if "mobile_phone" in properties:
            properties["mobile_phone"] = self._numbers.number(properties["mobile_phone"] or "")
        return replace(change, properties=properties)

    @property
    def _select(self) -> str:
        return _NARROW if self.narrow else _WIDE

    def _having(self, address: str) -> str:
        literal = address.replace("'", "''")
        conditions = [f"mail eq '{literal}'", f"userPrincipalName eq '{literal}'"]
        if not self.narrow:
            conditions.append(f"proxyAddresses/any(p:p eq 'smtp:{literal}')")
        return " or ".join(conditions)


def _members_link(group_id: str, *, top: int) -> str:
    return f"/v1.0/groups/{quote(group_id, safe='')}/transitiveMembers?$select=id&$top={top}"
