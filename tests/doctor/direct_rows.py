"""Causes that no test can bring about for real: a machine without a route, another cloud, a far-off day."""

import errno
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import httpx

from app.doctor.expiries import judge
from app.doctor.failures import Way, failure
from app.doctor.findings import Finding
from app.doctor.metadata import cloud_of
from app.presence.expiry import Credential, Expiry, ToldBy, unknown

WAY = Way(host="graph.microsoft.com", hosts="login.microsoftonline.com, graph.microsoft.com")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _behind_httpx(cause: OSError) -> httpx.ConnectError:
    """The system's error as httpx hands it on."""
    error = httpx.ConnectError(str(cause))
    error.__cause__ = cause
    return error


def _unresolved(number: int) -> Finding:
    return failure(_behind_httpx(socket.gaierror(number, "not resolved")), way=WAY)


def _unreachable() -> Finding:
    return failure(_behind_httpx(OSError(errno.ENETUNREACH, "Network is unreachable")), way=WAY)


def _cloud(graph_host: str, named: str) -> Finding:
    finding = cloud_of({"msgraph_host": named}, graph_host=graph_host)
    assert finding
    return finding


def _ending(**left: float) -> Finding:
    """Of a secret, so long from now; nobody tells if nothing is given."""
    if not left:
        return judge([unknown(Credential.SECRET, "Nobody tells.")], now=NOW)
    ends_at = NOW + timedelta(**left)
    told = Expiry(credential=Credential.SECRET, source=ToldBy.GRAPH, expires_at=ends_at)
    return judge([told], now=NOW)


FOUND: Mapping[str, Callable[[], Finding]] = {
    "dns-unknown-host": lambda: _unresolved(socket.EAI_NONAME),
    "dns-unavailable": lambda: _unresolved(socket.EAI_AGAIN),
    "tcp-unreachable": _unreachable,
    "cloud-mismatch": lambda: _cloud("graph.microsoft.com", "graph.microsoft.us"),
    "cloud-without-presence": lambda: _cloud("microsoftgraph.chinacloudapi.cn", "graph.microsoft.com"),
    "expiry-soon": lambda: _ending(days=30),
    "expiry-over": lambda: _ending(minutes=-1),
    "expiry-unknown": _ending,
}
