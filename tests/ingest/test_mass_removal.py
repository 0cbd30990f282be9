"""A round that would lose very many people is kept out, and nothing of it is lost should it prove true."""

from typing import Any

import httpx
import pytest

from app.errors import GraphUnavailable, MassRemoval
from app.graph.client import GraphClient
from app.ingest.groups import GroupSync
from app.ingest.users import UserSync
from app.presence.directory import Directory
from tests.graph.fake_graph import ROOT, FakeGraph, Script, one_after_another, page, refusal
from tests.support.clock import ManualClock

START = f"{ROOT}/v1.0/users/delta"
FIRST, SECOND = f"{START}?$deltatoken=1", f"{START}?$deltatoken=2"
GROUP = "0000aaaa-0000-0000-0000-000000000001"


def people(number: int) -> list[dict[str, Any]]:
    return [{"id": f"id-{index}"} for index in range(number)]


def gone(number: int) -> list[dict[str, Any]]:
    return [{**one, "@removed": {"reason": "deleted"}} for one in people(number)]


class Synced:
    """A directory of 200 people, then whatever the script says."""

    def __init__(self, *answers: httpx.Response) -> None:
        script = one_after_another(page(*people(200), delta_link=FIRST), *answers)
        self.graph = FakeGraph(ManualClock(), script)
        self.directory = Directory()
        self.sync = UserSync(self.graph.client, directory=self.directory, may_narrow=False)

    async def kept_out(self, times: int = 1) -> str:
        """Rounds that are kept out; what the last one says."""
        for _ in range(times):
            with pytest.raises(MassRemoval) as raised:
                await self.sync.round()
        return str(raised.value)


async def test_a_mass_removal_is_kept_out_told_and_believed_in_the_third_equal_round() -> None:
    synced = Synced(page(*gone(60), delta_link=SECOND))
    await synced.sync.round()
    assert "60 of 200 people" in await synced.kept_out(2)
    assert len(synced.directory.held) == 200
    await synced.sync.round()
    assert len(synced.directory.held) == 140


async def test_a_kept_out_round_is_read_again_from_the_same_link() -> None:
    """What else it brought would be lost if the delta link moved on."""
    synced = Synced(
        page(*gone(60), {"id": "new"}, delta_link=SECOND), page({"id": "new"}, delta_link=SECOND), page()
    )
    await synced.sync.round()
    await synced.kept_out()
    assert not synced.directory.holds("new")
    await synced.sync.round()
    assert len(synced.directory.held) == 201
    assert synced.graph.urls[1:] == [FIRST, FIRST]


async def test_a_person_may_approve_the_loss() -> None:
    synced = Synced(page(*gone(60), delta_link=SECOND))
    await synced.sync.round()
    await synced.kept_out()
    synced.sync.believe_loss()
    await synced.sync.round()
    assert len(synced.directory.held) == 140


async def test_a_fault_in_between_neither_counts_nor_starts_the_count_over() -> None:
    cut = page(*gone(60), delta_link=SECOND)
    synced = Synced(cut, refusal(503), cut, cut)
    await synced.sync.round()
    await synced.kept_out()
    with pytest.raises(GraphUnavailable):
        await synced.sync.round()
    await synced.kept_out()
    await synced.sync.round()
    assert len(synced.directory.held) == 140


async def test_a_listing_anew_that_has_lost_many_is_kept_out_as_well() -> None:
    synced = Synced(refusal(410), page(*people(100), delta_link=SECOND))
    await synced.sync.round()
    await synced.kept_out(2)
    assert len(synced.directory.held) == 200
    await synced.sync.round()
    assert len(synced.directory.held) == 100


class Grouped:
    """One group of 100 members, read from a script."""

    def __init__(self, script: Script) -> None:
        self.directory = Directory()
        client: GraphClient = FakeGraph(ManualClock(), script).client
        self.sync = GroupSync(client, directory=self.directory, wanted=lambda: [GROUP])

    @property
    def size(self) -> int:
        """How many members it has now."""
        return len(self.directory.members[GROUP])


async def test_a_group_that_loses_many_members_at_once_keeps_them_until_that_proves_true() -> None:
    grouped = Grouped(one_after_another(page(*people(100)), page(*people(30))))
    await grouped.sync.round()
    for _ in range(2):
        with pytest.raises(MassRemoval, match=GROUP):
            await grouped.sync.round()
        assert grouped.size == 100
    await grouped.sync.round()
    assert grouped.size == 30


async def test_a_person_may_approve_the_loss_of_members() -> None:
    grouped = Grouped(one_after_another(page(*people(100)), page(*people(30))))
    await grouped.sync.round()
    with pytest.raises(MassRemoval):
        await grouped.sync.round()
    grouped.sync.believe_losses()
    await grouped.sync.round()
    assert grouped.size == 30
