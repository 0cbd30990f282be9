"""The fault matrix's one harness: what every row has to show while a fault lasts, and after it."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.polling import eventually
from tests.support.service import Service, start_service
from tests.support.simulated import Simulated, start_simulated
from tests.support.tcp_proxy import TcpProxy

MAX = "max.muster@contoso.example"
FRESH_S = 3
# `keep` is long: whoever is blind has no age to speak of, and that has a journey of its own.
SETTINGS = {
    "PRESENCE_POLL_INTERVAL": "0.5",
    "PRESENCE_FRESH_FOR": str(FRESH_S),
    "PRESENCE_KEEP_FOR": "60",
    "PRESENCE_LOG_FORMAT": "json",
}
SLOWEST_ALLOWED_S = 1.0
_ASK_EVERY_S = 0.01
# How long a fault that nobody notices is left on.
_QUIET_S = 1.0
_WENT_BAD = (" failed: ", "Sign-in failed")
_CAME_BACK = (" is current again", "Signed in to Microsoft again")


@contextmanager
def open_bench(
    folder: Path,
    *arguments: str,
    proxied: str | None = None,
    delegated: bool = False,
    settings: Mapping[str, str] | None = None,
    ready_within_s: float = 30,
) -> Iterator["Bench"]:
    """A tenant and a service that is ready; the setting `proxied` leads through a wire that can be cut."""
    tenant = start_simulated(folder / "tenant", *arguments)
    with TcpProxy(tenant.http.base_url.port or 0) as proxy:
        account = tenant.settings_of_a_user if delegated else tenant.settings
        used = {**SETTINGS, **account, **(settings or {})}
        if proxied:
            used[proxied] = f"https://127.0.0.1:{proxy.port}"
        service = start_service(folder / "service", used)
        try:
            yield Bench(tenant, service.wait_until_ready(within_s=ready_within_s), proxy)
        finally:
            service.stop()
            tenant.stop()


@dataclass(slots=True)
class Bench:
    """A service that is well, its tenant, and the wire between the two where it can be cut."""

    tenant: Simulated
    service: Service
    wire: TcpProxy

    def records(self, *, since: int) -> list[dict[str, Any]]:
        """The whole log records after that many characters."""
        lines = self.service.process.output[since:].splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def faults(self) -> dict[str, str]:
        """Every fault that `/health` names, as its code by its finder."""
        tenant = self.service.health()["tenants"][0]
        found = {feed["name"]: feed["faultCode"] for feed in tenant["feeds"] if feed["fault"]}
        if tenant["signIn"]["fault"]:
            found["signIn"] = tenant["signIn"]["faultCode"]
        return found

    def failures(self, finder: str) -> float:
        """How often that feed has failed so far, or sign-in, as `/metrics` counts it."""
        page = self.service.get("/metrics").text
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        if finder == "signIn":
            attempts = (one for one in samples if one.name == "teams_presence_sign_ins_total")
            return sum(one.value for one in attempts if one.labels["outcome"] != "ok")
        failed = (one for one in samples if one.name == "teams_presence_feed_failures_total")
        return sum(one.value for one in failed if one.labels["feed"] == finder)

    def sentence(self, finder: str) -> str:
        """What `/health` says about one finder's fault."""
        tenant = self.service.health()["tenants"][0]
        by_finder = {feed["name"]: feed["fault"] for feed in tenant["feeds"]} | {
            "signIn": tenant["signIn"]["fault"]
        }
        return by_finder[finder] or ""

    def wait_until_well(self, *, within_s: float = 15.0) -> None:
        """Return once nothing is wrong and everybody is current."""

        def well() -> bool:
            return not self.faults() and self.service.presence(MAX)["stale"] is False

        eventually(well, within_s=within_s, what=lambda: f"health: {self.service.health()}")


class Watch:
    """A caller who asks for one known person again and again, in a thread, and notes every answer."""

    def __init__(self, service: Service) -> None:
        self._base = service.base
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.statuses: set[int] = set()
        self.slowest_s = 0.0
        self.answers: list[dict[str, Any]] = []
        self.broken: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: self.answers, within_s=5, what=lambda: "a first answer")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _ask(self) -> None:
        with httpx.Client(base_url=self._base, trust_env=False, timeout=10) as http:
            while not self._over.wait(_ASK_EVERY_S):
                self._ask_once(http)

    def _ask_once(self, http: httpx.Client) -> None:
        before = time.monotonic()
        try:
            answer = http.get(f"/presence/{MAX}")
        except httpx.HTTPError as error:
            self.broken.append(repr(error))
            return
        self.slowest_s = max(self.slowest_s, time.monotonic() - before)
        self.statuses.add(answer.status_code)
        self.answers.append(answer.json())

    def check_known_person_was_answered(self) -> None:
        """No 5xx, nothing slow, and an age that is never hidden."""
        assert self.statuses == {200}, self.statuses
        assert not self.broken, self.broken
        assert self.slowest_s < SLOWEST_ALLOWED_S, f"an answer took {self.slowest_s:.3f} s"
        for before, answer in pairwise(self.answers):
            assert answer["stale"] is (answer["age"] >= FRESH_S), answer
            assert answer["observedAt"] != before["observedAt"] or answer["age"] >= before["age"]

    def check_staleness(self, *, expected: bool) -> None:
        """Age grew until the answers turned stale; or it never came near it."""
        assert any(answer["stale"] for answer in self.answers) is expected, self.answers[-1]


