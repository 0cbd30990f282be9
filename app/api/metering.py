"""Counts every request, refused ones included, by the template of its route."""

import time
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import Metrics

_NOTE = "teams_presence.route"
_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Meter:
    """Stands in front of everything; takes the time until the answer begins."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        note: dict[str, str] = {}
        method = scope["method"] if scope["method"] in _METHODS else "other"
        began = self._timer()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.request_answered(
                    route=note.get("route", _NO_ROUTE),
                    method=method,
                    status=message["status"],
                    took_s=self._timer() - began,
                )
            await send(message)

        await self._app({**scope, _NOTE: note}, receive, send_counted)


class RouteNote:
    """Stands right around the router, which says there which route it took, and notes it for the meter."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _NOTE not in scope:
            await self._app(scope, receive, send)
            return

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                note_route(scope, getattr(scope.get("route"), "path", _NO_ROUTE))
            await send(message)

        await self._app(scope, receive, send_noted)


def note_route(scope: Scope, template: str) -> None:
    """Say which route answers, for layers that answer without a router."""
    note: dict[str, Any] = scope.get(_NOTE, {})
    note["route"] = template
