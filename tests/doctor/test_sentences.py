"""Three languages say the same things: equal keys, equal placeholders, and nothing left untranslated."""

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.doctor.causes import CAUSES
from app.doctor.findings import Status, Step
from app.doctor.sentences import Language, content_of

Place = tuple[str, ...]
OTHERS = [language for language in Language if language is not Language.EN]
_FAMILIAR = {
    Language.DE: re.compile(r"\b(du|dein\w*|dir|dich)\b", re.IGNORECASE),
    Language.FR: re.compile(r"\b(tu|ton|ta|tes|toi)\b", re.IGNORECASE),
}


def texts(content: Mapping[str, Any], path: Place = ()) -> Iterator[tuple[Place, str]]:
    for key, value in content.items():
        if isinstance(value, str):
            yield (*path, key), value
        else:
            yield from texts(value, (*path, key))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


ENGLISH = dict(texts(content_of(Language.EN)))


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_keys(language: Language) -> None:
    """Whoever adds a cause adds it three times."""
    assert list(dict(texts(content_of(language)))) == list(ENGLISH)


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_names_the_same_things(language: Language) -> None:
    """The same menus, the same values: a translation leaves nothing out."""
    for place, text in texts(content_of(language)):
        assert placeholders(text) == placeholders(ENGLISH[place]), place


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_left_in_english(language: Language) -> None:
    """Only names that the portal itself does not translate may be equal."""
    same = [place for place, text in texts(content_of(language)) if text == ENGLISH[place] and text]
    assert all(place[0] in {"portal", "steps", "words"} for place in same), same


@pytest.mark.parametrize("language", OTHERS)
def test_settings_and_commands_are_the_same_in_every_language(language: Language) -> None:
    """Whatever is pasted or looked for is spelt alike."""
    names = re.compile(r"\b(?:AZURE|PRESENCE|HTTPS?|NO)_[A-Z_]+\b|\b[A-Z]\w+\.Read\w*\.All\b")
    for place, text in texts(content_of(language)):
        assert sorted(set(names.findall(text))) == sorted(set(names.findall(ENGLISH[place]))), place


@pytest.mark.parametrize("language", OTHERS)
def test_the_reader_is_addressed_formally(language: Language) -> None:
    """Sie and vous."""
    for place, text in texts(content_of(language)):
        assert not _FAMILIAR[language].search(text), (place, text)


def test_every_cause_has_its_sentences_and_every_step_its_name() -> None:
    """What is wrong comes with a meaning and a fix, what is well with neither."""
    content = content_of(Language.EN)
    assert set(content["causes"]) == set(CAUSES)
    assert list(content["steps"]) == [str(step) for step in Step]
    for cause, (_, status) in CAUSES.items():
        said = content["causes"][cause]
        assert said["what"]
        explained = status in {Status.WARNING, Status.WRONG}
        assert (bool(said["meaning"]), bool(said["fix"])) == (explained, explained), cause
