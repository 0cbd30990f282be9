"""The Dockerfile as data, so that its tests read their steps from it instead of repeating them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.processes import ROOT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its continued lines joined; stages are counted from 0, and -1 is before them."""

    stage: int
    word: str
    rest: str


def instructions() -> list[Instruction]:
    """Every instruction of the Dockerfile, in order."""
    return list(_numbered((ROOT / "Dockerfile").read_text()))


def last(word: str) -> str:
    """What the final stage says last about something."""
    final = max(one.stage for one in instructions())
    return [one.rest for one in instructions() if (one.stage, one.word) == (final, word)][-1]


def command(word: str) -> list[str]:
    """A command in exec form, the options in front of it left out."""
    rest = last(word)
    arguments: list[str] = json.loads(rest[rest.index("[") :])
    return arguments


def variables(rest: str) -> dict[str, str]:
    """The names and values that one ENV sets."""
    return dict(pair.split("=", 1) for pair in rest.split())


def environment() -> dict[str, str]:
    """What the image sets for the service."""
    final = max(one.stage for one in instructions())
    set_here = [variables(one.rest) for one in instructions() if (one.stage, one.word) == (final, "ENV")]
    return {name: value for some in set_here for name, value in some.items()}


def _numbered(text: str) -> Iterator[Instruction]:
    stage = -1
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in without_comments.replace("\\\n", "").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            stage += word == "FROM"
            yield Instruction(stage, word, rest.strip())
