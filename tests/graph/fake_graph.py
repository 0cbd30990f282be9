"""Microsoft Graph as a function behind httpx: it answers by script and remembers what it was asked."""

import itertools
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx

from app.clock import Clock
from app.graph.client import GraphClient
from app.graph.connections import Connections
from app.graph.sign_in import Token
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport
from app.presence.phones import NumberReader

ROOT = "https://graph.example:8443"

Script = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


def answering(script: Callable[[httpx.Request], Any]) -> Connections:
    """Connections at whose other end a script answers."""
    return Connections(lambda: httpx.AsyncClient(transport=httpx.MockTransport(script)))


class FakeGraph:
    """One Graph root, reached through the real transport, with a sign-in that numbers its tokens."""

    def __init__(self, clock: Clock, script: Script) -> None:
        self.script = script
        self.asked: list[httpx.Request] = []
        self.sign_ins = 0
        self._numbers = itertools.count(1)
        self.tokens = TokenSource(self._acquire, clock=clock)
        self.budget = GraphBudget(clock)
        connections = answering(self._answer)
        self.transport = GraphTransport(
            connections,
            root=ROOT,
            tokens=self.tokens,
            budget=self.budget,
            clock=clock,
        )
        self.client = GraphClient(self.transport, numbers=NumberReader("DE"))

    @property
    def paths(self) -> list[str]:
        """The paths asked for, without their queries."""
        return [request.url.path for request in self.asked]

    @property
    def urls(self) -> list[str]:
        """The whole addresses asked for."""
        return [str(request.url) for request in self.asked]

    def _acquire(self, *, renew: bool = False) -> Token:
        del renew
        self.sign_ins += 1
        return Token(f"token-{next(self._numbers)}", 3600.0, 3300.0)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.script(request)
        return answer if isinstance(answer, httpx.Response) else await answer


def one_after_another(*answers: httpx.Response | Exception) -> Script:
    """A script of prepared answers; the last one is given again and again."""
    left = list(answers)

    def script(_: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return script


def ids_of(request: httpx.Request) -> list[str]:
    """The ids that a presence request asks for."""
    ids: list[str] = json.loads(request.content)["ids"]
    return ids


def presences(ids: Iterable[str], *, availability: str = "Available") -> httpx.Response:
    """Graph's answer about these people."""
    return answer(value=[{"id": key, "availability": availability, "activity": availability} for key in ids])


def everybody_free(request: httpx.Request) -> httpx.Response:
    """A script: whoever is asked for is free."""
    return presences(ids_of(request))


def answer(**members: Any) -> httpx.Response:
    """A 200 with this JSON."""
    return httpx.Response(200, json=members)


def page(*people: dict[str, Any], next_link: str = "", delta_link: str = "") -> httpx.Response:
    """A page of people, with the link that goes on or the one that ends the round."""
    links = {"@odata.nextLink": next_link, "@odata.deltaLink": delta_link}
    return answer(value=list(people), **{name: link for name, link in links.items() if link})


def refusal(status: int, code: str = "", **headers: str) -> httpx.Response:
    """One of Graph's error answers; `retry_after="7"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, json={"error": {"code": code, "message": "No."}})
