"""The sign-in host as something to be asked: with the service's own trust and proxies, and with an end."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.doctor.network import Network, Patience
from app.doctor.sign_in_faults import SignInCase
from app.doctor.threads import in_thread
from app.graph.bounded import ACCEPTED, SIGN_IN_LIMIT, BoundedBody
from app.graph.credentials import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInHost:
    """Where the sign-in goes to, and what is needed to ask there."""

    credentials: Credentials
    graph_root: str
    network: Network
    verify: ssl.SSLContext
    patience: Patience
    now: Callable[[], datetime]

    @property
    def root(self) -> str:
        """The root of the host, without a slash at its end."""
        return self.credentials.authority_root

    @property
    def graph_host(self) -> str:
        """The host of the Graph that belongs to it."""
        return urlsplit(self.graph_root).hostname or ""

    @property
    def case(self) -> SignInCase:
        """The sign-in as the sentences speak of it."""
        way = self.network.way(self.root)
        return SignInCase(credentials=self.credentials, way=way, graph=self.graph_host, now=self.now())

    async def get(self, url: str) -> httpx.Response:
        """Fetch `url`. Raises httpx.HTTPError, TimeoutError."""

        def get() -> httpx.Response:
            with (
                httpx.Client(verify=self.verify, timeout=self.patience.connect_s, headers=ACCEPTED) as client,
                client.stream("GET", url) as answer,
            ):
                body = BoundedBody(answer, limit=SIGN_IN_LIMIT)
                for piece in answer.iter_bytes():
                    body.add(piece)
            return body.whole()

        return await in_thread(get, within_s=self.patience.answer_s)


def content_of(answer: httpx.Response) -> dict[str, Any]:
    """The object that was answered; empty for anything else."""
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
