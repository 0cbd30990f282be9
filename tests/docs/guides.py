"""The guides as data: what a reader is told to paste, what is shown to come back, how a page is built."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.support.processes import ROOT

FOLDER = ROOT / "docs"
JTEL = tuple(FOLDER / f"jtel.{language}.md" for language in ("en", "de", "fr"))
PHONE_SYSTEMS = FOLDER / "phone-systems.md"
GUIDES = (*JTEL, PHONE_SYSTEMS)
# Explained at the top of each guide: this line is about a system on which nobody has tried it.
UNVERIFIED = "◇"
# What the reader replaces by an address of their own; the key is the shell's $KEY already.
BASE = "http://presence.firm.example:8000"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r'^<a id="(\w+)"></a>\n(#+) (.+)$', re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_VARIABLE = re.compile(r"^\| .*?`\$Prefix\.(\w+)`", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A command with the answer that the guide shows below it."""

    guide: Path
    command: str
    answer: Block

    def __str__(self) -> str:
        return f"{self.guide.name}: {self.command}"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading that other pages can point at, and what is below it."""

    name: str
    level: int
    title: str
    text: str


def blocks(guide: Path) -> list[Block]:
    """Every fenced block, in order."""
    return [Block(language, text.strip()) for language, text in _FENCE.findall(guide.read_text())]


def commands(guide: Path) -> list[str]:
    """Every line for a shell."""
    return [line for block in blocks(guide) if block.language == "sh" for line in block.text.splitlines()]


def examples(guide: Path) -> Iterator[Example]:
    """Every shell block of one line that is followed by an answer."""
    for block, following in pairwise(blocks(guide)):
        if block.language == "sh" and following.language in {"json", "text"} and "\n" not in block.text:
            yield Example(guide, block.text, following)


def sections(guide: Path) -> list[Section]:
    """The page, cut at its headings."""
    text = guide.read_text()
    heads = list(_HEADING.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Section(head[1], len(head[2]), head[3], text[head.end() : end])
        for head, end in zip(heads, ends, strict=True)
    ]


def variables(guide: Path) -> list[str]:
    """The fields of jtel's variables, in the order of the page's table."""
    return _VARIABLE.findall(guide.read_text())


def links(guide: Path) -> list[str]:
    """What the page points at."""
    return _LINK.findall(_FENCE.sub("", guide.read_text()))


def anchors(guide: Path) -> set[str]:
    """What a link into the page may end with: our own anchors, and those that a forge makes of headings."""
    text = guide.read_text()
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="(\w+)"></a>', text))
