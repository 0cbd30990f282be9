"""msal's road to the sign-in host: an httpx client with a deadline and three of msal's habits put right."""

import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from app.graph.bounded import ACCEPTED, SIGN_IN_LIMIT, BoundedBody

# More than msal's hosts can have open: the sign-in host, and a federation server.
_SOCKETS_REMEMBERED = 8
_USER_REALM = "/common/userrealm/"
_DEADLINE_S = 10.0


class SignInHttp:
    """The `http_client` that msal asks for: blocking `get` and `post`.

    msal's user-realm call drops the authority's port and puts the user name into the path as it is, and its
    client assertion is bytes, which httpx would send as their `repr`: all three are put right here. httpx
    limits each read, so that an answer that drips would never end, in its head or in its body; `deadline_s`
    ends it.
    """

    def __init__(self, client: httpx.Client, *, authority_root: str, deadline_s: float) -> None:
        self._client = client
        self._root = authority_root
        self._host = urlsplit(authority_root).hostname
        self._deadline_s = deadline_s
        self._sockets: deque[socket.socket] = deque(maxlen=_SOCKETS_REMEMBERED)
        self.retry_after: str | None = None
        self.status: int | None = None

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> httpx.Response:
        """Fetch `url`; raises httpx.HTTPError."""
        return self._send("GET", self._repaired(url), params=params, headers=headers)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> httpx.Response:
        """Send a form (or, as text, a WS-Trust envelope); raises httpx.HTTPError."""
        body = {"content": data} if isinstance(data, str | bytes) else {"data": _texts(data or {})}
        return self._send("POST", url, params=params, headers=headers, **body)

    def close(self) -> None:
        """Close the connections; msal never calls this on an application it still uses."""
        self._client.close()

    def _send(self, method: str, url: str, **request: Any) -> httpx.Response:
        self.retry_after = self.status = None
        deadline = time.monotonic() + self._deadline_s
        watchdog = threading.Timer(self._deadline_s, self._cut)
        watchdog.start()
        try:
            answer = self._read(method, url, deadline=deadline, **request)
        except httpx.HTTPError as error:
            if time.monotonic() < deadline:
                raise
            raise httpx.ReadTimeout("the answer took too long") from error
        finally:
            watchdog.cancel()
        self.retry_after, self.status = answer.headers.get("retry-after"), answer.status_code
        return answer

    def _read(self, method: str, url: str, *, deadline: float, **request: Any) -> httpx.Response:
        with self._client.stream(method, url, extensions={"trace": self._remember}, **request) as answer:
            body = BoundedBody(answer, limit=SIGN_IN_LIMIT)
            for piece in answer.iter_bytes():
                body.add(piece)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer took too long", request=answer.request)
        return body.whole()

    def _remember(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the socket of each new connection (httpcore's *trace* extension)."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            opened = info["return_value"].get_extra_info("socket")
            if isinstance(opened, socket.socket):
                self._sockets.append(opened)

    def _cut(self) -> None:
        """End whatever is under way, from another thread.

        Shut down and not closed: a closed number could be another connection's the next moment. Not by the
        TLS socket's own method, which is not made for two threads.
        """
        for one in tuple(self._sockets):
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    def _repaired(self, url: str) -> str:
        prefix = f"https://{self._host}{_USER_REALM}"
        if not url.startswith(prefix):
            return url
        username, _, query = url.removeprefix(prefix).rpartition("?")
        return f"{self._root}{_USER_REALM}{quote(username, safe='@')}?{query}"


def open_sign_in_http(verify: ssl.SSLContext, *, authority_root: str) -> SignInHttp:
    """A road to the sign-in host; proxies come from the usual variables (HTTPS_PROXY, NO_PROXY)."""
    client = httpx.Client(verify=verify, timeout=_DEADLINE_S / 2, headers=ACCEPTED)
    return SignInHttp(client, authority_root=authority_root, deadline_s=_DEADLINE_S)


def _texts(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in form.items()}
