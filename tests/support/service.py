"""The service as a caller and an operator see it: a process and its HTTP."""

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support import evidence
from tests.support.polling import eventually
from tests.support.processes import Process, start

# Short enough for a test, in the proportions of the defaults.
QUICK = {
    "PRESENCE_POLL_INTERVAL": "0.5",
    "PRESENCE_FRESH_FOR": "2",
    "PRESENCE_KEEP_FOR": "4",
    "PRESENCE_DIRECTORY_INTERVAL": "0.5",
    "PRESENCE_PORT": "0",
}


@dataclass(slots=True)
class Service:
    """A running service."""

    process: Process
    http: httpx.Client

    @property
    def base(self) -> str:
        """Its root, without a slash at the end."""
        return str(self.http.base_url).rstrip("/")

    def stop(self) -> int:
        """End it as an orchestrator would; the exit code."""
        self.http.close()
        return self.process.stop()

    def get(self, path: str, **request: Any) -> httpx.Response:
        """GET a path."""
        return self.http.get(path, **request)

    def presence(self, user: str) -> dict[str, Any]:
        """Somebody's presence; fails the test if there is none."""
        answer = self.get(f"/presence/{user}")
        assert answer.status_code == httpx.codes.OK, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def health(self) -> dict[str, Any]:
        """The whole story."""
        body: dict[str, Any] = self.get("/health").json()
        return body

    def wait_until_ready(self, *, within_s: float = 15.0, path: str = "/health/ready") -> "Service":
        """Return once everybody has been read."""

        def ready() -> bool:
            return self.get(path).status_code == httpx.codes.OK

        eventually(ready, within_s=within_s, what=lambda: f"readiness: {self.process.output}")
        return self

    def sign_in(self) -> dict[str, Any]:
        """How it stands with the sign-in host."""
        told: dict[str, Any] = self.health()["tenants"][0]["signIn"]
        return told

    def feed(self, name: str) -> dict[str, Any]:
        """How one background feed is doing."""
        feeds: list[dict[str, Any]] = self.health()["tenants"][0]["feeds"]
        return next(feed for feed in feeds if feed["name"] == name)


def start_service(
    folder: Path,
    settings: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    through: Sequence[str] = (),
) -> Service:
    """Start the service on a free port with short intervals, and wait until it listens."""
    process = _start(folder, settings, arguments=arguments, through=through)
    line = process.wait_for_line("Listening on")
    base = re.search(r"https?://\S+:\d+", line)
    assert base, line
    return _service(process, base[0], headers=headers)


def start_unheard(
    folder: Path, settings: Mapping[str, str], *, output: int, arguments: tuple[str, ...] = ()
) -> Service:
    """Start the service with its output going to this descriptor, and wait until its port answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = _start(folder, {**settings, "PRESENCE_PORT": str(port)}, arguments=arguments, output=output)
    eventually(lambda: _answers(port), within_s=20, what=lambda: f"port {port}, exit {process.popen.poll()}")
    return _service(process, f"http://127.0.0.1:{port}")


def _start(folder: Path, settings: Mapping[str, str], **options: Any) -> Process:
    evidence.remember(settings)
    arguments = ["serve", *options.pop("arguments")]
    return start("app", arguments, folder=folder, environ={**QUICK, **settings}, **options)


def _service(process: Process, base: str, *, headers: Mapping[str, str] | None = None) -> Service:
    http = httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=10)
    return Service(process, evidence.watch(http))


def _answers(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0
