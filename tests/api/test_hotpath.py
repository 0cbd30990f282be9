"""What the short way answers, and what it leaves alone: in both it says what the long way says."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from app.api.pages import Page
from app.presence.models import Person
from tests.support.firm import HOST, IDS, MAX, MAX_ID, nameless, quick, slowly, with_key
from tests.support.twins import ENTRIES, KEY, Twins


@pytest.mark.parametrize(
    "target",
    [
        f"/presence/{MAX}",
        "/presence/MAX.Muster@FIRM.example",
        "/presence/max%2Emuster%40firm%2eexample",
        f"/presence/{MAX_ID.upper()}",
        "/presence/mm@firm.example",
        "/presence/m/m@firm.example",
        "/presence/m%2Fm@firm.example",
        "/presence/max+muster@firm.example",
        "/presence/eva@firm.example",
        f"/presence/{quote('ÜWE@münchen.example')}",
        f"/lookup?email={MAX}",
        "/lookup?email=max.muster%40firm.example",
        "/lookup?email=max%2Bmuster@firm.example",
        "/lookup?email=%6dax%2emuster%40FIRM.example",
        f"/lookup?email={MAX_ID}",
        "/lookup?email=EVA@firm.example",
    ],
)
def test_a_known_and_fresh_person_is_answered_the_short_way(
    twins_of: Callable[..., Twins], target: str
) -> None:
    """By every address, however it is spelt."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    assert quick(twins, target).status == 200
    assert twins.counted()[0] == twins.counted()[1]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/presence/nobody@firm.example", 404),
        ("/presence/both@firm.example", 409),
        ("/presence/guest@other.example", 404),
        ("/presence/odd@firm.example", 200),
        ("/presence/%27odd%20one%27@firm.example", 400),
        ("/presence/rubbish", 400),
        ("/presence/", 200),
        ("/presence//max.muster@firm.example", 404),
        ("/presence/max.muster@firm.example/", 200),
        ("/presence/max.muster@firm.example%0A", 200),
        ("/presence/%20max.muster@firm.example", 200),
        ("/presence/u%CC%88we@m%C3%BCnchen.example", 200),
        ("/presence/max%FF@firm.example", 400),
        ("/Presence/max.muster@firm.example", 404),
        ("//presence/max.muster@firm.example", 404),
        ("/presence/max.muster@firm.example?x=1", 200),
        ("/presence/max.muster@firm.example?ruleset=relaxed", 200),
        ("/presence/batch", 400),
        ("/lookup", 400),
        ("/lookup/?email=max.muster@firm.example", 200),
        ("/lookup?email=", 400),
        ("/lookup?email=max+muster@firm.example", 200),
        ("/lookup?email=max%252Bmuster@firm.example", 200),
        ("/lookup?email=max.muster%4@firm.example", 404),
        ("/lookup?email=%E9va@firm.example", 404),
        ("/lookup?email=%22max.muster@firm.example%22", 200),
        ("/lookup?email='max.muster@firm.example'", 200),
        ("/lookup?email='odd%20one'@firm.example", 404),
        ("/lookup?email=max.muster%2540firm.example", 200),
        ("/lookup?email=nobody@firm.example&email=max.muster@firm.example", 200),
        ("/lookup?email=max.muster@firm.example&format=text", 200),
        ("/lookup?format=kv&email=max.muster@firm.example", 200),
        ("/lookup?Email=max.muster@firm.example", 400),
        ("/lookup?email=max.muster@firm.example&api_key=x", 200),
        ("/lookup?email=\xfcwe@m\xfcnchen.example", 200),
        ("/lookup?email=%C3%BCwe@m%C3%BCnchen.example", 200),
        ("/lookup?email=both@firm.example", 300),
        ("/lookup?phone=%2B493055501000", 200),
        ("/health/live", 200),
        ("/docs", 200),
    ],
)
def test_whatever_is_unusual_is_left_to_the_long_way(
    twins_of: Callable[..., Twins], target: str, status: int
) -> None:
    """Which stays the definition."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    assert slowly(twins, target).status == status


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE", "get", "BREW"])
def test_other_methods_are_left_to_the_long_way(twins_of: Callable[..., Twins], method: str) -> None:
    twins = twins_of()
    slowly(twins, f"/presence/{MAX}", [HOST], method=method)


@pytest.mark.parametrize("shape", ["{}", "*", '"other", {}', '{}, "other"', "{},{}", "strong", " {} "])
def test_a_caller_who_has_it_already_is_told_so_the_short_way(
    twins_of: Callable[..., Twins], shape: str
) -> None:
    """304, with `Age` and the headers that a 304 has."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    etag = quick(twins, f"/presence/{MAX}").header(b"etag").decode()
    value = etag.removeprefix("W/") if shape == "strong" else shape.replace("{}", etag)
    said = quick(twins, f"/presence/{MAX}", with_key((b"if-none-match", value.encode())))
    assert (said.status, said.body, said.header(b"age")) == (304, b"", b"0")
    assert twins.counted()[0] == twins.counted()[1]


