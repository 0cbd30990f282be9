"""The peers do the same work as the service: let in who has the key, and say as much about a person."""

import json

import pytest
from fastapi import FastAPI
from pydantic.alias_generators import to_camel
from starlette.types import Message

from app.api.schemas import PresenceBody
from bench import asked, bare, careless, usual
from bench.inside import Calls, first_answer, scope_of
from bench.people import KEY, PEOPLE, address_of, object_id_of
from bench.wire import Answer

FASTAPI = pytest.mark.parametrize("app", [usual.app, careless.app], ids=["usual", "careless"])


def parts(messages: list[Message], kind: str) -> list[Message]:
    return [message for message in messages if message["type"] == kind]


@FASTAPI
async def test_a_peer_says_as_much_about_a_person_as_the_service(app: FastAPI) -> None:
    messages = await first_answer(app, scope_of(f"/presence/{address_of(7)}"))
    body = b"".join(part["body"] for part in parts(messages, "http.response.body"))
    assert parts(messages, "http.response.start")[0]["status"] == 200
    assert asked.is_presence(Answer(200, b"", body))
    assert list(json.loads(body)) == [to_camel(name) for name in PresenceBody.model_fields]


@FASTAPI
@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        (f"/presence/{address_of(7)}", "another", 401),
        ("/presence/nobody@contoso.example", KEY, 404),
    ],
)
async def test_a_peer_lets_nobody_in_without_the_key(app: FastAPI, path: str, key: str, status: int) -> None:
    messages = await first_answer(app, scope_of(path, **{"x-api-key": key}))
    assert parts(messages, "http.response.start")[0]["status"] == status


async def test_the_ceiling_is_as_large_as_it_says() -> None:
    start, body = await first_answer(bare.app, scope_of("/presence/anybody"))
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(body["body"])
    assert len(body["body"]) == bare.BODY_SIZE


async def test_calls_with_another_status_than_expected_are_no_measurement() -> None:
    calls = Calls(usual.app, [scope_of("/presence/nobody@contoso.example")])
    with pytest.raises(ValueError, match="another status"):
        await calls.us_per_call()


def test_everybody_invented_is_somebody_else() -> None:
    assert len({address_of(number) for number in range(PEOPLE)}) == PEOPLE
    assert len({object_id_of(number) for number in range(PEOPLE)}) == PEOPLE
