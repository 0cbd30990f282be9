"""One object as Graph answers it, with the properties that were asked for ("Use query parameters")."""

from collections.abc import Mapping
from typing import Any

from .exchange import Answer, Ask
from .graph_answers import graph_answer
from .graph_errors import bad_request


def entity_answer(ask: Ask, properties: Mapping[str, Any], *, collection: str, kind: str) -> Answer:
    """The properties of `$select`, all of them without one. Raises 400 for one that the kind has not."""
    selected = ask.option("select")
    names = _names(selected, known=properties, kind=kind) if selected else tuple(properties)
    projection = f"({','.join(names)})" if selected else ""
    context = f"{ask.root}/v1.0/$metadata#{collection}{projection}/$entity"
    return graph_answer({"@odata.context": context, **{name: properties[name] for name in names}})


def _names(selected: str, *, known: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    by_lower_name = {name.lower(): name for name in known}
    names = []
    for asked in selected.split(","):
        name = by_lower_name.get(asked.strip().lower())
        if name is None:
            raise bad_request(f"Could not find a property named '{asked}' on type 'microsoft.graph.{kind}'.")
        names.append(name)
    return tuple(dict.fromkeys(names))
