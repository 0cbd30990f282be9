import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.config import new_api_key
from tests.docs.guides import (
    BASE,
    FOLDER,
    GUIDES,
    JTEL,
    PHONE_SYSTEMS,
    UNVERIFIED,
    Block,
    Example,
    Section,
    anchors,
    blocks,
    commands,
    examples,
    links,
    sections,
    variables,
)
from tests.support.service import start_service
from tests.support.simulated import start_simulated

KEYS = [
    "status",
    "found",
    "reachable",
    "state",
    "availability",
    "activity",
    "email",
    "phone",
    "name",
    "rule",
    "stale",
    "age",
    "updated",
    "error",
]
PARAMETERS = {"email", "phone", "format", "fields", "codes", "lang", "ruleset", "api_key"}
# These two are different at each asking; that they are there is checked, their value is not.
OF_THE_MOMENT = {"age", "updated"}
EXAMPLES = [example for guide in GUIDES for example in examples(guide)]
_URL = re.compile(r"https?://presence\.firm\.example[^\s\"]*")


@dataclass(frozen=True, slots=True)
class Shell:
    """A reader's shell: the key is in $KEY, and the guides' host is the service that runs here."""

    base: str
    key: str

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Paste one line."""
        return subprocess.run(
            ["/bin/sh", "-c", command.replace(BASE, self.base)],
            env={"PATH": environ["PATH"], "KEY": self.key},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One service with a key, in front of the simulated tenant, for all pasted lines."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here to paste the lines into")
    folder = tmp_path_factory.mktemp("guides")
    key, entry = new_api_key("guide")
    tenant = start_simulated(folder / "tenant", "--people", "20")
    patient = {"PRESENCE_FRESH_FOR": "30", "PRESENCE_KEEP_FOR": "300"}
    settings = {"PRESENCE_API_KEYS": f"{entry}:read", "PRESENCE_KEY_IN_QUERY": "true"}
    service = start_service(folder / "service", tenant.settings | patient | settings)
    service.wait_until_ready()
    yield Shell(service.base, key)
    service.stop()
    tenant.stop()
    assert key not in service.process.output


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_pasted_line_answers_what_the_guide_shows_below_it(example: Example, shell: Shell) -> None:
    """Each curl line succeeds, and its output is the guide's but for the moment it was asked."""
    done = shell.run(example.command)
    assert done.returncode == 0, done.stderr
    assert _timeless(Block(example.answer.language, done.stdout.strip())) == _timeless(example.answer)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_pasted_line_with_a_wrong_key_is_refused(example: Example, shell: Shell) -> None:
    """No example works by accident, on a service that would ask for no key."""
    stranger = Shell(shell.base, "wrong")
    assert stranger.run(f"{example.command} -o /dev/null -w '%{{http_code}}'").stdout == "401"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_line_for_a_shell_is_one_of_those_that_are_run(guide: Path) -> None:
    """A curl line without an answer below it would be published unproved."""
    assert [example.command for example in examples(guide)] == commands(guide)
    assert commands(guide)


def test_the_three_jtel_guides_tell_the_same() -> None:
    """The same sections in the same order, the same commands and blocks, the same variables."""
    english, *others = JTEL
    for other in others:
        assert _outline(other) == _outline(english), other.name
        assert blocks(other) == blocks(english), other.name
        assert variables(other) == variables(english), other.name
        assert _shape(other) == _shape(english), other.name


@pytest.mark.parametrize("guide", JTEL, ids=lambda guide: guide.name)
def test_a_jtel_guide_names_every_variable_in_the_order_of_the_answer(guide: Path) -> None:
    assert variables(guide) == KEYS


@pytest.mark.parametrize("guide", JTEL, ids=lambda guide: guide.name)
def test_whatever_happens_inside_jtel_carries_the_sign(guide: Path) -> None:
    """It is explained on top, and every variable, exit and leg has it; only our own matters go without."""
    top = guide.read_text().splitlines()[:10]
    assert any(line.startswith(f"> **{UNVERIFIED} =") and "jtel" in line for line in top)
    parts = {section.name: section.text for section in sections(guide)}
    assert {name for name, text in parts.items() if UNVERIFIED not in text} == {"try", "age"}
    for name in ("variables", "exits", "legs"):
        rows = [line for line in parts[name].splitlines() if line.startswith("|")][2:]
        assert rows
        assert all(row.startswith(f"| {UNVERIFIED} ") for row in rows), name


@pytest.mark.parametrize(
    "section", [one for one in sections(PHONE_SYSTEMS) if one.level > 1], ids=lambda one: one.name
)
def test_every_phone_system_carries_the_sign_and_an_example(section: Section) -> None:
    """The items and introductions that configure somebody else's system are marked, one by one."""
    items = [line for line in section.text.splitlines() if line.startswith("- ")]
    assert "```sh" in section.text
    assert UNVERIFIED in section.text
    assert all(item.startswith(f"- {UNVERIFIED} ") for item in items)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_guides_ask_only_for_what_there_is(guide: Path) -> None:
    """Also in snippets that cannot be run here: no parameter and no field that the service does not have."""
    for url in _URL.findall(guide.read_text().replace("&amp;", "&")):
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked.keys() <= PARAMETERS, url
        assert set(filter(None, asked.get("fields", "").split(","))) <= set(KEYS), url


def test_the_genesys_snippets_are_json_that_maps_existing_fields() -> None:
    """A translation map with a misspelt path would quietly deliver its default."""
    snippets = [json.loads(block.text) for block in blocks(PHONE_SYSTEMS) if block.language == "json"]
    response = next(snippet for snippet in snippets if "translationMap" in snippet)
    defaults: dict[str, str] = response["translationMapDefaults"]
    assert {path.removeprefix("$.") for path in response["translationMap"].values()} <= set(KEYS)
    assert defaults.keys() == response["translationMap"].keys()
    filled = re.sub(r"\$\{(\w+)\}", lambda name: defaults[name[1]], response["successTemplate"])
    assert json.loads(filled) == {"status": 0, "reachable": 1, "state": "unknown"}


@pytest.mark.parametrize(
    "page", [*FOLDER.rglob("*.md"), FOLDER.parent / "README.md"], ids=lambda page: page.name
)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Files exist, and so do the places in them."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        if not urlsplit(link).scheme:
            target = (page.parent / path) if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def _timeless(answer: Block) -> Any:
    """JSON as its members in order, without the moment; text as it is."""
    if answer.language != "json":
        return answer.text
    members = json.loads(answer.text, object_pairs_hook=list)
    return [(name, "…" if name in OF_THE_MOMENT and value != "" else value) for name, value in members]


def _outline(guide: Path) -> list[tuple[str, int]]:
    return [(section.name, section.level) for section in sections(guide)]


def _shape(guide: Path) -> list[tuple[str, int, int, int, int]]:
    """Per section: rows, items, signs and settings, so that no translation leaves one out."""
    return [
        (
            section.name,
            len(re.findall(r"^\|", section.text, re.MULTILINE)),
            len(re.findall(r"^(?:- |\d+\. )", section.text, re.MULTILINE)),
            section.text.count(UNVERIFIED),
            len(re.findall(r"PRESENCE_\w+", section.text)),
        )
        for section in sections(guide)
    ]
