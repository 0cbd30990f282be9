"""Which key opens what: recognised by its hash, then held to its scopes and networks."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from starlette.types import Scope as ASGIScope

from app.api.proxies import Networks, is_in, parse_address
from app.config import ApiKey, Scope
from app.errors import KeyNotAllowed, KeyRefused

QUERY_KEY = "api_key"
# What a stranger presents is not worth more work: characters of a key, and of a query that may hold one.
_LONGEST_KEY, _LONGEST_QUERY = 512, 1024
_NEEDED_BY_ROOT = {
    "presence": Scope.READ,
    "lookup": Scope.READ,
    "explain": Scope.EXPLAIN,
    "coverage": Scope.EXPLAIN,
    "health": Scope.ADMIN,
    "metrics": Scope.ADMIN,
    "rules": Scope.ADMIN,
}


def is_open(path: str) -> bool:
    """Whether a path is answered without any key."""
    return path in {"/health/live", "/health/ready", "/docs", "/openapi.json"} or path.startswith("/docs/")


class KeyRing:
    """The keys of this service. Without any, everybody on this machine may ask."""

    def __init__(self, keys: Sequence[ApiKey], *, in_query: bool = False) -> None:
        self._in_query = in_query
        self.replace(keys)

    def replace(self, keys: Sequence[ApiKey]) -> None:
        """Let these keys count from the next request on, all at once."""
        # Looked up by hash: how long that takes tells of the hash, which nobody can aim at, not of the key.
        self._by_digest = {key.sha256: key for key in reversed(keys)}

    def __bool__(self) -> bool:
        return bool(self._by_digest)

    def check(self, scope: ASGIScope, headers: Mapping[bytes, bytes]) -> str | None:
        """The name of the key that opens the door, None without keys. Raises KeyRefused, KeyNotAllowed."""
        if not self._by_digest:
            return None
        key = self._presented(scope, headers)
        if key is None:
            raise KeyRefused("A key is needed: send it as X-API-Key, as Bearer, or as Basic password.")
        if key.networks and not _comes_from((scope.get("client") or ("",))[0], key.networks):
            raise KeyNotAllowed("This key is not allowed from this network.")
        needed = _NEEDED_BY_ROOT.get(scope["path"].lstrip("/").partition("/")[0])
        if needed and needed not in key.scopes:
            raise KeyNotAllowed(f"This key lacks the scope {needed}.")
        return key.name

    def _presented(self, scope: ASGIScope, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        """The first key of ours that a request brings.

        `Authorization` is not the only place to look, because a proxy may bring one of its own.
        """
        found = None
        if authorization := headers.get(b"authorization"):
            found = self._recognise(_credentials(authorization))
        if found is None and (presented := headers.get(b"x-api-key")):
            found = self._recognise(presented.decode("latin-1").strip())
        if found is None and self._in_query:
            query = scope["query_string"][:_LONGEST_QUERY].decode("latin-1")
            found = next(filter(None, map(self._recognise, parse_qs(query).get(QUERY_KEY, []))), None)
        return found

    def _recognise(self, presented: str) -> ApiKey | None:
        if not 0 < len(presented) <= _LONGEST_KEY:
            return None
        return self._by_digest.get(hashlib.sha256(presented.encode()).digest())


def _comes_from(client: str, networks: Networks) -> bool:
    address = parse_address(client)
    return address is not None and is_in(address, networks)


def _credentials(authorization: bytes) -> str:
    """The key that is sent as Bearer or as the password of Basic; empty for anything else."""
    scheme, _, credentials = authorization.decode("latin-1").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            return _basic_password(credentials.strip())
    return ""


def _basic_password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
