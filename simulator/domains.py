"""The tenant's domains as Graph tells them ("Get domain")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .domain import Domain
from .entity import entity_answer
from .exchange import Answer, Ask
from .gate import Gate
from .graph_errors import not_found
from .people import DOMAIN
from .world import World


@dataclass(frozen=True, slots=True)
class Domains:
    """The `/domains` resource."""

    world: World

    def one(self, ask: Ask) -> Answer:
        """One domain by its name, any letter case."""
        Gate(self.world).admit(ask).may_read_domains()
        domain = self.world.domains.get(ask.path["domain"].lower())
        if domain is None:
            raise not_found(ask.path["domain"])
        return entity_answer(ask, _properties(domain), collection="domains", kind="domain")


def _properties(domain: Domain) -> Mapping[str, Any]:
    return {
        "id": domain.name,
        "authenticationType": "Federated" if domain.federated else "Managed",
        "isDefault": domain.name == DOMAIN,
        "isVerified": True,
        "passwordNotificationWindowInDays": domain.notification_days,
        "passwordValidityPeriodInDays": domain.validity_days,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    }
