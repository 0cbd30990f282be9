"""Which key opens what: recognised in constant time, by name, scope and network."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers

from app.config import ApiKey, Scope
from app.errors import KeyNotAllowed, KeyRefused

_NEEDED_BY_PREFIX = {"/presence": Scope.READ, "/health": Scope.ADMIN}


def is_open(path: str) -> bool:
    """Whether a path is answered without any key."""
    return path in {"/health/live", "/health/ready", "/docs", "/openapi.json"} or path.startswith("/docs/")


class KeyRing:
    """The keys of this service. Without any, everybody on this machine may ask."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = tuple(keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def check(self, path: str, headers: Headers, client: str) -> None:
        """Let a request pass. Raises KeyRefused, KeyNotAllowed."""
        if not self._keys or is_open(path):
            return
        key = self._recognise(presented_key(headers))
        if key is None:
            raise KeyRefused("A key is needed: send it as X-API-Key, as Bearer, or as Basic password.")
        if key.networks and not any(ip_address(client) in network for network in key.networks):
            raise KeyNotAllowed("This key is not allowed from this network.")
        needed = _NEEDED_BY_PREFIX.get("/" + path.split("/")[1])
        if needed and needed not in key.scopes:
            raise KeyNotAllowed(f"This key lacks the scope {needed}.")

    def _recognise(self, presented: str) -> ApiKey | None:
        """The entry of a key; every entry is compared, so that time tells nothing."""
        digest = hashlib.sha256(presented.encode()).digest()
        matching = [key for key in self._keys if hmac.compare_digest(key.sha256, digest)]
        return matching[0] if matching else None


def presented_key(headers: Headers) -> str:
    """The key in a request's headers: as Bearer, as the password of Basic, or in `X-API-Key`."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        return _basic_password(credentials)
    return headers.get("x-api-key", "")


def _basic_password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
