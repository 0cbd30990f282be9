"""The short way for lists: `POST /presence/batch`, answered by what its route calls, without FastAPI.

Finding a route, its dependencies and the shape of its answer takes FastAPI as long as a hundred people take
here. This stands behind the door and right before FastAPI, so that keys, limits and counting are the same.
Whatever is not in its plainest form is left to FastAPI.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.batch import Batch
from app.api.batch_body import users_of
from app.api.metering import note_route
from app.api.refusals import refusal
from app.api.render import json_answer
from app.errors import CallerError

_ROUTE = "/presence/batch"


class ListPath:
    """Answers lists in their plainest form, once `open`; the rest goes to the application behind."""

    def __init__(self, behind: ASGIApp) -> None:
        self._behind = behind
        self._batch: Batch | None = None

    def open(self, batch: Batch) -> None:
        """Begin to answer."""
        self._batch = batch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if self._batch is None or not _is_plain(scope):
            await self._behind(scope, receive, send)
            return
        heard = _Heard(receive)
        if answer := await _answer(self._batch, Request(scope, heard.once), scope):
            note_route(scope, _ROUTE)
            await answer(scope, heard.again, send)
        else:
            await self._behind(scope, heard.again, send)


def _is_plain(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and scope["path"] == _ROUTE
        and not scope["query_string"]
    )


async def _answer(batch: Batch, request: Request, scope: Scope) -> Response | None:
    try:
        return json_answer(await batch.body(await users_of(request), ruleset=None))
    except CallerError as error:
        return refusal(error, scope)
    except Exception:  # noqa: BLE001 - a mistake of ours, or a caller that has hung up
        return None  # the way behind will meet it again, and answer or log it


class _Heard:
    """What a caller says, so that it can be heard a second time."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._said: list[Message | Exception] = []

    async def once(self) -> Message:
        """What comes next, an error included."""
        try:
            said = await self._receive()
        except Exception as error:
            self._said.append(error)
            raise
        self._said.append(said)
        return said

    async def again(self) -> Message:
        """The same from the beginning, and then what comes next."""
        if not self._said:
            return await self._receive()
        said = self._said.pop(0)
        if isinstance(said, Exception):
            raise said
        return said
