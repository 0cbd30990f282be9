"""An answer that is there whole before anybody has waited for it, and the two ways to hand it over.

uvicorn starts a task for each request and looks at each header of its answer for forbidden characters. For a
hit that costs more than finding the person. So the protocol here first asks whether the application has the
answer at once; if it has, the bytes are written then and there. Any other server gets two ASGI messages.
"""

from typing import Any, Protocol, runtime_checkable

import msgspec
from starlette.types import Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.api.idle import IdleProtocol


class AtOnce(msgspec.Struct, frozen=True, gc=False):
    """A whole answer to a GET without a body: status, header lines with an end each, and body."""

    status: int
    lines: bytes
    body: bytes


@runtime_checkable
class AnswersAtOnce(Protocol):
    """An application that may have an answer without being awaited."""

    def at_once(self, scope: Scope, /) -> AtOnce | None:
        """The answer, which is then as good as given; None if the application has to be called."""
        ...


class PromptProtocol(IdleProtocol):
    """Writes what the application has at once, and starts a task for the rest.

    The task also has whatever is not simply writing: a client that reads slowly, one behind another request
    (they would be answered inside each other), a server with an access log of its own.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app
        self._at_once = app.at_once if isinstance(app, AnswersAtOnce) and not self.access_log else None
        self._lines_of: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        answer = self._prompt_answer(cycle)
        if answer is None:
            super()._start_asgi_task(cycle, app)
        else:
            self._write(answer, cycle)

    def _prompt_answer(self, cycle: RequestResponseCycle) -> AtOnce | None:
        if not self._at_once or self.flow.write_paused or self.pipeline or self.transport.is_closing():
            return None
        try:
            return self._at_once(cycle.scope)  # type: ignore[arg-type]  # Starlette's word for the same
        except Exception:  # noqa: BLE001 - inside the parser it would pass for the client's fault
            return None  # the task will meet it again, log it, and answer 500

    def _write(self, answer: AtOnce, cycle: RequestResponseCycle) -> None:
        """Do what uvicorn's own `RequestResponseCycle.send` does with a start and a body, in one write."""
        cycle.response_started = cycle.response_complete = True
        cycle.more_body = False
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(
            b"".join((STATUS_LINE[answer.status], self._own_lines(), answer.lines, end, answer.body))
        )
        if not cycle.keep_alive:
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
    parts = (line.partition(b": ") for line in answer.lines.splitlines())
    headers = [(name, value) for name, _, value in parts]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
