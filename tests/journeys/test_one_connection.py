"""What one client does with its connections never harms the others, and never fills the log."""

import io
import json
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from tests.support.polling import eventually
from tests.support.service import Service, start_service
from tests.support.simulated import Simulated, start_simulated

MAX = "max.muster@contoso.example"
ERIKA = "erika.mustermann@contoso.example"
SOON_S = 0.25
"""How long anybody else may wait for an answer meanwhile."""


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    tenant = start_simulated(tmp_path_factory.mktemp("tenant") / "tenant", "--people", "50")
    yield tenant
    tenant.stop()


@pytest.fixture(scope="module")
def service(tenant: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("one-connection")
    service = start_service(folder / "service", tenant.settings)
    yield service.wait_until_ready()
    service.stop()
    assert "Traceback" not in service.process.output


def connect(service: Service, *, receive_buffer: int = 0) -> socket.socket:
    """A connection of its own."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", service.http.base_url.port or 0))
    return connection


def has_ended(connection: socket.socket) -> bool:
    """Wait for what comes; whether that was the end of the connection, however abrupt."""
    with connection:
        try:
            return connection.recv(1) == b""
        except ConnectionResetError:
            return True


@contextmanager
def of_few_files(tenant: Simulated, folder: Path, limits: str, **settings: str) -> Iterator[Service]:
    """A service of its own that may open so many files: soft and hard limit."""
    through = ["prlimit", f"--nofile={limits}"]
    service = start_service(folder / "service", tenant.settings | settings, through=through)
    try:
        yield service
    finally:
        service.stop()


def slowest_of_others(service: Service, until: threading.Event) -> float:
    """How long the slowest answer took to somebody who asks on a connection of its own; in seconds."""
    slowest = 0.0
    while not until.wait(0.02):
        began = time.monotonic()
        assert service.get(f"/presence/{MAX}").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    return slowest


class Stream:
    """What `HTTPResponse` takes for a socket: many answers are read from it, one after another."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb")

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A view that may be closed."""
        return cast("io.BufferedReader", _Unclosed(self._file))


class _Unclosed:
    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        """The next answer comes from the same."""


REQUESTS = {
    "hit": ("GET", f"/presence/{MAX}", b"", (200,)),
    "nobody": ("GET", "/presence/nobody@nowhere.example", b"", (404,)),
    "flat": ("GET", f"/lookup?email={ERIKA}", b"", (200,)),
    "head": ("HEAD", f"/presence/{ERIKA}", b"", (200,)),
    "batch": ("POST", "/presence/batch", json.dumps({"users": [MAX, ERIKA]}).encode(), (200,)),
    "large": ("POST", "/presence/batch", json.dumps({"users": [MAX] * 900}).encode(), (200,)),
    "broken": ("POST", "/presence/batch", b"GET /presence/x HTTP/1.1\r\n\r\n", (400,)),
    "list": ("GET", "/presence?limit=3", b"", (200,)),
    "path": ("GET", "/no/such/path", b"", (404,)),
    "method": ("DELETE", f"/presence/{MAX}", b"", (405,)),
    "post": ("POST", "/lookup", json.dumps({"email": ERIKA}).encode(), (200,)),
    "open": ("GET", "/health/live", b"", (200,)),
}
OFTEN = [30, 8, 30, 8, 4, 1, 3, 3, 5, 3, 3, 8]


def written(kind: str, name: str, chance: random.Random) -> bytes:
    """A request of this kind, which is to be answered under this name."""
    method, target, body, _ = REQUESTS[kind]
    headers = [f"X-Request-Id: {name}", "Host: localhost"]
    headers += chance.choice([[], [], ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"]])
    framed = b""
    if body:
        headers.append("Content-Type: application/json")
        if chance.random() < 0.5:
            headers.append(f"Content-Length: {len(body)}")
            framed = body
        else:
            headers.append("Transfer-Encoding: chunked")
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    chance.shuffle(headers)
    return "\r\n".join([f"{method} {target} HTTP/1.1", *headers, "", ""]).encode() + framed


@pytest.mark.parametrize("seed", range(4))
def test_pipelined_requests_are_each_answered_once_and_in_order(service: Service, seed: int) -> None:
    """Ten thousand of many kinds, cut anywhere: each answer bears its question's name (found D1)."""
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    kinds = chance.choices(list(REQUESTS), OFTEN, k=2_500)
    text = b"".join(written(kind, f"{seed}-{number}", chance) for number, kind in enumerate(kinds))

    def send(connection: socket.socket) -> None:
        position = 0
        while position < len(text):
            size = chance.choice([1, 7, 200, 1500, 60_000])
            connection.sendall(text[position : position + size])
            position += size

    with connect(service) as connection, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, connection)
        stream = Stream(connection)
        for number, kind in enumerate(kinds):
            answer = HTTPResponse(cast("socket.socket", stream), method=REQUESTS[kind][0])
            answer.begin()
            body = answer.read()
            assert answer.headers["x-request-id"] == f"{seed}-{number}"
            assert answer.status in REQUESTS[kind][3], (kind, body)
            assert kind != "hit" or json.loads(body)["email"] == MAX
        sent.result()


