"""Warm restart: killed, started again while Microsoft cannot be reached, and answering all the same."""

import gzip
import json
import os
import re
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX, ERIKA = "max.muster@contoso.example", "erika.mustermann@contoso.example"
# Long enough that a restart on a busy machine is still within it.
UNHURRIED = {"PRESENCE_FRESH_FOR": "20", "PRESENCE_KEEP_FOR": "60"}
UNREACHABLE = "https://127.0.0.1:9"

Serve = Callable[..., Service]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the snapshot is; the service makes it."""
    return tmp_path / "state"


@pytest.fixture
def settings(tenant: Simulated, folder: Path) -> dict[str, str]:
    """A warm service in front of the tenant of fifty."""
    return tenant.settings | UNHURRIED | {"PRESENCE_STATE_DIR": str(folder)}


def snapshot(folder: Path) -> Path:
    return folder / "snapshot.json.gz"


def text(folder: Path) -> str:
    return gzip.decompress(snapshot(folder).read_bytes()).decode()


def lived(serve: Serve, settings: dict[str, str], folder: Path) -> Service:
    """A service that has written its snapshot and is no more, without having been asked to go."""
    service = serve(settings).wait_until_ready()
    eventually(snapshot(folder).exists, within_s=10)
    kill(service)
    return service


def kill(service: Service) -> None:
    service.process.signal(signal.SIGKILL)
    service.process.popen.wait(10)


def known(service: Service) -> int:
    people: dict[str, int] = service.health()["tenants"][0]["people"]
    return people["accounts"]


@pytest.mark.fault
def test_killed_and_started_again_without_microsoft_it_answers_at_once(
    tenant: Simulated, serve: Serve, settings: dict[str, str], folder: Path
) -> None:
    """The value of before, its true age, `source: snapshot`; ready; and current again afterwards."""
    tenant.set_presence(MAX, "Busy", "InACall")
    service = serve(settings).wait_until_ready()
    eventually(lambda: snapshot(folder).exists(), within_s=10)
    before = service.presence(MAX)
    kill(service)
    tenant.fail("*", "hang")
    time.sleep(2)  # the age must come from the wall clock, not from the start
    started_at = time.monotonic()
    warm = serve(settings)
    listening_at = time.monotonic()
    answer = warm.presence(MAX)
    answered_at = time.monotonic()
    print(
        f"first answer {answered_at - listening_at:.3f} s after listening, {answered_at - started_at:.3f} s"
    )
    assert answered_at - listening_at < 1
    assert (answer["availability"], answer["activity"], answer["state"]) == ("Busy", "InACall", "busy")
    assert (answer["source"], answer["reachable"]) == ("snapshot", before["reachable"])
    assert answer["observedAt"] <= before["observedAt"]
    assert answer["age"] >= 2
    assert answer["stale"] is False
    assert warm.get("/health/ready").text == "ready"
    assert warm.get("/presence/nobody@contoso.example").status_code == 404
    assert len(warm.get("/presence?limit=1000").json()["results"]) == 50
    tenant.set_presence(MAX, "Available")
    tenant.heal()
    current = eventually(lambda: _if(warm.presence(MAX), source="sweep"), within_s=40)
    assert (current["availability"], current["stale"]) == ("Available", False)
    assert current["changedAt"] is not None


def test_it_is_stale_by_age_and_ready_where_nothing_listens(
    serve: Serve, folder: Path, tenant: Simulated
) -> None:
    """Connections refused instead of hanging, and a snapshot beyond PRESENCE_FRESH_FOR."""
    settings = tenant.settings | {"PRESENCE_KEEP_FOR": "60", "PRESENCE_STATE_DIR": str(folder)}
    lived(serve, settings, folder)
    tenant.stop()
    time.sleep(2.5)
    warm = serve(settings)
    answer = warm.presence(MAX)
    assert (answer["source"], answer["stale"]) == ("snapshot", True)
    assert answer["age"] >= 2
    assert warm.get("/health/ready").text == "ready"
    assert eventually(lambda: warm.health()["tenants"][0]["signIn"]["fault"], within_s=10)


def test_ten_thousand_people_answer_within_a_second_of_listening(
    simulate: Callable[..., Simulated], serve: Serve, folder: Path
) -> None:
    """The time to the first answer is printed."""
    tenant = simulate("--people", "10000")
    settings = (
        tenant.settings | UNHURRIED | {"PRESENCE_STATE_DIR": str(folder), "PRESENCE_POLL_INTERVAL": "5"}
    )
    service = serve(settings).wait_until_ready(within_s=60)
    eventually(snapshot(folder).exists, within_s=20)
    kill(service)
    tenant.stop()
    warm = serve(settings)
    listening_at = time.monotonic()
    answer = warm.presence(MAX)
    took_s = time.monotonic() - listening_at
    print(f"10,000 people: first answer {took_s:.3f} s after listening")
    assert answer["source"] == "snapshot"
    assert took_s < 1
    assert warm.get("/health/ready").text == "ready"


def test_an_old_snapshot_restores_who_there_is_and_not_what_they_do(
    tenant: Simulated, serve: Serve, folder: Path
) -> None:
    """Beyond PRESENCE_KEEP_FOR: not ready, 503 for a known address, 404 for an unknown one, then a sweep."""
    settings = tenant.settings | {"PRESENCE_STATE_DIR": str(folder)}
    lived(serve, settings, folder)
    tenant.fail("*", status=503)
    time.sleep(4.5)
    warm = serve(settings)
    assert warm.get("/health/ready").text == "unready"
    assert warm.get(f"/presence/{MAX}").status_code == 503
    assert warm.get("/presence/nobody@contoso.example").status_code == 404
    tenant.heal()
    warm.wait_until_ready(within_s=40)
    assert warm.presence(MAX)["source"] in {"sweep", "demand"}


def test_an_orderly_end_leaves_the_latest_state(
    tenant: Simulated, serve: Serve, settings: dict[str, str], folder: Path
) -> None:
    """Not the one of up to a minute ago; whoever left the scope is gone from the file."""
    service = serve(settings).wait_until_ready()
    eventually(snapshot(folder).exists, within_s=10)
    gone = tenant.person(ERIKA)["id"]
    tenant.set_presence(MAX, "DoNotDisturb")
    tenant.change_person(ERIKA, accountEnabled=False)
    eventually(lambda: service.presence(MAX)["state"] == "dnd", within_s=5)
    eventually(lambda: service.get(f"/presence/{ERIKA}").status_code == 404, within_s=5)
    assert service.stop() == 0
    rows = {row["person"]["id"]: row for row in map(json.loads, text(folder).splitlines()[2:])}
    assert "presence" not in rows[gone]
    tenant.fail("*", status=503)
    assert serve(settings).presence(MAX)["availability"] == "DoNotDisturb"


def test_who_was_removed_while_it_was_down_goes_with_the_first_round(
    tenant: Simulated, serve: Serve, settings: dict[str, str], folder: Path
) -> None:
    """Known by the snapshot, gone by the delta round that it is resumed with."""
    lived(serve, settings, folder)
    tenant.remove_person(ERIKA)
    warm = serve(settings)
    eventually(lambda: warm.get(f"/presence/{ERIKA}").status_code == 404, within_s=10)
    assert warm.get(f"/explain/{ERIKA}").json()["gap"] == "deleted"
    assert warm.presence(MAX)["state"]


@pytest.mark.fault
@pytest.mark.parametrize("spoilt", ["half", "version", "tenant", "scope", "pipe"])
def test_a_snapshot_that_is_of_no_use_is_deleted_with_one_record(
    tenant: Simulated, serve: Serve, settings: dict[str, str], folder: Path, spoilt: str
) -> None:
    """Cut in half, of another version, tenant or scope, or no file: it starts without (found D15)."""
    lived(serve, settings, folder)
    whole = snapshot(folder).read_bytes()
    if spoilt == "half":
        snapshot(folder).write_bytes(whole[: len(whole) // 2])
    elif spoilt == "version":
        later, found = re.subn(r'"version":\d+', '"version":99', text(folder), count=1)
        assert found, "a snapshot names its version"
        snapshot(folder).write_bytes(gzip.compress(later.encode()))
    elif spoilt == "pipe":
        snapshot(folder).unlink()
        os.mkfifo(snapshot(folder))
    elif spoilt == "tenant":
        settings = settings | {"AZURE_TENANT_ID": "fabrikam.example"}
    else:
        settings = settings | {"PRESENCE_SCOPE": f"user:{ERIKA}"}
    tenant.fail("*", status=503)
    service = serve(settings)
    assert service.get("/health/live").text == "live"
    assert service.get("/health/ready").text == "unready"
    assert service.get(f"/presence/{MAX}").status_code == 503
    assert known(service) == 0
    assert not snapshot(folder).exists()
    assert service.process.output.count("Starting without the snapshot") == 1
    tenant.heal()
    if spoilt != "tenant":
        service.wait_until_ready(within_s=40)
        eventually(snapshot(folder).exists, within_s=10)


@pytest.mark.fault
def test_on_a_full_disk_it_goes_on_answering_and_heals_when_there_is_space(
    simulate: Callable[..., Simulated], serve: Serve, folder: Path
) -> None:
    """A limit on file sizes stands in for the disk: one record, a fault in `/health`, the old file whole."""
    tenant = simulate("--people", "2000")
    settings = tenant.settings | UNHURRIED | {"PRESENCE_STATE_DIR": str(folder)}
    service = serve(settings).wait_until_ready(within_s=30)
    eventually(snapshot(folder).exists, within_s=10)
    before = snapshot(folder).read_bytes()
    pid = service.process.popen.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (len(before) // 2, most))
    service.process.signal(signal.SIGHUP)
    fault = eventually(lambda: service.feed("snapshot")["fault"], within_s=10)
    assert "PRESENCE_STATE_DIR" in fault
    assert service.presence(MAX)["stale"] is False
    assert (service.get("/health/ready").text, service.health()["status"]) == ("ready", "degraded")
    time.sleep(2)
    assert service.process.output.count("snapshot failed") == 1
    assert snapshot(folder).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [snapshot(folder).name]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    eventually(lambda: service.feed("snapshot")["fault"] is None, within_s=40)
    assert service.process.output.count("snapshot is current again") == 1
    assert "Traceback" not in service.process.output
    assert "Exception ignored" not in service.process.output
    assert service.health()["status"] == "ok"


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A folder that nobody can be given, not even root."""
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("")
    return obstacle / "state"


