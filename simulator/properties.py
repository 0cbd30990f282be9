"""Which properties of a person exist, come unasked, or are withheld ("user resource type", "List users")."""

from collections.abc import Mapping
from typing import Any

from .graph_errors import bad_request, denied

DEFAULT_PROPERTIES = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
BASIC_PROPERTIES = frozenset(
    (
        "displayName",
        "givenName",
        "id",
        "mail",
        "photo",
        "securityIdentifier",
        "surname",
        "userPrincipalName",
    )
)
COLLECTIONS = frozenset(("businessPhones", "imAddresses", "otherMails", "proxyAddresses"))
KNOWN_PROPERTIES = BASIC_PROPERTIES.union(
    DEFAULT_PROPERTIES,
    COLLECTIONS,
    (
        "accountEnabled",
        "companyName",
        "department",
        "lastPasswordChangeDateTime",
        "mailNickname",
        "onPremisesSyncEnabled",
        "passwordPolicies",
        "usageLocation",
        "userType",
    ),
)
_BY_LOWER_NAME = {name.lower(): name for name in KNOWN_PROPERTIES}


def parse_select(text: str | None, *, visible: frozenset[str] | None) -> tuple[str, ...]:
    """Properties of a `$select`, or the default ones; raises 400 for an unknown, 403 for a withheld one."""
    if not text:
        return tuple(name for name in DEFAULT_PROPERTIES if visible is None or name in visible)
    names = dict.fromkeys(_known(name.strip()) for name in text.split(",") if name.strip())
    if visible is not None and not visible.issuperset(names):
        raise denied()
    return tuple(names)


def full(person_id: str, values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """A person as a read shows them: what was never set is null, or empty for a collection."""
    shown = {name: values.get(name, [] if name in COLLECTIONS else None) for name in names}
    return {**shown, "id": person_id} if "id" in names else shown


def _known(name: str) -> str:
    known = _BY_LOWER_NAME.get(name.lower())
    if known is None:
        raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.user'.")
    return known
