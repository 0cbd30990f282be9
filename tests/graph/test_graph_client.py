"""The three questions asked of Microsoft Graph, and how the answers are taken."""

import httpx
import pytest

from app.errors import UnexpectedAnswer
from app.graph.client import IDS_PER_REQUEST
from app.presence.cohort import Cohort
from app.presence.models import UNKNOWN_PRESENCE, Source, Told
from tests.graph.fake_graph import FakeGraph, answer, ids_of, one_after_another, page, presences
from tests.support.clock import START, ManualClock

MAX, EVA = "fa8bf3dc-eca7-46b7-bad1-db199b62afc3", "66825e03-7ef5-42da-9069-724602c31f6b"
WIDE = (
    "id,displayName,mail,userPrincipalName,proxyAddresses,businessPhones,mobilePhone,accountEnabled,userType"
)
NARROW = "id,displayName,mail,userPrincipalName"


def graph(*answers: httpx.Response) -> FakeGraph:
    return FakeGraph(ManualClock(), one_after_another(*answers))


def availabilities(cohort: Cohort) -> list[str]:
    """By whom they are about, in the order of the question."""
    cohort.arrange()
    said = dict(zip(cohort.people, cohort.said, strict=True))
    return [said[person_id].presence.availability for person_id in cohort.ids]


def test_a_request_asks_for_as_many_people_as_microsoft_allows() -> None:
    """Microsoft: "cloudCommunications: getPresencesByUserId", at most 650."""
    assert IDS_PER_REQUEST == 650


async def test_presence_is_asked_for_by_object_id() -> None:
    fake = graph(presences([MAX, EVA], availability="Busy"))
    read = await fake.client.presences([MAX, EVA], source=Source.SWEEP)
    (request,) = fake.asked
    assert (request.method, request.url.path) == ("POST", "/v1.0/communications/getPresencesByUserId")
    assert ids_of(request) == [MAX, EVA]
    assert (read.ids, availabilities(read)) == ([MAX, EVA], ["Busy", "Busy"])
    assert (read.asked.source, read.asked.wall) == (Source.SWEEP, START)


async def test_whoever_graph_leaves_out_is_unknown_and_whoever_it_adds_is_ignored() -> None:
    """An old value is never kept for somebody Microsoft no longer speaks of."""
    fake = graph(presences([EVA, "another"], availability="Busy"))
    read = await fake.client.presences([MAX, EVA], source=Source.DEMAND)
    assert availabilities(read) == ["PresenceUnknown", "Busy"]
    assert read.said[0] == Told(MAX, UNKNOWN_PRESENCE)


async def test_answers_are_matched_by_id_in_any_order_and_case() -> None:
    body = answer(
        value=[
            {"id": EVA.upper(), "availability": "Away", "activity": "Away"},
            {"id": MAX, "availability": "Busy", "activity": "Busy"},
        ]
    )
    read = await graph(body).client.presences([MAX, EVA], source=Source.SWEEP)
    assert availabilities(read) == ["Busy", "Away"]


async def test_an_unreadable_answer_is_no_reading() -> None:
    with pytest.raises(UnexpectedAnswer):
        await graph(answer(error="x")).client.presences([MAX], source=Source.SWEEP)


@pytest.mark.parametrize(("narrow", "select"), [(False, WIDE), (True, NARROW)])
async def test_a_listing_names_every_property_that_is_keyed_on(select: str, *, narrow: bool) -> None:
    """Changes to properties that are not named do not surface (Microsoft: "user: delta")."""
    fake = graph(page(delta_link="https://x/"))
    fake.client.narrow = narrow
    await fake.client.users(None)
    assert fake.asked[0].url.path == "/v1.0/users/delta"
    assert dict(fake.asked[0].url.params) == {"$select": select}


async def test_a_link_is_followed_word_for_word() -> None:
    link = "https://graph.example:8443/v1.0/users/delta?$deltatoken=a%2Bb%3D&x=y%20z"
    fake = graph(page(delta_link="https://x/"))
    await fake.client.users(link)
    assert fake.urls == [link]


async def search(fake: FakeGraph, address: str) -> dict[str, str]:
    await fake.client.search(address)
    return dict(fake.asked[0].url.params)


async def test_a_search_looks_at_every_kind_of_address() -> None:
    fake = graph(page({"id": MAX, "mail": "max@firm.example"}))
    assert await search(fake, "max@firm.example") == {
        "$filter": "mail eq 'max@firm.example' or userPrincipalName eq 'max@firm.example'"
        " or proxyAddresses/any(p:p eq 'smtp:max@firm.example')",
        "$select": WIDE,
    }


async def test_a_search_with_basic_rights_filters_only_on_what_it_may_see() -> None:
    fake = graph(page())
    fake.client.narrow = True
    assert await search(fake, "max@firm.example") == {
        "$filter": "mail eq 'max@firm.example' or userPrincipalName eq 'max@firm.example'",
        "$select": NARROW,
    }


@pytest.mark.parametrize(
    ("address", "literal"),
    [
        ("o'neill@firm.example", "o''neill@firm.example"),
        ("' or id ne '@firm.example", "'' or id ne ''@firm.example"),
        ("guest#ext#@firm.example", "guest#ext#@firm.example"),
        ("a&b=c?d+e%20/://@firm.example", "a&b=c?d+e%20/://@firm.example"),
        ("m\u00fcller@firm.example", "m\u00fcller@firm.example"),
    ],
)
async def test_an_address_can_never_break_out_of_the_filter(address: str, literal: str) -> None:
    """Quotes are doubled, everything else arrives as it is."""
    params = await search(graph(page()), address)
    assert params["$filter"].startswith(f"mail eq '{literal}' or userPrincipalName eq '{literal}' or ")
    assert set(params) == {"$filter", "$select"}


async def test_a_client_begins_wide() -> None:
    assert not graph(page()).client.narrow
