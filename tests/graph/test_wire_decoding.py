"""Microsoft's JSON about people and presence: what is documented, what is tolerated, what is refused."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import UnexpectedAnswer
from app.graph.wire import decode_presences, decode_users, encode_ids
from app.presence.cohort import Cohort
from app.presence.models import Presence, Reading, Removal, Told
from tests.support.clock import ManualClock
from tests.support.cohorts import asked_now

ID, OTHER = "fa8bf3dc-eca7-46b7-bad1-db199b62afc3", "66825e03-7ef5-42da-9069-724602c31f6b"


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


def mentioned(**properties: Any) -> dict[str, Any]:
    (change,) = decode_users(body(value=[{"id": ID, **properties}])).changes
    assert change.removal is None
    return dict(change.properties)


def read(answer: bytes) -> dict[str, Reading]:
    """What is read about those of two people whom an answer to a question about both does not leave out."""
    cohort = Cohort(asked=asked_now(ManualClock()), ids=[ID, OTHER], said=[*decode_presences(answer)])
    cohort.arrange()
    readings = zip(cohort.people, cohort.said, strict=True)
    return {person_id: reading for person_id, reading in readings if reading != Told(person_id)}


def told(answer: bytes) -> dict[str, Presence]:
    return {person_id: reading.presence for person_id, reading in read(answer).items()}


# --- presence -------------------------------------------------------------------------------------------


def test_ids_are_taken_in_any_letter_case_and_of_two_items_the_last_one_counts() -> None:
    """Nothing is documented about either."""
    free = {"availability": "Available", "activity": "Available"}
    busy = {"availability": "Busy", "activity": "Busy"}
    answer = body(value=[{"id": ID, **busy}, {"id": OTHER.upper(), **busy}, {"id": ID.upper(), **free}])
    assert {key: presence.availability for key, presence in told(answer).items()} == {
        ID: "Available",
        OTHER: "Busy",
    }


def test_two_readings_are_equal_when_they_say_the_same() -> None:
    """What is kept of a reading to compare the next one with is as good as the reading itself."""
    item = {
        "id": ID,
        "availability": "busy",
        "activity": "InACall",
        "outOfOfficeSettings": {"isOutOfOffice": True},
        "statusMessage": {"message": {"content": "hi"}},
        "sequenceNumber": "A7",
    }
    first, again = (read(body(value=[item]))[ID] for _ in range(2))
    kept = first.lasting(ID)
    assert again == kept
    assert kept.presence == first.presence
    others = {
        "availability": "Away",
        "activity": "Busy",
        "sequenceNumber": "A8",
        "outOfOfficeSettings": {"isOutOfOffice": False},
        "statusMessage": {"message": {"content": "ho"}},
    }
    for name, other in others.items():
        assert read(body(value=[{**item, name: other}]))[ID] != kept


def test_the_documented_example_of_get_presences_by_user_id() -> None:
    settings = {"message": None, "isOutOfOffice": False}
    answer = body(
        value=[
            {"id": ID, "availability": "Busy", "activity": "InAMeeting", "outOfOfficeSettings": settings},
            {"id": OTHER, "availability": "Away", "activity": "Away", "outOfOfficeSettings": settings},
        ]
    )
    assert told(answer) == {
        ID: Presence(availability="Busy", activity="InAMeeting", out_of_office=False),
        OTHER: Presence(availability="Away", activity="Away", out_of_office=False),
    }


def test_everything_that_the_resource_can_carry_is_read_and_the_rest_ignored() -> None:
    item = {
        "@odata.type": "#microsoft.graph.presence",
        "id": ID.upper(),
        "availability": "doNotDisturb",
        "activity": "presenting",
        "outOfOfficeSettings": {"message": "away", "isOutOfOffice": True},
        "sequenceNumber": "A0003434343",
        "statusMessage": {"message": {"content": "Back at two", "contentType": "text"}},
        "workLocation": {"workLocationType": "remote"},
    }
    expected = Presence(
        availability="DoNotDisturb",
        activity="Presenting",
        out_of_office=True,
        status_message="Back at two",
        sequence_number="A0003434343",
    )
    assert told(body(**{"@odata.context": "x", "value": [item]})) == {ID: expected}


@pytest.mark.parametrize(
    "withheld",
    [
        {},
        {"availability": None, "activity": None},
        {"outOfOfficeSettings": None, "statusMessage": None, "sequenceNumber": None},
        {"statusMessage": {"message": None}, "outOfOfficeSettings": {}},
        {"statusMessage": {"message": {"content": None}}},
    ],
)
def test_withheld_members_of_a_presence_are_unknown(withheld: dict[str, Any]) -> None:
    unknown = Presence(availability="PresenceUnknown", activity="PresenceUnknown")
    assert told(body(value=[{"id": ID, **withheld}])) == {ID: unknown}


@pytest.mark.parametrize(
    "malformed", [{}, {"id": None}, {"id": 7}, {"availability": "Busy"}, None, 7, "x", []]
)
def test_a_presence_that_cannot_be_read_costs_only_itself(malformed: object) -> None:
    good = {"id": ID, "availability": "Busy", "activity": "Busy"}
    assert set(told(body(value=[malformed, good]))) == {ID}


@pytest.mark.parametrize(
    "odd",
    [
        *({"sequenceNumber": 1_234}, {"statusMessage": "in the garden"}, {"outOfOfficeSettings": True}),
        *({"statusMessage": {"message": 7}}, {"sequenceNumber": [], "outOfOfficeSettings": "yes"}),
    ],
)
def test_an_odd_member_of_a_presence_costs_only_itself(odd: dict[str, object]) -> None:
    """Nobody is unknown because Microsoft has changed the type of something that we could do without."""
    item = {"id": ID, "availability": "Busy", "activity": "InACall", **odd}
    assert told(body(value=[item])) == {ID: Presence(availability="Busy", activity="InACall")}


def test_what_an_odd_presence_says_otherwise_is_kept() -> None:
    item = {"id": ID, "availability": 7, "activity": "InACall", "sequenceNumber": "0001"}
    assert told(body(value=[item])) == {
        ID: Presence(availability="PresenceUnknown", activity="InACall", sequence_number="0001")
    }


def test_an_empty_answer_names_nobody() -> None:
    assert read(b'{"value":[]}') == {}


SHAPELESS = [
    *(b"", b"null", b"[]", b"{}", b"7", b'"value"', b'{"value":null}', b'{"value":{}}', b'{"value":7}'),
    *(b"<html>Bad Gateway</html>", b'{"value":[', b"\xff\xfe", b'{"value":[]}garbage', b'{"value":[{}]}'),
]


@pytest.mark.parametrize("answer", SHAPELESS)
def test_an_answer_of_another_shape_is_unexpected(answer: bytes) -> None:
    """It never passes for "nobody is there"."""
    with pytest.raises(UnexpectedAnswer):
        read(answer)
    with pytest.raises(UnexpectedAnswer):
        decode_users(answer)


DEEP = b"[" * 50_000 + b"]" * 50_000
HOSTILE = [
    b'{"value":[{"id":"\xff"}]}',
    b'{"value":[{"id":"a","displayName":"M\xfcller"}]}',
    b'{"value":[{"id":"a","availability":"\xff"}]}',
    b'{"value":[],"@odata.nextLink":"\xff"}',
    b'{"value":[],"more":' + DEEP + b"}",
    b'{"value":[{"id":"a","more":' + DEEP + b"}]}",
    b'{"value":' + DEEP + b"}",
]


@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
def test_broken_text_and_endless_nesting_are_unexpected_and_never_a_crash(answer: bytes) -> None:
    for decode in (read, decode_users):
        try:
            decode(answer)
        except UnexpectedAnswer:
            continue


def test_one_name_in_a_broken_encoding_costs_only_itself() -> None:
    """A listing of thousands does not fail because of one of them."""
    answer = b'{"value":[{"id":"a","displayName":"M\xfcller"},{"id":"b","displayName":"Muster"}]}'
    page = decode_users(answer)
    assert [(change.id, dict(change.properties)) for change in page.changes] == [
        ("a", {}),
        ("b", {"display_name": "Muster"}),
    ]
    assert page.unreadable == 0


_names = st.sampled_from(
    [
        *("id", "value", "availability", "activity", "outOfOfficeSettings", "statusMessage", "message"),
        *("content", "@removed", "reason", "mail", "proxyAddresses", "@odata.nextLink", "@odata.deltaLink"),
    ]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=15,
)


@given(st.one_of(st.binary(), _json.map(lambda value: json.dumps(value).encode())))
@example(b'{"value":[{"id":"\\ud800"}]}')
def test_no_bytes_raise_anything_but_unexpected_answer(answer: bytes) -> None:
    for decode in (read, decode_users):
        try:
            decode(answer)
        except UnexpectedAnswer:
            continue


@given(st.lists(_json, max_size=5))
def test_no_list_of_items_raises_anything_but_unexpected_answer(items: list[Any]) -> None:
    for decode in (read, decode_users):
        try:
            decode(body(value=items))
        except UnexpectedAnswer:
            assert items


def test_ids_are_sent_as_documented() -> None:
    assert json.loads(encode_ids([ID, OTHER])) == {"ids": [ID, OTHER]}


# --- people ---------------------------------------------------------------------------------------------


def test_a_page_of_users_with_everything_that_is_keyed_on() -> None:
    assert mentioned(
        displayName="Max Muster",
        mail="max@firm.example",
        userPrincipalName="mm@firm.example",
        proxyAddresses=["SMTP:max@firm.example", "smtp:m@firm.example"],
        businessPhones=["+49 89 1"],
        mobilePhone="+49 170 1",
        accountEnabled=True,
        userType="Member",
    ) == {
        "display_name": "Max Muster",
        "mail": "max@firm.example",
        "user_principal_name": "mm@firm.example",
        "aliases": ("max@firm.example", "m@firm.example"),
        "business_phones": ("+49 89 1",),
        "mobile_phone": "+49 170 1",
        "account_enabled": True,
        "user_type": "Member",
    }


def test_absent_means_unchanged_and_null_means_set_to_null() -> None:
    assert mentioned() == {}
    assert mentioned(mail=None) == {"mail": None}
    assert mentioned(accountEnabled=None, userType=None) == {"account_enabled": None, "user_type": None}


def test_lists_that_are_null_are_empty() -> None:
    assert mentioned(proxyAddresses=None, businessPhones=None) == {"aliases": (), "business_phones": ()}


def test_only_mail_addresses_are_taken_from_the_proxy_addresses() -> None:
    """`sip:`, `x500:` and the like are no addresses a caller would use."""
    entries = [
        "SMTP:a@x",
        "smtp:b@x",
        "sMtP:c@x",
        "sip:d@x",
        "x500:/o=x",
        "SPO:e@x",
        "EUM:1@x",
        "f@x",
        "",
        "smtp",
    ]
    assert mentioned(proxyAddresses=entries)["aliases"] == ("a@x", "b@x", "c@x")


@pytest.mark.parametrize(
    ("reason", "removal"),
    [
        ({"reason": "changed"}, Removal.RESTORABLE),
        ({"reason": "deleted"}, Removal.FINAL),
        ({"reason": "somethingNew"}, Removal.RESTORABLE),
        ({}, Removal.RESTORABLE),
    ],
)
def test_removed_says_whether_somebody_can_be_restored(reason: dict[str, str], removal: Removal) -> None:
    (change,) = decode_users(body(value=[{"id": ID.upper(), "@removed": reason}])).changes
    assert (change.id, change.removal) == (ID, removal)


def test_the_links_are_kept_word_for_word() -> None:
    """Microsoft: the links are opaque."""
    link = "https://graph.microsoft.com/v1.0/users/delta?$skiptoken=a%2Bb"
    assert decode_users(body(**{"value": [], "@odata.nextLink": link})).next_link == link
    assert decode_users(body(**{"value": [], "@odata.deltaLink": link})).delta_link == link


def test_a_page_may_be_empty_and_yet_have_a_successor() -> None:
    page = decode_users(body(**{"value": [], "@odata.nextLink": "https://x/"}))
    assert (page.changes, page.next_link, page.delta_link) == ((), "https://x/", None)


@pytest.mark.parametrize("link", [7, {}, [], True])
def test_a_link_that_is_no_text_makes_the_page_unexpected(link: object) -> None:
    """Without its link a listing would end early and look complete."""
    with pytest.raises(UnexpectedAnswer):
        decode_users(body(**{"value": [], "@odata.nextLink": link}))


@pytest.mark.parametrize(
    "malformed",
    [
        {},
        {"id": None},
        {"id": ""},
        None,
        7,
        {"id": OTHER, "@removed": True},
        {"id": OTHER, "@removed": {"reason": 7}},
    ],
)
def test_a_person_who_cannot_be_read_costs_only_themselves(malformed: object) -> None:
    page = decode_users(body(**{"value": [malformed, {"id": ID}], "@odata.deltaLink": "https://x/"}))
    assert [change.id for change in page.changes] == [ID]
    assert (page.delta_link, page.unreadable) == ("https://x/", 1)


@pytest.mark.parametrize("odd", [{"mail": 7}, {"proxyAddresses": [7]}, {"accountEnabled": "no"}])
def test_an_odd_property_of_a_person_counts_as_not_mentioned(odd: dict[str, object]) -> None:
    assert mentioned(displayName="Max", **odd) == {"display_name": "Max"}
