"""The fault matrix, rows *Graph*: whatever becomes of presence on its way, memory answers callers."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any

import pytest

from tests.support.matrix import MAX, Bench, Row, Watch, open_bench, survive
from tests.support.polling import eventually
from tests.support.tcp_proxy import Wire

Record = Callable[[str, object], None]
PRESENCE = "getPresencesByUserId"
PEOPLE = 660  # more than one request takes


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A tenant of two requests a sweep behind a wire that can be cut; its directory is left in peace."""
    folder = tmp_path_factory.mktemp("graph")
    calm = {"PRESENCE_DIRECTORY_INTERVAL": "600"}
    with open_bench(folder, "--people", str(PEOPLE), proxied="PRESENCE_GRAPH_URL", settings=calm) as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Something that is wrong with an answer and makes no difference to callers."""

    name: str
    kind: str
    fault: dict[str, Any]

    def __str__(self) -> str:
        return self.name


ODDITIES = [
    Oddity(name="401 once", kind="status", fault={"status": 401, "count": 1}),
    Oddity(name="doubled ids", kind="doubled", fault={}),
    Oddity(name="results in another order", kind="other_order", fault={}),
    Oddity(name="values in another case", kind="other_case", fault={}),
    Oddity(name="unknown fields", kind="unknown_fields", fault={}),
]


@pytest.mark.fault
@pytest.mark.parametrize("oddity", ODDITIES, ids=str)
def test_nobody_notices(bench: Bench, oddity: Oddity, record_property: Record) -> None:
    """Who moves meanwhile is seen to move, nothing turns stale, and the log is silent."""
    with _unnoticed(bench, record_property):
        bench.tenant.fail(PRESENCE, oddity.kind, **oddity.fault)
        for availability, state in [("Busy", "busy"), ("Available", "free")]:
            bench.tenant.set_presence(MAX, availability)
            eventually(partial(_is_in, bench, state), within_s=4)


@pytest.mark.fault
def test_an_id_missing_from_the_answer(bench: Bench, record_property: Record) -> None:
    """That is a fresh reading of PresenceUnknown, never the old value for ever."""
    with _unnoticed(bench, record_property):
        bench.tenant.set_presence(MAX, "Available")
        eventually(partial(_is_in, bench, "free"), within_s=4)
        bench.tenant.fail(PRESENCE, "omit", omit_ids=[bench.service.presence(MAX)["id"]])
        eventually(partial(_is_in, bench, "unknown"), within_s=4)
        assert bench.service.presence(MAX)["availability"] == "PresenceUnknown"
        bench.tenant.heal()
        eventually(partial(_is_in, bench, "free"), within_s=4)


@pytest.mark.fault
def test_one_bad_id_among_650(bench: Bench, record_property: Record) -> None:
    """The portion is halved until the one stands alone, as unknown; the other 649 stay fresh."""
    victim = bench.tenant.people()[100]
    with _unnoticed(bench, record_property):
        bench.tenant.fail(PRESENCE, "status", status=400, when_ids=[victim["id"]])
        path = f"/presence/{victim['id']}"
        eventually(lambda: bench.service.get(path).json()["state"] == "unknown", within_s=4)
        bench.tenant.set_presence(MAX, "Busy")
        eventually(partial(_is_in, bench, "busy"), within_s=4)
        people = bench.service.health()["tenants"][0]["people"]
        assert (people["fresh"], people["stale"]) == (PEOPLE, 0)


def _fail(bench: Bench, /, kind: str = "status", **fault: Any) -> None:
    bench.tenant.fail(PRESENCE, kind, **fault)


def _cut(bench: Bench, /, wire: Wire) -> None:
    bench.wire.become(wire)


def _in_two_seconds(bench: Bench) -> None:
    _fail(bench, status=429, headers={"Retry-After": formatdate(time.time() + 2, usegmt=True)})


def _answered(name: str, code: str, *, says: str = "", **fault: Any) -> Row:
    return Row(name=name, begin=partial(_fail, **fault), code=code, says=says)


ANSWERED = [
    _answered("401 always", "graph_unauthorized", status=401),
    _answered("403", "permission_missing", says="grant Presence.Read.All", status=403),
    _answered("429 with seconds", "graph_throttled", says="429", status=429, headers={"Retry-After": "2"}),
    Row(name="429 with a date", begin=_in_two_seconds, code="graph_throttled", says="429"),
    _answered("429 without Retry-After", "graph_throttled", says="429", status=429),
    _answered("503", "graph_unavailable", says="503", status=503),
    _answered("504", "graph_unavailable", says="504", status=504),
    _answered("HTML from a proxy", "graph_unavailable", says="502", kind="html"),
    _answered("HTML with 200", "unexpected_answer", kind="html", status=200),
    _answered(
        "truncated JSON", "unexpected_answer", kind="body", body='{"value":[{"id":"5a1b6f0e-3d0c","avail'
    ),
    _answered("JSON of the wrong shape", "unexpected_answer", kind="body", body={"value": {"id": 1}}),
    _answered("a list of something else", "unexpected_answer", kind="body", body={"value": [1, "two"]}),
]
UNANSWERED = [
    Row(
        name=name,
        begin=partial(_cut, wire=wire),
        end=partial(_cut, wire=Wire.WHOLE),
        code="graph_unavailable",
        says=says,
        shows_within_s=shows_within_s,
    )
    for name, wire, says, shows_within_s in [
        ("connection refused", Wire.REFUSED, "cannot be used", 8),
        ("reset in mid-body", Wire.CUT, "cannot be used", 8),
        ("black hole", Wire.BLACK_HOLE, "no answer in time", 10),
        ("one byte a second", Wire.DRIP, "no answer in time", 20),
    ]
]


@pytest.mark.fault
@pytest.mark.parametrize("row", [*ANSWERED, *UNANSWERED], ids=str)
def test_presence(bench: Bench, row: Row, record_property: Record) -> None:
    """Stale with the true age, named in `/health`, told once, and current again by itself."""
    survive(bench, row, record_property)


class _unnoticed:  # noqa: N801 - reads as a word: with _unnoticed(bench, record)
    """Watches a known person while something odd goes on that no caller and no log may notice."""

    def __init__(self, bench: Bench, record: Record) -> None:
        self._bench = bench
        self._record = record
        bench.wait_until_well()
        self._since = len(bench.service.process.output)
        self._watch = Watch(bench.service)

    def __enter__(self) -> None:
        self._watch.__enter__()

    def __exit__(self, kind: object, *rest: object) -> None:
        self._bench.tenant.heal()
        self._watch.__exit__(kind, *rest)
        if kind is None:
            self._watch.check_known_person_was_answered()
            self._watch.check_staleness(expected=False)
            assert not self._bench.faults()
            records = self._bench.records(since=self._since)
            assert not [record for record in records if record["level"] != "INFO"]
            self._record("slowest_s", self._watch.slowest_s)


def _is_in(bench: Bench, state: str) -> bool:
    answer = bench.service.presence(MAX)
    return (answer["state"], answer["stale"]) == (state, False)
