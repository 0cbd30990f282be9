"""A list is answered from pages, and nobody can tell."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from app.api.schemas import BatchBody, PresenceBody
from app.presence.models import PersonChange
from tests.support.clock import settle
from tests.support.firm import BUSY, CALL, EVA_ID, FREE, GROUP, HOST, MAX, MAX_ID, ONE_ID, UWE_ID, slowly
from tests.support.twins import Twins

KNOWN = (MAX, MAX.upper(), MAX_ID.upper(), "mm@firm.example", "eva@firm.example", "üwe@münchen.example")
ODD: tuple[Any, ...] = (
    *("nobody@firm.example", "both@firm.example", "guest@other.example", "rubbish", "", 'a"b@firm.example'),
    *(f" {MAX}", "odd@firm.example", 7, None, True, 1.5, [MAX], {"user": MAX}),
)


def told(twins: Twins, *users: Any, ruleset: str | None = None) -> list[dict[str, Any]]:
    """What the first twin says about some users."""
    body = twins.run(twins.batch.body(users, ruleset=ruleset))
    results: list[dict[str, Any]] = msgspec.json.decode(body)["results"]
    return results


@pytest.mark.parametrize("users", [KNOWN, ODD, (*KNOWN, *ODD, *KNOWN), (), (MAX, MAX)])
def test_a_page_in_a_list_is_byte_by_byte_what_the_desk_would_say(
    twins_of: Callable[..., Twins], users: tuple[Any, ...]
) -> None:
    """Fresh, changed and stale people among those nobody knows, in the order asked, echoed as asked."""
    twins = twins_of(PRESENCE_STATUS_MESSAGES="true")
    twins.read({EVA_ID: BUSY}, ago_s=0.1)
    twins.read({UWE_ID: FREE}, ago_s=0)
    for pause in (0, 29.7, 0.25, 0.1, 300):
        twins.clock.pass_by(pause)
        judged = twins.run(twins.batch.body(users, ruleset="strict"))  # named rules are never on a page
        assert twins.run(twins.batch.body(users, ruleset=None)) == judged


def test_whatever_changes_is_in_the_next_list(twins_of: Callable[..., Twins], tmp_path: Path) -> None:
    """Rules, groups, names, presence and addresses, each after a list has been answered from pages."""
    rules = tmp_path / "rules.toml"
    rules.write_text(f'[assign.groups]\n"{GROUP}" = "relaxed"\n')
    twins = twins_of(PRESENCE_RULES_FILE=str(rules))
    twins.read({MAX_ID: BUSY, EVA_ID: BUSY}, ago_s=0.2)

    def reachable() -> list[tuple[str, bool]]:
        results = told(twins, MAX, "eva@firm.example", MAX_ID)
        alone = [twins.call(f"/presence/{user}", [HOST]) for user in (MAX, "eva@firm.example", MAX_ID)]
        for entry, said in zip(results, alone, strict=True):
            assert said.status != 200 or msgspec.json.decode(said.body) == entry["presence"]
            assert (said.status == 200) == (entry["outcome"] == "found")
        return [
            (entry["outcome"], "presence" in entry and entry["presence"]["reachable"]) for entry in results
        ]

    assert reachable() == [("found", False)] * 3
    twins.regroup(GROUP, MAX_ID)
    assert reachable() == [("found", True), ("found", False), ("found", True)]
    rules.write_text('default = "relaxed"\n')
    twins.take_rules()
    assert reachable() == [("found", True)] * 3
    twins.read({MAX_ID: CALL}, ago_s=0.1)
    assert reachable() == [("found", False), ("found", True), ("found", False)]
    twins.change(PersonChange(id=ONE_ID, properties={"aliases": ("eva@firm.example",)}))
    assert reachable() == [("found", False), ("ambiguous", False), ("found", False)]
    twins.change(PersonChange(id=MAX_ID, properties={"mail": "new@firm.example"}))
    assert reachable() == [("not_found", False), ("ambiguous", False), ("found", False)]


def test_what_is_prebuilt_keeps_the_published_promise(twins_of: Callable[..., Twins]) -> None:
    """Batch, single answer and the models in the documentation are one."""
    twins = twins_of()
    body = twins.run(twins.batch.body([*KNOWN, *ODD], ruleset=None))
    published = BatchBody.model_validate_json(body, extra="forbid").results
    assert [entry.presence is not None for entry in published[: len(KNOWN)]] == [True] * len(KNOWN)
    for user, entry in zip(KNOWN, msgspec.json.decode(body)["results"], strict=False):
        alone = twins.call(f"/presence/{quote(user)}", [HOST]).body
        assert msgspec.json.decode(alone) == entry["presence"]
        assert (
            PresenceBody.model_validate_json(alone).model_dump(by_alias=True).keys()
            == entry["presence"].keys()
        )


def test_known_people_in_a_list_are_taken_from_their_pages(twins_of: Callable[..., Twins]) -> None:
    """Or the tests above would prove nothing."""
    twins = twins_of()
    told(twins, *KNOWN)
    entries = twins.tenants[0].store.entries
    assert all(entries[person_id].rendered for person_id in (MAX_ID, EVA_ID, UWE_ID))
    assert not twins.tenants[1].store.entries[MAX_ID].rendered


def test_an_answer_in_a_list_is_forgotten_as_missed(twins_of: Callable[..., Twins]) -> None:
    twins = twins_of()
    slowly(twins, "/presence/new@firm.example", [HOST])
    twins.change(PersonChange(id=EVA_ID, properties={"aliases": ("new@firm.example",)}))
    told(twins, "New@firm.example")
    assert twins.missed()[0] == []


def test_pages_are_of_the_moment_after_the_desk_has_answered(twins_of: Callable[..., Twins]) -> None:
    """Somebody never read may take Microsoft a second and a half; the others' ages count on."""
    twins = twins_of()
    newcomer = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a99"
    twins.change(PersonChange(id=newcomer, properties={"mail": "newcomer@firm.example"}))

    async def ask() -> bytes:
        asked = asyncio.ensure_future(twins.batch.body([MAX, "newcomer@firm.example", MAX], ruleset=None))
        await settle()
        twins.clock.pass_by(10)  # while the desk waits
        return await asked

    results = msgspec.json.decode(twins.run(ask()))["results"]
    assert [entry["outcome"] for entry in results] == ["found", "unavailable", "found"]
    assert [results[0]["presence"]["age"], results[2]["presence"]["age"]] == [10, 10]


def test_ten_thousand_people_do_not_hold_up_whoever_asks_meanwhile(twins_of: Callable[..., Twins]) -> None:
    """Others have a turn after each thousand, which are written in a quarter of a millisecond."""
    twins = twins_of()

    async def turns() -> int:
        count, answer = 0, asyncio.ensure_future(twins.batch.body([MAX] * 10_000, ruleset=None))
        while not answer.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert twins.run(turns()) >= 10


def test_ten_thousand_and_one_are_too_many(twins_of: Callable[..., Twins]) -> None:
    """Over HTTP, with everything in front of it."""
    twins = twins_of()

    async def ask(count: int) -> httpx.Response:
        transport = httpx.ASGITransport(twins.fast)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post("/presence/batch", json={"users": [MAX] * count})

    assert twins.run(ask(10_001)).status_code == 400
    answer = twins.run(ask(10_000))
    assert len(answer.json()["results"]) == 10_000
    assert answer.headers["content-type"] == "application/json"
