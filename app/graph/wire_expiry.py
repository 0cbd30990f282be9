"""What Microsoft Graph tells about the ends of credentials, bytes in, domain objects out. No I/O, no clock.

Names and types: Microsoft's v1.0 metadata (*application*, *passwordCredential*, *user*, *domain*).
"""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from app.errors import UnexpectedAnswer
from app.graph.wire_errors import UNREADABLE
from app.presence.expiry import DomainPolicy, PasswordFacts, SecretEntry


class _Secret(msgspec.Struct, rename="camel"):
    hint: str | None = None
    end_date_time: datetime | None = None


class _Application(msgspec.Struct, rename="camel"):
    password_credentials: list[msgspec.Raw]


class _Account(msgspec.Struct, rename="camel"):
    user_principal_name: str | None = None
    last_password_change_date_time: datetime | None = None
    password_policies: str | None = None
    on_premises_sync_enabled: bool | None = None


class _Domain(msgspec.Struct, rename="camel"):
    password_validity_period_in_days: int | None = None
    authentication_type: str | None = None


Shape = TypeVar("Shape", _Application, _Account, _Domain)


def decode_secrets(body: bytes) -> tuple[SecretEntry, ...]:
    """The client secrets of an application; one that cannot be read is left out. Raises UnexpectedAnswer."""
    pieces = _decoded(body, _Application).password_credentials
    return tuple(entry for piece in pieces if (entry := _secret(piece)))


def decode_password_facts(body: bytes, *, username: str) -> PasswordFacts:
    """What an account says about its password, and the domain of its name. Raises UnexpectedAnswer."""
    account = _decoded(body, _Account)
    return PasswordFacts(
        domain=(account.user_principal_name or username).rpartition("@")[2],
        changed_at=_utc(account.last_password_change_date_time),
        policies=frozenset(word.strip().lower() for word in (account.password_policies or "").split(",")),
        synced=bool(account.on_premises_sync_enabled),
    )


def decode_domain(body: bytes, *, name: str) -> DomainPolicy:
    """What a domain says about passwords; a validity of no days is none. Raises UnexpectedAnswer."""
    domain = _decoded(body, _Domain)
    return DomainPolicy(
        name=name,
        validity_days=max(0, domain.password_validity_period_in_days or 0) or None,
        federated=(domain.authentication_type or "").lower() == "federated",
    )


def _decoded(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except UNREADABLE as error:
        raise UnexpectedAnswer(f"Microsoft Graph's answer is not as documented ({error}).") from None


def _secret(piece: msgspec.Raw) -> SecretEntry | None:
    try:
        secret = msgspec.json.decode(piece, type=_Secret)
    except UNREADABLE:
        return None
    return SecretEntry(hint=secret.hint, ends_at=_utc(secret.end_date_time))


def _utc(moment: datetime | None) -> datetime | None:
    """Graph's times are UTC, whether they say so or not."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
