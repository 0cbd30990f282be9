"""The findings for people, one step a line, and for machines, as JSON."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.doctor.findings import Finding, Status, Step, outcome
from app.doctor.sentences import Sentences
from app.logs import escaped

_SYMBOLS: Mapping[Status, str] = {
    Status.OK: "✓",
    Status.WARNING: "!",
    Status.WRONG: "✗",
    Status.SKIPPED: "-",
}
_PLAIN_SYMBOLS: Mapping[Status, str] = {
    Status.OK: "+",
    Status.WARNING: "!",
    Status.WRONG: "x",
    Status.SKIPPED: "-",
}
_COLOURS: Mapping[Status, str] = {
    Status.OK: "32",
    Status.WARNING: "33",
    Status.WRONG: "31",
    Status.SKIPPED: "2",
}
_WIDEST = 110
_EXPLAINED = (Status.WARNING, Status.WRONG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the output can show; a file or a pipe gets no colour, an old terminal no symbols."""

    colour: bool
    symbols: bool
    width: int

    @classmethod
    def of(cls, *, is_terminal: bool, may_colour: bool, encoding: str) -> "Page":
        """The page of an output."""
        width = shutil.get_terminal_size().columns if is_terminal else _WIDEST
        return cls(
            colour=is_terminal and may_colour,
            symbols=encoding.lower().replace("-", "").startswith("utf"),
            width=max(40, min(width, _WIDEST)),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Writes findings in one language for one kind of output."""

    sentences: Sentences
    page: Page

    def lines(self, finding: Finding) -> Iterator[str]:
        """One line for the step; meaning, fix and details below it where something is the matter."""
        for place, one in enumerate((finding, *finding.also)):
            yield from self._lines(one, name=self.sentences.step(one.step) if place == 0 else "")

    def verdict(self, findings: Sequence[Finding]) -> str:
        """The last line: how it all stands, and what to do next."""
        result = outcome(findings)
        names = {status: self._names(findings, status) for status in _EXPLAINED}
        match result:
            case Status.WRONG:
                text = self.sentences.word("something_wrong", wrong=names[Status.WRONG])
            case Status.WARNING:
                text = self.sentences.word("some_warnings", warnings=names[Status.WARNING])
            case _:
                text = self.sentences.word("all_ok")
        return self._coloured("\n".join(self._wrapped(text, indent=0)), result)

    def _lines(self, finding: Finding, *, name: str) -> Iterator[str]:
        told = self.sentences.tell(finding)
        margin = self._margin
        symbol = self._coloured(self._symbol(finding.status), finding.status)
        first, *more = self._wrapped(told.what, indent=margin)
        yield f" {symbol} {name.ljust(margin - 4)} {first.lstrip()}"
        yield from more
        if finding.status in _EXPLAINED:
            yield from self._labelled("meaning", told.meaning)
            yield from self._labelled("fix", told.fix)
            yield from self._details(finding.detail)

    def _details(self, detail: Mapping[str, Any]) -> Iterator[str]:
        if detail.get("microsoft"):
            yield from self._labelled("microsoft", str(detail["microsoft"]))
        for note in (*detail.get("problems", ()), *filter(None, [detail.get("reason")])):
            yield from self._labelled("details", note)

    def _labelled(self, word: str, text: str) -> Iterator[str]:
        yield from self._wrapped(f"{self.sentences.word(word)} {text}", indent=self._margin, hanging=2)

    @property
    def _margin(self) -> int:
        return 4 + max(len(self.sentences.step(step)) for step in Step)

    def _names(self, findings: Iterable[Finding], status: Status) -> str:
        return ", ".join(self.sentences.step(one.step) for one in findings if one.status is status)

    def _symbol(self, status: Status) -> str:
        return (_SYMBOLS if self.page.symbols else _PLAIN_SYMBOLS)[status]

    def _coloured(self, text: str, status: Status) -> str:
        return f"\x1b[{_COLOURS[status]}m{text}\x1b[0m" if self.page.colour else text

    def _wrapped(self, text: str, *, indent: int, hanging: int = 0) -> list[str]:
        """Lines of the page's width; whatever is worth pasting, such as an address, is never broken."""
        return textwrap.wrap(
            escaped(" ".join(text.split())),
            width=self.page.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def as_json(findings: Sequence[Finding], *, sentences: Sentences) -> dict[str, Any]:
    """The whole report for machines; `cause` is the word to branch on."""
    return {"outcome": outcome(findings), "steps": [_step(one, sentences=sentences) for one in findings]}


def _step(finding: Finding, *, sentences: Sentences) -> dict[str, Any]:
    told = sentences.tell(finding)
    also = [_step(one, sentences=sentences) for one in finding.also]
    return {
        "step": finding.step,
        "status": finding.status,
        "cause": finding.cause,
        "what": told.what,
        "meaning": told.meaning,
        "fix": told.fix,
        "detail": {**finding.detail, **({"also": also} if also else {})},
    }
