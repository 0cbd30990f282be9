"""The simulated tenant as a test sees it: a process, its portal sheet and its switches."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from dotenv import dotenv_values

from tests.support import evidence
from tests.support.processes import Process, start


@dataclass(slots=True)
class Simulated:
    """A running simulator; `settings` is what the service needs to talk to it."""

    process: Process
    http: httpx.Client
    settings: dict[str, str]
    sheet: dict[str, Any]

    @property
    def settings_of_a_user(self) -> dict[str, str]:
        """The same for a service that signs in as the tenant's service account."""
        return self.settings | {
            "PRESENCE_SIGN_IN": "delegated",
            "AZURE_USERNAME": self.sheet["username"],
            "AZURE_PASSWORD": self.sheet["password"],
        }

    def calls(self) -> dict[str, int]:
        """How often each endpoint was called so far."""
        counts: dict[str, int] = self._switch("GET", "calls")
        return counts

    def token_calls(self) -> list[tuple[str, int]]:
        """What was asked for tokens so far: the kind of grant, and the status it was answered with."""
        calls = [call for call in self.call_log() if call["endpoint"] == "token"]
        return [(call["grant_type"], call["status"]) for call in calls]

    def call_log(self) -> list[dict[str, Any]]:
        """The calls one by one, oldest first."""
        log: list[dict[str, Any]] = self._switch("GET", "calls/log?last=1000")["calls"]
        return log

    def set_presence(self, user: str, availability: str, activity: str | None = None) -> None:
        """Move somebody."""
        words = {"availability": availability, "activity": activity or availability}
        self._switch("PUT", f"people/{user}/presence", words)

    def add_person(self, **properties: Any) -> dict[str, Any]:
        """Hire somebody."""
        person: dict[str, Any] = self._switch("POST", "people", properties)
        return person

    def change_person(self, user: str, **properties: Any) -> None:
        """Change somebody's properties."""
        self._switch("PATCH", f"people/{user}", properties)

    def person(self, user: str) -> dict[str, Any]:
        """Somebody as the tenant knows them."""
        person: dict[str, Any] = self._switch("GET", f"people/{user}")
        return person

    def put_group(self, group_id: str, *members: str) -> None:
        """Create a group or say who is in it from now on."""
        self._switch("PUT", f"groups/{group_id}", {"members": list(members)})

    def remove_person(self, user: str) -> None:
        """Delete somebody, restorably."""
        self._switch("DELETE", f"people/{user}")

    def fail(self, endpoint: str, kind: str = "status", **fault: Any) -> None:
        """Misbehave at one endpoint from now on."""
        self._switch("POST", "faults", {"endpoint": endpoint, "kind": kind, **fault})

    def heal(self) -> None:
        """Behave again."""
        self._switch("DELETE", "faults")

    def change_credentials(self, **registered: Any) -> None:
        """Change what is registered for the application or its service account."""
        evidence.note_registered(registered)
        self._switch("POST", "credentials", registered)

    def add_secret(self, **secret: Any) -> dict[str, Any]:
        """Make one more client secret; the answer is the only one with its Value."""
        made: dict[str, Any] = self._switch("POST", "secrets", secret)
        evidence.note_registered({"secret": made["value"]})
        return made

    def change_secret(self, secret_id: str, **secret: Any) -> None:
        """Let a client secret end at another time, or be called otherwise."""
        self._switch("PATCH", f"secrets/{secret_id}", secret)

    def remove_secret(self, secret_id: str) -> None:
        """Delete a client secret: it is refused from now on."""
        self._switch("DELETE", f"secrets/{secret_id}")

    def change_password_policy(self, **policy: Any) -> None:
        """Change for how long the service account's password is good."""
        self._switch("POST", "password-policy", policy)

    def revoke(self, *, access: bool = False) -> None:
        """End every session: refresh tokens are no longer taken, with `access` access tokens neither."""
        self._switch("POST", "revoke", {"access": access})

    def expire_delta(self) -> None:
        """Forget every delta link handed out so far."""
        self._switch("POST", "delta/expire", {})

    def pass_time(self, seconds: float) -> None:
        """Let the tenant's own clock run ahead."""
        self._switch("POST", "clock", {"advance_s": seconds})

    def restore_person(self, object_id: str) -> None:
        """Undo a deletion."""
        self._switch("POST", f"people/{object_id}/restore", {})

    def people(self) -> list[dict[str, Any]]:
        """Everybody."""
        everybody: list[dict[str, Any]] = self._switch("GET", "people")["people"]
        return everybody

    def stop(self) -> None:
        """End it."""
        self.http.close()
        self.process.stop()

    def _switch(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.http.request(method, f"/_simulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def start_simulated(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Simulated:
    """Start a simulator on a free port and wait until it listens."""
    process = start(
        "simulator", ["--port", "0", "--dir", str(folder), *arguments], folder=folder, environ=environ
    )
    line = process.wait_for_line("https://")
    root = re.search(r"https://\S+:\d+", line)
    assert root, line
    trust = ssl.create_default_context(cafile=folder / "ca.pem")
    http = httpx.Client(base_url=root[0], verify=trust, trust_env=False, timeout=10)
    values = dotenv_values(folder / "tenant.env", interpolate=False)
    settings = {name: value for name, value in values.items() if value}
    return Simulated(process, http, settings, http.get("/_simulator/sheet").json())
