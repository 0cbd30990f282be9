"""The guide to Microsoft's side as data: the form, what is pasted, and the tables, in each language."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from tests.docs.guides import FOLDER, Section, blocks, sections

LANGUAGES = ("en", "de", "fr")
GUIDES = {language: FOLDER / f"azure-setup.{language}.md" for language in LANGUAGES}
DIAGRAMS = {language: FOLDER / f"azure-setup.{language}.svg" for language in LANGUAGES}
# Where a caller asks, in the guide; `teams-presence serve` says where it really listens.
BASE = "http://127.0.0.1:8000"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def section(guide: Path, name: str) -> Section:
    """One section by its anchor."""
    return next(one for one in sections(guide) if one.name == name)


def pasted(guide: Path, name: str) -> list[str]:
    """What a reader pastes into a shell in this section, block by block."""
    found = _FENCE.findall(section(guide, name).text)
    return [text.strip() for language, text in found if language == "sh"]


def shown(guide: Path, name: str) -> str:
    """The JSON that this section shows."""
    texts: dict[str, str] = dict(_FENCE.findall(section(guide, name).text))
    return texts["json"].strip()


def form(guide: Path) -> str:
    """The form, empty."""
    (text,) = (block.text for block in blocks(guide) if block.language == "ini")
    return f"{text}\n"


def filled(form_text: str, values: Mapping[str, str]) -> str:
    """The form as somebody fills it in who does what the guide says about quotes; fails for what it lacks."""
    for name, value in values.items():
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        lines = re.findall(rf"^{name}='.*'$", form_text, re.MULTILINE)
        assert len(lines) == 1, f"the form has no line for {name}"
        form_text = form_text.replace(lines[0], f"{name}='{escaped}'")
    return form_text


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def codes(text: str) -> list[str]:
    """Every name in the text that is set as code, without the blocks."""
    return _CODE.findall(_FENCE.sub("", text))


def bold(text: str) -> list[str]:
    """Every name in the text that stands in the portal, or is stressed."""
    return _BOLD.findall(_FENCE.sub("", text))


def without_comments(text: str) -> str:
    """A block as a program reads it."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def permissions(guide: Path) -> dict[tuple[str, str], str]:
    """The id of each permission by its name and its type, as the guide calls the type."""
    told: dict[tuple[str, str], str] = {}
    for name in ("needed", "optional"):
        for row in rows(section(guide, name).text):
            words = [cell.strip("`") for cell in row]
            permission = next(word for word in words if re.fullmatch(r"\w+(\.\w+)+", word))
            place = words.index(permission)
            assert re.fullmatch(_GUID, words[place + 2]), row
            told[permission, words[place + 1]] = words[place + 2]
    return told


def shapes(diagram: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """What is drawn, in order, without what is written."""
    root = ET.parse(diagram).getroot()  # noqa: S314 - our own file
    return [
        (one.tag, [(name, value) for name, value in one.attrib.items() if name != "aria-label"])
        for one in root.iter()
    ]
