"""Membership is read group by group, and one that cannot be read neither widens the scope nor shrinks it."""

from collections.abc import Iterable

import httpx
import pytest

from app.errors import GraphUnavailable, GroupMissing, PermissionMissing, UnexpectedAnswer
from app.ingest.groups import GroupSync
from app.presence.directory import Directory
from app.presence.models import PersonChange
from app.presence.scope import scope_of
from tests.graph.fake_graph import ROOT, FakeGraph, page, refusal
from tests.support.clock import ManualClock

SALES, SUPPORT = "0000aaaa-0000-0000-0000-000000000001", "0000aaaa-0000-0000-0000-000000000002"
MAX, EVA = "id-max", "id-eva"


class Grouped:
    """A directory of two people whose scope is two groups, read from a script by group id."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.answers = {"sales": page(), "support": page(), **answers}
        self.graph = FakeGraph(ManualClock(), self._answer)
        self.directory = Directory(scope_of(tenant=False, groups=[SALES, SUPPORT]))
        self.directory.replace_all([PersonChange(id=MAX), PersonChange(id=EVA)])
        self.wanted: Iterable[str] = [SALES.upper(), SUPPORT, SALES]
        self.sync = GroupSync(self.graph.client, directory=self.directory, wanted=lambda: self.wanted)

    @property
    def held(self) -> set[str]:
        """Who is held now."""
        return set(self.directory.held)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = "sales" if SALES in request.url.path else "support"
        if "skiptoken" in request.url.query.decode():
            name = f"{name}_more"
        given = self.answers[name]
        return httpx.Response(given.status_code, content=given.content)


def of(*ids: str, next_link: str = "") -> httpx.Response:
    return page(*({"@odata.type": "#microsoft.graph.user", "id": key} for key in ids), next_link=next_link)


async def test_a_round_reads_every_wanted_group_once() -> None:
    grouped = Grouped(sales=of("ID-Max"), support=of(EVA, "a-device"))
    await grouped.sync.round()
    assert grouped.held == {MAX, EVA}
    assert grouped.directory.members == {SALES: {MAX}, SUPPORT: {EVA, "a-device"}}
    assert sorted(grouped.graph.paths) == [
        f"/v1.0/groups/{SALES}/transitiveMembers",
        f"/v1.0/groups/{SUPPORT}/transitiveMembers",
    ]
    assert dict(grouped.graph.asked[0].url.params) == {"$select": "id", "$top": "999"}


async def test_a_large_group_is_followed_to_its_last_page() -> None:
    more = f"{ROOT}/v1.0/groups/{SALES}/transitiveMembers?$skiptoken=2"
    grouped = Grouped(sales=of(MAX, next_link=more), sales_more=of(EVA))
    await grouped.sync.round()
    assert grouped.held == {MAX, EVA}


async def test_a_group_that_breaks_off_in_the_middle_counts_as_unread() -> None:
    """Half of a group would throw the other half out."""
    more = f"{ROOT}/v1.0/groups/{SALES}/transitiveMembers?$skiptoken=2"
    grouped = Grouped(sales=of(MAX, EVA))
    await grouped.sync.round()
    grouped.answers |= {"sales": of(MAX, next_link=more), "sales_more": refusal(503)}
    with pytest.raises(GraphUnavailable):
        await grouped.sync.round()
    assert grouped.held == {MAX, EVA}


async def test_a_link_to_another_host_is_not_followed() -> None:
    grouped = Grouped(sales=of(MAX, next_link="https://evil.example/v1.0/groups"))
    with pytest.raises(UnexpectedAnswer, match="another host"):
        await grouped.sync.round()
    assert grouped.held == set()


async def test_one_group_that_cannot_be_read_does_not_stop_the_others() -> None:
    grouped = Grouped(sales=refusal(503), support=of(EVA))
    with pytest.raises(GraphUnavailable):
        await grouped.sync.round()
    assert (grouped.held, grouped.directory.complete) == ({EVA}, False)
    assert grouped.sync.attempted.is_set()
    grouped.answers["sales"] = of(MAX)
    await grouped.sync.round()
    assert (grouped.held, grouped.directory.complete) == ({MAX, EVA}, True)


async def test_a_group_that_fails_later_keeps_its_last_members() -> None:
    grouped = Grouped(sales=of(MAX), support=of(EVA))
    await grouped.sync.round()
    grouped.answers |= {"sales": refusal(404), "support": of()}
    with pytest.raises(GroupMissing):
        await grouped.sync.round()
    assert grouped.held == {MAX}
    assert grouped.directory.complete


async def test_a_missing_permission_is_named() -> None:
    grouped = Grouped(sales=refusal(403, "Authorization_RequestDenied"), support=refusal(403))
    with pytest.raises(PermissionMissing, match=r"grant GroupMember\.Read\.All"):
        await grouped.sync.round()
    assert grouped.held == set()


async def test_a_group_that_does_not_exist_is_named_with_its_setting() -> None:
    grouped = Grouped(sales=refusal(404, "Request_ResourceNotFound"))
    with pytest.raises(GroupMissing, match=f"{SALES}.*PRESENCE_SCOPE"):
        await grouped.sync.round()


async def test_what_is_wanted_is_asked_anew_each_round() -> None:
    """Rules can change while the service runs."""
    grouped = Grouped(sales=of(MAX))
    for wanted in ([], [SALES]):
        grouped.wanted = wanted
        assert grouped.sync.needed is bool(wanted)
    grouped.wanted = []
    await grouped.sync.round()
    assert grouped.graph.asked == []
    grouped.wanted = [SALES]
    await grouped.sync.round()
    assert grouped.held == {MAX}
