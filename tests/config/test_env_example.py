"""`.env.example` is the reference that an operator copies: it must agree with `Settings`, name by name."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from app.config import Settings, load_settings
from app.config.names import NAMES
from app.config.settings import variable_of

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SETTING = re.compile(r"^(#?)([A-Za-z_]+)=(.*)$", re.MULTILINE)
REQUIRED = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]
IDENTITY = {
    "AZURE_TENANT_ID": "contoso.com",
    "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666",
    "AZURE_CLIENT_SECRET": "invented~Value",
}
DEFAULTS = {
    variable_of(name): field.default for name, field in Settings.model_fields.items() if name != "warnings"
}


def listed() -> list[tuple[str, str, str]]:
    return SETTING.findall(EXAMPLE.read_text("utf-8"))


def test_every_setting_is_listed_exactly_once_and_nothing_else() -> None:
    assert sorted(name for _, name, _ in listed()) == sorted(NAMES)


def test_only_what_must_be_filled_in_is_uncommented() -> None:
    assert [name for comment, name, _ in listed() if not comment] == REQUIRED


@pytest.mark.parametrize(("comment", "name", "value"), listed())
def test_the_value_shown_is_the_default(comment: str, name: str, value: str) -> None:
    """Nothing is shown where there is no default, so that uncommenting a line changes nothing."""
    default = DEFAULTS.get(name)
    if default in (None, (), PydanticUndefined):
        assert not value
    else:
        assert comment
        shown = load_settings({**IDENTITY, name: value}, dotenv=None)
        assert shown == load_settings(IDENTITY, dotenv=None)
        assert {default} == {
            getattr(shown, field) for field in Settings.model_fields if variable_of(field) == name
        }


def test_the_file_with_every_line_uncommented_is_the_same_as_no_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(SETTING.sub(r"\2=\3", EXAMPLE.read_text("utf-8")), "utf-8")
    assert load_settings(IDENTITY, dotenv) == load_settings(IDENTITY, dotenv=None)


def test_the_password_examples_say_what_they_show(tmp_path: Path) -> None:
    """An operator who copies the quoting of an example gets the password that the example is about."""
    examples = re.findall(r"^# +(AZURE_PASSWORD=.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    read = []
    for line in examples:
        dotenv = tmp_path / ".env"
        dotenv.write_text(f"{line}\n", "utf-8")
        settings = load_settings({**IDENTITY, "AZURE_USERNAME": "svc@contoso.com"}, dotenv)
        assert settings.azure_password is not None
        read.append(settings.azure_password.get_secret_value())
    assert read == ["P[a]<s>?s#w&o\"r'd ß", "x${HOME} #y\\", '"abc']
