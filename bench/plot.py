"""The plot: everybody's answers a second as shares of the bare web server, drawn without a library."""

from collections.abc import Iterator
from html import escape

from bench.figures import FIGURES
from bench.report import share_written
from bench.results import Peer, Results
from bench.statistics import Spread

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 860, 330, 90, 78, 38
_BAR = 20
_BELOW = 60
_OURS = frozenset({"hit", "unchanged", "lookup"})
_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
    'height="{height}" role="img" aria-label="Answers a second as shares of the bare web server">'
)
_EXPLAINED = (
    "as a share of a bare web server that answers a constant; median of the rounds, "
    "thin line: from the least to the most"
)
_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2937; }
.title { font-size: 17px; font-weight: 600; }
.quiet, .tick { fill: #6b7280; font-size: 12px; }
.value { font-weight: 600; stroke: #ffffff; stroke-width: 4; paint-order: stroke; }
.grid { stroke: #e5e7eb; }
.ceiling { stroke: #6b7280; stroke-dasharray: 4 3; }
.ours { fill: #2563eb; }
.other { fill: #9ca3af; }
.spread { stroke: #111827; stroke-width: 1.5; }
.aim { stroke: #ea580c; stroke-width: 3; }
"""


def drawn(results: Results) -> str:
    """An SVG of its own, readable on a white and on a dark page."""
    height = _TOP + _ROW * len(results.peers) + _BELOW
    scale = _Scale.of(results)
    parts = [
        _OPENING.format(width=_WIDTH, height=height),
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        '<text class="title" x="24" y="34">Answers a second on one core</text>',
        f'<text class="quiet" x="24" y="54">{_EXPLAINED}</text>',
        *_grid(scale, height),
        *(line for row, peer in enumerate(results.peers) for line in _row(peer, row, scale)),
        *_legend(height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """From a share to a place on the page."""

    def __init__(self, most: float, step: float) -> None:
        self.step = step
        self.steps = int(-(-most // step))

    @classmethod
    def of(cls, results: Results) -> "_Scale":
        """Wide enough for everybody, with the ceiling on a grid line."""
        most = max((max(peer.share) for peer in results.peers), default=1.0)
        return cls(max(1.0, most), 0.25 if most <= 2 else 0.5 if most <= 4 else 1.0)

    def x(self, share: float) -> float:
        """Pixels from the left edge."""
        return round(_LEFT + share / (self.steps * self.step) * (_WIDTH - _LEFT - _RIGHT), 1)


def _grid(scale: _Scale, height: int) -> Iterator[str]:
    bottom = height - _BELOW
    for number in range(scale.steps + 1):
        share = number * scale.step
        x = scale.x(share)
        yield _line("ceiling" if share == 1 else "grid", (x, _TOP - 8), (x, bottom))
        yield f'<text class="tick" x="{x}" y="{bottom + 18}" text-anchor="middle">{share:g}</text>'


def _row(peer: Peer, row: int, scale: _Scale) -> Iterator[str]:
    share = Spread.of(peer.share)
    top = _TOP + row * _ROW
    middle, text = top + _BAR / 2, top + _BAR / 2 + 4
    aim = FIGURES[peer.name].at_least if peer.name in _OURS else None
    width = max(1.0, scale.x(share.middle) - _LEFT)
    kind = "ours" if peer.name in _OURS else "other"
    yield f'<text x="{_LEFT - 12}" y="{text}" text-anchor="end">{escape(_label(peer))}</text>'
    yield f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
    yield _line("spread", (scale.x(share.least), middle), (scale.x(share.most), middle))
    if aim is not None:
        yield _line("aim", (scale.x(aim), top - 5), (scale.x(aim), top + _BAR + 5))
    end = max(scale.x(share.most), scale.x(aim or 0.0))
    yield f'<text class="value" x="{end + 8}" y="{text}">{share_written(share.middle)}</text>'


def _line(kind: str, begin: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = begin, end
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _legend(height: int) -> Iterator[str]:
    y = height - 18
    yield f'<rect class="ours" x="24" y="{y - 10}" width="14" height="12" rx="2"/>'
    yield f'<text class="quiet" x="44" y="{y}">this service</text>'
    yield _line("aim", (142, y - 12), (142, y + 4))
    yield f'<text class="quiet" x="152" y="{y}">its aim</text>'


def _label(peer: Peer) -> str:
    return peer.title.removeprefix("this service: ")
