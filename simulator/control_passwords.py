"""The switches that say for how long the service account's password is good."""

from dataclasses import dataclass
from typing import Any

import msgspec

from .clock import iso
from .control_errors import read_body, read_moment
from .domain import Domain
from .exchange import Answer, Ask, json_answer
from .world import World


class PolicyOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `password-policy`; what is left out stays as it is.

    `validity_days` may be null, as in a domain whose policy nobody has set, and 2147483647 for never.
    """

    never_expires: bool | None = None
    changed: str | msgspec.UnsetType | None = msgspec.UNSET
    synced: bool | None = None
    validity_days: int | msgspec.UnsetType | None = msgspec.UNSET
    notification_days: int | msgspec.UnsetType | None = msgspec.UNSET
    federated: bool | None = None


@dataclass(frozen=True, slots=True)
class PasswordControl:
    """The account's own flags, and the policy of the domain that it lives in."""

    world: World

    def change(self, ask: Ask) -> Answer:
        """Set what the order names, and tell how things stand."""
        order = read_body(ask, PolicyOrder)
        self.world.change_account(_account_properties(order))
        _apply(order, self.world.domains[self.world.account.domain])
        return json_answer(self._shown())

    def _shown(self) -> dict[str, Any]:
        properties = self.world.lodger.properties
        domain = self.world.domains[self.world.account.domain]
        return {
            "username": self.world.account.username,
            "passwordPolicies": properties.get("passwordPolicies"),
            "lastPasswordChangeDateTime": properties.get("lastPasswordChangeDateTime"),
            "onPremisesSyncEnabled": properties.get("onPremisesSyncEnabled"),
            "domain": domain.name,
            "validity_days": domain.validity_days,
            "notification_days": domain.notification_days,
            "federated": domain.federated,
        }


def _account_properties(order: PolicyOrder) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if order.never_expires is not None:
        properties["passwordPolicies"] = "DisablePasswordExpiration" if order.never_expires else None
    if order.changed is not msgspec.UNSET:
        moment = None if order.changed is None else iso(read_moment(order.changed, name="changed"))
        properties["lastPasswordChangeDateTime"] = moment
    if order.synced is not None:
        properties["onPremisesSyncEnabled"] = order.synced or None
    return properties


def _apply(order: PolicyOrder, domain: Domain) -> None:
    if order.validity_days is not msgspec.UNSET:
        domain.validity_days = order.validity_days
    if order.notification_days is not msgspec.UNSET:
        domain.notification_days = order.notification_days
    if order.federated is not None:
        domain.federated = order.federated
