"""Whom a list asks for: the body of `POST /presence/batch`, read with patience for each entry."""

import codecs
import json
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request

from app.api.schemas import MAX_USERS
from app.errors import MalformedRequest, UnsupportedBody
from app.off_loop import off_loop

# What stands between entries may stand in them, too: an entry may be anything.
_MAX_SEPARATORS = 10 * MAX_USERS
# Bytes that take the loop about a millisecond; a thread costs a tenth of that.
_LARGE = 256 * 1024


class _BatchBody(msgspec.Struct):
    users: list[Any]


_batch_body = msgspec.json.Decoder(_BatchBody)


async def users_of(request: Request) -> list[Any]:
    """The list in the body, read here rather than by FastAPI to tell a wrong type from broken JSON.

    Raises UnsupportedBody, MalformedRequest, and whatever receiving raises.
    """
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise UnsupportedBody("Send JSON, with the header Content-Type: application/json.")
    try:
        return await _decoded(await request.body())
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise MalformedRequest(
            'The body is not JSON with a list "users", such as {"users": ["max@firm.example"]}.'
        ) from None


async def _decoded(body: bytes) -> list[Any]:
    """The list, once what is in it has been bounded; a large one is read in a thread, without the loop."""
    if body.count(b",") > _MAX_SEPARATORS or body.count(b"[") + body.count(b"{") > _MAX_SEPARATORS:
        raise MalformedRequest(f"At most {MAX_USERS} users fit into one batch: split it.")
    if len(body) > _LARGE:
        return await off_loop(partial(_entries, body))
    return _entries(body)


def _entries(body: bytes) -> list[Any]:
    """The list "users"; an entry that JSON allows and text does not is kept, to be invalid by itself."""
    text = body.removeprefix(codecs.BOM_UTF8).decode()
    try:
        return _batch_body.decode(text).users
    except msgspec.MsgspecError:
        # Python's own parser also takes lone surrogates and numbers beyond any range.
        lenient = json.loads(text, parse_float=str)
        return list(map(_echoable, msgspec.convert(lenient, _BatchBody).users))


def _echoable(entry: Any) -> Any:
    """The entry itself, or what JSON can say of it where UTF-8 cannot."""
    try:
        msgspec.json.encode(entry)
    except UnicodeEncodeError:
        return msgspec.Raw(json.dumps(entry).encode())
    return entry
