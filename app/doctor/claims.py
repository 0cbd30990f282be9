"""What an access token says about itself. For diagnosis only: apps shall not act on it (*access tokens*)."""

import base64
import json


def granted(token: str) -> frozenset[str] | None:
    """The roles or scopes that the token carries; None for one that cannot be read."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return None
    if not isinstance(claims, dict):
        return None
    scopes, roles = claims.get("scp"), claims.get("roles")
    if isinstance(scopes, str):
        return frozenset(scopes.split())
    return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()
