"""Answers that are right and yet not as anybody expects: what the pages leave open, and what gateways do."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec

from .exchange import Answer, Ask
from .faults import Fault, Kind

List = dict[str, Any]
NEXT, DELTA = "@odata.nextLink", "@odata.deltaLink"


def reshaped(answer: Answer, faults: Iterable[Fault], ask: Ask) -> Answer:
    """The list in `answer` after each fault has had its way with it; whatever is no list stays as it is."""
    ordered = [fault for fault in faults if fault.kind in _SHAPES]
    if not ordered:
        return answer
    try:
        content = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return answer
    if not isinstance(content, dict) or not isinstance(content.get("value"), list):
        return answer
    for fault in ordered:
        content = _SHAPES[fault.kind](content, fault, ask)
    return _with_content(answer, content)


def _with_content(answer: Answer, content: List) -> Answer:
    """The same answer with another content."""
    return Answer(status=answer.status, headers=answer.headers, body=msgspec.json.encode(content))


def _without(content: List, fault: Fault, _: Ask) -> List:
    left_out = {key.lower() for key in fault.omit_ids}
    kept = [item for item in content["value"] if str(item.get("id", "")).lower() not in left_out]
    return {**content, "value": kept}


def _doubled(content: List, _: Fault, __: Ask) -> List:
    return {**content, "value": [*content["value"], *content["value"]]}


def _other_order(content: List, _: Fault, __: Ask) -> List:
    return {**content, "value": sorted(content["value"], key=lambda item: str(item.get("id"))[::-1])}


def _other_case(content: List, _: Fault, __: Ask) -> List:
    """Ids in capitals and words in lower camel case, as the newest pages write them."""
    return {**content, "value": [_recased(item) for item in content["value"]]}


def _recased(item: List) -> List:
    words = {name: item[name] for name in ("availability", "activity") if item.get(name)}
    return {
        **item,
        "id": item["id"].upper(),
        **{name: word[0].lower() + word[1:] for name, word in words.items()},
    }


def _unknown_fields(content: List, _: Fault, __: Ask) -> List:
    """Properties that no page names, of every type."""
    new = {"@odata.type": "#microsoft.graph.novelty", "novelty": {"deep": [1, None]}, "isNew": True}
    return {**content, **new, "value": [{**item, **new} for item in content["value"]]}


def _empty_page(content: List, _: Fault, ask: Ask) -> List:
    """Nobody on this page, and the link leads to the page that was asked for."""
    links = {name: value for name, value in content.items() if name not in (NEXT, DELTA)}
    query = urlencode(ask.query, safe="$,")
    return {**links, NEXT: f"{ask.root}/v1.0/users/delta?{query}", "value": []}


def _foreign_link(content: List, fault: Fault, _: Ask) -> List:
    """The next page is said to lie at another host."""
    links = {name: value for name, value in content.items() if name != DELTA}
    return {**links, NEXT: f"{fault.link_to}/v1.0/users/delta?$skiptoken=stolen"}


_SHAPES = {
    Kind.OMIT: _without,
    Kind.DOUBLED: _doubled,
    Kind.OTHER_ORDER: _other_order,
    Kind.OTHER_CASE: _other_case,
    Kind.UNKNOWN_FIELDS: _unknown_fields,
    Kind.EMPTY_PAGE: _empty_page,
    Kind.FOREIGN_LINK: _foreign_link,
}
