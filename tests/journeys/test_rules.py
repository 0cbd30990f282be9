"""Teams rules at work: a file that changes under a running service, asked about and tried out beforehand."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from app.config import new_api_key
from tests.support.polling import eventually
from tests.support.processes import ROOT
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
ERIKA = "erika.mustermann@contoso.example"
READ_KEY, READER = new_api_key("phone")
ADMIN_KEY, ADMIN = new_api_key("admin")
TOML = {"Content-Type": "application/toml"}
GENTLE, STERN = 'default = "relaxed"\n', 'default = "strict"\n'
OWN = f"""\
default = "strict"
[assign.people]
"{ERIKA.upper()}" = "own"
[[sets.own]]
name = "always"
state = "free"
reachable = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sound rules file."""
    path = tmp_path / "rules.toml"
    path.write_text(STERN)
    return path


@pytest.fixture
def service(tenant: Simulated, serve: Callable[..., Service], file: Path) -> Service:
    """A service with that file, in which Max is busy."""
    tenant.set_presence(MAX, "Busy")
    tenant.set_presence(ERIKA, "Offline")
    return serve(tenant.settings | {"PRESENCE_RULES_FILE": str(file)}).wait_until_ready()


def save(file: Path, text: str) -> None:
    """As editors and Kubernetes do it: the new file takes the old one's place."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.rename(file)


@contextmanager
def asking(service: Service) -> Iterator[list[tuple[int, bool]]]:
    """Ask for Max without a pause meanwhile; each status, and whether he was reachable."""
    answers: list[tuple[int, bool]] = []
    ended = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=service.base, trust_env=False) as http:
            while not ended.is_set():
                answer = http.get(f"/presence/{MAX}")
                answers.append((answer.status_code, answer.json().get("reachable")))

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield answers
    finally:
        ended.set()
        asker.join()


def test_a_file_saved_while_requests_run_changes_the_answers_and_fails_none(
    service: Service, file: Path
) -> None:
    """Without a restart, and between two answers."""
    with asking(service) as answers:
        eventually(lambda: answers, within_s=5)
        save(file, GENTLE)
        eventually(lambda: answers[-1] == (200, True), within_s=7)
        save(file, STERN)
        service.process.signal(signal.SIGHUP)
        eventually(lambda: answers[-1] == (200, False), within_s=2)
    print(f"{len(answers)} requests, none failed")
    assert {status for status, _ in answers} == {200}
    reachable = [reachable for _, reachable in answers]
    assert sum(one is not other for one, other in pairwise(reachable)) == 2


def test_a_refused_file_leaves_the_rules_as_they_were_and_health_says_why(
    service: Service, file: Path
) -> None:
    """Until it is mended."""
    save(file, GENTLE + 'defualt = "strict"\n')
    service.process.signal(signal.SIGHUP)
    fault = eventually(lambda: service.feed("rules")["fault"], within_s=7)
    assert fault == "rules.toml line 2: this key means nothing here: did you mean default."
    assert service.health()["status"] == "degraded"
    assert service.get("/health/ready").is_success
    assert service.presence(MAX)["reachable"] is False
    assert service.process.output.count("rules.toml line 2") == 1
    save(file, GENTLE)
    eventually(lambda: not service.feed("rules")["fault"], within_s=7)
    assert service.presence(MAX)["reachable"] is True


def test_a_file_with_an_error_stops_the_start_in_one_sentence(
    tenant: Simulated, serve: Callable[..., Service], file: Path
) -> None:
    """Before anything listens, and without a traceback."""
    file.write_text("[sets.mine]\n")
    with pytest.raises(AssertionError, match="ended early") as ended:
        serve(tenant.settings | {"PRESENCE_RULES_FILE": str(file)})
    assert "PRESENCE_RULES_FILE cannot be used: rules.toml line 1: a set is a list" in str(ended.value)
    assert "Traceback" not in str(ended.value)


def test_a_caller_may_ask_by_another_set_on_every_route(service: Service, file: Path) -> None:
    """By name; an unknown one is a 400 that lists the names there are."""
    save(file, OWN)
    service.process.signal(signal.SIGHUP)
    eventually(lambda: service.presence(ERIKA)["rule"] == "always", within_s=7)
    by_own = {"ruleset": "own"}
    assert service.get(f"/presence/{MAX}").json()["rule"] == "busy"
    assert service.get(f"/presence/{MAX}", params={"ruleset": ""}).json()["rule"] == "busy"
    assert service.get(f"/presence/{MAX}", params=by_own).json()["rule"] == "always"
    posted = service.http.post("/presence/batch", params=by_own, json={"users": [MAX]}).json()
    got = service.get("/presence/batch", params={"user": MAX, **by_own}).json()
    assert [batch["results"][0]["presence"]["rule"] for batch in (posted, got)] == ["always", "always"]
    everybody = service.get("/presence", params=by_own).json()["results"]
    assert {one["rule"] for one in everybody} == {"always"}
    for path in (f"/presence/{MAX}", "/presence", f"/presence/batch?user={MAX}"):
        refused = service.get(path, params=httpx.QueryParams(path.partition("?")[2]).set("ruleset", "other"))
        assert refused.status_code == 400
        assert "strict, relaxed, own" in refused.json()["error"]
    assert service.health()["tenants"][0]["rules"] == {
        "default": "strict",
        "sets": ["strict", "relaxed", "own"],
        "unknownWords": [],
        "unknownReadings": 0,
    }


