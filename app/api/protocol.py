"""HTTP as uvicorn reads it, with limits on what a client may send before anybody has asked who it is.

An ASGI application is called when a request's head is complete, so it cannot see a head without an end, nor
one that comes a byte a second; uvicorn itself reads both for as long as they last. Hence this subclass of its
protocol, on top of those of `at_once.py` (how an answer is written) and `idle.py` (how long a connection may
idle); everything else stays uvicorn's.
"""

import asyncio
from enum import Enum
from typing import Any, NoReturn

from starlette.responses import Response

from app.api.at_once import PromptProtocol
from app.api.problems import problem
from app.api.security_headers import STRICT
from app.errors import CallerError, HeadTooLarge, MalformedRequest, TooSlow


class _Phase(Enum):
    """What of a request is still to come."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


_NOTHING, _HEAD, _BODY = _Phase  # by name at once: they are looked at several times for each request


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Takes the headers that may follow a chunked body, and keeps none: they could go on for ever."""

    def append(self, _header: tuple[bytes, bytes], /) -> None:
        """Forget it."""


_NO_TRAILERS = _NoTrailers()


class BoundedProtocol(PromptProtocol):
    """Answers 431 to a head that is too large and 408 to one or a body that is too slow, and hangs up.

    A request that arrives in one piece, as nearly all do, starts no timer.
    """

    max_head = 64 * 1024
    """Bytes of request line and headers; the address has no limit of its own within them."""
    max_message = 32 * 1024 * 1024
    """Bytes of a whole request on the wire: 4 MiB of body in the smallest chunks are 24 MiB."""
    head_within_s = 10.0
    body_within_s = 30.0
    linger_s = 1.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rest: _Phase = _NOTHING
        self._headed: Any = None  # the scope of the request whose head is complete
        self._timed: _Phase = _NOTHING
        self._timer: asyncio.TimerHandle | None = None
        self._received = 0  # since the last request was complete
        self._piece = 0
        self._refused: CallerError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Whoever connects has to ask something in time."""
        super().connection_made(transport)
        self._start_timer(_HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """One piece of one or more requests."""
        if self._refused:
            return
        self._piece = len(data)
        self._received += self._piece
        super().data_received(data)
        if self._refused:
            return
        phase = self._phase
        if self._timed is not phase:
            self._start_timer(phase)
        if phase is _HEAD and self._received > self.max_head:
            self._refuse(_head_too_large(self.max_head))
        elif self._received > self.max_message:
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The last byte of a head; only a large piece is worth counting exactly."""
        large = self._received > self.max_head or self._piece > self.max_head
        if large and self._head_size() > self.max_head:
            self._refuse_in_parser(_head_too_large(self.max_head))
        self._rest = _BODY
        self._headed = self.scope
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """A body in chunks: more headers may follow it."""
        self.headers = _NO_TRAILERS

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self._rest = _NOTHING
        self._received = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser gave up, be it for a reason of ours; `msg` is uvicorn's own."""
        del msg
        self._refuse(self._refused or MalformedRequest("This is not a request in HTTP/1.1."))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to warn of: Java's client offers HTTP/2 with every first request, and takes no for no."""

    @property
    def _phase(self) -> _Phase:
        """A head is under way when uvicorn has begun a scope that was not completed."""
        return self._rest if self.scope is self._headed else _HEAD

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_in_parser(self, error: CallerError) -> NoReturn:
        """Stop the parser from one of its callbacks; it then ends in `send_400_response`."""
        self._refused = error
        raise ValueError(str(error))

    def _start_timer(self, phase: _Phase) -> None:
        self._stop_timer()
        self._timed = phase
        if phase is not _NOTHING and not self.transport.is_closing():
            within_s = self.head_within_s if phase is _HEAD else self.body_within_s
            self._timer = self.loop.call_later(within_s, self._out_of_time)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _out_of_time(self) -> None:
        """Tell whoever has begun a request; who said nothing at all is not told anything."""
        if self._phase is _HEAD and self._is_answering():
            self._start_timer(_HEAD)  # a request behind one that we have not answered ourselves
        elif self._phase is _NOTHING:
            self.transport.close()
        else:
            self._refuse(TooSlow("The request took too long to arrive: send it whole."))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, error: CallerError) -> None:
        """Answer, unless an answer is already on its way, and hang up."""
        self._refused = error
        self._stop_timer()
        may_answer = self._may_answer() and not self.transport.is_closing()
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if may_answer:
            self.transport.write(_bytes_of(problem(error)))
        self._hang_up(linger=may_answer)

    def _hang_up(self, *, linger: bool) -> None:
        """Close; an answer gets a moment first.

        Closing on unread bytes would destroy it (RFC 9112, 9.6). What comes in that moment is thrown away.
        """
        if linger and self.transport.can_write_eof():
            self.transport.write_eof()
            self._timer = self.loop.call_later(self.linger_s, self.transport.close)
        else:
            self.transport.close()

    def _may_answer(self) -> bool:
        """Whether the next bytes that a client reads from us would be the answer to this request."""
        if self._phase is _BODY and self.cycle:
            return not self.cycle.response_started and not self.pipeline
        return not self._is_answering()


def _head_too_large(limit: int) -> HeadTooLarge:
    return HeadTooLarge(f"Address and headers together are larger than {limit // 1024} KiB: shorten them.")


def _bytes_of(answer: Response) -> bytes:
    status = f"HTTP/1.1 {answer.status_code} \r\n".encode()
    headers = [*answer.raw_headers, *STRICT, (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return status + lines + b"\r\n" + bytes(answer.body)
