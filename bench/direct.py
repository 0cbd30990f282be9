"""What a phone system does without this service: ask Microsoft itself, three questions a call.

A token, the object id behind the address, the presence. Here Microsoft is the simulator on the same machine,
without a network in between, over connections that stay open: in truth each question takes much longer, and
more than fifty presences a second are refused.
"""

import json
import time
from collections.abc import Mapping
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from bench.tenant import Tenant
from bench.wire import WrongAnswer

_OK = 200


class Direct:
    """One phone system with one connection."""

    def __init__(self, tenant: Tenant, *, user: str) -> None:
        address = urlsplit(tenant.root)
        self._connection = HTTPSConnection(address.hostname or "", address.port, context=tenant.tls)
        self._settings = tenant.settings
        self._graph = tenant.settings["PRESENCE_GRAPH_URL"]
        self._user = user

    def per_s(self, seconds: float) -> float:
        """Calls answered a second, asked one after the other. Raises WrongAnswer."""
        calls, began = 0, time.perf_counter()
        while (passed_s := time.perf_counter() - began) < seconds:
            self.presence()
            calls += 1
        return calls / passed_s

    def presence(self) -> Any:
        """What Microsoft says about the user. Raises WrongAnswer."""
        bearer = {"Authorization": f"Bearer {self._token()}"}
        user = self._ask("GET", f"/v1.0/users/{quote(self._user)}?$select=id", headers=bearer)
        return self._ask("GET", f"/v1.0/users/{user['id']}/presence", headers=bearer)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings["AZURE_CLIENT_ID"],
            "client_secret": self._settings["AZURE_CLIENT_SECRET"],
            "scope": f"{self._graph}/.default",
        }
        path = f"/{self._settings['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        token: str = self._ask("POST", path, headers=headers, body=urlencode(form))["access_token"]
        return token

    def _ask(self, method: str, path: str, *, headers: Mapping[str, str], body: str | None = None) -> Any:
        self._connection.request(method, path, body=body, headers=dict(headers))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != _OK:
            raise WrongAnswer(f"{method} {path.partition('?')[0]} answered {answer.status}.")
        return json.loads(text)