def test_a_new_word_is_listed_and_breaks_nothing(tenant: Simulated, service: Service) -> None:
    """Microsoft may invent one any day."""
    tenant.set_presence(MAX, "Levitating")
    eventually(lambda: service.presence(MAX)["availability"] == "Levitating", within_s=5)
    answer = service.presence(MAX)
    assert (answer["state"], answer["reachable"], answer["rule"]) == ("unknown", False, "unknown")
    rules = eventually(lambda: service.health()["tenants"][0]["rules"], within_s=1)
    assert rules["unknownWords"] == ["Levitating"]
    assert rules["unknownReadings"] >= 1
    assert service.process.output.count("Levitating") == 1


def test_after_a_call_somebody_is_left_alone_for_a_while(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """The state is free at once, `reachable` follows."""
    tenant.set_presence(MAX, "Busy", "InACall")
    service = serve(tenant.settings | {"PRESENCE_WRAP_UP": "3"}).wait_until_ready()
    tenant.set_presence(MAX, "Available")
    eventually(lambda: service.presence(MAX)["state"] == "free", within_s=3)
    answer = service.presence(MAX)
    assert (answer["reachable"], answer["rule"]) == (False, "wrap-up")
    eventually(lambda: service.presence(MAX)["rule"] == "available", within_s=6)
    assert service.presence(MAX)["reachable"] is True


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `teams-presence rules try`."""
    return subprocess.run(
        [sys.executable, "-m", "app", "rules", "try", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_changed_file_is_tried_out_before_anything_is_changed(
    tenant: Simulated, serve: Callable[..., Service], file: Path, tmp_path: Path
) -> None:
    """By a key with the scope admin; it lists who would change, and nobody does."""
    tenant.set_presence(MAX, "Busy")
    keys = {"PRESENCE_API_KEYS": f"{READER}:read,{ADMIN}:admin+read", "PRESENCE_RULES_FILE": str(file)}
    service = serve(tenant.settings | keys, headers={"X-API-Key": ADMIN_KEY}).wait_until_ready()
    key_file = tmp_path / "key"
    key_file.write_text(f"{ADMIN_KEY}\n")
    new = tmp_path / "new.toml"
    new.write_text(GENTLE)
    reached = ("--file", str(new), "--url", service.base)

    tried = command(*reached, "--key-file", str(key_file))
    assert tried.returncode == 0, tried.stderr
    line = next(line for line in tried.stdout.splitlines() if line.startswith(MAX))
    assert "busy, not reachable (strict: busy)" in line
    assert "busy, reachable (relaxed: busy-may-ring)" in line
    assert service.presence(MAX)["reachable"] is False

    new.write_text(STERN)
    assert "0 of 50 people would change" in command(*reached, "--key", ADMIN_KEY).stdout
    refused = command(*reached, "--key", READ_KEY)
    assert (refused.returncode, "lacks the scope admin" in refused.stderr) == (2, True)
    new.write_text("\nreachable = 1\n")
    broken = command(*reached, "--key", ADMIN_KEY)
    assert (broken.returncode, "new.toml line 2: " in broken.stderr) == (2, True)
    assert "Traceback" not in refused.stderr + broken.stderr


def test_trying_says_when_the_service_cannot_be_reached(file: Path) -> None:
    """In words, not in a traceback."""
    tried = command("--file", str(file), "--url", "http://127.0.0.1:9")
    assert tried.returncode == 2
    assert tried.stderr.startswith("The service at http://127.0.0.1:9 cannot be reached")


def test_a_refused_or_too_large_file_is_told_by_the_service_too(service: Service) -> None:
    """For whoever uses curl instead of the command."""
    refused = service.http.post("/rules/try", content=b"default = 7\n", headers=TOML)
    assert (refused.status_code, refused.json()["error"][:20]) == (400, "rules.toml line 1: t")
    large = b"#" * (1024 * 1024 + 1)
    assert service.http.post("/rules/try", content=large, headers=TOML).status_code == 413
    own = service.http.post("/rules/try", content=OWN.encode(), headers=TOML).json()
    assert {change["email"] for change in own["changes"]} == {ERIKA}
    assert (own["held"], own["changed"], own["gained"], own["lost"], own["unread"]) == (50, 1, 1, 0, [])
