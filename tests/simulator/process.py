"""The simulator as a process of its own, met over TLS by the real msal."""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx
import msal


class EntraClient(httpx.Client):
    """Mends what stands between msal and httpx.

    The user-realm call drops the port and does not escape the user name; a client assertion is bytes, which
    httpx would write into a form as `b'…'`.
    """

    def __init__(self, *, root: str, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, timeout=30)
        self._root = root

    def get(self, url: Any, **options: Any) -> httpx.Response:
        """GET, repaired."""
        text = str(url)
        if "/common/userrealm/" in text:
            name, _, query = text.partition("/common/userrealm/")[2].rpartition("?")
            text = f"{self._root}/common/userrealm/{quote(name, safe='')}?{query}"
        return super().get(text, **options)

    def post(self, url: Any, *, data: Any = None, **options: Any) -> httpx.Response:
        """POST, repaired."""
        if isinstance(data, dict):
            data = {
                name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()
            }
        return super().post(url, data=data, **options)


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A running simulator and what its portal shows."""

    process: subprocess.Popen[str]
    line: str
    sheet: Mapping[str, Any]
    http: EntraClient

    @classmethod
    @contextmanager
    def started(cls, folder: Path, *options: str, people: int, **environment: str) -> Iterator[Self]:
        """Start on any free port, wait for the line that says so, stop at the end."""
        command = [sys.executable, "-m", "simulator", "--port", "0", "--dir", str(folder)]
        with subprocess.Popen(
            [*command, "--people", str(people), *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        ) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                sheet = json.loads((folder / "sheet.json").read_text())
                trust = ssl.create_default_context(cafile=sheet["ca_bundle"])
                with EntraClient(root=sheet["graph_url"], verify=trust) as http:
                    yield cls(process, line, sheet, http)
            finally:
                process.terminate()
                process.wait(timeout=10)

    @property
    def root(self) -> str:
        """Where it listens."""
        return str(self.sheet["graph_url"])

    @property
    def port(self) -> int:
        """The port it was given."""
        return urlsplit(self.root).port or 0

    @property
    def scopes(self) -> list[str]:
        """What to ask a token for."""
        return [f"{self.root}/.default"]

    def application(self, *, credential: Any = None, tenant: str | None = None) -> Any:
        """A fresh msal application, with the right secret unless told otherwise."""
        return msal.ConfidentialClientApplication(
            self.sheet["client_id"],
            client_credential=self.sheet["client_secret"] if credential is None else credential,
            authority=f"{self.root}/{tenant or self.sheet['tenant_id']}",
            http_client=self.http,
            instance_discovery=False,
        )

    def switch(self, method: str, path: str, content: Any = None) -> Any:
        """Turn one of the switches."""
        answer = self.http.request(method, f"{self.root}/_simulator/{path}", json=content)
        assert answer.is_success, answer.text
        return answer.json()
