"""What a connection waits for, how long it may, and how it ends.

uvicorn sets a timer for a connection that idles, anew after each answer. Here a connection only notes since
when it has been waiting for what, and the server (`connection_limits.py`) looks at all of them once a second.
"""

import asyncio
import math
from enum import Enum
from typing import Any

from starlette.responses import Response

from app.api.at_once import FastPathProtocol
from app.api.problems import problem
from app.api.security_headers import STRICT
from app.errors import CallerError, MalformedRequest, TooSlow


class Phase(Enum):
    """What a connection is waiting for."""

    CONNECTED = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3
    IDLE = 4
    CLOSING = 5


# By name at once: they are looked at several times for each request.
_CONNECTED, _HEAD, _BODY, _ANSWER, _IDLE, _CLOSING = Phase


class PhasedProtocol(FastPathProtocol):
    """Knows its phase, answers 408 to a request that takes too long to arrive, and hangs up on silence."""

    head_within_s = 10.0
    body_within_s = 30.0
    read_within_s = 60.0
    """How long an answer may lie in the send buffer: a reader who does not read holds memory."""
    linger_s = 1.0
    max_thrown_away = 32 * 1024 * 1024
    """Bytes of a body that nobody waits for, taken so that the answer is not lost."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phase = _CONNECTED
        self.since = 0.0
        """When the phase began, on the loop's clock."""
        self._expects_body = False
        self._scope_after_head: Any = None
        self._refused: CallerError | None = None
        self._unread_since = math.inf
        self._lingers_until = math.inf
        self._thrown_away = 0
        self._within_s = {
            _CONNECTED: self.head_within_s,
            _HEAD: self.head_within_s,
            _BODY: self.body_within_s,
            _IDLE: self.timeout_keep_alive,
            _CLOSING: self.linger_s,
        }

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Whoever connects has to ask something in time, and finds room because the silent have to leave."""
        super().connection_made(transport)
        self._enter(_CONNECTED)
        self.server_state.admit(self)  # type: ignore[attr-defined]  # the server's own, see connection_limits.py

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing has been asked to its end that is not answered."""
        return self.phase is not _ANSWER and not self.transport.is_closing()

    def enforce_deadline(self, now: float) -> None:
        """Hang up on a client that takes too long to ask or to read; `now` is the loop's time."""
        if not self.transport.get_write_buffer_size():
            self._unread_since = math.inf
        elif now - (began := min(self._unread_since, now)) > self.read_within_s:
            self.transport.abort()
            return
        else:
            self._unread_since = began
        if now - self.since <= self._within_s.get(self.phase, math.inf):
            return
        if self.phase in {_HEAD, _BODY} and not self.transport.is_closing():
            self._refuse(TooSlow("The request took too long to arrive: send it whole."))
        else:
            self.transport.close()

    def end_connection(self) -> None:
        """After the last answer."""
        self._hang_up(linger=self._expects_body)

    def _note_phase(self) -> None:
        """Begin to count the time anew where something else is waited for."""
        if self._refused:
            return
        if self._is_answering() and not self._expects_body:
            phase = _ANSWER  # also where the next head has begun, which waits
        elif self.scope is not self._scope_after_head:
            phase = _HEAD
        elif self._expects_body:
            phase = _BODY
        else:
            phase = _CONNECTED if self.cycle is None else _IDLE
        if phase is not self.phase:
            self._enter(phase)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.since = self.loop.time()

    def _refuse(self, error: CallerError) -> None:
        """Answer, unless an answer is already on its way, and hang up."""
        self._refused = error
        may_answer = self._may_answer() and not self.transport.is_closing()
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.waiting_for_100_continue = False
            self.cycle.message_event.set()
        if may_answer:
            self.transport.write(_bytes_of(problem(error)))
        self._hang_up(linger=may_answer)

    def _hang_up(self, *, linger: bool) -> None:
        """Close; an answer gets a moment first.

        Closing on unread bytes would destroy it (RFC 9112, 9.6). What comes is thrown away, until nothing has
        come for a moment.
        """
        self._refused = self._refused or MalformedRequest("Nothing is read any more.")
        if linger and not self.transport.is_closing():
            if self.transport.can_write_eof():  # not with TLS
                self.transport.write_eof()
            self.flow.resume_reading()
            self._enter(_CLOSING)
            self._lingers_until = self.since + self.body_within_s
        else:
            self.transport.close()

    def _throw_away(self, size: int) -> None:
        """What still comes after the last answer: not for ever, and not without end."""
        self._thrown_away += size
        if self._thrown_away > self.max_thrown_away or self.loop.time() > self._lingers_until:
            self.transport.close()
        else:
            self.since = self.loop.time()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _may_answer(self) -> bool:
        """Whether the next bytes that a client reads from us would be the answer to this request."""
        if self._expects_body:
            return not self.cycle.response_started and not self.pipeline
        return not self._is_answering()


class LingeringTransport:
    """What an answer is written to after which the connection ends, while a body may still come."""

    def __init__(self, protocol: PhasedProtocol) -> None:
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        """As the transport does it."""
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        """As the transport says."""
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        """With a moment for the client to read, if its body is not whole."""
        self._protocol.end_connection()


def _bytes_of(answer: Response) -> bytes:
    status = f"HTTP/1.1 {answer.status_code} \r\n".encode()
    headers = [*answer.raw_headers, *STRICT, (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return status + lines + b"\r\n" + bytes(answer.body)
