"""The whole invented tenant in one object: people, presence, credentials, tokens, time and trouble."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .calls import Calls
from .client_secrets import SECRET_LIFE_S, ClientSecret, seeded_value
from .clock import Clock, iso
from .credentials import Registration, ServiceAccount
from .directory import Directory, Existence, Person
from .domain import Domain
from .faults import Faults
from .groups import Groups, seeded_groups
from .people import ALIAS_DOMAIN, DOMAIN, INITIAL_DOMAIN, invent_people, seeded_guid
from .permission_ids import PERMISSIONS
from .presence import PresenceBoard
from .scenario import WorkingDay
from .throttle import Throttle
from .tokens import TokenBook

PASSWORD_AGE_S = 30 * 86_400
FEWEST_FOR_SERVICE_ACCOUNT = 5
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the world is to be like."""

    people: int = 200
    seed: int = 1
    token_lifetime_s: int = 3_600
    secret: str | None = None
    username: str = f"svc-presence@{DOMAIN}"
    password: str | None = None
    permissions: Collection[str] = PERMISSIONS
    latency_ms: float = 0.0
    host_names: Collection[str] = LOCAL_NAMES


@dataclass(slots=True, kw_only=True)
class World:
    """Everything the endpoints answer from. Nothing in here waits, and nothing knows HTTP.

    `lodger` is the service account as a user object; in a tiny tenant it is in no listing.
    """

    clock: Clock
    directory: Directory
    groups: Groups
    board: PresenceBoard
    day: WorkingDay
    registration: Registration
    account: ServiceAccount
    lodger: Person
    tokens: TokenBook
    throttle: Throttle
    host_names: frozenset[str]
    domains: Mapping[str, Domain]
    latency_s: float
    faults: Faults = field(default_factory=Faults)
    calls: Calls = field(default_factory=Calls)
    delta_era: str = field(default_factory=lambda: secrets.token_hex(4))

    def expire_delta_links(self) -> None:
        """From now on every delta and skip token handed out so far is unknown."""
        self.delta_era = secrets.token_hex(4)

    def person(self, key: str) -> Person | None:
        """Whoever has this object id or user principal name, the service account wherever it lives."""
        names = (self.lodger.id, (self.lodger.properties.get("userPrincipalName") or "").lower())
        if key.lower() in names:
            return self.lodger if self.lodger.existence is Existence.PRESENT else None
        return self.directory.by_key(key)

    def change_account(self, properties: Mapping[str, Any]) -> None:
        """Change the service account's user object; the directory tells it if it lives there."""
        if self.directory.by_any_address(self.lodger.id):
            self.directory.update(self.lodger, properties)
        else:
            self.lodger.properties.update(properties)


def build_world(plan: Plan, *, clock: Clock | None = None) -> World:
    """Create everything, the same for the same plan except keys and times."""
    time = clock or Clock()
    directory = Directory()
    account = _account(plan, time)
    lodger = _settle(directory, plan, account)
    lodger.properties["lastPasswordChangeDateTime"] = iso(time.now() - PASSWORD_AGE_S)
    board = PresenceBoard(time)
    day = WorkingDay(directory, board)
    day.open()
    return World(
        clock=time,
        directory=directory,
        groups=seeded_groups(directory.people, seed=plan.seed),
        board=board,
        day=day,
        registration=_registration(plan, time),
        account=account,
        lodger=lodger,
        tokens=TokenBook(clock=time, lifetime_s=plan.token_lifetime_s),
        throttle=Throttle(clock=time),
        host_names=frozenset((*LOCAL_NAMES, *plan.host_names)),
        domains={name: Domain(name=name) for name in (DOMAIN, ALIAS_DOMAIN, INITIAL_DOMAIN, account.domain)},
        latency_s=plan.latency_ms / 1000,
    )


def _registration(plan: Plan, clock: Clock) -> Registration:
    return Registration(
        tenant_id=seeded_guid(plan.seed, "tenant"),
        client_id=seeded_guid(plan.seed, "client"),
        name="Teams presence",
        object_id=seeded_guid(plan.seed, "service principal"),
        application_id=seeded_guid(plan.seed, "application"),
        secrets=[_first_secret(plan, clock)],
        permissions=frozenset(plan.permissions),
    )


def _first_secret(plan: Plan, clock: Clock) -> ClientSecret:
    return ClientSecret(
        id=seeded_guid(plan.seed, "secret"),
        value=seeded_value(plan.seed) if plan.secret is None else plan.secret,
        name="presence service",
        starts=clock.now(),
        expires=clock.now() + SECRET_LIFE_S,
    )


def _account(plan: Plan, clock: Clock) -> ServiceAccount:
    return ServiceAccount(
        clock=clock,
        username=plan.username,
        object_id=seeded_guid(plan.seed, "service account"),
        password=seeded_value(plan.seed + 1)[:16] if plan.password is None else plan.password,
    )


def _settle(directory: Directory, plan: Plan, account: ServiceAccount) -> Person:
    """Move people in. The service account is one of them: a resident of that name, else the last held one.

    In a tiny tenant it only lodges there, so that as many people are listed as were ordered.
    """
    people = invent_people(held=plan.people, seed=plan.seed)
    names = {(person.properties["userPrincipalName"] or "").lower(): person for person in people}
    resident = names.get(account.username.lower())
    if resident is None and plan.people >= FEWEST_FOR_SERVICE_ACCOUNT:
        resident = people[plan.people - 1]
        resident.properties = _service_properties(account.username)
    if resident is not None:
        account.object_id = resident.id
    directory.settle(people)
    return resident or Person(account.object_id, _service_properties(account.username))


def _service_properties(username: str) -> dict[str, object]:
    return {
        "displayName": "Service Presence",
        "userPrincipalName": username,
        "mail": username,
        "userType": "Member",
        "accountEnabled": True,
        "proxyAddresses": [f"SMTP:{username}"],
        "businessPhones": [],
        "passwordPolicies": "DisablePasswordExpiration",
    }
