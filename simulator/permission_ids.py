"""The ids of Graph's permissions, of each both kinds ("Microsoft Graph permissions reference")."""

from collections.abc import Collection, Mapping

# What a fresh tenant has been granted: as much as the service needs.
PERMISSIONS = ("Presence.Read.All", "User.Read.All")
_IDS: Mapping[str, tuple[str | None, str]] = {
    "Application.Read.All": (
        "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
        "c79f8feb-a9db-4090-85f9-90d820caa0eb",
    ),
    "Domain.Read.All": ("dbb9058a-0e50-45d7-ae91-66909b5d4664", "2f9ee017-59c1-4f1d-9472-bd5529a7b311"),
    "GroupMember.Read.All": (
        "98830695-27a2-44f7-8c18-0c3ebc9698f6",
        "bc024368-1153-4739-b217-4326f2e966d0",
    ),
    "Presence.Read.All": ("a70e0c2d-e793-494c-94c4-118fa0a67f42", "9c7a330d-35b3-4aa1-963d-cb2b9f927841"),
    "User.Read": (None, "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
    "User.Read.All": ("df021288-bdef-4463-88db-98f22de89214", "a154be20-db9c-4678-8ab7-66f6cc099a59"),
    "User.ReadBasic.All": ("97235f07-e226-4f63-ace3-39588e11d3a1", "b340eb25-3456-403f-be2f-af7a0d370277"),
}


def with_ids(permissions: Collection[str]) -> Mapping[str, Mapping[str, str | None]]:
    """Each permission with the id of its application kind and of its delegated kind, as far as known."""
    return {
        name: dict(zip(("application", "delegated"), _IDS.get(name, (None, None)), strict=True))
        for name in sorted(permissions)
    }
