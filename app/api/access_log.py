"""One record per request, where the operator wants that: who asked what, and how it ended."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.keys import QUERY_KEY

_LOG = logging.getLogger("app.access")
_KEY_IN_QUERY = re.compile(rf"((?:^|&){QUERY_KEY}=)[^&]*")


class AccessLog:
    """Writes method, path and query, status and milliseconds; a key in the query is blacked out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                write_access(scope, message["status"], (time.perf_counter() - began) * 1000)
            await send(message)

        await self._app(scope, receive, send_logged)


def write_access(scope: Scope, status: int, took_ms: float) -> None:
    """One record; the milliseconds are those until the answer began."""
    query = _KEY_IN_QUERY.sub(r"\1***", scope["query_string"].decode("latin-1"))
    client = (scope.get("client") or ("-",))[0]
    _LOG.info(
        "%s %s",
        scope["method"],
        scope["path"] + (f"?{query}" if query else ""),
        extra={"status": status, "took_ms": round(took_ms, 1), "client": client},
    )