ENDLESS = {
    "nothing there": b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a hit": f"GET /presence/{MAX} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    "a list": b"GET /presence?limit=50 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a batch": b"POST /presence/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 20\r\n\r\n{"users":["a@b.cd"]}',
    "a body for nobody": b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400\r\n\r\n" + b"x" * 400,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_pipelining_without_end_takes_neither_memory_nor_time(service: Service, kind: str) -> None:
    """Whether its answers are read or not: others are answered soon, and the memory stays (found D2)."""
    request = ENDLESS[kind]
    before = service.process.peak_mib
    stop = threading.Event()

    def flood(*, reads: bool) -> None:
        with connect(service, receive_buffer=0 if reads else 4096) as connection:
            connection.settimeout(0.1)
            while not stop.is_set():
                try:
                    connection.send(request * (200_000 // len(request)))
                    if reads:
                        connection.recv(2**20)
                except TimeoutError:
                    continue

    with ThreadPoolExecutor(5) as pool:
        floods = [pool.submit(flood, reads=reads) for reads in (True, True, False, False)]
        others = pool.submit(slowest_of_others, service, stop)
        time.sleep(2.5)
        stop.set()
        slowest = others.result()
        for one in floods:
            one.result()
    grown = service.process.peak_mib - before
    print(f"{kind}: slowest of the others {slowest * 1000:.0f} ms, {grown:.0f} MiB more")
    assert slowest < SOON_S
    assert grown < 48


def test_connections_that_say_two_bytes_run_out_of_time(service: Service) -> None:
    """A thousand, each with a blank line: others are answered, and in ten seconds all are gone (found D5)."""
    silent = [connect(service) for _ in range(1_000)]
    for one in silent:
        one.sendall(b"\r\n")
    assert service.get(f"/presence/{MAX}").elapsed.total_seconds() < 1
    assert all(map(has_ended, silent))


@pytest.mark.parametrize("said_", [b"", b"G"])
@pytest.mark.parametrize("limits", ["256:256", "256:4096"])
def test_descriptors_do_not_run_out(tenant: Simulated, tmp_path: Path, limits: str, said_: bytes) -> None:
    """The soft limit is raised; where the hard one is low, the silent make room, in one record (found D5)."""
    expected = 1 if limits.endswith(":256") else 0
    silent = []
    with of_few_files(tenant, tmp_path, limits) as service:
        service.wait_until_ready()
        for number in range(600):
            silent.append(connect(service))
            silent[-1].sendall(said_)
            if number % 100 == 0:
                with connect(service) as caller:
                    caller.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    assert caller.recv(100).startswith(b"HTTP/1.1 200 ")

        def said() -> bool:
            return service.process.output.count("for want of room") == expected

        eventually(said, within_s=5, what=lambda: service.process.output)
        assert service.presence(MAX)["stale"] is False
        assert said()
    for one in silent:
        one.close()


def test_silence_in_a_tls_handshake_ends_in_time(tenant: Simulated, tmp_path: Path) -> None:
    """Those do not even count as connections: ten seconds, then they are gone, and one record (found D5)."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    files = {
        "PRESENCE_TLS_CERT_PATH": str(tmp_path / "certificate.pem"),
        "PRESENCE_TLS_KEY_PATH": str(tmp_path / "key.pem"),
    }
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with of_few_files(tenant, tmp_path, "200:200", **files) as service:
        silent = [connect(service) for _ in range(300)]
        began = time.monotonic()
        assert all(map(has_ended, silent))
        assert time.monotonic() - began < 13
        with context.wrap_socket(connect(service), server_hostname="localhost") as encrypted:
            encrypted.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert encrypted.recv(100).startswith(b"HTTP/1.1 200 ")
        assert service.process.output.count("for want of room") == 1


def test_a_half_closed_client_still_gets_a_slow_answer(tenant: Simulated, service: Service) -> None:
    """It has nothing more to say; somebody never seen before is looked for all the same (found D14)."""
    tenant.add_person(displayName="Neu Ling", mail="neu.ling@contoso.example")
    asked = b"GET /presence/neu.ling@contoso.example HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(service) as connection:
        connection.sendall(asked * 2)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.count(b"Neu Ling") == 2


def test_hanging_up_anywhere_in_a_pipeline_is_not_worth_a_record(service: Service) -> None:
    """Closed or reset, in a head, a body, or while answers are on their way (found D14)."""
    hit = f"GET /presence/{MAX} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    many = b"GET /presence HTTP/1.1\r\nHost: localhost\r\n\r\n"
    file = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    post = b"POST /presence/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n"
    before = service.process.output
    for turn in range(40):
        for asked in (many * 5 + hit, hit + many * 4 + hit, file * 3, file + hit + file, many + post + b"{"):
            with connect(service) as connection:
                connection.sendall(asked)
                if turn % 2:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                time.sleep(0.001 * (turn % 5))
    assert service.presence(MAX)["stale"] is False
    assert service.process.output == before