@pytest.mark.parametrize("value", ['W/"other"', "", "rubbish", "w/", "\xff", '"*"'])
def test_a_caller_who_has_something_else_gets_the_whole_answer(
    twins_of: Callable[..., Twins], value: str
) -> None:
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    headers = with_key((b"if-none-match", value.encode("latin-1")))
    assert quick(twins, f"/presence/{MAX}", headers).status == 200


def test_a_header_that_comes_twice_is_left_to_the_long_way(twins_of: Callable[..., Twins]) -> None:
    """The long way knows which one counts."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    etag = quick(twins, f"/presence/{MAX}").header(b"etag")
    twice = [(b"if-none-match", b'"other"'), (b"if-none-match", etag)]
    assert slowly(twins, f"/presence/{MAX}", with_key(*twice)).status == 304
    for second in (b"wrong", KEY.encode()):
        slowly(twins, f"/presence/{MAX}", with_key((b"x-api-key", second)))
    names = [(b"x-request-id", b"one"), (b"x-request-id", b"two")]
    assert slowly(twins, f"/presence/{MAX}", with_key(*names)).header(b"x-request-id") == b"one"


@pytest.mark.parametrize("name", [b"call-7", b"a" * 64, b"a" * 65, b"", b"a b", b"<x>", b"\xfc", b"A._-9"])
def test_a_request_keeps_its_name_if_that_is_harmless(twins_of: Callable[..., Twins], name: bytes) -> None:
    """Both ways agree on what is harmless, and make up names of one form."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    said = quick(twins, f"/presence/{MAX}", with_key((b"x-request-id", name)))
    kept = said.header(b"x-request-id")
    assert kept == name or (len(kept) == 32 and kept != name)


def test_names_that_the_service_makes_up_are_never_the_same(twins_of: Callable[..., Twins]) -> None:
    twins = twins_of()
    said = [quick(twins, f"/presence/{MAX}", [HOST]) for _ in range(100)]
    assert len({one.header(b"x-request-id") for one in said}) == 100


def test_before_the_service_has_begun_there_is_no_short_way(twins_of: Callable[..., Twins]) -> None:
    """And nothing but HTTP ever takes it."""
    assert twins_of().fast.at_once({"type": "lifespan"}) is None


def test_the_whole_application_answers_as_its_short_way_does(twins_of: Callable[..., Twins]) -> None:
    """A server that does not ask for what is there at once gets it the ordinary way."""
    twins = twins_of()
    before, _ = twins.ask(f"/presence/{MAX}", [HOST])
    assert nameless(twins.call(f"/presence/{MAX}", [HOST])) == nameless(before)


def test_a_call_flows_part_of_a_page_is_built_when_one_asks(twins_of: Callable[..., Twins]) -> None:
    """It would take a third of the room, and most callers use one of the two."""
    twins = twins_of()
    entry = twins.tenants[0].store.entries[MAX_ID]
    quick(twins, f"/presence/{MAX}", [HOST])
    assert isinstance(entry.rendered, Page)
    assert not entry.rendered.flat
    for age_s in (0.0, 3.2):
        twins.clock.pass_by(age_s)
        assert quick(twins, f"/lookup?email={MAX}", [HOST]).status == 200
        assert entry.rendered.flat


def test_held_people_are_whom_the_table_thinks_they_are(twins_of: Callable[..., Twins]) -> None:
    """Or the tests above would prove nothing."""
    held: list[Person] = list(twins_of().held())
    assert {one.id for one in held} == set(IDS)
