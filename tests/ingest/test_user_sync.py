"""The directory follows Microsoft's delta rounds, and finds its way back from every broken one."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from app.errors import (
    DeltaExpired,
    GraphError,
    GraphRejected,
    GraphUnavailable,
    PermissionMissing,
    UnexpectedAnswer,
)
from app.ingest.users import UserSync
from app.presence.directory import Directory
from tests.graph.fake_graph import ROOT, FakeGraph, answer, one_after_another, page, refusal
from tests.support.clock import ManualClock

MAX = {"id": "id-max", "mail": "max@firm.example"}
EVA = {"id": "id-eva", "mail": "eva@firm.example"}
TOM = {"id": "id-tom", "mail": "tom@firm.example"}
START = "/v1.0/users/delta"
DELTA = f"{ROOT}{START}?$deltatoken=1"
NEXT = f"{ROOT}{START}?$skiptoken=2"
THIRD = f"{ROOT}{START}?$skiptoken=3"


class Synced:
    """A directory kept current from scripted pages."""

    def __init__(self, *answers: httpx.Response | Exception, may_narrow: bool = False) -> None:
        self.clock = ManualClock()
        self.graph = FakeGraph(self.clock, one_after_another(*answers))
        self.directory = Directory()
        self.sync = UserSync(
            self.graph.client, directory=self.directory, may_narrow=may_narrow, timer=self.clock.monotonic
        )

    async def rounds(self, number: int = 1) -> None:
        """Rounds that go well."""
        for _ in range(number):
            await self.sync.round()

    async def fails(self, kind: type[GraphError]) -> str:
        """A round that fails with this error; what it says."""
        with pytest.raises(kind) as raised:
            await self.sync.round()
        assert type(raised.value) is kind
        return str(raised.value)

    def then(self, *answers: httpx.Response | Exception) -> None:
        """What Graph answers from now on."""
        self.graph.script = one_after_another(*answers)

    @property
    def held(self) -> set[str]:
        """Who is held now."""
        return set(self.directory.held)

    @property
    def tokens(self) -> list[str]:
        """The links followed, by what makes them different; empty for the start of a listing."""
        return [url.partition("token=")[2] for url in self.graph.urls]


async def test_the_first_round_lists_everybody_over_all_pages() -> None:
    synced = Synced(page(MAX, next_link=NEXT), page(next_link=THIRD), page(EVA, delta_link=DELTA))
    assert not synced.sync.listed.is_set()
    await synced.rounds()
    assert synced.held == {"id-max", "id-eva"}
    assert synced.directory.complete
    assert synced.sync.listed.is_set()
    assert synced.tokens == ["", "2", "3"]


async def test_later_rounds_bring_only_what_has_changed() -> None:
    synced = Synced(page(MAX, EVA, delta_link=DELTA), page(TOM, delta_link=DELTA))
    await synced.rounds(2)
    assert synced.held == {"id-max", "id-eva", "id-tom"}
    assert synced.tokens == ["", "1"]


async def test_nobody_sees_half_a_round() -> None:
    synced = Synced(page(MAX, delta_link=DELTA), page(EVA, next_link=NEXT), refusal(503))
    await synced.rounds()
    await synced.fails(GraphUnavailable)
    assert synced.held == {"id-max"}


async def test_a_round_that_breaks_off_goes_on_where_it_broke_off() -> None:
    synced = Synced(page(MAX, next_link=NEXT), refusal(503), refusal(503), page(EVA, delta_link=DELTA))
    await synced.fails(GraphUnavailable)
    await synced.fails(GraphUnavailable)
    assert synced.held == set()
    await synced.rounds()
    assert synced.held == {"id-max", "id-eva"}
    assert synced.tokens == ["", "2", "2", "2"]


async def test_a_fault_at_microsoft_forgets_nobody() -> None:
    synced = Synced(page(MAX, delta_link=DELTA), refusal(503))
    await synced.rounds()
    for _ in range(3):
        await synced.fails(GraphUnavailable)
    assert synced.held == {"id-max"}


@pytest.mark.parametrize(
    "expired", [refusal(410), refusal(400, "syncStateNotFound"), refusal(404, "resyncRequired")]
)
async def test_an_expired_delta_link_lists_everybody_anew(expired: httpx.Response) -> None:
    """Whoever left meanwhile is gone afterwards, and in between nobody is missing."""
    synced = Synced(page(MAX, EVA, delta_link=DELTA), expired, page(MAX, TOM, delta_link=DELTA))
    await synced.rounds(2)
    assert synced.held == {"id-max", "id-tom"}
    assert synced.tokens == ["", "1", ""]


async def test_a_listing_anew_that_breaks_off_keeps_everybody_until_it_is_complete() -> None:
    synced = Synced(page(MAX, EVA, delta_link=DELTA), refusal(410), page(MAX, next_link=NEXT), refusal(503))
    await synced.rounds()
    await synced.fails(GraphUnavailable)
    assert synced.held == {"id-max", "id-eva"}
    synced.then(page(TOM, delta_link=DELTA))
    await synced.rounds()
    assert synced.held == {"id-max", "id-tom"}


async def test_a_link_that_expires_within_a_listing_starts_it_over_without_leftovers() -> None:
    synced = Synced(page(MAX, next_link=NEXT), refusal(410), page(EVA, delta_link=DELTA))
    await synced.rounds()
    assert synced.held == {"id-eva"}


async def test_a_directory_that_only_says_expired_is_a_fault_and_not_an_endless_loop() -> None:
    synced = Synced(refusal(410))
    await synced.fails(DeltaExpired)
    assert len(synced.graph.asked) == 2


@pytest.mark.parametrize("reason", [refusal(400, "Directory_ExpiredPageToken"), refusal(404), answer(x=1)])
async def test_a_page_that_graph_refuses_for_good_is_not_asked_for_for_ever(reason: httpx.Response) -> None:
    """A round interrupted for too long begins again from the last delta link."""
    synced = Synced(page(MAX, delta_link=DELTA), page(EVA, next_link=NEXT), refusal(503), reason)
    await synced.rounds()
    await synced.fails(GraphUnavailable)
    with pytest.raises(GraphError):
        await synced.sync.round()
    synced.then(page(TOM, delta_link=DELTA))
    await synced.rounds()
    assert synced.tokens[-1] == "1"
    assert synced.held == {"id-max", "id-tom"}


async def test_a_delta_link_that_graph_refuses_for_good_leads_to_a_new_listing() -> None:
    synced = Synced(page(MAX, delta_link=DELTA), refusal(400, "BadRequest"))
    await synced.rounds()
    await synced.fails(GraphRejected)
    assert synced.held == {"id-max"}
    synced.then(page(EVA, delta_link=DELTA))
    await synced.rounds()
    assert synced.tokens[-1] == ""
    assert synced.held == {"id-eva"}


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/next", f"http://{ROOT.removeprefix('https://')}/x", "https://[", f"{ROOT}/\x00"],
)
async def test_a_link_to_another_host_or_to_nowhere_is_not_followed_and_not_kept(link: str) -> None:
    synced = Synced(page(MAX, next_link=link))
    await synced.fails(UnexpectedAnswer)
    synced.then(page(MAX, delta_link=DELTA))
    await synced.rounds()
    assert synced.tokens == ["", ""]
    assert synced.held == {"id-max"}


@pytest.mark.parametrize("cut", [page(), page(MAX)])
async def test_a_page_without_any_link_is_never_the_whole_truth(cut: httpx.Response) -> None:
    """A cut answer would empty the directory, and every caller would hear 404."""
    synced = Synced(page(MAX, EVA, delta_link=DELTA), refusal(410), cut)
    await synced.rounds()
    await synced.fails(UnexpectedAnswer)
    assert synced.held == {"id-max", "id-eva"}


async def test_removals_and_restores_arrive() -> None:
    gone: dict[str, Any] = {"id": "id-max", "@removed": {"reason": "changed"}}
    synced = Synced(page(MAX, EVA, delta_link=DELTA), page(gone, delta_link=DELTA))
    await synced.rounds(2)
    assert synced.held == {"id-eva"}
    synced.then(page({"id": "id-max", "displayName": "Max"}, delta_link=DELTA))
    await synced.rounds()
    assert [person.id for person in synced.directory.find("max@firm.example")] == ["id-max"]


# --- permissions ----------------------------------------------------------------------------------------

FORBIDDEN = refusal(403, "Authorization_RequestDenied")


def selects(synced: Synced) -> list[bool]:
    return ["proxyAddresses" in request.url.params["$select"] for request in synced.graph.asked]


async def test_app_only_says_which_permission_is_missing() -> None:
    synced = Synced(FORBIDDEN)
    assert "User.Read.All" in await synced.fails(PermissionMissing)
    assert selects(synced) == [True]


async def test_the_delegated_sign_in_goes_on_with_the_basic_properties() -> None:
    synced = Synced(FORBIDDEN, page(MAX, delta_link=DELTA), may_narrow=True)
    await synced.rounds()
    assert selects(synced) == [True, False]
    assert synced.sync.narrow
    assert synced.held == {"id-max"}


async def test_without_any_permission_the_delegated_sign_in_says_what_to_grant_each_time() -> None:
    synced = Synced(FORBIDDEN, may_narrow=True)
    for _ in range(2):
        assert "User.Read.All" in await synced.fails(PermissionMissing)


async def test_the_whole_permission_granted_later_is_used() -> None:
    """Whoever follows our advice gets aliases and phone numbers without a restart."""
    synced = Synced(FORBIDDEN, may_narrow=True)
    await synced.fails(PermissionMissing)
    synced.then(page(MAX, delta_link=DELTA))
    await synced.rounds()
    assert selects(synced)[-1]
    assert not synced.sync.narrow


NARROW = (FORBIDDEN, page(MAX, delta_link=DELTA), page(delta_link=DELTA))


async def test_a_narrow_directory_is_widened_within_a_day_of_the_grant() -> None:
    """In between it follows its delta link, and asks for nothing it cannot have."""
    synced = Synced(*NARROW, may_narrow=True)
    await synced.rounds(3)
    assert synced.tokens == ["", "", "1", "1"]
    await synced.clock.advance(24 * 3600.0)
    synced.then(page(MAX, EVA, delta_link=DELTA))
    await synced.rounds()
    assert not synced.sync.narrow
    assert synced.held == {"id-max", "id-eva"}


async def test_a_person_may_have_the_permission_tried_at_once() -> None:
    synced = Synced(*NARROW, may_narrow=True)
    await synced.rounds(2)
    synced.sync.try_wide()
    synced.then(page(MAX, EVA, delta_link=DELTA))
    await synced.rounds()
    assert not synced.sync.narrow


async def test_without_the_grant_the_narrow_directory_goes_on_where_it_was() -> None:
    synced = Synced(*NARROW, may_narrow=True)
    await synced.rounds(2)
    synced.sync.try_wide()
    synced.then(FORBIDDEN, page(EVA, delta_link=DELTA))
    await synced.rounds(2)
    assert synced.sync.narrow
    assert synced.tokens[-3:] == ["", "1", "1"]
    assert synced.held == {"id-max", "id-eva"}


async def test_an_outage_during_the_first_listing_does_not_count_as_a_missing_permission() -> None:
    synced = Synced(refusal(503), may_narrow=True)
    await synced.fails(GraphUnavailable)
    assert not synced.sync.narrow
    assert selects(synced) == [True]


async def test_the_narrow_listing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The operator learns that aliases and phone numbers stay unknown, and why."""
    caplog.set_level(logging.INFO)
    await Synced(FORBIDDEN, page(MAX, delta_link=DELTA), may_narrow=True).rounds()
    assert any("User.Read.All" in record.getMessage() for record in caplog.records)


async def test_people_who_cannot_be_read_are_told_once_a_round_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    synced = Synced(
        page(MAX, {"id": 7}, next_link=NEXT),
        page(EVA, {"id": None}, delta_link=DELTA),
        page(delta_link=DELTA),
    )
    await synced.rounds(2)
    assert [record.getMessage()[:31] for record in caplog.records] == ["2 people could not be read in t"]
    assert synced.held == {"id-max", "id-eva"}


async def test_others_get_their_turns_while_a_large_page_is_taken_in() -> None:
    """A listing of very many people holds up nobody: neither its numbers nor its addresses."""
    people = [{"id": f"id-{number}", "mobilePhone": "+49 30 123456"} for number in range(1_000)]
    synced = Synced(page(*people, delta_link=DELTA))
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while not synced.sync.listed.is_set():
            turns += 1
            await asyncio.sleep(0)

    await asyncio.gather(synced.sync.round(), somebody_else())
    assert len(synced.held) == 1_000
    assert turns >= 1_000 / 20
