"""Who is really asking, when a proxy asks for them: `X-Forwarded-For`, believed only from proxies we know."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

# More proxies than stand in any row. What stands before them is left in one piece, which is no address.
_MAX_HOPS = 30
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d+)?|(?P<four>[0-9.]+):\d+")

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]


class ClientAddress:
    """Puts the caller's address where the peer's was; not needed without trusted proxies."""

    def __init__(self, app: ASGIApp, *, trusted: Networks) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = as_asked(scope, trusted=self._trusted)
        await self._app(scope, receive, send)


def as_asked(scope: Scope, *, trusted: Networks) -> Scope:
    """The same request, as it reached the last proxy we trust."""
    peer = (scope.get("client") or ("",))[0]
    hops = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    address = client_behind(peer, hops, trusted=trusted)
    return {**scope, "client": (address, 0) if address else None}


def client_behind(peer: str, hops: str, *, trusted: Networks) -> str:
    """The address that the last proxy we trust has seen, read from the right: the rest may be made up.

    Empty when a trusted proxy names nobody, or something that is no address: nobody, rather than the proxy
    itself. Where all that are named are trusted, the first of them is who asks.
    """
    found = parse_address(peer)
    for hop in reversed(hops.rsplit(",", _MAX_HOPS)):
        if found is None or not is_in(found, trusted):
            break
        found = parse_address(hop)
    return str(found) if found else ""


def parse_address(text: str) -> Address | None:
    """An address, with or without a port; IPv4 within IPv6 counts as IPv4."""
    bare = text.strip()
    if ported := _WITH_PORT.fullmatch(bare):
        bare = ported["six"] or ported["four"] or ""
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_in(address: Address, networks: Networks) -> bool:
    """Whether an address is in one of these networks."""
    return any(address in network for network in networks)
