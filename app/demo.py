"""`teams-presence demo`: the service in front of a simulated tenant, in two processes, until Ctrl-C."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.errors import SettingsError

_FOLDER = Path(".demo")
_PATIENCE_S = 60.0
_STOP_S = 10.0


def run_demo(*, people: int, environ: Mapping[str, str] = os.environ) -> int:
    """Start both, show progress, print what to paste, and stop both in the end."""
    if importlib.util.find_spec("simulator") is None:
        raise SettingsError("The demo needs the simulated tenant, which is in the source: run it from there.")
    port = environ.get("PRESENCE_PORT") or "8000"
    base = f"http://127.0.0.1:{port}"
    with _simulator(people), _service(environ) as service:
        if not _wait_until_ready(service, base, people=people):
            return service.wait(_STOP_S) or 1
        _say(_welcome(base))
        return service.wait()


@contextmanager
def _simulator(people: int) -> Iterator[None]:
    """The simulated tenant on any free port; it leaves its settings in the demo's folder."""
    _say(f"Starting a simulated Microsoft 365 tenant with {people} people …")
    command = [sys.executable, "-m", "simulator", "--port", "0", "--people", str(people)]
    command += ["--dir", str(_FOLDER), "--day-speed", "1"]
    with _running(command, environ=os.environ, announces=True):
        yield


@contextmanager
def _service(environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The service, told only of the simulated tenant: nothing of a real one is read or sent."""
    _say("Starting the service against it, over TLS …")
    kept = {name: value for name, value in environ.items() if not name.startswith(("AZURE_", "PRESENCE_"))}
    chosen = {name: environ[name] for name in ("PRESENCE_PORT", "PRESENCE_LOG_LEVEL") if environ.get(name)}
    direct = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    command = [sys.executable, "-m", "app", "serve", "--env-file", str(_FOLDER / "tenant.env")]
    with _running(command, environ={"PRESENCE_LOG_LEVEL": "warning"} | kept | chosen | direct) as service:
        yield service


@contextmanager
def _running(
    command: list[str], *, environ: Mapping[str, str], announces: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block; one that announces itself is waited for."""
    output = subprocess.PIPE if announces else None
    process = subprocess.Popen(command, env=dict(environ), stdout=output, text=True)  # noqa: S603 - our own
    try:
        if process.stdout and not process.stdout.readline():
            raise SettingsError("The simulated tenant did not start: see above.")
        yield process
    finally:
        process.terminate()
        process.wait(_STOP_S)


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
Ready. People change all the time; ask twice. Paste these into another terminal:

  curl {base}/presence/max.muster@contoso.example

  curl {base}/presence/batch -H 'Content-Type: application/json' -d '{{"users": \
["max.muster@contoso.example", "erika.mustermann@contoso.example"]}}'

  curl {base}/docs

The last is Swagger UI: open it in a browser. Ctrl-C stops everything.
"""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
