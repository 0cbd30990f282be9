"""The fault matrix, rows *Directory*: trouble with the list of people never costs presence an answer."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.matrix import MAX, Bench, Row, Watch, open_bench, survive
from tests.support.polling import eventually

Record = Callable[[str, object], None]
LISTING = "users_delta"
PRESENCE = "getPresencesByUserId"
PEOPLE = 300
LOST = 100
A_WEEK_S = 8 * 86_400
MANY = 100_000
REQUESTS_A_SWEEP = 154


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A tenant of two pages whose changes are followed twice a second."""
    with open_bench(tmp_path_factory.mktemp("directory"), "--people", str(PEOPLE)) as opened:
        yield opened


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[object]]]:
    """Another host's root, and who has connected to it."""
    visitors: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, visitor = listener.accept()
                except TimeoutError:
                    continue
                visitors.append(visitor)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", visitors
        over.set()
        thread.join()


@pytest.fixture
def watched(bench: Bench, record_property: Record) -> Iterator[Bench]:
    """A bench on which no known person may be refused, turn stale or be complained about."""
    bench.wait_until_well()
    since = len(bench.service.process.output)
    with Watch(bench.service) as watch:
        yield bench
        bench.tenant.heal()
        bench.wait_until_well()
    watch.check_known_person_was_answered()
    watch.check_staleness(expected=False)
    assert not [record for record in bench.records(since=since) if record["level"] != "INFO"]
    record_property("slowest_s", watch.slowest_s)


@pytest.mark.fault
@pytest.mark.parametrize("way", ["delta 410", "delta token too old", "an empty page in the middle"])
def test_a_listing_begins_anew(watched: Bench, way: str) -> None:
    """The list is read anew without anybody noticing, and what changed meanwhile is in it."""
    name = way.replace(" ", ".")
    watched.tenant.add_person(
        displayName=way, mail=f"{name}@contoso.example", userPrincipalName=f"{name}@x.example"
    )
    if way == "an empty page in the middle":
        watched.tenant.fail(LISTING, "empty_page", count=3)
    if way == "delta token too old":
        watched.tenant.pass_time(A_WEEK_S)
    else:
        watched.tenant.expire_delta()
    listings = watched.tenant.calls()[LISTING]
    eventually(lambda: watched.tenant.calls()[LISTING] >= listings + 4, within_s=6)
    eventually(lambda: _found(watched, f"{name}@contoso.example"), within_s=6)


@pytest.mark.fault
def test_directory_unreachable(bench: Bench, record_property: Record) -> None:
    """Presence stays fresh for everybody known; `/health` names the directory."""
    row = Row(
        name="directory 503",
        begin=lambda bench: bench.tenant.fail(LISTING, "status", status=503),
        finder="directory",
        code="graph_unavailable",
        stale=False,
    )
    survive(bench, row, record_property)


@pytest.mark.fault
def test_a_next_link_to_another_host(
    bench: Bench, elsewhere: tuple[str, list[object]], record_property: Record
) -> None:
    """The token does not go there, nor does anything else; the round fails and says why."""
    root, visitors = elsewhere
    row = Row(
        name="next link to another host",
        begin=lambda bench: bench.tenant.fail(LISTING, "foreign_link", link_to=root),
        finder="directory",
        code="unexpected_answer",
        says="another host",
        stale=False,
    )
    survive(bench, row, record_property)
    assert not visitors


@pytest.mark.fault
def test_a_user_renamed(watched: Bench) -> None:
    """Found by the new address, no longer by the old one."""
    old, new = "before@contoso.example", "after@contoso.example"
    watched.tenant.add_person(displayName="Bea Fore", mail=old, userPrincipalName=old)
    eventually(lambda: _found(watched, old), within_s=6)
    watched.tenant.change_person(old, displayName="Af Ter", mail=new, userPrincipalName=new)
    eventually(lambda: _found(watched, new), within_s=6)
    assert watched.service.get(f"/presence/{old}").status_code == 404


