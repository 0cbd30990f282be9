"""A verified domain and what it says about passwords ("domain resource type")."""

from dataclasses import dataclass

NEVER_DAYS = 2_147_483_647
NOTIFIED_DAYS = 14


@dataclass(slots=True, kw_only=True)
class Domain:
    """As tenants are made nowadays: passwords do not expire. None stands for a policy nobody has set."""

    name: str
    validity_days: int | None = NEVER_DAYS
    notification_days: int | None = NOTIFIED_DAYS
    federated: bool = False
