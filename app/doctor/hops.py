"""Looks along the way to a host with httpx's own eyes, and turns back before anything is asked."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509

# httpcore's *trace* extension: the names of its events.
_CONNECTING = ".connect_tcp.started"
_ENCRYPTED = "start_tls.complete"
_PROXY_NOT_ENCRYPTED = "connection.start_tls.failed"
_AS_DER = True
HTTPS = 443
NO_TLS = "the proxy itself does not speak TLS"
"""What a ProxyError says where the proxy is named by https:// and does not speak it."""


class _Enough(Exception):
    """Raised out of httpx's trace, so that nothing further happens."""

    def __init__(self, seen: Any) -> None:
        super().__init__()
        self.seen = seen


def proxy_for(url: str) -> str | None:
    """The proxy, as `host:port`, that httpx takes for `url` by HTTPS_PROXY, NO_PROXY and the like; or None.

    Nothing is sent: httpx is stopped on its way to the first connection, and says where that would lead.
    """

    def stop(event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTING):
            raise _Enough((info["host"], info["port"]))

    try:
        wanted = httpx.URL(url)
        host, port = _look(url, stop, verify=unverified(), timeout_s=1)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None  # no host at all, which the resolver will say
    own = (wanted.host, wanted.port or HTTPS)
    return None if (host, port) == own else at(host, port)


def certificate_of(url: str, *, verify: ssl.SSLContext, proxied: bool, timeout_s: float) -> x509.Certificate:
    """The certificate that is presented for `url`. Raises httpx.HTTPError; nothing is asked there."""
    awaited = f"{'proxy' if proxied else 'connection'}.{_ENCRYPTED}"

    def stop(event: str, info: Mapping[str, Any]) -> None:
        if proxied and event == _PROXY_NOT_ENCRYPTED:
            raise httpx.ProxyError(NO_TLS)
        if event == awaited:
            stream = info["return_value"]
            presented = stream.get_extra_info("ssl_object").getpeercert(_AS_DER)
            stream.close()  # nobody else knows of it yet
            raise _Enough(presented)

    return x509.load_der_x509_certificate(_look(url, stop, verify=verify, timeout_s=timeout_s))


def unverified() -> ssl.SSLContext:
    """For looking at a certificate that is not trusted; nothing is ever sent under it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def address_of(root: str) -> tuple[str, int]:
    """The host and the port that `root` leads to."""
    parts = urlsplit(root)
    return parts.hostname or "", parts.port or HTTPS


def named(root: str) -> str:
    """The host of `root` as people write it."""
    return at(*address_of(root))


def at(host: str, port: int) -> str:
    """A host as people write it: with its port only where that is not the usual one."""
    bare = f"[{host}]" if ":" in host else host
    return bare if port == HTTPS else f"{bare}:{port}"


def _look(url: str, stop: Any, *, verify: ssl.SSLContext, timeout_s: float) -> Any:
    with httpx.Client(verify=verify, timeout=timeout_s) as client:
        try:
            client.get(url, extensions={"trace": stop})
        except _Enough as enough:
            return enough.seen
    raise httpx.ProtocolError("the connection was not made the usual way")
