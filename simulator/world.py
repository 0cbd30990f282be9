"""The whole invented tenant in one object: people, presence, credentials, tokens, time and trouble."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random

from .calls import Calls
from .clock import Clock
from .credentials import Registration, ServiceAccount
from .directory import Directory
from .faults import Faults
from .groups import Groups, seeded_groups
from .people import ALIAS_DOMAIN, DOMAIN, INITIAL_DOMAIN, invent_people, seeded_guid
from .presence import PresenceBoard
from .scenario import WorkingDay
from .throttle import Throttle
from .tokens import TokenBook

PERMISSIONS = ("Presence.Read.All", "User.Read.All")
SECRET_LIFE_S = 180 * 86_400
FEWEST_FOR_SERVICE_ACCOUNT = 5
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_SECRET_ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789_~.-"


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
    """Everything the endpoints answer from. Nothing in here waits, and nothing knows HTTP."""

    clock: Clock
    directory: Directory
    groups: Groups
    board: PresenceBoard
    day: WorkingDay
    registration: Registration
    account: ServiceAccount
    tokens: TokenBook
    throttle: Throttle
    host_names: frozenset[str]
    domains: frozenset[str]
    latency_s: float
    faults: Faults = field(default_factory=Faults)
    calls: Calls = field(default_factory=Calls)
    delta_era: str = field(default_factory=lambda: secrets.token_hex(4))

    def expire_delta_links(self) -> None:
        """From now on every delta and skip token handed out so far is unknown."""
        self.delta_era = secrets.token_hex(4)


def build_world(plan: Plan, *, clock: Clock | None = None) -> World:
    """Create everything, the same for the same plan except keys and times."""
    time = clock or Clock()
    directory = Directory()
    account = _account(plan, time)
    _settle(directory, plan, account)
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
        tokens=TokenBook(clock=time, lifetime_s=plan.token_lifetime_s),
        throttle=Throttle(clock=time),
        host_names=frozenset((*LOCAL_NAMES, *plan.host_names)),
        domains=frozenset((DOMAIN, ALIAS_DOMAIN, INITIAL_DOMAIN, plan.username.rpartition("@")[2].lower())),
        latency_s=plan.latency_ms / 1000,
    )


def _registration(plan: Plan, clock: Clock) -> Registration:
    return Registration(
        tenant_id=seeded_guid(plan.seed, "tenant"),
        client_id=seeded_guid(plan.seed, "client"),
        name="Teams presence",
        object_id=seeded_guid(plan.seed, "service principal"),
        secret=_seeded_secret(plan.seed) if plan.secret is None else plan.secret,
        secret_id=seeded_guid(plan.seed, "secret"),
        secret_expires=clock.now() + SECRET_LIFE_S,
        permissions=frozenset(plan.permissions),
    )


def _account(plan: Plan, clock: Clock) -> ServiceAccount:
    return ServiceAccount(
        clock=clock,
        username=plan.username,
        object_id=seeded_guid(plan.seed, "service account"),
        password=_seeded_secret(plan.seed + 1)[:16] if plan.password is None else plan.password,
    )


def _settle(directory: Directory, plan: Plan, account: ServiceAccount) -> None:
    """Move people in. The service account is one of them: a resident of that name, else the last held one."""
    people = invent_people(held=plan.people, seed=plan.seed)
    names = {(person.properties["userPrincipalName"] or "").lower(): person for person in people}
    resident = names.get(account.username.lower())
    if resident is None and plan.people >= FEWEST_FOR_SERVICE_ACCOUNT:
        resident = people[plan.people - 1]
        resident.properties = _service_properties(account.username)
    if resident is not None:
        account.object_id = resident.id
    directory.settle(people)


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


def _seeded_secret(seed: int) -> str:
    """Looks like a secret made in the portal: three characters, `8Q~`, and the rest."""
    letters = "".join(Random(f"{seed}/secret").choices(_SECRET_ALPHABET, k=40))
    return f"{letters[:3]}8Q~{letters[6:]}"
