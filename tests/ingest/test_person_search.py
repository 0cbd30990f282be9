"""Somebody the directory has not brought yet can be found, and wrong addresses cost Microsoft nothing."""

import asyncio

import httpx
import pytest

from app.errors import SignInRefused
from app.graph.sign_in import Token
from app.graph.tokens import TokenSource
from app.ingest.demand import PersonSearch
from app.presence.directory import Directory
from app.presence.models import PersonChange
from tests.graph.fake_graph import FakeGraph, Script, one_after_another, page, refusal
from tests.support.clock import ManualClock, settle

NEW = {"id": "id-new", "mail": "new@firm.example"}
NOBODY = one_after_another(page())


class Searched:
    """A directory that knows one domain, and the search beside it."""

    def __init__(self, script: Script = NOBODY) -> None:
        self.clock = ManualClock()
        self.graph = FakeGraph(self.clock, script)
        self.directory = Directory()
        self.directory.replace_all([PersonChange(id="id-max", properties={"mail": "max@firm.example"})])
        self.search = self.with_tokens(self.graph.tokens)

    def with_tokens(self, tokens: TokenSource) -> PersonSearch:
        """The search, with this state of sign-in."""
        return PersonSearch(self.graph.client, directory=self.directory, tokens=tokens, clock=self.clock)

    async def look_for(self, *addresses: str, within_s: float = 5.0) -> None:
        """Look for several addresses at once."""
        await asyncio.gather(*(self.search.look_for(address, within_s=within_s) for address in addresses))

    @property
    def asked(self) -> int:
        """How often Microsoft was asked."""
        return len(self.graph.asked)


async def test_somebody_new_is_brought_into_the_directory() -> None:
    searched = Searched(one_after_another(page(NEW)))
    await searched.look_for("new@firm.example")
    assert searched.directory.holds("id-new")


@pytest.mark.parametrize("key", ["new@other.example", "0f0e0d0c-1111-2222-3333-444455556666"])
async def test_only_addresses_in_a_domain_of_the_tenant_are_looked_for(key: str) -> None:
    searched = Searched()
    await searched.look_for(key)
    assert searched.asked == 0


async def test_an_address_looked_for_in_vain_is_left_alone_for_a_minute() -> None:
    searched = Searched()
    for _ in range(5):
        await searched.look_for("typo@firm.example")
        searched.clock.pass_by(11.0)
    assert searched.asked == 1
    searched.clock.pass_by(6.0)
    await searched.look_for("typo@firm.example")
    assert searched.asked == 2


async def test_ten_thousand_wrong_addresses_are_remembered_and_not_more() -> None:
    """A caller with a broken list cannot fill the memory."""
    searched = Searched()
    for number in range(10_001):
        searched.search._in_vain[f"{number}@firm.example"] = True
    await searched.look_for("0@firm.example", "1@firm.example", "10000@firm.example")
    assert searched.asked == 1


async def test_a_failed_search_is_not_remembered_as_in_vain() -> None:
    searched = Searched(one_after_another(refusal(503), page(NEW)))
    await searched.look_for("new@firm.example")
    searched.clock.pass_by(2.0)
    await searched.look_for("new@firm.example")
    assert searched.directory.holds("id-new")


async def test_somebody_found_who_is_not_held_counts_as_in_vain() -> None:
    guest = {**NEW, "userType": "Guest"}
    searched = Searched(one_after_another(page(guest)))
    await searched.look_for("new@firm.example")
    searched.clock.pass_by(10.0)
    await searched.look_for("new@firm.example")
    assert searched.asked == 1
    assert not searched.directory.holds("id-new")


async def test_never_more_than_two_searches_in_any_second() -> None:
    searched = Searched()
    asked_at: list[float] = []
    for step in range(400):
        before = searched.asked
        await searched.look_for(f"{step}@firm.example")
        asked_at += [searched.clock.monotonic()] * (searched.asked - before)
        searched.clock.pass_by(0.01)
    assert len(asked_at) >= 6
    assert max(sum(start <= moment < start + 1 for moment in asked_at) for start in asked_at) <= 2


async def test_callers_who_look_for_the_same_address_share_one_search() -> None:
    searched = Searched(one_after_another(page(NEW)))
    await searched.look_for(*["new@firm.example"] * 50)
    assert searched.asked == 1
    assert searched.directory.holds("id-new")


async def test_while_sign_in_is_refused_nobody_is_looked_for() -> None:
    searched = Searched()

    def refuse(*, renew: bool = False) -> Token:
        raise SignInRefused("no" if renew else "not at all")

    tokens = TokenSource(refuse, clock=searched.clock)
    with pytest.raises(SignInRefused):
        await tokens.token()
    searched.search = searched.with_tokens(tokens)
    await searched.look_for("new@firm.example")
    assert searched.asked == 0


async def test_a_caller_waits_no_longer_than_agreed_and_the_search_goes_on() -> None:
    clock = ManualClock()

    async def slowly(_: httpx.Request) -> httpx.Response:
        await clock.sleep(60.0)
        return page(NEW)

    searched = Searched(slowly)
    await searched.graph.tokens.token()
    await searched.look_for("new@firm.example", within_s=0.0)
    assert not searched.directory.holds("id-new")
    await settle()
    await clock.advance(60.0)
    assert searched.directory.holds("id-new")


async def test_a_caller_who_gives_up_does_not_stop_the_search_for_the_others() -> None:
    searched = Searched(one_after_another(page(NEW)))
    one, other = (
        asyncio.create_task(searched.search.look_for("new@firm.example", within_s=5.0)) for _ in range(2)
    )
    await settle()
    one.cancel()
    await other
    assert searched.directory.holds("id-new")


async def test_closing_stops_the_searches_under_way() -> None:
    clock = ManualClock()

    async def never(_: httpx.Request) -> httpx.Response:
        await clock.sleep(1e6)
        return page()

    searched = Searched(never)
    await searched.graph.tokens.token()
    caller = asyncio.create_task(searched.look_for("new@firm.example"))
    await settle()
    await searched.search.close()
    await caller
    assert asyncio.all_tasks() == {asyncio.current_task()}
