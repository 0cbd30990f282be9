"""HTTP as uvicorn reads it: one request at a time, each within limits, before anybody has asked who it is.

An ASGI application is called when a request's head is complete, so it cannot see a head without an end, one
that comes a byte a second, or a thousand requests in one piece; uvicorn itself reads all of them for as long
as they last. Hence this subclass of its protocol, on top of those for the fast path (`at_once.py`) and for
time (`phases.py`).
"""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, NoReturn

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl

from app.api.at_once import FINISHED_CYCLE
from app.api.phases import LingeringTransport, Phase, PhasedProtocol
from app.errors import CallerError, HeadTooLarge, MalformedRequest

_LOG = logging.getLogger(__name__)

_END_OF_HEAD = b"\r\n\r\n"
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Takes the headers that may follow a chunked body, and keeps none: they could go on for ever."""

    def append(self, _header: tuple[bytes, bytes], /) -> None:
        """Forget it."""


_NO_TRAILERS = _NoTrailers()


class HeldFlow(FlowControl):
    """Reads on only when nothing waits to be parsed.

    An application that waits for a body, or for the end of its client, resumes reading each time: with every
    request a client could have another quarter of a megabyte taken in.
    """

    def __init__(self, transport: asyncio.Transport, *, is_held: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._is_held = is_held

    def resume_reading(self) -> None:
        """Resume it, or leave it to the end of what waits."""
        if not self._is_held():
            super().resume_reading()


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
        self._parsed_to = 0  # of `_unparsed`, which is not cut for each request: it may hold thousands
        self._is_parsing = False
        self._received = 0  # bytes since the last request was complete
        self._body_left = 0  # of a body whose length was announced
        self._unfinished_at = 0  # what had been received when the last header or chunk was finished
        self._half_closed = False
        self._is_in_request_line = False

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Reading is not resumed behind our back."""
        super().connection_made(transport)
        self.flow = HeldFlow(transport, is_held=lambda: bool(self._unparsed) and not self._refused)

    def connection_lost(self, exc: Exception | None) -> None:
        """What has not been parsed was asked by nobody any more."""
        self._unparsed = b""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """One piece of one or more requests."""
        if self._refused:
            self._throw_away(len(data))
            return
        if self._unparsed or self.phase is Phase.ANSWER:
            self._unparsed, self._parsed_to = self._unparsed[self._parsed_to :] + data, 0
            self.flow.pause_reading()
        else:
            self._parse(data, 0)

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
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False  # RFC 9110, 10.1.1
        if self._received > self.max_head and self._head_size() > self.max_head:
            self._refuse_in_parser(_head_too_large(self.max_head))
        super().on_headers_complete()
        self._expects_body = True
        self._scope_after_head = self.scope
        self._unfinished_at = self._received
        if self.cycle is not FINISHED_CYCLE:
            self._expect_body()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._body_left -= len(body)
        self._unfinished_at = self._received
        super().on_body(body)

    def on_chunk_header(self) -> None:
        """A body in chunks: more headers may follow it, and HTTP/1.0 has none (RFC 9112, 6.1)."""
        self.headers = _NO_TRAILERS
        self._unfinished_at = self._received
        if self.scope["http_version"] == "1.0":
            self._refuse_in_parser(MalformedRequest("A body in chunks needs HTTP/1.1."))

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        if self.parser.should_upgrade():
            return
        self._expects_body = False
        self._received = 0
        self.since = self.loop.time()
        if self.expect_100_continue and not self.cycle.response_started:
            self.cycle.keep_alive = self.parser.should_keep_alive()
        if self.headers is _NO_TRAILERS and not self.parser.should_keep_alive():
            self._end_after_answer()
        super().on_message_complete()

    # What uvicorn calls

    def on_response_complete(self) -> None:
        """What uvicorn does, but for its timer, and for reading on while requests still wait."""
        self.server_state.total_requests += 1
        if self._refused or self.transport.is_closing() or self._is_parsing:
            return
        self._note_phase()
        if self._unparsed:
            self.loop.call_soon(self._parse_on)
        else:
            self._read_on()

    # Ours

    def _parse(self, data: bytes, start: int) -> None:
        """Feed the parser to the end of each head and of each body, while nothing has to wait for an answer.

        So at most one request has been parsed that is not answered, however many come in one piece.
        """
        position, self._is_parsing = start, True
        while position < len(data) and position < start + self.max_turn:
            position += self._feed(data[position : self._end_of_part(data, position)])
            self._note_phase()
            if self._refused or self.transport.is_closing():
                position = len(data)
            elif self.phase is Phase.ANSWER:
                break
        self._is_parsing = False
        if position < len(data):
            self._unparsed, self._parsed_to = data, position
            self.flow.pause_reading()
            if self.phase is not Phase.ANSWER:
                self.loop.call_soon(self._parse_on)

    def _end_of_part(self, data: bytes, position: int) -> int:
        """Where the head or the body under way ends, or a piece of it."""
        if self.phase is Phase.BODY and self._body_left > 0:
            return position + min(self._body_left, self.max_piece)
        if position == 0 and data[0] in b"\r\n":
            return len(data) - len(data.lstrip(b"\r\n"))  # perhaps the rest of an end that came in two pieces
        end = data.find(_END_OF_HEAD, position, position + self.max_piece)
        return position + self.max_piece if end < 0 else end + len(_END_OF_HEAD)

    def _expect_body(self) -> None:
        """Note how long a body is going to be, and what becomes of the connection if it is not waited for.

        Where the connection ends with the answer, closing it upon what still comes would destroy the answer.
        A client that waits for `100 Continue` may send its body or not once it is answered otherwise
        (RFC 9110, 10.1.1): nobody could tell, so that answer ends the connection, too.
        """
        self._body_left = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        if self.expect_100_continue:
            self.cycle.keep_alive = False
        if not self.cycle.keep_alive:
            self.cycle.transport = LingeringTransport(self)  # type: ignore[assignment]  # all that it needs

    def _end_after_answer(self) -> None:
        """A trailer may say `close`: the parser is deaf from then on."""
        self.cycle.keep_alive = False
        if self.cycle.response_complete:
            self.transport.close()

    def _parse_on(self) -> None:
        """What has waited for an answer, or for the other connections."""
        data, self._unparsed = self._unparsed, b""
        if data and not self.transport.is_closing():
            self._parse(data, self._parsed_to)
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
            _LOG.warning("Invalid HTTP request received.", extra={"rate_limited": True})
            self._refuse(self._refused or MalformedRequest("This is not a request in HTTP/1.1."))
        if self._refused:
            return len(piece)
        if self.scope is not self._scope_after_head:
            self._is_in_request_line = self._end_of_request_line(piece) == len(piece)
            if self._received > self.max_head:
                self._refuse(_head_too_large(self.max_head))
        elif self._expects_body:
            self._bound_body()
        elif self._received > self.max_head:
            self.transport.close()  # blank lines, and no end of them
        return len(piece)

    def _bound_body(self) -> None:
        """A header behind a body, or what belongs to a chunk, is kept by the parser until it is finished."""
        if self._received - self._unfinished_at > self.max_head:
            self._refuse(_head_too_large(self.max_head))
        elif self._received > self.max_message:
            self.transport.close()

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
