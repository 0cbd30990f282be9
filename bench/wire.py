"""HTTP/1.1 as far as the load needs it: requests made beforehand, and where an answer ends."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

Address = tuple[str, int]

HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NO_BODY = (b"204", b"304")
_CHUNK = 1 << 18
_PATIENCE_S = 10.0


class WrongAnswer(Exception):
    """An answer is not what it has to be: what was measured so far means nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The header's value, empty without one."""
        found = re.search(rb"\r\n" + name.encode() + rb": *([^\r\n]*)", self.head, re.IGNORECASE)
        return found[1].decode() if found else ""


def request(
    path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """The bytes of a request, over a connection that stays open."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join(lines).encode() + HEAD_END + body


def missing(data: bytes) -> int | None:
    """How many bytes an answer lacks after these, its first; None while its head is incomplete.

    Raises WrongAnswer for one whose end cannot be known, or that goes on after it.
    """
    end = data.find(HEAD_END)
    if end < 0:
        return None
    lacking = end + len(HEAD_END) + _body_length(data, end) - len(data)
    if lacking < 0:
        raise WrongAnswer(f"More than was asked for: {data[:200]!r}")
    return lacking


def _body_length(data: bytes, end: int) -> int:
    if data[9:12] in _NO_BODY:
        return 0
    length = _LENGTH.search(data, 0, end)
    if not length:
        raise WrongAnswer(f"No length: {data[:200]!r}")
    return int(length[1])


def parsed(data: bytes) -> Answer:
    """A whole answer taken apart."""
    head, _, body = data.partition(HEAD_END)
    return Answer(int(head[9:12]), head, body)


def ask(address: Address, wanted: bytes) -> Answer:
    """One question over a connection of its own. Raises OSError, WrongAnswer."""
    with socket.create_connection(address, timeout=_PATIENCE_S) as connection:
        connection.sendall(wanted)
        return receive(connection)


def receive(connection: socket.socket) -> Answer:
    """The next answer on a connection that waits for it. Raises OSError, WrongAnswer."""
    data = b""
    while (lacking := missing(data)) is None or lacking > 0:
        piece = connection.recv(_CHUNK)
        if not piece:
            raise WrongAnswer(f"Cut short: {data[:200]!r}")
        data += piece
    return parsed(data)
