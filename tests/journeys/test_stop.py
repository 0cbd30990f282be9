"""Told to stop, the service is gone within ten seconds: in every phase, and whatever its threads wait for."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.odd_servers import listening, mute
from tests.support.polling import eventually
from tests.support.processes import Process, start
from tests.support.service import QUICK, Service
from tests.support.simulated import Simulated, start_simulated

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One tenant for all."""
    tenant = start_simulated(tmp_path_factory.mktemp("stop"), "--people", "10")
    yield tenant
    tenant.stop()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts a service that may never come to listen; whatever it does, it ends with the test."""
    started: list[Process] = []

    def begin(settings: Mapping[str, str], *arguments: str) -> Process:
        started.append(start("app", ["serve", *arguments], folder=tmp_path, environ={**QUICK, **settings}))
        return started[-1]

    yield begin
    for process in started:
        process.popen.kill()
        process.popen.wait()


def gone_with(process: Process, *signals: signal.Signals) -> int:
    """The exit code, if it is gone within ten seconds of the first of these signals."""
    began = time.monotonic()
    for number in signals:
        process.signal(number)
        time.sleep(0.2)
    status = process.popen.wait(began + 10 - time.monotonic())
    print(f"gone {time.monotonic() - began:.1f} s after the signal")
    return status


@pytest.mark.parametrize("number", SIGNALS)
def test_a_quiet_service_ends_at_once(
    tenant: Simulated, begin: Callable[..., Process], number: signal.Signals
) -> None:
    """Found D9: with 0, by either signal, and everything it had to say is in the log."""
    process = begin(tenant.settings)
    process.wait_for_line("Application startup complete")
    assert gone_with(process, number) == 0
    assert process.output.endswith("\n")
    assert "Finished server process" in process.output.splitlines()[-1]


def test_settings_that_block_a_thread(
    tenant: Simulated, serve: Callable[..., Service], tmp_path: Path
) -> None:
    """Found D9: a settings file that became a FIFO holds the thread that reads it, and not the end."""
    dotenv = tmp_path / "settings.env"
    dotenv.write_text("PRESENCE_EXPLAIN_HISTORY=false\n")
    service = serve(tenant.settings, arguments=("--env-file", str(dotenv))).wait_until_ready()
    dotenv.unlink()
    os.mkfifo(dotenv)
    service.process.signal(signal.SIGHUP)
    service.process.wait_for_line("SIGHUP")
    time.sleep(0.5)
    assert gone_with(service.process, signal.SIGTERM) == 0


@pytest.mark.parametrize(
    "signals", [(signal.SIGTERM,), (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,) * 2]
)
def test_a_sign_in_host_that_never_answers(
    tenant: Simulated, begin: Callable[..., Process], signals: tuple[signal.Signals, ...]
) -> None:
    """Found D9: during the first sign-in, with a second signal or without."""
    heard: list[socket.socket] = []

    def hear(connection: socket.socket) -> None:
        heard.append(connection)
        mute(connection)

    with listening(hear) as port:
        process = begin(tenant.settings | {"AZURE_AUTHORITY_HOST": f"https://127.0.0.1:{port}"})
        eventually(lambda: heard, within_s=20, what=lambda: process.output)
        assert gone_with(process, *signals) == 0


def test_settings_that_block_the_start(
    tenant: Simulated, begin: Callable[..., Process], tmp_path: Path
) -> None:
    """Found D9: before there is anything to serve with."""
    dotenv = tmp_path / "settings.env"
    os.mkfifo(dotenv)
    process = begin(tenant.settings, "--env-file", str(dotenv))
    eventually(lambda: _is_catching(process), within_s=20)
    assert gone_with(process, signal.SIGTERM) == 0


def test_a_snapshot_that_blocks_the_start(
    tenant: Simulated, begin: Callable[..., Process], tmp_path: Path
) -> None:
    """Found D9: while the snapshot loads, on the event loop or off it."""
    service = begin(tenant.settings | {"PRESENCE_STATE_DIR": str(tmp_path / "state")})
    eventually(lambda: list((tmp_path / "state").glob("*")), within_s=20)
    assert gone_with(service, signal.SIGTERM) == 0
    for file in (tmp_path / "state").glob("*"):
        file.unlink()
        os.mkfifo(file)
    process = begin(tenant.settings | {"PRESENCE_STATE_DIR": str(tmp_path / "state")})
    process.wait_for_line("Waiting for application startup")
    time.sleep(0.5)
    assert gone_with(process, signal.SIGTERM) == 0


def test_a_request_that_never_ends(tenant: Simulated, serve: Callable[..., Service]) -> None:
    """Found D9: what is in flight has eight seconds, closing has what is left."""
    service = serve(tenant.settings).wait_until_ready()
    address = ("127.0.0.1", service.http.base_url.port or 0)
    with socket.create_connection(address) as upload:
        upload.sendall(b"POST /presence/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{")
        time.sleep(0.3)
        assert gone_with(service.process, signal.SIGTERM, signal.SIGTERM) == 0


def test_a_demo_whose_terminal_takes_nothing(tmp_path: Path) -> None:
    """Found D9: the demo ends like the service, and leaves no process behind."""
    reader, writer = os.pipe()
    process = start("app", ["demo", "--people", "5"], folder=tmp_path, environ=_demo(), output=writer)
    try:
        read = b""
        while b"Ready." not in read:
            read += os.read(reader, 65536)
        children = Path(f"/proc/{process.popen.pid}/task/{process.popen.pid}/children").read_text().split()
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 512)
        os.set_blocking(writer, True)
        assert gone_with(process, signal.SIGTERM) == 0
        assert len(children) == 2
        assert not any(Path(f"/proc/{child}").exists() for child in children)
    finally:
        process.popen.kill()
        process.popen.wait()
        os.close(reader)
        os.close(writer)


def _demo() -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return {"PRESENCE_PORT": str(free.getsockname()[1])}


def _is_catching(process: Process) -> bool:
    """Whether it has come as far as to hear signals itself."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    blocked = next(line for line in status.splitlines() if line.startswith("SigBlk:")).split()[1]
    return bool(int(blocked, 16) & 1 << (signal.SIGTERM - 1))
