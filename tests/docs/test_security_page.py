"""The security page names only what exists, and says of the defaults what they are."""

import re

from app.config import Settings
from app.config.names import VARIABLES
from app.config.settings import variable_of
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_each_setting_it_names_exists() -> None:
    """Nobody looks for what is not there."""
    named = set(re.findall(r"`((?:AZURE|PRESENCE)_[A-Z_]+[A-Z])", PAGE))
    assert named <= set(VARIABLES)


def test_each_file_it_links_to_exists() -> None:
    """Each promise has its test."""
    links = re.findall(r"\]\((\.\./[^)]+)\)", PAGE)
    assert len(links) > 5
    assert all((ROOT / "docs" / link).is_file() for link in links)


def test_what_it_calls_switched_off_is_off() -> None:
    """Privacy by default, and both languages list the same."""
    tables = re.findall(
        r"^\| `(PRESENCE_[A-Z_]+)(?:=(\w+))?` \|", PAGE.partition("## For the works")[2], re.MULTILINE
    )
    english, german = tables[: len(tables) // 2], tables[len(tables) // 2 :]
    assert english == german
    defaults = {variable_of(name): field.default for name, field in Settings.model_fields.items()}
    for name, switched_on in english:
        assert defaults[name] != switched_on if switched_on else not defaults[name]