@dataclass(slots=True, kw_only=True)
class Row:
    """One fault of the matrix.

    `finder` is the feed, or `signIn`, that finds the cause and alone speaks of it; `code` is the machine word
    and `says` a part of the sentence that `/health` shows. With `at_once`, a person has mended something and
    says so with SIGHUP, and Microsoft was asked only once meanwhile. Without `stale`, callers notice nothing.
    `heals_within_s` is the attempts' spacing, plus one poll interval, plus slack.
    """

    name: str
    begin: Callable[[Bench], object]
    end: Callable[[Bench], object] = field(default=lambda bench: bench.tenant.heal())
    finder: str = "presence"
    code: str
    says: str = ""
    at_once: bool = False
    stale: bool = True
    shows_within_s: float = 8.0
    heals_within_s: float = 10.0

    def __str__(self) -> str:
        return self.name


def survive(bench: Bench, row: Row, record: Callable[[str, object], None]) -> None:
    """Let the fault happen and pass; `record` (pytest's record_property) is told the slowest answer."""
    bench.wait_until_well()
    since = len(bench.service.process.output)
    bench.tenant.set_presence(MAX, "Busy")
    eventually(lambda: bench.service.presence(MAX)["state"] == "busy", within_s=5)
    refused_before, failures_before = _refused_sign_ins(bench), bench.failures(row.finder)
    with Watch(bench.service) as watch:
        row.begin(bench)
        try:
            _wait_for_the_fault(bench, row)
            bench.tenant.set_presence(MAX, "Available")
            refused = _refused_sign_ins(bench)
        finally:
            row.end(bench)
        if row.at_once:
            assert refused - refused_before == 1, "Microsoft was asked again and again"
            bench.service.process.signal(signal.SIGHUP)
        _wait_for_the_news(bench, row)
    watch.check_known_person_was_answered()
    watch.check_staleness(expected=row.stale)
    _check_log(bench, row, since=since)
    assert bench.failures(row.finder) > failures_before, "the metrics have not moved"
    record("slowest_s", watch.slowest_s)


def _wait_for_the_fault(bench: Bench, row: Row) -> None:
    def shown() -> bool:
        named = bench.faults().get(row.finder) == row.code
        return named and (bench.service.presence(MAX)["stale"] or not row.stale)

    eventually(shown, within_s=row.shows_within_s, what=lambda: f"{row.code}: {bench.service.health()}")
    assert row.says in bench.sentence(row.finder), bench.sentence(row.finder)
    assert bench.service.health()["status"] == "degraded"
    assert bench.service.get("/health/ready").status_code == httpx.codes.OK
    if not row.stale:
        time.sleep(_QUIET_S)


def _refused_sign_ins(bench: Bench) -> int:
    """How often Microsoft has refused the secret or the password; a refused refresh token is no such try."""
    calls = [
        call for call in bench.tenant.call_log() if call["endpoint"] == "token" and call["status"] >= 400
    ]
    return sum(call["grant_type"] != "refresh_token" for call in calls)


def _wait_for_the_news(bench: Bench, row: Row) -> None:
    """Current again means: what has changed meanwhile is known, and fresh."""

    def current() -> bool:
        answer = bench.service.presence(MAX)
        return (answer["state"], answer["stale"]) == ("free", False)

    eventually(current, within_s=row.heals_within_s, what=lambda: f"news: {bench.service.health()}")
    bench.wait_until_well(within_s=row.heals_within_s)


def _check_log(bench: Bench, row: Row, *, since: int) -> None:
    """One record when it went bad, one when it came back, and nobody else has complained."""
    records = bench.records(since=since)
    spoken = [f"{record['level']} {record['message']}" for record in records]
    complaints = [record for record in records if record["level"] not in {"INFO", "DEBUG"}]
    back = [text for text in spoken if any(words in text for words in _CAME_BACK)]
    assert len(complaints) == 1, spoken
    assert any(words in complaints[0]["message"] for words in _WENT_BAD), spoken
    assert len(back) == 1, spoken
    voice = "Sign" if row.finder == "signIn" else row.finder
    assert complaints[0]["message"].startswith(voice), spoken
    assert back[0].removeprefix("INFO ").startswith(voice), spoken
