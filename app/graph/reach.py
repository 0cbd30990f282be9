"""Why a host could not be reached, in words that lead to the setting that helps."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from app.graph.bounded import TooLarge


def why_unreachable(error: BaseException) -> str:
    """The kind of a failure below HTTP: never a value, and no more than what an operator can act on."""
    chain = list(_causes(error))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return "its certificate is not trusted: if a proxy inspects TLS, set PRESENCE_CA_BUNDLE"
    if any(isinstance(one, httpx.ProxyError) for one in chain):
        return "the proxy refuses: check HTTPS_PROXY and NO_PROXY"
    if any(isinstance(one, socket.gaierror) for one in chain):
        return "its name cannot be resolved: check DNS, or set HTTPS_PROXY"
    if any(isinstance(one, httpx.TimeoutException | TimeoutError) for one in chain):
        return "no answer in time"
    for one in chain:
        if isinstance(one, TooLarge):
            return str(one)
    system = (one.strerror for one in chain if isinstance(one, OSError) and one.strerror)
    return next(system, type(error).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
