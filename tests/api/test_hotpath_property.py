"""Whatever is asked, under a clock that stands still both ways say the same."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.presence.models import Presence
from tests.support.firm import BUSY, CALL, FREE, HOST, IDS, MAX_ID, PEOPLE, UWE_ID, same, with_key
from tests.support.twins import ENTRIES, KEY, OTHER_KEY, Twins


@pytest.fixture(scope="module")
def keyed() -> Iterator[Twins]:
    """Twins with keys."""
    twins = Twins(PEOPLE, PRESENCE_API_KEYS=ENTRIES)
    yield twins
    twins.close()


USERS = st.sampled_from(
    [
        *("Max.Muster@firm.example", "mm@firm.example", "m/m@firm.example", "max+muster@firm.example"),
        *("eva@firm.example", "üwe@münchen.example", "u\u0308we@münchen.example", "odd@firm.example"),
        *("'odd one'@firm.example", "both@firm.example", "guest@other.example", "nobody@firm.example"),
        *(MAX_ID, UWE_ID, "İ@firm.example", "batch", "", "x", "max@firm.example\n", "\x00", "%40"),
    ]
)


@st.composite
def spelt(draw: st.DrawFn) -> str:
    """A user in some letter case, partly percent-encoded, perhaps with something around it."""
    user = draw(USERS)
    user = draw(st.sampled_from([user, user.lower(), user.upper(), user.swapcase()]))
    encoded = draw(st.sets(st.sampled_from(sorted(set(user) | {"@"}))))
    text = "".join(
        quote(one, safe="") if one in encoded or not one.isascii() or not one.isprintable() else one
        for one in user
    )
    before, behind = draw(st.sampled_from([("", "")] * 6 + [("'", "'"), ("%20", ""), ("", "/"), ("/", "")]))
    return f"{before}{text}{behind}".replace("?", "%3F").replace(" ", "%20")


@st.composite
def targets(draw: st.DrawFn) -> str:
    form = draw(
        st.sampled_from(
            ["/presence/{}"] * 4
            + ["/lookup?email={}"] * 3
            + [
                "/presence/{}?",
                "/presence/{}?ruleset=relaxed",
                "/lookup?email={}&lang=de",
                "/lookup?email={}&",
            ]
            + ["/lookup?&email={}", "/lookup?phone=1&email={}", "/presence/%2F{}", "/lookup/?email={}", "/{}"]
        )
    )
    return form.format(draw(spelt()))


@st.composite
def request_headers(draw: st.DrawFn) -> list[tuple[bytes, bytes]]:
    key = draw(st.sampled_from([KEY] * 6 + [OTHER_KEY, "wrong", ""])).encode()
    bearer = draw(st.sampled_from([(b"x-api-key", key)] * 3 + [(b"authorization", b"Bearer " + key)]))
    tags = st.sampled_from(["{etag}", "{strong}", "*", '"other"', "", "rubbish"])
    lists = st.lists(tags, min_size=1, max_size=3).map(",  ".join)
    more = st.one_of(
        st.tuples(st.just(b"if-none-match"), lists.map(str.encode)),
        st.tuples(st.just(b"x-request-id"), st.sampled_from([b"call-1", b"not harmless", b"a" * 65])),
        st.tuples(st.just(b"accept"), st.just(b"*/*")),
        st.tuples(st.just(b"content-length"), st.sampled_from([b"0", b"5000000", b"x"])),
    )
    return [HOST, bearer, *draw(st.lists(more, max_size=3))]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    target=targets(),
    headers=request_headers(),
    method=st.sampled_from(["GET"] * 6 + ["HEAD", "POST"]),
    age_s=st.sampled_from([0.0, 0.4, 3.0, 29.9, 30.0, 299.0, 301.0]),
    presence=st.sampled_from([FREE, BUSY, CALL]),
    client=st.sampled_from(["127.0.0.1", "192.0.2.1", "203.0.113.1"]),
)
def test_both_ways_say_the_same_to_whatever_is_asked(  # noqa: PLR0913 - a question has that many sides
    keyed: Twins,
    *,
    target: str,
    headers: list[tuple[bytes, bytes]],
    method: str,
    age_s: float,
    presence: Presence,
    client: str,
) -> None:
    """Under a clock that stands still while they are asked."""
    keyed.clock.pass_by(1000)
    keyed.read(dict.fromkeys(IDS, presence), ago_s=0)
    keyed.clock.pass_by(age_s)
    etag = dict(keyed.ask(f"/presence/{MAX_ID}", with_key())[1].headers)[b"etag"]
    told = [
        (name, value.replace(b"{etag}", etag).replace(b"{strong}", etag.removeprefix(b"W/")))
        for name, value in headers
    ]
    same(keyed, target, told, method=method, client=client)
    assert keyed.counted()[0] == keyed.counted()[1]
