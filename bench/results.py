"""What a run has found: every round of every figure, so that the table can be checked against it."""

from pathlib import Path

import msgspec

from bench.figures import FIGURES
from bench.machine import Machine
from bench.statistics import Spread


class Peer(msgspec.Struct, kw_only=True):
    """One contestant, look by look: answers a second, and how busy the server's core was.

    `share` is that of the ceiling beside it, which is looked at before and after everybody else.
    """

    name: str
    title: str
    per_s: list[float] = msgspec.field(default_factory=list)
    share: list[float] = msgspec.field(default_factory=list)
    busy: list[float] = msgspec.field(default_factory=list)


class Results(msgspec.Struct, kw_only=True):
    """A whole run, or the part of it that was asked for.

    `failed` gives the reason for figures that could not be measured as they should be.
    """

    machine: Machine
    date: str
    minutes: float = 0.0
    peers: list[Peer] = msgspec.field(default_factory=list)
    call_us: dict[str, list[float]] = msgspec.field(default_factory=dict)
    rounds: dict[str, list[float]] = msgspec.field(default_factory=dict)
    time_goes: str = ""
    failed: dict[str, str] = msgspec.field(default_factory=dict)
    remarks: list[str] = msgspec.field(default_factory=list)

    def note(self, figure: str, value: float) -> None:
        """One round's value of a figure."""
        self.rounds.setdefault(figure, []).append(value)

    def fail(self, figure: str, reason: str) -> None:
        """There is no honest value: whatever was measured, the aim is missed."""
        self.failed[figure] = reason

    def remark(self, sentence: str) -> None:
        """Something a reader has to know, told once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def peer(self, name: str) -> Peer | None:
        """A contestant, if it was measured."""
        return next((peer for peer in self.peers if peer.name == name), None)

    def spread(self, figure: str) -> Spread | None:
        """Median and ends of a figure, if it was measured."""
        rounds = self.rounds.get(figure)
        return Spread.of(rounds) if rounds else None

    def reached(self, figure: str) -> bool:
        """Whether a measured figure reaches its aim."""
        spread = self.spread(figure)
        return (
            figure not in self.failed
            and spread is not None
            and FIGURES[figure].is_reached_by(middle=spread.middle, least=spread.least, most=spread.most)
        )

    def save(self, path: Path) -> None:
        """As JSON, for whoever wants to calculate for themselves."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """What was saved."""
        return msgspec.json.decode(path.read_bytes(), type=cls)
