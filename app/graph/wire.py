"""Microsoft Graph's JSON, bytes in, domain objects out. No I/O, no clock.

Property names and types: Microsoft's v1.0 metadata. What the pages leave open is read defensively: unknown
properties are ignored, words in any case are taken, an item that cannot be read costs only itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from sys import intern
from typing import Any, TypeVar

import msgspec

from app.errors import UnexpectedAnswer
from app.graph.wire_errors import UNREADABLE
from app.presence.models import PersonChange, Presence, Removal, canonical_word


class _OutOfOffice(msgspec.Struct, rename="camel", gc=False):
    is_out_of_office: bool | None = None


class _Body(msgspec.Struct, gc=False):
    content: str | None = None


class _StatusMessage(msgspec.Struct, gc=False):
    message: _Body | None = None


class ReportedPresence(msgspec.Struct, rename="camel", gc=False):
    """One presence as Microsoft wrote it, which becomes ours only if it says something new.

    Outside the garbage collector, with all it holds: a sweep makes one for each person.
    """

    person_id: str = msgspec.field(name="id")
    availability: str | None = None
    activity: str | None = None
    out_of_office_settings: _OutOfOffice | None = None
    status_message: _StatusMessage | None = None
    sequence_number: str | None = None

    @property
    def presence(self) -> Presence:
        """The same in our words."""
        settings = self.out_of_office_settings
        return Presence(
            availability=canonical_word(self.availability),
            activity=canonical_word(self.activity),
            out_of_office=settings.is_out_of_office if settings else None,
            status_message=self._status(),
            sequence_number=self.sequence_number,
        )

    def lasting(self, person_id: str) -> "ReportedPresence":
        """The same, sharing its words, its id and its settings with everybody else's."""
        settings = self.out_of_office_settings
        return ReportedPresence(
            person_id=person_id if self.person_id == person_id else self.person_id,
            availability=self.availability and intern(self.availability),
            activity=self.activity and intern(self.activity),
            out_of_office_settings=settings and _OUT_OF_OFFICE[settings.is_out_of_office],
            status_message=self.status_message,
            sequence_number=self.sequence_number,
        )

    def _status(self) -> str | None:
        status = self.status_message
        return status.message.content if status and status.message else None


class _Removed(msgspec.Struct):
    reason: str = ""


Text = str | msgspec.UnsetType | None


class _User(msgspec.Struct, rename="camel"):
    id: str
    removed: _Removed | None = msgspec.field(default=None, name="@removed")
    display_name: Text = msgspec.UNSET
    mail: Text = msgspec.UNSET
    user_principal_name: Text = msgspec.UNSET
    proxy_addresses: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    business_phones: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    mobile_phone: Text = msgspec.UNSET
    account_enabled: bool | msgspec.UnsetType | None = msgspec.UNSET
    user_type: Text = msgspec.UNSET


class _Links(msgspec.Struct):
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")


class _Envelope(msgspec.Struct):
    value: list[msgspec.Raw]


class _Presences(msgspec.Struct):
    value: list[ReportedPresence]


class _Users(msgspec.Struct):
    value: list[_User]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """One page of a listing or delta round; the last page of a round has the delta link.

    `unreadable` counts the people on it of whom not even the id could be read.
    """

    changes: tuple[PersonChange, ...]
    next_link: str | None
    delta_link: str | None
    unreadable: int = 0


_OUT_OF_OFFICE = {answer: _OutOfOffice(answer) for answer in (True, False, None)}
_ESSENTIAL = frozenset({"id", "@removed"})
_PLAIN = ("display_name", "mail", "user_principal_name", "mobile_phone", "account_enabled", "user_type")

Item = TypeVar("Item", ReportedPresence, _User)

_presences = msgspec.json.Decoder(_Presences)
_users = msgspec.json.Decoder(_Users)
_links = msgspec.json.Decoder(_Links)
_envelope = msgspec.json.Decoder(_Envelope)


def encode_ids(ids: Iterable[str]) -> bytes:
    """The body of *getPresencesByUserId*."""
    return msgspec.json.encode({"ids": list(ids)})


def decode_presences(body: bytes) -> list[ReportedPresence]:
    """What was read, in the order of the answer, whoever it is about. Raises UnexpectedAnswer."""
    try:
        return _presences.decode(body).value
    except UNREADABLE:
        return _readable(body, ReportedPresence)[0]


def decode_users(body: bytes) -> UserPage:
    """One page of people. Raises UnexpectedAnswer."""
    try:
        items, unreadable = _users.decode(body).value, 0
    except UNREADABLE:
        items, unreadable = _readable(body, _User)
    links = _decoded_links(body)
    return UserPage(
        changes=tuple(_change(item) for item in items if item.id),
        next_link=links.next_link,
        delta_link=links.delta_link,
        unreadable=unreadable + sum(not item.id for item in items),
    )


def _readable(body: bytes, kind: type[Item]) -> tuple[list[Item], int]:
    """The items that can be read, one by one, and how many cannot. Raises UnexpectedAnswer if none can."""
    try:
        raw = _envelope.decode(body).value
    except UNREADABLE as error:
        raise UnexpectedAnswer(f"Microsoft Graph's answer is not the documented list ({error}).") from None
    items = [item for piece in raw if (item := _try_decode(piece, kind) or _salvaged(piece, kind))]
    if raw and not items:
        raise UnexpectedAnswer("Microsoft Graph's answer is a list of something undocumented.")
    return items, len(raw) - len(items)


def _salvaged(piece: msgspec.Raw, kind: type[Item]) -> Item | None:
    """The item without those of its members that cannot be read; None without a readable id.

    Whoever may have been removed is not shown as present: `@removed` has to be readable, too.
    """
    try:
        members = msgspec.json.decode(piece, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        return None
    kept = {name: members[name] for name in _ESSENTIAL & members.keys()}
    for name in members.keys() & set(kind.__struct_encode_fields__):
        if _try_decode(msgspec.json.encode({**kept, name: members[name]}), kind):
            kept[name] = members[name]
    return _try_decode(msgspec.json.encode(kept), kind)


def _try_decode(piece: bytes | msgspec.Raw, kind: type[Item]) -> Item | None:
    try:
        return msgspec.json.decode(piece, type=kind)
    except UNREADABLE:
        return None


def _decoded_links(body: bytes) -> _Links:
    try:
        return _links.decode(body)
    except UNREADABLE as error:
        raise UnexpectedAnswer(f"Microsoft Graph's page has no usable link ({error}).") from None


def _change(item: _User) -> PersonChange:
    if item.removed:
        removal = Removal.FINAL if item.removed.reason == Removal.FINAL else Removal.RESTORABLE
        return PersonChange(id=item.id.lower(), removal=removal)
    return PersonChange(id=item.id.lower(), properties=_mentioned(item))


def _mentioned(item: _User) -> dict[str, Any]:
    """The properties that Microsoft spoke of, by our names: absent and null are two different things."""
    mentioned = {name: value for name in _PLAIN if (value := getattr(item, name)) is not msgspec.UNSET}
    if item.proxy_addresses is not msgspec.UNSET:
        mentioned["aliases"] = _smtp(item.proxy_addresses or ())
    if item.business_phones is not msgspec.UNSET:
        mentioned["business_phones"] = tuple(item.business_phones or ())
    return mentioned


def _smtp(proxy_addresses: Iterable[str]) -> tuple[str, ...]:
    """The mail addresses among the proxy addresses, primary or not; not sip: or x500:."""
    return tuple(entry[5:] for entry in proxy_addresses if entry[:5].lower() == "smtp:")
