"""HTTP as uvicorn reads it: one request at a time, each within limits, before anybody has asked who it is.

An ASGI application is called when a request's head is complete, so it cannot see a head without an end, one
that comes a byte a second, or a thousand requests in one piece; uvicorn itself reads all of them for as long
as they last. Hence this subclass of its protocol, on top of those for the fast path (`at_once.py`) and for
time (`phases.py`).
"""

import re
from typing import Any, NoReturn

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.api.phases import Phase, PhasedProtocol
from app.errors import CallerError, HeadTooLarge, MalformedRequest

_END_OF_HEAD = b"\r\n\r\n"
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Takes the headers that may follow a chunked body, and keeps none: they could go on for ever."""

    def append(self, _header: tuple[bytes, bytes], /) -> None:
        """Forget it."""


_NO_TRAILERS = _NoTrailers()


class LimitingProtocol(PhasedProtocol):
    """Answers 431 to a head that is too large, and hangs up.

    The next request of a connection is parsed when the one before is answered; until then its bytes wait, and
    no more are read.
    """

    max_head = 64 * 1024
    """Bytes of request line and headers; the address has no limit of its own within them."""
    max_message = 32 * 1024 * 1024
    """Bytes of a whole request on the wire: 4 MiB of body in the smallest chunks are 24 MiB."""
    max_piece = 16 * 1024
    """Bytes that the parser is given at once."""
    max_turn = 64 * 1024
    """Bytes parsed before the other connections have their turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unparsed = b""
        self._is_parsing = False
        self._received = 0  # bytes since the last request was complete
        self._running: RequestResponseCycle | None = None
        self._half_closed = False
        self._is_in_request_line = False

    # What the transport calls

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application, also where uvicorn knows only of the request that waits behind."""
        self._unparsed = b""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """One piece of one or more requests."""
        if self._refused:
            return
        if self._unparsed or self.phase is Phase.ANSWER:
            self._unparsed += data
            self.flow.pause_reading()
        else:
            self._parse(data)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn never keeps a half open
        """A client may have nothing more to ask and still wait for its answer (RFC 9112, 9.6).

        TLS knows no half-closed connection: asyncio closes it whatever is returned here.
        """
        self._half_closed = self.scheme == "http" and (self.phase is Phase.ANSWER or bool(self._unparsed))
        return self._half_closed

    # What the parser calls

    def on_headers_complete(self) -> None:
        """The last byte of a head; only a large one is worth counting exactly."""
        if self.parser.should_upgrade():
            return  # to be read again without its offer
        if self._received > self.max_head and self._head_size() > self.max_head:
            self._refuse_in_parser(_head_too_large(self.max_head))
        super().on_headers_complete()
        self._expects_body = True
        self._scope_after_head = self.scope

    def on_chunk_header(self) -> None:
        """A body in chunks: more headers may follow it, and HTTP/1.0 has none (RFC 9112, 6.1)."""
        self.headers = _NO_TRAILERS
        if self.scope["http_version"] == "1.0":
            self._refuse_in_parser(MalformedRequest("A body in chunks needs HTTP/1.1."))

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        if self.parser.should_upgrade():
            return
        self._expects_body = False
        self._received = 0
        self.since = self.loop.time()
        super().on_message_complete()

    # What uvicorn calls

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """What uvicorn does, but for its timer, and for reading on while requests still wait."""
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._is_parsing:
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.expect_100_continue and self._expects_body:
            self._hang_up(linger=True)  # the body may come or not (RFC 9110, 10.1.1): nobody could tell
            return
        self._note_phase()
        if self._unparsed:
            self.loop.call_soon(self._parse_on)
        else:
            self._read_on()

    # Ours

    def _parse(self, data: bytes) -> None:
        """Feed the parser up to the end of each head, while nothing has to wait for an answer.

        So at most two requests have been parsed that are not answered, however many come in one piece.
        """
        position, self._is_parsing = 0, True
        while position < len(data) and position < self.max_turn:
            end = data.find(_END_OF_HEAD, position, position + self.max_piece)
            end = position + self.max_piece if end < 0 else end + len(_END_OF_HEAD)
            position += self._feed(data[position:end])
            self._note_phase()
            if self._refused or self.transport.is_closing():
                position = len(data)
            elif self.phase is Phase.ANSWER:
                break
        self._is_parsing = False
        if position < len(data):
            self._unparsed = data[position:]
            self.flow.pause_reading()
            if self.phase is not Phase.ANSWER:
                self.loop.call_soon(self._parse_on)

    def _parse_on(self) -> None:
        """What has waited for an answer, or for the other connections."""
        data, self._unparsed = self._unparsed, b""
        if data and not self.transport.is_closing():
            self._parse(data)
            if not self._unparsed:
                self._read_on()

    def _read_on(self) -> None:
        """Let more come, unless nothing more can come, or the application has not taken what has come."""
        if self._half_closed:
            if self.phase is not Phase.ANSWER:
                self.transport.close()
        elif not (self._is_answering() and len(self.cycle.body) > HIGH_WATER_LIMIT):
            self.flow.resume_reading()

    def _feed(self, piece: bytes) -> int:
        """Give the parser a piece; how much of it has been parsed."""
        self._received += len(piece)
        try:
            self.parser.feed_data(piece if piece.isascii() else self._with_encoded_target(piece))
        except httptools.HttpParserUpgrade as upgrade:
            self._read_again_without_offer()
            return int(upgrade.args[0])
        except httptools.HttpParserError:
            self._refuse(self._refused or MalformedRequest("This is not a request in HTTP/1.1."))
        if self._refused:
            return len(piece)
        if self.scope is not self._scope_after_head:
            self._is_in_request_line = self._end_of_request_line(piece) == len(piece)
            if self._received > self.max_head:
                self._refuse(_head_too_large(self.max_head))
        elif self._received > self.max_message:
            self.transport.close()
        return len(piece)

    def _with_encoded_target(self, piece: bytes) -> bytes:
        """Take bytes beyond ASCII in a request line for their percent-encoding (RFC 3986, 2.1).

        Phone systems write names into their addresses as they are, and the parser refuses them.
        """
        end = self._end_of_request_line(piece)
        return _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], piece[:end]) + piece[end:]

    def _end_of_request_line(self, piece: bytes) -> int:
        """How much of a piece belongs to the line that names the target; all of it while that has no end."""
        if self.phase in {Phase.BODY, Phase.ANSWER} or (
            self.phase is Phase.HEAD and not self._is_in_request_line
        ):
            return 0
        blank = 0 if self.phase is Phase.HEAD else len(piece) - len(piece.lstrip(b"\r\n"))
        end = piece.find(b"\n", blank)
        return len(piece) if end < 0 else end

    def _read_again_without_offer(self) -> None:
        """Overlook an offer to speak another protocol (RFC 9110, 7.8); Java makes it with each first request.

        httptools 0.9 takes it for done: it leaves the body out, which would then be read as a request. Its
        parser has no way back, so a new one is given the same head without the offer.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(MalformedRequest("CONNECT is for proxies: ask for a path with GET or POST."))
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self._received = 0
        self._feed(b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(lines)))

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_in_parser(self, error: CallerError) -> NoReturn:
        """Stop the parser from one of its callbacks; `_feed` then says why."""
        self._refused = error
        raise ValueError(str(error))


def _head_too_large(limit: int) -> HeadTooLarge:
    return HeadTooLarge(f"Address and headers together are larger than {limit // 1024} KiB: shorten them.")
