"""`teams-presence demo`: the service in front of a simulated tenant, in two processes, until Ctrl-C."""

import importlib.util
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import httpx

from app.errors import SettingsError
from app.shutdown import end_process

_FOLDER = Path(".demo")
_PATIENCE_S = 60.0
_STOP_S = 10.0
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_demo(*, people: int, environ: Mapping[str, str] = os.environ) -> int:
    """Start both, show progress, print what to paste, and stop both in the end."""
    if importlib.util.find_spec("simulator") is None:
        raise SettingsError("The demo needs the simulated tenant, which is in the source: run it from there.")
    port = _free_port(environ.get("PRESENCE_PORT") or "8000")
    for ending in _ENDINGS:
        signal.signal(ending, signal.default_int_handler)
    try:
        return _run(people=people, environ=environ, port=port)
    except KeyboardInterrupt:
        _end_with("Stopped.\n")


def _run(*, people: int, environ: Mapping[str, str], port: int) -> int:
    base = f"http://127.0.0.1:{port}"
    with _simulator(people), _service(environ, port=port) as service:
        if not _wait_until_ready(service, base, people=people):
            if service.poll() is None:
                _say(f"Not ready after {_PATIENCE_S:.0f} seconds: see above.")
            return service.poll() or 1
        _say(_welcome(base))
        return service.wait()


def _free_port(text: str) -> int:
    """The port, had for a moment: whoever else has it could pass for our service."""
    try:
        with socket.create_server(("127.0.0.1", int(text))) as listener:
            port: int = listener.getsockname()[1]
            return port
    except (OSError, OverflowError, ValueError):
        raise SettingsError(
            f"Cannot listen on 127.0.0.1 port {text}: set PRESENCE_PORT to one that is free, "
            "as in `PRESENCE_PORT=8001 make demo`."
        ) from None


@contextmanager
def _simulator(people: int) -> Iterator[None]:
    """The simulated tenant on any free port; it leaves its settings in the demo's folder."""
    _say(f"Starting a simulated Microsoft 365 tenant with {people} people …")
    command = [sys.executable, "-m", "simulator", "--port", "0", "--people", str(people)]
    command += ["--dir", str(_FOLDER), "--day-speed", "1"]
    with _running(command, environ=os.environ, announces=True):
        yield


@contextmanager
def _service(environ: Mapping[str, str], *, port: int) -> Iterator[subprocess.Popen[str]]:
    """The service, told only of the simulated tenant: nothing of a real one is read or sent."""
    _say("Starting the service against it, over TLS …")
    kept = {name: value for name, value in environ.items() if not name.startswith(("AZURE_", "PRESENCE_"))}
    chosen = {
        "PRESENCE_PORT": str(port),
        "PRESENCE_LOG_LEVEL": environ.get("PRESENCE_LOG_LEVEL") or "warning",
    }
    direct = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    command = [sys.executable, "-m", "app", "serve", "--env-file", str(_FOLDER / "tenant.env")]
    with _running(command, environ=kept | chosen | direct) as service:
        yield service


@contextmanager
def _running(
    command: list[str], *, environ: Mapping[str, str], announces: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block; one that announces itself is waited for.

    It has a process group of its own: Ctrl-C reaches us alone, and we end it in an orderly way.
    """
    output = subprocess.PIPE if announces else None
    process = None
    try:
        with _uninterrupted():
            process = subprocess.Popen(  # noqa: S603 - our own
                command, env=dict(environ), stdout=output, text=True, process_group=0
            )
        if process.stdout and not process.stdout.readline():
            raise SettingsError("The simulated tenant did not start: see above.")
        yield process
    finally:
        if process:
            _end(process)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C back until the block is done: a process that is half started could not be ended."""
    held: list[int] = []
    before = {ending: signal.signal(ending, lambda number, _: held.append(number)) for ending in _ENDINGS}
    yield
    for ending, handler in before.items():
        signal.signal(ending, handler)
    if held:
        raise KeyboardInterrupt


def _end(process: subprocess.Popen[str]) -> None:
    """End it, the hard way if it takes too long or somebody presses Ctrl-C again."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _wait_until_ready(service: subprocess.Popen[str], base: str, *, people: int) -> bool:
    _say(f"Signing in and reading the presence of {people} people …")
    give_up_at = time.monotonic() + _PATIENCE_S
    while service.poll() is None and time.monotonic() < give_up_at:
        if _is_ready(base):
            return True
        time.sleep(0.1)
    return False


def _is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _welcome(base: str) -> str:
    return f"""
Ready. Max Muster is available and stays so, Erika Mustermann is in a meeting; all others go through a working
day, a minute of it each second. Paste these into another terminal:

  curl {base}/presence/max.muster@contoso.example

  curl {base}/presence/batch -H 'Content-Type: application/json' -d '{{"users": \
["max.muster@contoso.example", "erika.mustermann@contoso.example"]}}'

  curl {base}/docs

The last is Swagger UI: open it in a browser. Ctrl-C stops everything.
"""


def _end_with(text: str) -> NoReturn:
    """A last word if somebody takes it at once: Python would wait for a reader that has stalled."""
    if select.select([], [sys.stdout], [], 0)[1]:
        os.write(sys.stdout.fileno(), text.encode())
    end_process(0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