@pytest.mark.fault
def test_a_folder_that_cannot_be_made_costs_one_record(
    serve: Serve, settings: dict[str, str], unwritable: Path
) -> None:
    """The service starts, answers, says what is wrong, and heals."""
    service = serve(settings | {"PRESENCE_STATE_DIR": str(unwritable)}).wait_until_ready()
    assert eventually(lambda: service.feed("snapshot")["fault"], within_s=10)
    assert service.presence(MAX)["stale"] is False
    time.sleep(2)
    assert service.process.output.count("snapshot failed") == 1
    unwritable.parent.unlink()
    eventually(lambda: service.feed("snapshot")["fault"] is None, within_s=40)
    assert snapshot(unwritable).exists()


@pytest.mark.fault
@pytest.mark.parametrize("read_only", ["/sys", "/proc"])
def test_a_read_only_folder_costs_one_record_and_nothing_at_the_end(
    serve: Serve, settings: dict[str, str], read_only: str
) -> None:
    """File systems of the kernel stand in, in which root cannot make a file either."""
    service = serve(settings | {"PRESENCE_STATE_DIR": read_only}).wait_until_ready()
    assert eventually(lambda: service.feed("snapshot")["faultCode"], within_s=10) == "snapshot"
    assert service.presence(MAX)["stale"] is False
    assert service.stop() == 0
    assert service.process.output.count("napshot cannot be written") == 1


def test_the_file_is_for_its_owner_alone_and_holds_no_secret(
    serve: Serve, settings: dict[str, str], folder: Path
) -> None:
    """0600 in a folder of 0700; neither the client secret nor any token, whose three parts begin with eyJ."""
    lived(serve, settings, folder)
    assert snapshot(folder).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    held = text(folder)
    assert MAX in held.lower()
    assert settings["AZURE_CLIENT_SECRET"] not in held
    assert "Bearer" not in held
    assert "eyJ" not in held


def test_off_means_off(tenant: Simulated, serve: Serve, tmp_path: Path) -> None:
    """Without PRESENCE_STATE_DIR there is no such feed, and nothing is written anywhere."""
    service = serve(tenant.settings).wait_until_ready()
    eventually(lambda: service.feed("presence")["rounds"] > 2, within_s=10)
    assert "snapshot" not in {feed["name"] for feed in service.health()["tenants"][0]["feeds"]}
    assert service.stop() == 0
    assert not list(tmp_path.rglob("*snapshot*"))
    assert [path.name for path in (tmp_path / "service0").iterdir()] == ["app.log"]


def _if(answer: dict[str, Any], **members: object) -> dict[str, Any] | None:
    return answer if members.items() <= answer.items() else None
