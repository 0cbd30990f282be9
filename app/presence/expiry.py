"""When the credentials end: what is told about them, and how much time that leaves. The time is an input."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

STAGES = (1, 7, 14, 30)
"""So many days before its end a credential is spoken of."""

_DAY_S = 86_400
_NEVER_EXPIRES = "disablepasswordexpiration"
# The usual "never" is 2147483647; nobody lives to see the end of what is longer than a century either.
_AS_GOOD_AS_NEVER_DAYS = 36_500
# Microsoft Graph, *domain resource type*: what holds where nobody has set anything.
_DEFAULT_VALIDITY_DAYS = 90
_FAR_AWAY = datetime.max.replace(tzinfo=UTC)


class Credential(StrEnum):
    """What the service proves itself with."""

    SECRET = "secret"  # noqa: S105 - the word, not one
    CERTIFICATE = "certificate"
    PASSWORD = "password"  # noqa: S105 - same


class ToldBy(StrEnum):
    """Where a date comes from."""

    GRAPH = "graph"
    SETTING = "setting"
    CERTIFICATE = "certificate"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How much a date can be relied on: an estimate follows from a policy, an assumption from its absence."""

    SURE = "sure"
    ESTIMATE = "estimate"
    ASSUMPTION = "assumption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When one credential ends. Without a date it never does, or nobody tells (`source` is unknown).

    `reason` says in a sentence why there is no date, or what the date is made of.
    """

    credential: Credential
    source: ToldBy
    expires_at: datetime | None = None
    reason: str | None = None
    certainty: Certainty = Certainty.SURE

    @property
    def is_known(self) -> bool:
        """Whether anybody tells."""
        return self.source is not ToldBy.UNKNOWN

    def left_s(self, now: datetime) -> float:
        """Seconds to the end, negative after it; infinite if there is none, NaN if nobody tells."""
        if self.expires_at is None:
            return math.inf if self.is_known else math.nan
        return (self.expires_at - now).total_seconds()

    def days_left(self, now: datetime) -> int | None:
        """Whole days to the end: 0 on the last day, negative after it; None without a date."""
        return None if self.expires_at is None else math.floor(self.left_s(now) / _DAY_S)

    def stage(self, now: datetime) -> int | None:
        """The least of the `STAGES` reached so far, 0 after the end; None before them and without a date."""
        left_s = self.left_s(now)
        if left_s <= 0:
            return 0
        return next((days for days in STAGES if left_s <= days * _DAY_S), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretEntry:
    """One client secret of the application as Microsoft lists it; never the secret itself."""

    hint: str | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordFacts:
    """What the account says about its password; `policies` in lower case."""

    changed_at: datetime | None
    policies: frozenset[str]
    synced: bool
    domain: str

    @property
    def needs_domain(self) -> bool:
        """Whether the domain's policy decides, and not the account alone."""
        return self.changed_at is not None and not self.synced and _NEVER_EXPIRES not in self.policies


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPolicy:
    """What the account's domain says about passwords; without `validity_days` nobody has set any."""

    name: str
    validity_days: int | None
    federated: bool


def unknown(credential: Credential, reason: str) -> Expiry:
    """Nobody tells, for this reason."""
    return Expiry(credential=credential, source=ToldBy.UNKNOWN, reason=reason)


def of_certificate(ends_at: datetime) -> Expiry:
    """A certificate carries its own end."""
    return Expiry(credential=Credential.CERTIFICATE, source=ToldBy.CERTIFICATE, expires_at=ends_at)


def of_secret(entries: Iterable[SecretEntry], *, secret: str, now: datetime) -> Expiry:
    """The end of the secret in use, which Microsoft tells apart by the first three characters only.

    Where several begin alike, those that have ended are left out, because such a one could not have signed in
    to ask; of the others the first to end counts: a warning too early costs a look, one too late an outage.
    """
    alike = [entry for entry in entries if entry.hint and secret.startswith(entry.hint)]
    if not alike:
        return unknown(
            Credential.SECRET,
            "No secret that Microsoft lists for this application begins like the one in use: "
            "it may have been deleted there.",
        )
    good = [entry for entry in alike if _end_of(entry) > now]
    ends_at = (min(good, key=_end_of) if good else max(alike, key=_end_of)).ends_at
    return _told(Credential.SECRET, ends_at, reason=_why(ends_at, rivals=len(good)))


def of_password(facts: PasswordFacts, policy: DomainPolicy | None) -> Expiry:
    """The end of a password: by the account alone, or where it leaves that open by its domain's policy."""
    if facts.synced:
        return unknown(
            Credential.PASSWORD,
            "The account is synchronised from a directory of your own, whose policy Microsoft does not tell; "
            "in the cloud its password does not expire by default.",
        )
    if _NEVER_EXPIRES in facts.policies:
        return _told(Credential.PASSWORD, None, reason="DisablePasswordExpiration is set for the account.")
    if facts.changed_at is None or policy is None:
        return unknown(Credential.PASSWORD, "Microsoft does not tell when the password was last changed.")
    return _by_domain(facts.changed_at, policy)


def settled(told: Expiry, *, announced: datetime | None, setting: str, now: datetime) -> Expiry:
    """The last word: Microsoft's if it tells, else the date from the settings.

    A setting also beats an assumption, and an assumption whose day has passed was wrong: nobody tells.
    """
    is_assumed = told.certainty is Certainty.ASSUMPTION
    if announced and (is_assumed or not told.is_known):
        reason = f"From {setting}."
        return Expiry(credential=told.credential, source=ToldBy.SETTING, expires_at=announced, reason=reason)
    if is_assumed and told.left_s(now) <= 0:
        return unknown(told.credential, f"{told.reason} They are over.")
    return told


def _by_domain(changed_at: datetime, policy: DomainPolicy) -> Expiry:
    """An estimate at best: Microsoft names no end, and its policies can be changed at any time.

    Of a domain without a policy it says two things: 90 days, or, in tenants since 2021, never. The shorter is
    assumed until that day has passed (*domain resource type*, *concept-sspr-policy*).
    """
    if policy.federated:
        return unknown(
            Credential.PASSWORD,
            f"Passwords of {policy.name} are checked by a server of your own (federated), not by Microsoft.",
        )
    days = policy.validity_days or _DEFAULT_VALIDITY_DAYS
    if days >= _AS_GOOD_AS_NEVER_DAYS:
        return _told(Credential.PASSWORD, None, reason=f"Passwords of {policy.name} never expire.")
    ends_at = changed_at + timedelta(days=days)
    if policy.validity_days is None:
        reason = f"An assumption: {policy.name} has no password policy, and Microsoft documents {days} days."
        return _told(Credential.PASSWORD, ends_at, reason=reason, certainty=Certainty.ASSUMPTION)
    reason = f"An estimate: last changed on {changed_at:%Y-%m-%d}, good for {days} days in {policy.name}."
    return _told(Credential.PASSWORD, ends_at, reason=reason, certainty=Certainty.ESTIMATE)


def _told(
    credential: Credential,
    ends_at: datetime | None,
    *,
    reason: str | None,
    certainty: Certainty = Certainty.SURE,
) -> Expiry:
    return Expiry(
        credential=credential, source=ToldBy.GRAPH, expires_at=ends_at, reason=reason, certainty=certainty
    )


def _end_of(entry: SecretEntry) -> datetime:
    return entry.ends_at or _FAR_AWAY


def _why(ends_at: datetime | None, *, rivals: int) -> str | None:
    if rivals > 1:
        return f"{rivals} secrets begin with the same three characters: the one that ends first is shown."
    return None if ends_at else "Microsoft names no end."
