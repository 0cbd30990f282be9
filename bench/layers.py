"""Where the time of a hit goes: a profile's many functions, added up by whose they are."""

import cProfile
import pstats
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.processes import ROOT

_Function = tuple[str, int, str]
_BUILT_IN = ("~", "<")


def shares_of(profile: cProfile.Profile) -> dict[str, float]:
    """Each layer's share of the time, the largest first; what is built into Python counts for its callers."""
    told = pstats.Stats(profile)
    statistics: Mapping[_Function, tuple[Any, ...]] = told.stats  # type: ignore[attr-defined]  # typeshed has none
    spent: Counter[str] = Counter()
    for function, (_, _, own_s, _, callers) in statistics.items():
        if not function[0].startswith(_BUILT_IN):
            spent[layer_of(function[0])] += own_s
            continue
        for caller, (_, _, called_s, _) in callers.items():
            spent[layer_of(caller[0])] += called_s
    del spent[""]
    whole_s = sum(spent.values())
    return {layer: own_s / whole_s for layer, own_s in spent.most_common()}


def layer_of(file: str) -> str:
    """Our own files by name, others by their package; empty for the bench itself and what has no file."""
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    if path.is_relative_to(ROOT):
        own = path.relative_to(ROOT)
        return "" if own.parts[0] == "bench" else str(own)
    return "" if file.startswith(_BUILT_IN) else "the standard library"
