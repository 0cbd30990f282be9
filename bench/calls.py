"""What `bench.inside` finds, and the paragraph that says where the time of a hit goes."""

from statistics import median

import msgspec

from bench.contestants import CEILING, HIT
from bench.inside import Found
from bench.processes import told_by
from bench.results import Results
from bench.run import Run

_NAMED = 8
_WORTH_NAMING = 0.02


def measure(run: Run) -> None:
    """Microseconds a call of everybody, and a profile."""
    told = told_by("bench.inside", str(run.rounds), str(run.cores.load), core=run.cores.server)
    found = msgspec.convert(told, Found)
    run.results.call_us = found.call_us
    run.results.rounds["first_question"] = found.first_us
    run.results.time_goes = paragraph(run.results, found.layers)


def paragraph(results: Results, layers: dict[str, float]) -> str:
    """From the whole to its parts: the web server, the application, and whose code that is."""
    inside_us = median(results.call_us[HIT])
    bare_us = median(results.call_us[CEILING])
    sentences = [*_whole(results, inside_us), _application(inside_us, bare_us, layers)]
    return " ".join(sentences)


def _whole(results: Results, inside_us: float) -> list[str]:
    hit, ceiling = results.peer(HIT), results.peer(CEILING)
    if not hit or not ceiling:
        return []
    whole_us, ceiling_us = 1e6 / median(hit.per_s), 1e6 / median(ceiling.per_s)
    return [
        f"A hit costs {whole_us:.1f} µs of the server's core, the bare server's constant {ceiling_us:.1f}.",
        f"{whole_us - inside_us:.1f} µs of it are sockets, parser and uvicorn, the rest is the application.",
    ]


def _application(inside_us: float, bare_us: float, layers: dict[str, float]) -> str:
    named = [(layer, share) for layer, share in layers.items() if share >= _WORTH_NAMING][:_NAMED]
    others = 1 - sum(share for _, share in named)
    parts = [f"{_told(layer)} {inside_us * share:.1f} µs" for layer, share in named]
    parts += [f"everything else {inside_us * others:.1f} µs"] if others > 0 else []
    return (
        f"Called without sockets the application takes {inside_us:.1f} µs (the constant {bare_us:.1f}); "
        f"by the profiler's shares: {', '.join(parts)}."
    )


def _told(layer: str) -> str:
    return f"`{layer}`" if "/" in layer else layer
