"""One request and one answer, as plain values: every handler is a function from the first to the second."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import msgspec

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that has been read completely. `root` is the scheme, host and port the caller used."""

    method: str = "GET"
    root: str = "https://127.0.0.1"
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    omitted: frozenset[str] = frozenset()
    request_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def client_request_id(self) -> str:
        """The caller's correlation id, or ours when there is none ("Best practices", client-request-id)."""
        return self.headers.get("client-request-id") or self.request_id

    def option(self, name: str) -> str | None:
        """An OData option; v1.0 takes it with and without the dollar ("Use query parameters")."""
        for key, value in self.query.items():
            if key.removeprefix("$").lower() == name.lower():
                return value
        return None

    def form(self) -> dict[str, str]:
        """The body of a form post."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(
    content: Any, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] = NO_HEADERS
) -> Answer:
    """An answer in JSON."""
    typed = {"content-type": "application/json; charset=utf-8", **headers}
    return Answer(status=status, body=msgspec.json.encode(content), headers=typed)


class RefusedError(Exception):
    """A request that is answered with an error; each side of Microsoft words it differently."""

    def answer(self, ask: Ask, *, now: float) -> Answer:
        """The refusal as this side of Microsoft words it."""
        raise NotImplementedError
