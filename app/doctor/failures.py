"""Why something below HTTP failed, as a cause: from the errors of httpx and of the system, without I/O."""

import errno
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from app.doctor.causes import found
from app.doctor.findings import Finding
from app.doctor.hops import NO_TLS

# OpenSSL, *X509_STORE_CTX_get_error*: what is the matter with a certificate.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_UNTRUSTED = frozenset({18, 19, 20, 21})
_BY_VERIFY_CODE: Mapping[int, str] = {
    _NOT_YET_VALID: "tls-not-yet-valid",
    _EXPIRED: "tls-expired",
    _OTHER_HOST: "tls-wrong-host",
    _OTHER_ADDRESS: "tls-wrong-host",
    **dict.fromkeys(_UNTRUSTED, "tls-inspected"),
}
_UNKNOWN_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"})
_ASKS_WHO = "407"
_FORBIDS = ("401", "403", "405")
# For whoever has not looked at the certificate.
_UNSEEN = {
    "issuer": "an authority it does not know",
    "until": "an earlier day",
    "since": "a later day",
    "names": "another host",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way to one host, as the sentences name it; `hosts` are all that the service needs."""

    host: str
    hosts: str
    proxy: str | None = None

    @property
    def words(self) -> dict[str, str]:
        """The placeholders that this way fills."""
        return {"host": self.host, "hosts": self.hosts, "proxy": self.proxy or "-"}


def failure(error: BaseException, *, way: Way, certificate: Mapping[str, str] | None = None) -> Finding:
    """The cause of an error on this way; `certificate` describes the one presented, if it was looked at."""
    chain = list(_chain(error))
    cause, words = _cause(chain)
    return found(cause, words={**way.words, **_UNSEEN, **(certificate or {}), **words})


def is_failure(error: BaseException | None) -> bool:
    """Whether an error comes from below HTTP, or from an answer that is none of Microsoft's."""
    known = (httpx.HTTPError, OSError, _msal_service_error(), json.JSONDecodeError)
    return any(isinstance(one, known) for one in _chain(error))


def is_untrusted(error: BaseException) -> bool:
    """Whether the certificate was refused, so that it is worth a look."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))


def _cause(chain: list[BaseException]) -> tuple[str, dict[str, str]]:
    for one in chain:
        match one:
            case httpx.ProxyError():
                return _of_proxy(str(one))
            case ssl.SSLError():
                return _of_tls(one)
            case socket.gaierror():
                return ("dns-unknown-host" if one.errno in _UNKNOWN_NAME else "dns-unavailable"), {}
            case json.JSONDecodeError():
                return "not-microsoft", {"reason": "no JSON"}
            case _ if isinstance(one, _msal_service_error()):
                return "microsoft-busy", {}
    return _of_connection(chain)


def _of_connection(chain: list[BaseException]) -> tuple[str, dict[str, str]]:
    """TCP, from the most telling error of the chain to the most general one."""
    while_connecting = any(isinstance(one, httpx.ConnectError) for one in chain)
    for one in chain:
        match one:
            case ConnectionRefusedError():
                return "tcp-refused", {}
            case OSError(errno=number) if number in _NO_WAY:
                return "tcp-unreachable", {"reason": str(one.strerror)}
            case httpx.ConnectTimeout():
                return "tcp-blocked", {}
            case httpx.TimeoutException() | TimeoutError():
                return "answer-too-slow", {}
            case ConnectionResetError() if while_connecting:
                return "tls-cut", {}
    return "not-microsoft", {"reason": _kind(chain)}


def _of_proxy(said: str) -> tuple[str, dict[str, str]]:
    """Httpx tells the proxy's answer to CONNECT as its status and reason."""
    if said == NO_TLS:
        return "proxy-scheme", {}
    if said.startswith(_ASKS_WHO):
        return "proxy-password", {}
    return ("proxy-forbids" if said.startswith(_FORBIDS) else "proxy-fails"), {"reason": said}


def _of_tls(error: ssl.SSLError) -> tuple[str, dict[str, str]]:
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = _BY_VERIFY_CODE.get(error.verify_code, "tls-failed")
        return cause, {"reason": error.verify_message}
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or error.reason == "UNEXPECTED_EOF":
        return "tls-cut", {}
    if error.reason in _NOT_TLS:
        return "tls-not-spoken", {}
    return "tls-failed", {"reason": (error.reason or "TLS").replace("_", " ").lower()}


def _kind(chain: list[BaseException]) -> str:
    system = (one.strerror for one in chain if isinstance(one, OSError) and one.strerror)
    return next(system, type(chain[0]).__name__ if chain else "?")


def _msal_service_error() -> type[Exception]:
    """Imported for an error only: the running service has the doctor, and must not wait for msal to start."""
    from msal.exceptions import MsalServiceError  # noqa: PLC0415 - as in app/graph/sign_in.py

    kind: type[Exception] = MsalServiceError
    return kind


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what lies behind it, the outermost first; httpx hides the system's own at the end."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
