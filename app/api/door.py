"""Who is let in, and how often: the one rule that every way to an answer passes."""

import re
from collections.abc import Mapping

from starlette.types import Scope

from app.api.keys import KeyRing, is_open
from app.api.rate import RateLimit
from app.errors import BodyTooLarge, CrossSiteRequest, WrongHost

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY = 4 * 1024 * 1024
# A call flow asks about one person.
_MAX_BODIES = {"/lookup": 64 * 1024}
_LOOPBACK_NAME = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:\d*)?", re.IGNORECASE)


class Door:
    """Lets in who has a key, asks under our name, not too often, and does not announce too much."""

    def __init__(self, *, keys: KeyRing, rate: RateLimit) -> None:
        self._keys = keys
        self._rate = rate

    def let_in(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Check and count a request. Raises CallerError, which says why it may not pass."""
        if is_open(scope["path"]):
            self._check_host(headers)
            _check_declared_length(headers, scope)
        else:
            self.count(self.check(scope, headers))

    def check(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str | None:
        """Whose key asks for what is not open to all, None without keys. Raises CallerError."""
        if not self._keys:
            self._check_host(headers)
            if scope["method"] not in _SAFE_METHODS:
                _check_site(headers)
        name = self._keys.check(scope, headers)
        if b"content-length" in headers:
            _check_declared_length(headers, scope)
        return name

    def count(self, name: str | None) -> None:
        """Count a request that has been checked. Raises TooManyRequests, which counts nothing."""
        self._rate.take(name)

    def _check_host(self, headers: Mapping[bytes, bytes]) -> None:
        """Without keys a web page could reach the service by a name it controls (DNS rebinding).

        A request without any Host comes from no browser.
        """
        host = headers.get(b"host")
        if not (self._keys or host is None or _LOOPBACK_NAME.fullmatch(host)):
            raise WrongHost("Without keys the service answers only as localhost, 127.0.0.1 or [::1].")


def first_headers(scope: Scope) -> Mapping[bytes, bytes]:
    """The headers of a request by name; of one that comes twice the first counts."""
    return dict(reversed(scope["headers"]))


def max_body(scope: Scope) -> int:
    """How many bytes of body a path takes at most."""
    return _MAX_BODIES.get(scope["path"], MAX_BODY)


def too_large(limit: int) -> BodyTooLarge:
    """What to raise for a body beyond the limit."""
    size = f"{limit // 2**20} MiB: split the request" if limit >= 2**20 else f"{limit // 1024} KiB"
    return BodyTooLarge(f"The body is larger than {size}.")


def _check_site(headers: Mapping[bytes, bytes]) -> None:
    """A page of another site may have a browser send what it cannot read: work would be done for it.

    Browsers say where a request comes from (Fetch Metadata, `Sec-Fetch-Site`; older ones only `Origin`).
    """
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is None:
        is_ours = origin is None or origin.partition(b"://")[2] == headers.get(b"host")
    else:
        is_ours = site in {b"same-origin", b"none"}
    if not is_ours:
        raise CrossSiteRequest("A web page of another site has sent this: without keys nobody may do that.")


def _check_declared_length(headers: Mapping[bytes, bytes], scope: Scope) -> None:
    length, limit = headers.get(b"content-length"), max_body(scope)
    if length and length.isdigit() and int(length) > limit:
        raise too_large(limit)