@pytest.mark.fault
def test_a_user_deleted_and_restored(watched: Bench) -> None:
    """Gone while deleted, and back with presence once restored."""
    name = "phoenix@contoso.example"
    person = watched.tenant.add_person(displayName="Phoe Nix", mail=name, userPrincipalName=name)
    eventually(lambda: _found(watched, name), within_s=6)
    watched.tenant.remove_person(name)
    eventually(lambda: watched.service.get(f"/presence/{name}").status_code == 404, within_s=6)
    watched.tenant.restore_person(person["id"])
    eventually(lambda: _found(watched, name), within_s=6)
    eventually(lambda: watched.service.presence(name)["stale"] is False, within_s=4)


@pytest.mark.fault
def test_two_users_swap_an_address(watched: Bench) -> None:
    """Each address leads to its new owner."""
    mails = ["left@contoso.example", "right@contoso.example"]
    left, right = (
        watched.tenant.add_person(displayName=mail, mail=mail, userPrincipalName=f"upn.{mail}")
        for mail in mails
    )
    eventually(lambda: all(_found(watched, mail) for mail in mails), within_s=6)
    watched.tenant.change_person(left["id"], mail=mails[1])
    watched.tenant.change_person(right["id"], mail=mails[0])
    swapped = [right["id"], left["id"]]
    eventually(lambda: [_found(watched, mail) for mail in mails] == swapped, within_s=6)


@pytest.mark.fault
def test_a_listing_suddenly_loses_many(bench: Bench) -> None:
    """Kept out and alarmed at first, believed when it is the third of its kind; and all come back."""
    bench.wait_until_well()
    held = [
        person
        for person in bench.tenant.people()
        if bench.service.get(f"/presence/{person['id']}").is_success
    ]
    lost = held[-LOST:]
    somebody = lost[0]["id"]
    assert _found(bench, somebody)
    bench.tenant.fail(LISTING, "omit", omit_ids=[person["id"] for person in lost])
    bench.tenant.expire_delta()
    alarm = eventually(lambda: bench.faults().get("directory"), within_s=6)
    assert alarm
    assert _found(bench, somebody), "believed at once"
    eventually(lambda: bench.service.get(f"/presence/{somebody}").status_code == 404, within_s=10)
    eventually(lambda: not bench.faults(), within_s=6)
    assert bench.service.presence(MAX)["stale"] is False
    bench.tenant.heal()
    bench.tenant.expire_delta()
    eventually(lambda: _found(bench, somebody), within_s=6)


@pytest.mark.fault
def test_a_hundred_thousand_people(tmp_path: Path, record_property: Record) -> None:
    """All of them are listed, swept, and swept again, while callers are answered."""
    began = time.monotonic()
    calm = {"PRESENCE_POLL_INTERVAL": "5", "PRESENCE_FRESH_FOR": "60", "PRESENCE_DIRECTORY_INTERVAL": "30"}
    with open_bench(tmp_path, "--people", str(MANY), settings=calm, ready_within_s=150) as bench:
        ready_s = time.monotonic() - began
        print(f"{MANY} people: ready {ready_s:.1f} s after the tenant's start")
        again, asked = time.monotonic(), bench.tenant.calls()[PRESENCE]
        with Watch(bench.service) as watch:
            eventually(partial(_asked, bench, asked + 2 * REQUESTS_A_SWEEP), within_s=60)
        print(f"one whole sweep within {time.monotonic() - again:.1f} s")
        assert watch.statuses == {200}
        looked = time.monotonic()
        people: dict[str, Any] = bench.service.health()["tenants"][0]["people"]
        print(f"/health {(time.monotonic() - looked) * 1000:.0f} ms")
        assert (people["held"], people["fresh"]) == (MANY, MANY)
        print(f"slowest answer {watch.slowest_s * 1000:.0f} ms")
    record_property("slowest_s", watch.slowest_s)


def _asked(bench: Bench, times: int) -> bool:
    """Whether presence was asked for so often; the counter is looked at gently."""
    time.sleep(0.5)
    return bench.tenant.calls()[PRESENCE] >= times


def _found(bench: Bench, user: str) -> str | None:
    """The object id behind an address, if exactly one person has it."""
    answer = bench.service.get(f"/presence/{user}")
    return str(answer.json()["id"]) if answer.status_code == 200 else None
