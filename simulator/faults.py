"""Switches for trouble: refuse, stall, cut, garble or reshape the next so many calls of an endpoint."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from itertools import count
from typing import Any

import msgspec

from .exchange import Answer, Ask, json_answer
from .graph_errors import default_error
from .sign_in_errors import SignInError

EVERYWHERE = "*"
SIGN_IN_ENDPOINTS = frozenset(("token", "discovery", "userrealm"))
GATEWAY_PAGE = (
    "<!DOCTYPE html><html><head><title>502 - Bad gateway</title></head><body>"
    "<h2>Our services aren't available right now</h2>"
    "<p>We're working to restore all services as soon as possible.</p></body></html>"
)


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    AADSTS = "aadsts"
    BODY = "body"
    HTML = "html"
    RESET = "reset"
    HANG = "hang"
    TRUNCATE = "truncate"
    SLOW = "slow"
    LATENCY = "latency"
    OMIT = "omit"
    DOUBLED = "doubled"
    OTHER_ORDER = "other_order"
    OTHER_CASE = "other_case"
    UNKNOWN_FIELDS = "unknown_fields"
    EMPTY_PAGE = "empty_page"
    FOREIGN_LINK = "foreign_link"


REPLACES_ANSWER = frozenset((Kind.STATUS, Kind.AADSTS, Kind.BODY, Kind.HTML))
BREAKS_WIRE = frozenset((Kind.RESET, Kind.HANG, Kind.TRUNCATE))


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One switch as ordered. `count` null lasts until removed; `when_ids` fires only for these people.

    `link_to` is the root that a foreign link points to.
    """

    endpoint: str = EVERYWHERE
    kind: Kind = Kind.OMIT
    id: str = ""
    status: int | None = None
    headers: dict[str, str] = {}
    body: Any = None
    count: int | None = None
    delay_s: float = 0.0
    error_code: str | None = None
    code: int | None = None
    omit_ids: list[str] = []
    when_ids: list[str] = []
    link_to: str = ""

    def concerns(self, endpoint: str, ids: frozenset[str]) -> bool:
        """Whether a call of this endpoint, asking for these people, runs into the fault."""
        named = self.endpoint in (EVERYWHERE, endpoint)
        return named and (not self.when_ids or not ids.isdisjoint(key.lower() for key in self.when_ids))

    def answer(self, ask: Ask, *, endpoint: str, now: float) -> Answer:
        """The answer that replaces the real one."""
        if self.kind is Kind.AADSTS:
            return self._dressed(SignInError(self.code or 50000).answer(ask, now=now))
        if self.kind is Kind.HTML:
            return self._written(GATEWAY_PAGE, status=HTTPStatus.BAD_GATEWAY, content_type="text/html")
        if self.kind is Kind.BODY or self.body is not None:
            usual = HTTPStatus.OK if self.kind is Kind.BODY else HTTPStatus.SERVICE_UNAVAILABLE
            return self._written(self.body, status=usual, content_type="application/json")
        return self._dressed(self._usual_error(ask, endpoint=endpoint, now=now))

    def _usual_error(self, ask: Ask, *, endpoint: str, now: float) -> Answer:
        """What Microsoft would say with this status, on either side of the house."""
        status = self.status or HTTPStatus.SERVICE_UNAVAILABLE
        if endpoint in SIGN_IN_ENDPOINTS:
            answer = SignInError(self.code or 90033).answer(ask, now=now)
            return Answer(status=status, body=answer.body, headers=answer.headers)
        return default_error(status, self.error_code).answer(ask, now=now)

    def _written(self, content: Any, *, status: int, content_type: str) -> Answer:
        """Any content: text goes out as it is, everything else as JSON."""
        headers = {"content-type": content_type, **self.headers}
        if isinstance(content, str):
            return Answer(status=self.status or status, body=content.encode(), headers=headers)
        return json_answer(content, status=self.status or status, headers=headers)

    def _dressed(self, answer: Answer) -> Answer:
        return Answer(
            status=self.status or answer.status, body=answer.body, headers={**answer.headers, **self.headers}
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """All faults that one call runs into, added up; the oldest decides where only one can."""

    faults: tuple[Fault, ...] = ()

    @property
    def delay_s(self) -> float:
        """How long the answer waits."""
        return sum(fault.delay_s for fault in self.faults if fault.kind not in (Kind.SLOW, Kind.HANG))

    @property
    def trickle_s(self) -> float:
        """Over how long the body is dripped out."""
        return sum(fault.delay_s for fault in self.faults if fault.kind is Kind.SLOW)

    @property
    def omitted(self) -> frozenset[str]:
        """Who is left out of the answer."""
        return frozenset(key.lower() for fault in self.faults for key in fault.omit_ids)

    @property
    def replacement(self) -> Fault | None:
        """The fault that writes the answer."""
        return next((fault for fault in self.faults if fault.kind in REPLACES_ANSWER), None)

    @property
    def breakage(self) -> Kind | None:
        """How the wire breaks."""
        return next((fault.kind for fault in self.faults if fault.kind in BREAKS_WIRE), None)


@dataclass(slots=True)
class Faults:
    """The switches that are on."""

    _on: dict[str, Fault] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, fault: Fault) -> str:
        """Switch on; gives the id to switch off by."""
        fault.id = f"f{next(self._numbers)}"
        self._on[fault.id] = fault
        return fault.id

    def meet(self, endpoint: str, ids: frozenset[str]) -> Trouble:
        """The trouble of one call; each fault that fires has one call fewer to go."""
        hit = tuple(fault for fault in self._on.values() if fault.concerns(endpoint, ids))
        for fault in hit:
            self._use_up(fault)
        return Trouble(hit)

    def listed(self) -> list[Mapping[str, Any]]:
        """All that is on."""
        return [msgspec.to_builtins(fault) for fault in self._on.values()]

    def clear(self, fault_id: str | None = None) -> None:
        """Switch one off, or all."""
        if fault_id is None:
            self._on.clear()
        self._on.pop(fault_id or "", None)

    def _use_up(self, fault: Fault) -> None:
        if fault.count is None:
            return
        fault.count -= 1
        if fault.count <= 0:
            self._on.pop(fault.id, None)
