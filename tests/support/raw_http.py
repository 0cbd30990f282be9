"""A request written to the socket byte by byte, because every HTTP library tidies up what it sends."""

import socket
from collections.abc import Mapping
from urllib.parse import urlsplit


def ask_raw(base: str, target: str, *, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """GET `target` exactly as it is written; the status and the body."""
    host, port = urlsplit(base).hostname or "", urlsplit(base).port or 80
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()
