"""A list that does not enter FastAPI is answered as if it had."""

import json
from collections.abc import Callable, Sequence

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.api.listpath import ListPath
from app.presence.models import PersonChange
from tests.support.firm import EVA_ID, HOST, MAX, MAX_ID, nameless, slowly, with_key
from tests.support.twins import ENTRIES, Headers, Twins

ROUTE = "/presence/batch"
THE_LONG_WAY = f"{ROUTE}?anything=1"
JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
DECLARED = (b"content-length", b"5000000")
HANGS_UP: Message = {"type": "http.disconnect"}


def users(*asked: object) -> bytes:
    return json.dumps({"users": asked}).encode()


def pieces_of(*bodies: bytes) -> list[Message]:
    last = len(bodies) - 1
    return [
        {"type": "http.request", "body": body, "more_body": index < last} for index, body in enumerate(bodies)
    ]


LIST = users(MAX, "nobody@firm.example", 7)
ANSWERED = [
    ([LIST], [JSON]),
    ([LIST], []),
    ([LIST], [(b"content-type", b"Application/JSON; charset=utf-8")]),
    ([LIST], [(b"content-type", b"application/vnd.firm+json")]),
    ([LIST], [(b"x-request-id", b"call-7")]),
    ([LIST[:9], b"", LIST[9:]], [JSON]),
    ([LIST, b""], [JSON]),
    ([b"\xef\xbb\xbf" + LIST], [JSON]),
    ([users()], [JSON]),
    ([users(*[MAX] * 10_000)], [JSON]),
    ([users("\ud800", "\u2028\n", MAX.upper(), MAX_ID, [MAX], None, 1.5)], [JSON]),
    (['{"users": ["üwe@münchen.example"]}'.encode()], [JSON]),
    ([b'{"users": [1e999, "max.muster@firm.example"], "more": {}}'], [JSON]),
]
REFUSED = [
    ([LIST], [FORM], 415),
    ([LIST], [FORM, JSON], 415),
    ([b""], [JSON], 400),
    ([b"rubbish"], [JSON], 400),
    ([LIST[:-1]], [JSON], 400),
    ([b"[]"], [JSON], 400),
    ([b'{"users": "max"}'], [JSON], 400),
    ([b'{"users": ["\xff"]}'], [JSON], 400),
    ([b"[" * 100_000], [JSON], 400),
    ([users(*[MAX] * 10_001)], [JSON], 400),
    ([b" " * 3_000_000, b" " * 3_000_000, LIST], [JSON], 413),
    ([LIST], [JSON, DECLARED], 413),
]


@pytest.mark.parametrize(
    ("bodies", "headers", "status"), [*((bodies, headers, 200) for bodies, headers in ANSWERED), *REFUSED]
)
def test_a_list_is_answered_as_fastapi_answers_it(
    twins_of: Callable[..., Twins], bodies: Sequence[bytes], headers: Headers, status: int
) -> None:
    """Status, every header and every byte, and counted under the same name."""
    twins = twins_of()
    short, long = (
        twins.post(target, *pieces_of(*bodies), headers=[HOST, *headers]) for target in (ROUTE, THE_LONG_WAY)
    )
    assert nameless(short) == nameless(long)
    assert short.status == status
    counted = [line for line in twins.counted()[0] if line.startswith("teams_presence_requests_total")]
    route = "none" if DECLARED in headers else ROUTE
    assert counted == [
        f'teams_presence_requests_total{{method="POST",route="{route}",status="{status}"}} 2.0'
    ]


def test_a_caller_that_hangs_up_in_the_middle_of_its_list_is_let_go(twins_of: Callable[..., Twins]) -> None:
    half: Message = {"type": "http.request", "body": LIST[:9], "more_body": True}
    for target in (ROUTE, THE_LONG_WAY):
        assert twins_of().post(target, half, HANGS_UP, headers=[HOST, JSON]).status == 400


def test_lists_pass_the_door(twins_of: Callable[..., Twins]) -> None:
    """Keys, and one bucket for both ways."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES, PRESENCE_RATE_LIMIT="1")
    targets = (ROUTE, THE_LONG_WAY)
    assert [twins.post(one, *pieces_of(LIST), headers=[HOST, JSON]).status for one in targets] == [401] * 2
    asked = [twins.post(one, *pieces_of(LIST), headers=with_key(JSON)).status for one in targets * 2]
    assert asked == [200, 200, 429, 429]


def test_an_answer_in_a_posted_list_is_forgotten_as_missed(twins_of: Callable[..., Twins]) -> None:
    twins = twins_of()
    slowly(twins, "/presence/new@firm.example", [HOST])
    twins.change(PersonChange(id=EVA_ID, properties={"aliases": ("new@firm.example",)}))
    twins.post(ROUTE, *pieces_of(users("other@firm.example")), headers=[HOST])
    assert ("new@firm.example", 1) in twins.missed()[0]
    twins.post(ROUTE, *pieces_of(users("New@firm.example")), headers=[HOST])
    assert twins.missed()[0] == [("other@firm.example", 1)]


class Behind:
    """Stands where FastAPI would, and remembers what it has heard."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell it back."""
        self.heard.append(await Request(scope, receive).body())
        await Response(status_code=418)(scope, receive, send)


@pytest.mark.parametrize(
    ("target", "bodies", "headers", "behind"),
    [
        *((ROUTE, bodies, headers, 0) for bodies, headers in ANSWERED),
        (THE_LONG_WAY, [LIST], [JSON], 1),
        (f"{ROUTE}?ruleset=relaxed", [LIST], [JSON], 1),
        ("/lookup", [LIST], [JSON], 1),
        (ROUTE, [LIST], [FORM], 0),
        (ROUTE, [b"rub", b"bish"], [JSON], 0),
        (ROUTE, [users(*[MAX] * 10_001)], [JSON], 0),
    ],
)
def test_fastapi_hears_the_whole_of_what_is_unusual_and_nothing_else(
    twins_of: Callable[..., Twins], target: str, bodies: Sequence[bytes], headers: Headers, behind: int
) -> None:
    """Or the tests above would prove nothing; a body is read once, also where it is refused (found D10)."""
    twins, there = twins_of(), Behind()
    path = ListPath(there)
    path.open(twins.batch)
    said = twins.post(target, *pieces_of(*bodies), headers=headers, app=path)
    assert there.heard == [b"".join(bodies)] * behind
    assert (said.status == 418) is bool(behind)
    assert behind or said.body.startswith(b'{"results":[' if said.status == 200 else b'{"type":')
