"""msal's road to the sign-in host: an httpx client with a deadline and three of msal's habits put right."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

_USER_REALM = "/common/userrealm/"


class SignInHttp:
    """The `http_client` that msal asks for: blocking `get` and `post`.

    msal's user-realm call drops the authority's port and puts the user name into the path as it is, and its
    client assertion is bytes, which httpx would send as their `repr`: all three are put right here. httpx
    limits each read, so that an answer that drips would never end; `deadline_s` ends it.
    """

    def __init__(self, client: httpx.Client, *, authority_root: str, deadline_s: float) -> None:
        self._client = client
        self._root = authority_root
        self._host = urlsplit(authority_root).hostname
        self._deadline_s = deadline_s
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
        with self._client.stream(method, url, **request) as answer:
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer took too long", request=answer.request)
        self.retry_after, self.status = answer.headers.get("retry-after"), answer.status_code
        return _whole(answer, bytes(body))

    def _repaired(self, url: str) -> str:
        prefix = f"https://{self._host}{_USER_REALM}"
        if not url.startswith(prefix):
            return url
        username, _, query = url.removeprefix(prefix).rpartition("?")
        return f"{self._root}{_USER_REALM}{quote(username, safe='@')}?{query}"


def _texts(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in form.items()}


def _whole(answer: httpx.Response, body: bytes) -> httpx.Response:
    """The streamed answer as one that msal can read, without headers that no longer describe the body."""
    kept = [(name, value) for name, value in answer.headers.items() if name != "content-encoding"]
    return httpx.Response(answer.status_code, headers=kept, content=body, request=answer.request)
