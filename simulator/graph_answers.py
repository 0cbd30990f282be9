"""How Graph dresses what it answers."""

from collections.abc import Mapping
from typing import Any

from .exchange import NO_HEADERS, Answer, json_answer

CONTENT_TYPE = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
)
GRAPH_HEADERS: Mapping[str, str] = {
    "content-type": CONTENT_TYPE,
    "odata-version": "4.0",
    "cache-control": "no-cache",
}


def graph_answer(content: Any, *, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """A success in Graph's clothes."""
    return json_answer(content, headers={**GRAPH_HEADERS, **headers})


def ready_made(body: bytes) -> Answer:
    """The same for JSON that is already bytes."""
    return Answer(body=body, headers=GRAPH_HEADERS)
