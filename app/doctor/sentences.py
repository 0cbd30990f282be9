"""The sentences of every cause in the three languages, as data beside the code."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from app.doctor.findings import Finding

_TRANSLATED = ("credential", "kind")


class Language(StrEnum):
    """The languages in which the check speaks."""

    EN = "en"
    DE = "de"
    FR = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding for people: what is the matter, what that means, and what to click. An `ok` has no fix."""

    what: str
    meaning: str
    fix: str


class Sentences:
    """Tells findings in one language.

    The names of the portal's menus stand in one table per language, so that a renamed menu is corrected once.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._portal: Mapping[str, str] = content["portal"]
        self._words: Mapping[str, str] = content["words"]
        self._steps: Mapping[str, str] = content["steps"]
        self._causes: Mapping[str, Mapping[str, str]] = content["causes"]

    def tell(self, finding: Finding) -> Told:
        """The three sentences of a finding."""
        texts = self._causes[finding.cause]
        words = {**self._portal, **finding.words, **self._translated(finding.words)}
        filled = {name: text.format_map(words) for name, text in texts.items()}
        return Told(what=filled["what"], meaning=filled["meaning"], fix=filled["fix"])

    def _translated(self, words: Mapping[str, str]) -> dict[str, str]:
        """Those words of a finding that are a word of the language, or the name of a menu."""
        known = {**self._portal, **self._words}
        return {key: known[words[key]] for key in _TRANSLATED if key in words}

    def word(self, name: str, **words: object) -> str:
        """One of the words around the findings."""
        return self._words[name].format_map(words)

    def step(self, name: str) -> str:
        """The name of a step."""
        return self._steps[name]


@cache
def sentences(language: Language) -> Sentences:
    """The sentences of a language, read once."""
    return Sentences(content_of(language))


def content_of(language: Language) -> dict[str, Any]:
    """The language's file, as it is."""
    return tomllib.loads((files("app.doctor") / "words" / f"{language}.toml").read_text("utf-8"))
