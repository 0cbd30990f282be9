"""The way to Microsoft, step by step: names, proxy, connection, encryption."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx
from cryptography import x509
from cryptography.x509.oid import NameOID

from app.doctor import hops
from app.doctor.causes import found
from app.doctor.failures import Way, failure, is_untrusted
from app.doctor.findings import Finding
from app.doctor.threads import in_thread
from app.errors import SettingsError
from app.graph.transport import check_proxies

# How a proxy fails before it says a word; later on httpx calls it a failure to connect.
_NO_ANSWER = (httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long, in seconds, each kind of waiting may last, and the whole check."""

    name_s: float = 6.0
    connect_s: float = 5.0
    answer_s: float = 10.0
    sign_in_s: float = 25.0
    whole_s: float = 50.0


class Network:
    """The hosts that the service needs, sign-in first; each step tells the first that is not well."""

    def __init__(self, roots: Sequence[str], *, verify: ssl.SSLContext, patience: Patience) -> None:
        self._roots = list(dict.fromkeys(roots))
        self._verify = verify
        self._patience = patience
        self._proxies: dict[str, str | None] = {}

    @property
    def hosts(self) -> str:
        """All hosts, as sentences name them."""
        return ", ".join(map(hops.named, self._roots))

    def way(self, root: str) -> Way:
        """The way to one of the hosts."""
        return Way(host=hops.named(root), hosts=self.hosts, proxy=self._proxies.get(root))

    def find_proxies(self) -> Finding | None:
        """Find out which proxies are used, before any step; what is wrong with them as a finding."""
        try:
            check_proxies()
        except SettingsError as error:
            return found("proxy-unusable", detail={"problems": [str(error)]})
        self._proxies = {root: hops.proxy_for(root) for root in self._roots}
        return None

    async def names(self) -> Finding:
        """Whether every host that is asked directly can be resolved."""
        direct = self._direct
        if not direct:
            return found("dns-by-proxy")
        return await self._first_wrong(direct, self._resolve) or found("dns-ok", hosts=self.hosts)

    async def proxy(self) -> Finding:
        """Whether the proxies, if there are any, let requests through."""
        proxied = [root for root in self._roots if self._proxies.get(root)]
        if not proxied:
            return found("proxy-none")
        names = ", ".join(dict.fromkeys(filter(None, self._proxies.values())))
        return await self._first_wrong(proxied, self._through_proxy) or found("proxy-ok", proxy=names)

    async def connection(self) -> Finding:
        """Whether every host that is asked directly takes connections."""
        if not self._direct:
            return found("tcp-by-proxy")
        return await self._first_wrong(self._direct, self._connect) or found("tcp-ok", hosts=self.hosts)

    async def encryption(self) -> Finding:
        """Whether every host presents a certificate that is trusted."""
        issuers: list[str] = []

        async def shake_hands(root: str) -> Finding | None:
            try:
                issuers.append(_description(await self._certificate(root, self._verify))["issuer"])
            except (httpx.HTTPError, TimeoutError) as error:
                return await self._untrusted(root, error)
            return None

        wrong = await self._first_wrong(self._roots, shake_hands)
        return wrong or found("tls-ok", issuer=", ".join(dict.fromkeys(issuers)))

    @property
    def _direct(self) -> list[str]:
        return [root for root in self._roots if not self._proxies.get(root)]

    async def _first_wrong(
        self, roots: Sequence[str], look: Callable[[str], Awaitable[Finding | None]]
    ) -> Finding | None:
        findings = await asyncio.gather(*map(look, roots))
        return next(filter(None, findings), None)

    async def _resolve(self, root: str) -> Finding | None:
        try:
            await in_thread(
                partial(socket.getaddrinfo, *hops.address_of(root)), within_s=self._patience.name_s
            )
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that no name can have
            return _unresolved(error, self.way(root))
        return None

    async def _connect(self, root: str) -> Finding | None:
        try:
            await self._touch(*hops.address_of(root))
        except TimeoutError:
            return found("tcp-blocked", words=self.way(root).words)
        except OSError as error:
            return failure(error, way=self.way(root))
        return None

    async def _through_proxy(self, root: str) -> Finding | None:
        way = self.way(root)
        host, _, port = (way.proxy or "").rpartition(":")
        try:
            await self._touch(*((host, int(port)) if host else (way.proxy or "", hops.HTTPS)))
            await self._certificate(root, hops.unverified())
        except httpx.ProxyError as error:
            return failure(error, way=way)
        except _NO_ANSWER as error:
            late = isinstance(error, httpx.TimeoutException)
            return found("proxy-fails", words=way.words, reason="timeout" if late else "connection closed")
        except OSError:
            return found("proxy-unreachable", words=way.words)
        except httpx.HTTPError:
            return None  # behind the proxy: the next steps look at that
        return None

    async def _touch(self, host: str, port: int) -> None:
        """Connect and go. Raises OSError."""
        connect_s = self._patience.connect_s
        connect = partial(socket.create_connection, (host.strip("[]"), port), timeout=connect_s)
        (await in_thread(connect, within_s=2 * connect_s)).close()

    async def _certificate(self, root: str, verify: ssl.SSLContext) -> x509.Certificate:
        look = partial(
            hops.certificate_of,
            root,
            verify=verify,
            proxied=bool(self._proxies.get(root)),
            timeout_s=self._patience.connect_s,
        )
        return await in_thread(look, within_s=self._patience.answer_s)

    async def _untrusted(self, root: str, error: Exception) -> Finding:
        """Why no encrypted connection came about; a refused certificate is looked at once more."""
        way = self.way(root)
        if not is_untrusted(error):
            late = isinstance(error, httpx.TimeoutException | TimeoutError)
            return found("answer-too-slow", words=way.words) if late else failure(error, way=way)
        try:
            presented = _description(await self._certificate(root, hops.unverified()))
        except (httpx.HTTPError, TimeoutError):
            presented = {}
        return failure(error, way=way, certificate=presented)


def _unresolved(error: Exception, way: Way) -> Finding:
    if isinstance(error, socket.gaierror):
        return failure(error, way=way)
    return found(
        "dns-unavailable" if isinstance(error, TimeoutError) else "dns-unknown-host", words=way.words
    )


def _description(certificate: x509.Certificate) -> dict[str, str]:
    """What an operator wants to know of a certificate."""
    return {
        "issuer": _name(certificate.issuer),
        "until": f"{certificate.not_valid_after_utc:%Y-%m-%d}",
        "since": f"{certificate.not_valid_before_utc:%Y-%m-%d}",
        "names": ", ".join(_hosts(certificate)) or _name(certificate.subject),
    }


def _hosts(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names][:5]


def _name(name: x509.Name) -> str:
    """Common name and organisation, where there are any."""
    parts = [*name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    parts += name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return ", ".join(dict.fromkeys(str(part.value) for part in parts)) or name.rfc4514_string() or "?"
