"""What a check has found, in machine words; sentences are made of it elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """The steps from the settings to a person's presence, in the order in which they are walked."""

    SETTINGS = "settings"
    DNS = "dns"
    PROXY = "proxy"
    TCP = "tcp"
    TLS = "tls"
    CLOCK = "clock"
    TENANT = "tenant"
    APPLICATION = "application"
    CREDENTIAL = "credential"
    ACCOUNT = "account"
    PERMISSIONS = "permissions"
    USERS = "users"
    PRESENCE = "presence"
    EXPIRY = "expiry"
    KEYS = "keys"


class Status(StrEnum):
    """How a step stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


_SEVERITY = (Status.SKIPPED, Status.OK, Status.WARNING, Status.WRONG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One step and what is the matter with it.

    `words` fill the placeholders of the cause's sentences; none of them is ever a secret. `detail` is for
    machines, and for whoever wants to know what Microsoft said word by word. `also` holds what else was found
    at the same step, none of it worse.
    """

    step: Step
    status: Status
    cause: str
    words: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)
    also: tuple["Finding", ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether what builds on this step cannot be reached."""
        return self.status is Status.WRONG


def outcome(findings: Iterable[Finding]) -> Status:
    """The worst of them; what was skipped says nothing, since its reason is wrong already."""
    worst = max((_SEVERITY.index(one.status) for one in findings), default=0)
    return _SEVERITY[max(worst, _SEVERITY.index(Status.OK))]


def worst_first(findings: Iterable[Finding]) -> Finding:
    """Several findings of one step as one: the worst, with the others beside it."""
    first, *others = sorted(findings, key=lambda one: -_SEVERITY.index(one.status))
    return replace(first, also=tuple(others))
