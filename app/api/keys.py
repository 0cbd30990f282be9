"""Which key opens what: recognised in constant time, by name, scope and network."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope as ASGIScope

from app.api.proxies import Networks, is_in, parse_address
from app.config import ApiKey, Scope
from app.errors import KeyNotAllowed, KeyRefused

QUERY_KEY = "api_key"
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
        self._keys = tuple(keys)
        self._in_query = in_query

    def replace(self, keys: Sequence[ApiKey]) -> None:
        """Let these keys count from the next request on, all at once."""
        self._keys = tuple(keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def check(self, scope: ASGIScope, headers: Headers) -> str | None:
        """The name of the key that opens the door, None without keys. Raises KeyRefused, KeyNotAllowed."""
        if not self._keys:
            return None
        path, client = scope["path"], (scope.get("client") or ("",))[0]
        key = next(filter(None, map(self._recognise, self._presented(scope, headers))), None)
        if key is None:
            raise KeyRefused("A key is needed: send it as X-API-Key, as Bearer, or as Basic password.")
        if not _comes_from(client, key.networks):
            raise KeyNotAllowed("This key is not allowed from this network.")
        needed = _NEEDED_BY_ROOT.get(path.strip("/").partition("/")[0])
        if needed and needed not in key.scopes:
            raise KeyNotAllowed(f"This key lacks the scope {needed}.")
        return key.name

    def _presented(self, scope: ASGIScope, headers: Headers) -> list[str]:
        keys = presented_keys(headers)
        if self._in_query:
            keys += parse_qs(scope["query_string"].decode("latin-1")).get(QUERY_KEY, [])
        return [key for key in keys if key]

    def _recognise(self, presented: str) -> ApiKey | None:
        """The entry of a key; every entry is compared, so that time tells nothing."""
        digest = hashlib.sha256(presented.encode()).digest()
        matching = [key for key in self._keys if hmac.compare_digest(key.sha256, digest)]
        return matching[0] if matching else None


def _comes_from(client: str, networks: Networks) -> bool:
    """Whether a caller is in one of these networks, or none is named."""
    if not networks:
        return True
    address = parse_address(client)
    return address is not None and is_in(address, networks)


def presented_keys(headers: Headers) -> list[str]:
    """The keys in a request's headers: as Bearer or as the password of Basic, and in `X-API-Key`.

    Both are looked at, because a proxy may bring an `Authorization` of its own.
    """
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    authorization = {"bearer": credentials.strip(), "basic": _basic_password(credentials.strip())}
    return [authorization.get(scheme.lower(), ""), headers.get("x-api-key", "").strip()]


def _basic_password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
