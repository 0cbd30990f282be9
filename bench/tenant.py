"""The simulated tenant and the real service in front of it, as they are started for every figure."""

import json
import re
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from bench.cores import Cores
from bench.people import KEY, KEY_SHA256
from bench.processes import ROOT, python, running, wait_for
from bench.wire import Address, Answer, WrongAnswer, ask, request

HEADERS = {"X-API-Key": KEY}
_PRESENCE = "getPresencesByUserId"
# More than a service with a hundred thousand people asks in a minute.
_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """A running simulator; `settings` are what a service needs to talk to it."""

    folder: Path
    root: str
    settings: Mapping[str, str]
    process: subprocess.Popen[bytes]

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts its certificate authority."""
        return ssl.create_default_context(cafile=self.settings["PRESENCE_CA_BUNDLE"])

    def people(self, limit: int) -> list[dict[str, Any]]:
        """The first of its people, as its switchboard shows them."""
        people: list[dict[str, Any]] = self._switch(f"people?limit={limit}")["people"]
        return people

    def sweep_calls(self) -> list[float]:
        """When each request of a sweep was answered, in seconds of the monotonic clock."""
        calls = self._switch(f"calls/log?last={_REMEMBERED}")["calls"]
        return [call["monotonic_s"] for call in calls if call["endpoint"] == _PRESENCE]

    def _switch(self, name: str) -> Any:
        address = f"{self.root}/_simulator/{name}"
        with urllib.request.urlopen(address, context=self.tls) as answer:  # noqa: S310 - our own https
            return json.load(answer)


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, and the moment of the monotonic clock at which it was started."""

    address: Address
    started_at: float
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, **headers: str) -> Answer:
        """Ask with the key."""
        return ask(self.address, request(path, headers={**HEADERS, **headers}))

    def wait_until_ready(self) -> None:
        """Return once everybody has been read."""
        wait_for(lambda: self.says("/health/ready"), process=self.process, log=self.log)

    def says(self, path: str) -> bool:
        """Whether it answers with 200."""
        try:
            return self.get(path).status == 200
        except (OSError, WrongAnswer):
            return False


@contextmanager
def simulated(folder: Path, *, people: int, core: int) -> Iterator[Tenant]:
    """A tenant of so many people that stands still."""
    log = folder / f"simulator-{people}.log"
    place = folder / f"tenant-{people}"
    command = python("simulator", "--port", "0", "--people", str(people), "--dir", str(place))
    with running(command, core=core, log=log) as process:
        wait_for(lambda: "\n" in log.read_text(), process=process, log=log)
        found = re.search(r"https://\S+", log.read_text())
        values = dotenv_values(place / "tenant.env")
        settings = {name: value for name, value in values.items() if value}
        yield Tenant(place, found[0] if found else "", settings, process)


@contextmanager
def serving(
    tenant: Tenant,
    folder: Path,
    *,
    cores: Cores,
    settings: Mapping[str, str] | None = None,
    root: Path = ROOT,
) -> Iterator[Service]:
    """The service as `teams-presence serve` runs it, with a key; from the checkout `root`."""
    log = folder / "service.log"
    own = {"PRESENCE_PORT": "0", "PRESENCE_API_KEYS": f"bench:{KEY_SHA256}", "PYTHONPATH": str(root)}
    command = python("app", "serve", "--env-file", str(tenant.folder / "tenant.env"))
    environ = {**own, **(settings or {})}
    log.write_bytes(b"")
    started_at = time.monotonic()
    with running(command, core=cores.server, log=log, environ=environ) as process:
        wait_for(lambda: _port(log) > 0, process=process, log=log)
        yield Service(("127.0.0.1", _port(log)), started_at, process, log)


def _port(log: Path) -> int:
    found = re.search(r"Listening on http://[^\s:]+:(\d+)\s", log.read_text(errors="replace"))
    return int(found[1]) if found else 0
