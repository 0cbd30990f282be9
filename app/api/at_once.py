"""An answer that is there whole before anybody has waited for it, and the two ways to hand it over.

uvicorn makes a cycle, an event and a task for each request, and looks at each header of its answer for
forbidden characters. For a hit that costs more than finding the person. So the protocol here first asks
whether the application has the answer at once; if it has, the bytes are written then and there. Any other
server gets two ASGI messages.
"""

import asyncio
from typing import Any, Protocol, cast, runtime_checkable
from urllib.parse import unquote

import msgspec
from starlette.types import Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle


class Head:
    """The headers of many answers, ready but for a few values: None stands for one that comes with each."""

    def __init__(self, *headers: tuple[bytes, bytes | None]) -> None:
        self._headers = headers
        fixed = ((name, b"%b" if value is None else value.replace(b"%", b"%%")) for name, value in headers)
        self._lines = b"".join(b"%b: %b\r\n" % header for header in fixed)

    def lines(self, values: tuple[bytes, ...]) -> bytes:
        """As they go over the wire, each with its end."""
        return self._lines % values

    def pairs(self, values: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
        """As ASGI wants them."""
        left = iter(values)
        return [(name, next(left) if value is None else value) for name, value in self._headers]


class AtOnce(msgspec.Struct, frozen=True, gc=False):
    """A whole answer to a GET without a body: its headers are `head` with these `values` put in."""

    status: int
    head: Head
    values: tuple[bytes, ...]
    body: bytes = b""


@runtime_checkable
class AnswersAtOnce(Protocol):
    """An application that may have an answer without being awaited."""

    def at_once(self, scope: Scope, /) -> AtOnce | None:
        """The answer, which is then as good as given; None if the application has to be called."""
        ...


class _FinishedCycle:
    """Stands for the cycle of a request that was answered at once: nothing is left to be done for it."""

    response_started = response_complete = True
    disconnected = keep_alive = False
    message_event = asyncio.Event()


FINISHED_CYCLE = cast("RequestResponseCycle", _FinishedCycle())


class FastPathProtocol(HttpToolsProtocol):
    """Writes what the application has at once, and lets uvicorn start a task for the rest.

    The task also has whatever is not simply writing: a client that reads slowly, one behind another request
    (they would be answered inside each other), a server with an access log of its own.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app
        self._at_once = app.at_once if isinstance(app, AnswersAtOnce) and not self.access_log else None
        self._lines_of: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def on_headers_complete(self) -> None:
        """Ask for the answer before uvicorn has made anything that a task needs."""
        scope = self._plain_scope() if self._at_once and self._may_write() else None
        answer = self._prompt_answer(scope) if scope else None
        if answer is None:
            super().on_headers_complete()
        else:
            self.cycle = FINISHED_CYCLE
            self._write(answer, keep_alive=self.parser.should_keep_alive())

    def on_message_complete(self) -> None:
        """The end of a request, of which there is nothing to be told where the answer is given."""
        if self.cycle is not FINISHED_CYCLE:
            super().on_message_complete()

    def _may_write(self) -> bool:
        waits = self.flow.write_paused or self.pipeline or self.transport.is_closing()
        return not waits and (self.cycle is None or self.cycle.response_complete)

    def _plain_scope(self) -> Scope | None:
        """The scope as uvicorn is going to complete it, for a request that is in no way special."""
        raw_path, _, query = self.url.partition(b"?")
        if not raw_path.startswith(b"/") or not raw_path.isascii() or b"#" in self.url or self.root_path:
            return None
        if self.parser.get_http_version() != "1.1":
            return None
        path = raw_path.decode()
        scope: Scope = self.scope  # type: ignore[assignment]  # Starlette's word for the same
        scope["method"] = self.parser.get_method().decode()
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        return scope

    def _prompt_answer(self, scope: Scope) -> AtOnce | None:
        try:
            return self._at_once(scope) if self._at_once else None
        except Exception:  # noqa: BLE001 - inside the parser it would pass for the client's fault
            return None  # the task will meet it again, log it, and answer 500

    def _write(self, answer: AtOnce, *, keep_alive: bool) -> None:
        """Do what uvicorn's own `RequestResponseCycle.send` does with a start and a body, in one write."""
        end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        lines = answer.head.lines(answer.values)
        self.transport.write(
            b"".join((STATUS_LINE[answer.status], self._own_lines(), lines, end, answer.body))
        )
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _own_lines(self) -> bytes:
        """The server's own headers, such as `Date`: uvicorn makes a new list of them every second."""
        headers = self.server_state.default_headers
        if headers is not self._lines_of:
            self._lines_of = headers
            self._lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._lines


async def send_whole(answer: AtOnce, send: Send) -> None:
    """Say the same in ASGI's words."""
    headers = answer.head.pairs(answer.values)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
