"""The reader of the log stalls, leaves or is fed garbage, and no caller waits for it."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.matrix import MAX
from tests.support.polling import eventually
from tests.support.service import Service, start_unheard
from tests.support.simulated import Simulated, start_simulated

GARBAGE = 2_000
ONE_RECORD = "Invalid HTTP request received."


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One tenant for all."""
    tenant = start_simulated(tmp_path_factory.mktemp("stalled-log"), "--people", "10")
    yield tenant
    tenant.stop()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The smallest pipe there is, full before the service writes its first record."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n" * 512)
    os.set_blocking(writer, True)
    yield reader, writer
    for end in (reader, writer):
        with contextlib.suppress(OSError):
            os.close(end)


@pytest.fixture
def unheard(tenant: Simulated, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts a service whose output goes to a descriptor; it ends with the test."""
    started: list[Service] = []

    def start(output: int, **settings: str) -> Service:
        started.append(start_unheard(tmp_path, tenant.settings | settings, output=output))
        return started[-1].wait_until_ready()

    yield start
    for service in started:
        service.http.close()
        service.process.popen.kill()
        service.process.popen.wait()


def ended_well(service: Service) -> bool:
    """Told to stop, it is gone within ten seconds, with 0."""
    service.http.close()
    service.process.signal(signal.SIGTERM)
    return service.process.popen.wait(10) == 0


def send(service: Service, data: bytes) -> None:
    with contextlib.suppress(OSError), socket.create_connection(_address(service), timeout=10) as stranger:
        stranger.sendall(data)
        while stranger.recv(4096):
            pass


def _address(service: Service) -> tuple[str, int]:
    return "127.0.0.1", service.http.base_url.port or 0


def slowest_answer(service: Service, during: Callable[[], None]) -> float:
    """Seconds of the slowest of many answers to somebody else meanwhile."""
    over, took = threading.Event(), [0.0]

    def ask() -> None:
        while not over.is_set():
            began = time.monotonic()
            assert service.presence(MAX)["availability"]
            took.append(time.monotonic() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    during()
    over.set()
    asking.join(10)
    assert len(took) > 20
    return max(took)


def test_a_reader_that_stalls_stops_nothing(unheard: Callable[..., Service], pipe: tuple[int, int]) -> None:
    """Found D8: 2,000 pieces of garbage, nobody reads the log: others are answered, SIGTERM ends it."""
    service = unheard(pipe[1], PRESENCE_ACCESS_LOG="true", PRESENCE_LOG_LEVEL="debug")

    def attack() -> None:
        for _ in range(GARBAGE):
            send(service, b"\x16\x03\x01 garbage\r\n\r\n")

    slowest = slowest_answer(service, attack)
    print(f"slowest answer meanwhile {slowest * 1000:.0f} ms")
    assert slowest < 0.25
    began = time.monotonic()
    assert ended_well(service)
    print(f"gone {time.monotonic() - began:.1f} s after the signal")


@pytest.mark.fault
def test_a_reader_that_comes_back_is_told_what_is_missing(
    unheard: Callable[..., Service], pipe: tuple[int, int]
) -> None:
    """Found D8: records stay in order, one says how many are missing, and so does the metric."""
    service = unheard(pipe[1], PRESENCE_ACCESS_LOG="true")
    for number in range(100):
        assert service.get(f"/asked/{number}?{'x' * 60_000}").status_code == 404
    read = bytearray()
    reading = threading.Thread(target=_read_all, args=(pipe[0], read))
    reading.start()
    eventually(lambda: b" dropped=" in read, within_s=20)
    service.get("/asked/100")
    dropped = re.search(r"records_dropped_total (\d+)", service.get("/metrics").text)
    os.close(pipe[1])
    assert ended_well(service)
    reading.join(10)
    lines = read.decode().splitlines()
    asked = [int(number) for line in lines for number in re.findall(r"GET /asked/(\d+)", line)]
    told = [line for line in lines if " dropped=" in line]
    assert asked == sorted(asked)
    assert (len(told), 0 < len(asked) < 101, asked[-1]) == (1, True, 100)
    assert dropped
    assert told[0].endswith(f" dropped={int(float(dropped[1]))}")
    assert int(float(dropped[1])) >= 101 - len(asked)


def _read_all(reader: int, read: bytearray) -> None:
    while piece := os.read(reader, 65536):
        read += piece


@pytest.mark.fault
@pytest.mark.parametrize("output", ["a closed pipe", "a full disk"])
def test_a_log_that_cannot_be_written_stops_nothing(unheard: Callable[..., Service], output: str) -> None:
    """Found D8: whatever becomes of the records, callers are answered, and the loss is counted."""
    if output == "a full disk":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    service = unheard(descriptor)
    os.close(descriptor)
    assert service.presence(MAX)["availability"]
    assert re.search(r"records_dropped_total [1-9]", service.get("/metrics").text)
    assert ended_well(service)


def test_garbage_is_one_record_with_a_count(tenant: Simulated, serve: Callable[..., Service]) -> None:
    """Found D8: strangers cannot fill a log either: one record at once, the count later or at the end."""
    service = serve(tenant.settings)
    for _ in range(200):
        send(service, b"garbage\r\n\r\n")
    lines = [line for line in service.process.output.splitlines() if ONE_RECORD in line]
    assert ended_well(service)
    after = [line for line in service.process.output.splitlines() if ONE_RECORD in line]
    assert (len(lines), len(after)) == (1, 2)
    assert after[1].endswith(" repeated=199")


def reset(connection: socket.socket) -> None:
    """Hang up without a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def break_off(connection: socket.socket) -> None:
    """Shake hands, ask a great deal at once, and reset instead of reading."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    with unverified.wrap_socket(connection) as wrapped:
        wrapped.sendall(b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        reset(connection)


STRANGERS: dict[str, Callable[[socket.socket], None]] = {
    "no TLS": lambda connection: connection.sendall(b"garbage\r\n\r\n" * 100),
    "half a hello": lambda connection: connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "plain HTTP": lambda connection: connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "reset at once": reset,
    "reset after many requests": break_off,
}


def test_strangers_at_a_tls_port_write_next_to_nothing(
    tenant: Simulated, serve: Callable[..., Service], tmp_path: Path
) -> None:
    """Found D8: handshakes that fail and clients that vanish are one record a minute each at most."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    paths = {"CERT": str(tmp_path / "cert.pem"), "KEY": str(tmp_path / "key.pem")}
    service = serve(tenant.settings | {f"PRESENCE_TLS_{name}_PATH": path for name, path in paths.items()})
    before = len(service.process.output.splitlines())
    for stranger in STRANGERS.values():
        for _ in range(50):
            with contextlib.suppress(OSError), socket.create_connection(_address(service)) as connection:
                stranger(connection)
    time.sleep(0.5)  # for what is logged a moment later
    written = service.process.output.splitlines()[before:]
    assert len([line for line in written if "INFO app." not in line]) <= len(STRANGERS), written
    assert ended_well(service)
