"""The guide to Microsoft's side tells the same in three languages, and nothing that is not so."""

import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from app.config import Settings, SignIn, load_settings
from app.config.names import NAMES
from app.doctor.aadsts import CAUSE_OF
from app.doctor.causes import CAUSES
from app.doctor.findings import Step
from app.errors import SettingsError
from app.graph.credentials import ClientCertificate
from simulator.permission_ids import with_ids
from tests.docs.guides import blocks, sections
from tests.docs.setup_guide import (
    DIAGRAMS,
    GUIDES,
    LANGUAGES,
    bold,
    codes,
    filled,
    form,
    pasted,
    permissions,
    rows,
    section,
    shapes,
    without_comments,
)
from tests.support.processes import ROOT

ENGLISH = GUIDES["en"]
OTHERS = ("de", "fr")
KIND = {
    "application": "application",
    "Anwendung": "application",
    "delegated": "delegated",
    "delegiert": "delegated",
    "déléguée": "delegated",
}
# Sections that tell what to click, and what is bold there without being a name.
IN_THE_PORTAL = ("app", "permissions", "consent", "value", "certificate", "create", "mfa", "roles")
STRESSED = {"What that costs:", "No administrator role", "Not an owner of the application"}
PASSWORD = "P[a]<s>?s#w&o\"r'd\\"
IDENTITY = {
    "AZURE_TENANT_ID": "11111111-2222-3333-4444-555555555555",
    "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666",
    "AZURE_CLIENT_SECRET": "invented~Va'lue\\",
}
_VARIABLE = re.compile(r"(?:AZURE|PRESENCE)_[A-Z_]+[A-Z]")
_NUMBER = re.compile(r"AADSTS(\d+)")


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_the_same_sections_in_the_same_order(language: str) -> None:
    """Same anchors, same depth, and in each as many rows, items, pictures and blocks."""
    assert _outline(GUIDES[language]) == _outline(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_below_the_title_can_be_pointed_at(language: str) -> None:
    """Sections without an anchor would escape the comparison."""
    headings = re.findall(r"^##+ .+$", GUIDES[language].read_text(), re.MULTILINE)
    assert [heading.lstrip("# ") for heading in headings] == [one.title for one in sections(GUIDES[language])]


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_pastes_the_same(language: str) -> None:
    """Commands, form and answers are equal but for their comments."""
    assert [(one.language, without_comments(one.text)) for one in blocks(GUIDES[language])] == [
        (one.language, without_comments(one.text)) for one in blocks(ENGLISH)
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_names_the_same_settings_permissions_ids_and_numbers(language: str) -> None:
    """Whatever is set as code stands equally often in each section of every language."""
    for one in sections(ENGLISH):
        other = section(GUIDES[language], one.name)
        assert Counter(codes(other.text)) == Counter(codes(one.text)), one.name


@pytest.mark.parametrize("language", OTHERS)
def test_each_menu_keeps_its_english_name_beside_the_translated_one(language: str) -> None:
    """A portal that is set to another language, or translated otherwise, is still found."""
    english = [name for part in IN_THE_PORTAL for name in bold(section(ENGLISH, part).text)]
    names = {name for name in english if name[0].isupper() and name not in STRESSED}
    assert len(names) > 30
    assert {name for name in names if name not in GUIDES[language].read_text()} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_it_names_exists(language: str) -> None:
    """Nobody enters a line that the service refuses."""
    named = set(_VARIABLE.findall(GUIDES[language].read_text()))
    assert named <= NAMES
    assert len(named) > 15


@pytest.mark.parametrize("language", LANGUAGES)
def test_check_calls_menus_as_the_guide_does(language: str) -> None:
    """Whoever comes from a finding to the guide, or back, looks for one name."""
    ours, check = GUIDES[language].read_text(), _words(language)["portal"]
    in_english = _words("en")["portal"]
    shared = [key for key, name in in_english.items() if f"**{name}**" in ENGLISH.read_text()]
    assert len(shared) > 15
    assert {key: check[key] for key in shared if check[key] not in ours} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_row_of_the_table_has_the_name_that_check_prints(language: str) -> None:
    """The line on the screen is found in the table."""
    table = rows(section(GUIDES[language], "check").text)
    names = _words(language)["steps"]
    assert [row[0] for row in table] == [f"{names[step]} `{step}`" for step in Step]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ids_of_the_permissions_are_microsofts(language: str) -> None:
    """The same as the simulated tenant's, which grants by them: each name in both kinds."""
    told = {(name, KIND[kind]): number for (name, kind), number in permissions(GUIDES[language]).items()}
    known = with_ids({name for name, _ in told})
    assert told == {(name, kind): number for name, ids in known.items() for kind, number in ids.items()}
    assert {name for name, _ in told} >= {"Presence.Read.All", "User.Read.All", "GroupMember.Read.All"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_check_has_one_row_for_each_of_its_steps(language: str) -> None:
    """In the order in which they are printed, each with something to do."""
    table = rows(section(GUIDES[language], "check").text)
    assert [row[0].split("`")[1] for row in table] == [step.value for step in Step]
    assert all(len(row) == 3 and all(row) for row in table)


def test_each_number_stands_in_the_row_of_the_step_that_finds_it() -> None:
    """A reader who searches for AADSTS… lands where the service would send them."""
    table = rows(section(ENGLISH, "check").text)
    told = {(int(number), row[0].split("`")[1]) for row in table for number in _NUMBER.findall(" ".join(row))}
    assert len(told) > 12
    for number, step in told:
        assert CAUSES[CAUSE_OF[number]][0] == step, number


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_is_an_env_file_that_says_what_is_still_missing(language: str, tmp_path: Path) -> None:
    """Empty it is read without complaint about a line; only the three values are asked for."""
    empty = tmp_path / ".env"
    empty.write_text(form(GUIDES[language]), "utf-8")
    with pytest.raises(SettingsError) as raised:
        load_settings({}, empty)
    missing = [line.partition(" ")[0] for line in str(raised.value).splitlines()]
    assert missing == ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_filled_form_is_the_settings_of_the_first_way(language: str, tmp_path: Path) -> None:
    settings = _loaded(tmp_path, language, IDENTITY)
    assert settings.sign_in is SignIn.APP
    assert settings.azure_client_secret
    assert settings.azure_client_secret.get_secret_value() == IDENTITY["AZURE_CLIENT_SECRET"]
    assert settings.warnings == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_filled_form_is_the_settings_of_the_second_way_with_any_password(
    language: str, tmp_path: Path
) -> None:
    """The characters that other products forbid, and the two that are written otherwise."""
    user = {"AZURE_USERNAME": "svc-presence@contoso.example", "AZURE_PASSWORD": PASSWORD}
    settings = _loaded(tmp_path, language, {**IDENTITY, "PRESENCE_SIGN_IN": "delegated", **user})
    assert settings.sign_in is SignIn.DELEGATED
    assert settings.azure_password
    assert settings.azure_password.get_secret_value() == PASSWORD


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_of_a_quoted_password_is_read_as_it_is_told(language: str, tmp_path: Path) -> None:
    """What becomes of P[a]<s>?s#w&o"r'd in the file."""
    told = codes(section(GUIDES[language], "form").text)
    line = next(code for code in told if code.startswith("AZURE_PASSWORD='"))
    plain = told[told.index(line) - 1]
    dotenv = tmp_path / ".env"
    names = {**IDENTITY, "PRESENCE_SIGN_IN": "delegated", "AZURE_USERNAME": "svc@contoso.example"}
    dotenv.write_text(f"{line}\n")
    password = load_settings(names, dotenv).azure_password
    assert password
    assert password.get_secret_value() == plain


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_hosts_of_every_cloud_are_taken(language: str, tmp_path: Path) -> None:
    """The global ones are the defaults."""
    table = rows(section(GUIDES[language], "clouds").text)
    pairs = [(codes(row[1])[0], codes(row[2])[0]) for row in table]
    for number, (authority, graph) in enumerate(pairs):
        hosts = {"AZURE_AUTHORITY_HOST": authority, "PRESENCE_GRAPH_URL": graph}
        settings = _loaded(tmp_path / str(number), language, IDENTITY | hosts)
        assert (settings.azure_authority_host, settings.graph_url) == (authority, graph)
    fields = Settings.model_fields
    assert pairs[0] == (fields["azure_authority_host"].default, fields["graph_url"].default)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_for_a_certificate_make_files_that_the_service_reads(
    language: str, tmp_path: Path
) -> None:
    """Key and certificate in one PEM, the same as PKCS #12, and no key in what is uploaded."""
    make, convert = pasted(GUIDES[language], "certificate")
    _paste(make, tmp_path)
    _paste(convert, tmp_path, typed="a password\na password\n")
    pem = ClientCertificate(tmp_path / "teams-presence.pem").for_msal()
    assert ClientCertificate(tmp_path / "teams-presence.pfx", "a password").for_msal() == pem
    assert "PRIVATE" not in (tmp_path / "teams-presence.cer").read_text()
    assert (tmp_path / "teams-presence.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("language", OTHERS)
def test_the_diagrams_draw_the_same(language: str) -> None:
    """Only the words differ."""
    assert shapes(DIAGRAMS[language]) == shapes(DIAGRAMS["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_guide_shows_its_own_diagram_and_names_the_others(language: str) -> None:
    """And says on its first screen that nobody has tried it on a live tenant."""
    text = GUIDES[language].read_text()
    assert f"]({DIAGRAMS[language].name})" in text
    assert all(f"]({GUIDES[other].name})" in text for other in LANGUAGES if other != language)
    assert any(line.startswith("> **") and "teams-presence check" in line for line in text.splitlines()[:12])


def test_the_first_page_leads_to_each_guide() -> None:
    """A new user need not search."""
    readme = (ROOT / "README.md").read_text()
    assert all(f"(docs/{guide.name})" in readme for guide in GUIDES.values())


def _outline(guide: Path) -> list[tuple[str, int, int, int, int, int]]:
    return [
        (
            one.name,
            one.level,
            len(re.findall(r"^\|", one.text, re.MULTILINE)),
            len(re.findall(r"^(?:- |\d+\. )", one.text, re.MULTILINE)),
            len(re.findall(r"\]\(", one.text)),
            len(re.findall(r"^[^|\n`#-].*$", one.text, re.MULTILINE)),
        )
        for one in sections(guide)
    ]


def _words(language: str) -> dict[str, dict[str, str]]:
    """What `check` says in a language."""
    words: dict[str, dict[str, str]] = tomllib.loads(
        (ROOT / "app" / "doctor" / "words" / f"{language}.toml").read_text("utf-8")
    )
    return words


def _loaded(folder: Path, language: str, values: dict[str, str]) -> Settings:
    folder.mkdir(exist_ok=True)
    dotenv = folder / ".env"
    dotenv.write_text(filled(form(GUIDES[language]), values), "utf-8")
    return load_settings({}, dotenv)


def _paste(script: str, folder: Path, *, typed: str = "") -> None:
    """In a shell of its own without a terminal, so that a question is answered by what is typed."""
    done = subprocess.run(
        ["/bin/sh", "-ec", script],
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
