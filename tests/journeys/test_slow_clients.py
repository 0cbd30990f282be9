"""Clients that send too much, too slowly or nothing, against the real process: everybody else is answered."""

import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

MAX = "max.muster@contoso.example"
ASK = f"GET /presence/{MAX} HTTP/1.1\r\nHost: localhost\r\n".encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all of them; it and we may open more files than a shell's usual 1,024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    enough = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    folder: Path = tmp_path_factory.mktemp("slow-clients")
    tenant = start_simulated(folder / "tenant", "--people", "10")
    service = start_service(folder / "service", tenant.settings)
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()
    assert "Traceback" not in service.process.output


def connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.http.base_url.port or 0), timeout=20)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_head_beyond_64_kib_is_a_431(service: Service) -> None:
    """A problem document like any other, and the connection is closed."""
    answer = service.get(f"/presence/{MAX}", headers={"X-Padding": "a" * 65 * 1024})
    assert answer.status_code == 431
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json()["code"] == "head_too_large"
    assert service.get(f"/presence/{MAX}", headers={"X-Padding": "a" * 60 * 1024}).status_code == 200


def test_a_head_without_end_is_a_431(service: Service) -> None:
    """Long before anybody has sent a blank line."""
    with connect(service) as connection:
        connection.sendall(ASK + b"X-Padding: " + b"a" * 70_000)
        assert read_all(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_that_drips_is_a_408_within_ten_seconds(service: Service) -> None:
    """A byte a second: meanwhile others are answered at once, and a silent connection ends."""
    began = time.monotonic()
    with connect(service) as dripping, connect(service) as silent:
        for one in ASK[:8]:
            dripping.sendall(bytes([one]))
            assert service.get(f"/presence/{MAX}").elapsed.total_seconds() < 1
            time.sleep(1)
        assert read_all(dripping).startswith(b"HTTP/1.1 408 ")
        assert read_all(silent) == b""
    assert 9 < time.monotonic() - began < 13


def test_a_caller_who_hangs_up_in_its_body_leaves_no_trace(service: Service) -> None:
    """No traceback in the log: whoever can connect could otherwise fill the disk."""
    with connect(service) as connection:
        connection.sendall(b"POST /presence/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{")
        time.sleep(0.2)
    assert service.presence(MAX)["stale"] is False
    assert "Traceback" not in service.process.output


def test_a_thousand_silent_connections_stop_nobody(service: Service) -> None:
    """They cost a socket each and nobody's time."""
    silent = [connect(service) for _ in range(1000)]
    slowest = max(service.get(f"/presence/{MAX}").elapsed.total_seconds() for _ in range(50))
    for connection in silent:
        connection.close()
    print(f"slowest of 50 answers among 1,000 silent connections: {slowest * 1000:.1f} ms")
    assert slowest < 1


@pytest.mark.parametrize(
    "path", [f"/presence/{MAX}", "/presence/nobody", "/health/live", "/no/such/path", "/docs"]
)
def test_each_answer_tells_a_browser_to_be_careful_and_nobody_what_runs_here(
    service: Service, path: str
) -> None:
    """Security headers everywhere, no version, no CORS; errors are not stored."""
    answer = service.get(path, headers={"Origin": "https://evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("frame-ancestors 'none'")
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(answer.headers)
    assert answer.is_success or answer.headers["cache-control"] == "no-store"


def test_a_connection_that_pauses_between_two_calls_is_still_good(service: Service) -> None:
    """A phone system asks again after some seconds; a server that hangs up first loses that question."""
    with connect(service) as connection:
        for pause_s in (6.0, 0.0):
            connection.sendall(ASK + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(pause_s)
