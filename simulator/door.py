"""The way in: a request is read whole, counted, met by its faults, answered, and delivered or not."""

import asyncio
import gzip
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from .calls import Call
from .exchange import Answer, Ask, RefusedError
from .faults import SIGN_IN_ENDPOINTS, Kind, Trouble
from .presences import PresenceQuestion
from .reshape import reshaped
from .world import World

Handler = Callable[[Ask], Answer]
TRANSPORT = "simulator.transport"
DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"Germany West Central","Slice":"E","Ring":"5",'
    '"ScaleUnit":"002","RoleInstance":"FR1PEPF00000001"}}'
)
TRICKLE_PIECES = 10
WORTH_PACKING = 1_000
_NO_TROUBLE = Trouble()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One endpoint as an ASGI application. Without a name it is no part of Microsoft and has no faults."""

    world: World
    handler: Handler
    name: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        ask = await read_ask(scope, receive)
        trouble = self._trouble(ask)
        await asyncio.sleep(trouble.delay_s + self._latency_s())
        answer = self._answer(replace(ask, omitted=trouble.omitted), trouble)
        self._note(ask, 0 if trouble.breakage in (Kind.RESET, Kind.HANG) else answer.status)
        dressed = self._dressed(ask, answer)
        if trouble.breakage is not None:
            await break_wire(trouble.breakage, dressed, scope, receive, send)
        else:
            await deliver(dressed, send, over_s=trouble.trickle_s)

    def _trouble(self, ask: Ask) -> Trouble:
        if self.name is None:
            return _NO_TROUBLE
        self.world.calls.arrived(self.name)
        return self.world.faults.meet(self.name, frozenset(_asked_ids(ask, self.name)))

    def _latency_s(self) -> float:
        return self.world.latency_s if self._is_graph() else 0.0

    def _answer(self, ask: Ask, trouble: Trouble) -> Answer:
        now = self.world.clock.now()
        if trouble.replacement is not None:
            return trouble.replacement.answer(ask, endpoint=self.name or "", now=now)
        try:
            return reshaped(self.handler(ask), trouble.faults, ask)
        except RefusedError as refused:
            return refused.answer(ask, now=now)

    def _note(self, ask: Ask, status: int) -> None:
        if self.name is None:
            return
        self.world.calls.ended(
            Call(
                time=self.world.clock.iso(),
                endpoint=self.name,
                status=status,
                ids=len(_asked_ids(ask, self.name)) or None,
                client_request_id=ask.headers.get("client-request-id"),
                grant_type=ask.form().get("grant_type") if self.name == "token" else None,
            )
        )

    def _dressed(self, ask: Ask, answer: Answer) -> Answer:
        """With the headers that every answer of Microsoft's carries."""
        ids = {"request-id": ask.request_id, "client-request-id": ask.client_request_id}
        own = {**ids, "date": self.world.clock.http_date(), "x-ms-ags-diagnostic": DIAGNOSTIC}
        dressed = replace(answer, headers={**own, **answer.headers})
        return packed(dressed) if self._is_graph() and takes_gzip(ask) else dressed

    def _is_graph(self) -> bool:
        return self.name is not None and self.name not in SIGN_IN_ENDPOINTS


async def read_ask(scope: Scope, receive: Receive) -> Ask:
    """The whole request as a value."""
    headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return Ask(
        method=scope["method"],
        root=f"https://{headers.get('host', '127.0.0.1')}",
        path=MappingProxyType(scope.get("path_params", {})),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        body=b"".join(pieces),
    )


def takes_gzip(ask: Ask) -> bool:
    """Whether the caller reads compressed answers."""
    return "gzip" in ask.headers.get("accept-encoding", "")


def packed(answer: Answer) -> Answer:
    """The answer as Graph sends it to whoever takes it so ("Best practices"); small ones are not worth it."""
    if len(answer.body) < WORTH_PACKING:
        return answer
    headers = {**answer.headers, "content-encoding": "gzip", "vary": "Accept-Encoding"}
    return replace(answer, body=gzip.compress(answer.body, 1, mtime=0), headers=headers)


async def deliver(answer: Answer, send: Send, *, over_s: float = 0.0) -> None:
    """Send the answer, at once or in drops."""
    await send(_start(answer))
    if over_s <= 0:
        await send({"type": "http.response.body", "body": answer.body})
        return
    size = max(1, -(-len(answer.body) // TRICKLE_PIECES))
    for first in range(0, len(answer.body), size):
        await asyncio.sleep(over_s / TRICKLE_PIECES)
        await send(
            {"type": "http.response.body", "body": answer.body[first : first + size], "more_body": True}
        )
    await send({"type": "http.response.body", "body": b""})


async def break_wire(kind: Kind, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Never answer, cut the connection, or stop in the middle of the body."""
    if kind is Kind.HANG:
        while (await receive())["type"] != "http.disconnect":
            pass
    elif kind is Kind.RESET:
        reset(scope.get("extensions", {}).get(TRANSPORT))
    else:
        await send(_start(answer))
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def reset(transport: asyncio.Transport | None) -> None:
    """Cut with a TCP reset: no TLS farewell, nothing to flush."""
    if transport is None:
        raise ConnectionResetError("the simulator was told to cut the connection")
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _start(answer: Answer) -> dict[str, Any]:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    pairs = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": pairs}


def _asked_ids(ask: Ask, name: str) -> list[str]:
    """Whose presence is asked for, as far as the request can be read."""
    if name == "presence":
        return [ask.path["key"].lower()]
    if name != "getPresencesByUserId":
        return []
    try:
        return [key.lower() for key in msgspec.json.decode(ask.body, type=PresenceQuestion).ids]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
