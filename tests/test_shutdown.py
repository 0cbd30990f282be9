"""A process that is told to stop is gone within ten seconds, whatever holds it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.support.processes import ROOT

_BEGIN = """
import asyncio, os, re, resource, socket, threading, time
from app.shutdown import StopSignals
stop = StopSignals()
import uvicorn
from app.log_writer import LogWriter
from app.logs import configure_logging
from app.server import run_server
configure_logging("text", "info", handler=LogWriter.to_standard_error())

async def opening(): pass
async def closing(): pass

async def app(scope, receive, send):
    await receive()
    await opening()
    await send({"type": "lifespan.startup.complete"})
    print("serving", flush=True)
    await receive()
    await closing()
    await send({"type": "lifespan.shutdown.complete"})

def serve():
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=8)
    run_server(uvicorn.Server(config), listener=listener, stop=stop)
"""
_STUBBORN = """
async def stubborn():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
"""
_EXHAUST = """
def exhaust(kept=[]):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            kept.append(os.dup(0))
    except OSError:
        pass
"""
_SAID = "Not closed 9 seconds after the signal to stop"
_ENDINGS = {
    "nothing holds it": ("serve()", 0, "Finished server process"),
    "a worker thread is blocked": (
        "async def opening(): asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)\nserve()",
        0,
        "Finished server process",
    ),
    "a thread of its own is blocked": (
        "threading.Thread(target=time.sleep, args=(60,)).start()\nserve()",
        0,
        "Finished server process",
    ),
    "a task ignores its cancellation": (
        f"{_STUBBORN}\nasync def opening(): asyncio.ensure_future(stubborn())\nserve()",
        0,
        "Finished server process",
    ),
    "no descriptor is left": (
        f"{_EXHAUST}\nasync def opening(): asyncio.get_running_loop().call_later(0.2, exhaust)\nserve()",
        0,
        "Finished server process",
    ),
    "starting never ends": ("print('serving', flush=True)\ntime.sleep(60)", 0, ""),
    "starting up blocks the loop": (
        "async def opening():\n    print('serving', flush=True)\n    time.sleep(60)\nserve()",
        0,
        "",
    ),
    "closing never ends": (
        "async def closing(): await asyncio.sleep(60)\nserve()",
        0,
        "Not everything could be closed in time",
    ),
    "closing blocks the loop": ("async def closing(): time.sleep(60)\nserve()", 1, _SAID),
    "the loop is blocked": (
        "async def opening(): asyncio.get_running_loop().call_later(0.2, time.sleep, 60)\nserve()",
        1,
        _SAID,
    ),
    "a regular expression holds the interpreter": (
        "async def closing(): re.match(r'(a+)+$', 'a' * 40 + 'b')\nserve()",
        1,
        "Shutting down",
    ),
}


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """All of them at once, because some take nine seconds to end; told to stop a moment after they serve."""
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", _BEGIN + script],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, (script, _, _) in _ENDINGS.items()
    }
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def told_at(running: dict[str, "subprocess.Popen[str]"]) -> float:
    """When the last of them was told to stop."""
    for process in running.values():
        assert process.stdout
        assert process.stdout.readline() == "serving\n"
    time.sleep(1)
    for number, process in enumerate(running.values()):
        process.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])
        process.send_signal(signal.SIGTERM)
    return time.monotonic()


@pytest.mark.parametrize("held", _ENDINGS)
def test_a_stopped_process_is_gone_within_ten_seconds(
    running: dict[str, "subprocess.Popen[str]"], told_at: float, held: str
) -> None:
    """Found D9: with 0 where it could drain, at the first signal or the second, and saying what it left."""
    _, status, said = _ENDINGS[held]
    _, logged = running[held].communicate(timeout=max(0.0, told_at + 10 - time.monotonic()))
    assert running[held].returncode == status, logged
    assert said in logged
    print(f"{held}: gone {time.monotonic() - told_at:.1f} s after the signal")


def test_a_start_that_fails_is_told_in_full() -> None:
    """Found D8: with the exit code of a server that could not start, and its reason to the last letter."""
    script = "async def opening(): raise RuntimeError('x' * 300_000 + 'the reason')\nserve()"
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 3
    assert "x" * 300_000 + "the reason" in done.stderr
    assert "Application startup failed" in done.stderr.splitlines()[-1]
