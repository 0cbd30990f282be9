"""The three questions this service asks Microsoft Graph."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from app.graph.transport import GraphTransport
from app.graph.wire import UserPage, decode_presences, decode_users, encode_ids
from app.presence.models import UNKNOWN_PRESENCE, PersonChange, Presence, Source
from app.presence.store import Asked

# Microsoft Graph, *cloudCommunications: getPresencesByUserId*.
IDS_PER_REQUEST = 650

# Everything that is keyed on has to be named: changes to other properties do not surface (*user: delta*).
_WIDE = (
    "id,displayName,mail,userPrincipalName,proxyAddresses,businessPhones,mobilePhone,accountEnabled,userType"
)
# What User.ReadBasic.All shows of others (*user resource type*).
_NARROW = "id,displayName,mail,userPrincipalName"


class GraphClient:
    """Presence and people of one tenant, as domain objects. Every method raises GraphError or SignInError."""

    def __init__(self, transport: GraphTransport) -> None:
        self._transport = transport
        self.narrow = False

    async def presences(self, ids: Sequence[str], *, source: Source) -> tuple[dict[str, Presence], Asked]:
        """Presence for each of at most 650 object ids; one that Graph leaves out is unknown."""
        reply = await self._transport.post("/v1.0/communications/getPresencesByUserId", encode_ids(ids))
        found = decode_presences(reply.body)
        asked = Asked(at=reply.asked_at, arrived_at=reply.arrived_at, wall=reply.wall, source=source)
        return {person_id: found.get(person_id, UNKNOWN_PRESENCE) for person_id in ids}, asked

    async def users(self, link: str | None) -> UserPage:
        """One page of a listing or delta round; None starts a full listing."""
        reply = await self._transport.get(link or f"/v1.0/users/delta?$select={self._select}")
        return decode_users(reply.body)

    async def search(self, address: str) -> tuple[PersonChange, ...]:
        """Everybody who has this address, newer than any listing (*List users*, `$filter`)."""
        query = urlencode({"$filter": self._having(address), "$select": self._select}, quote_via=quote)
        return decode_users((await self._transport.get(f"/v1.0/users?{query}")).body).changes

    @property
    def _select(self) -> str:
        return _NARROW if self.narrow else _WIDE

    def _having(self, address: str) -> str:
        literal = address.replace("'", "''")
        conditions = [f"mail eq '{literal}'", f"userPrincipalName eq '{literal}'"]
        if not self.narrow:
            conditions.append(f"proxyAddresses/any(p:p eq 'smtp:{literal}')")
        return " or ".join(conditions)
