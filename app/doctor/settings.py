"""The settings, read as the service would read them; what is wrong with them under a heading people know."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.config import Settings
from app.doctor.causes import found
from app.doctor.findings import Finding
from app.errors import RulesError, SettingsError
from app.files import read_regular
from app.graph.credentials import Credentials, credentials_of
from app.presence.rulebook import Rulebook
from app.presence.rules_file import MAX_BYTES, parse_rules

# What the sentences of a SettingsError hold, the most telling first; one heading has to do for all of them.
_HEADINGS = (
    (re.compile("this looks like the Secret ID"), "secret-is-the-id"),
    (re.compile("is not a setting|is not in this version"), "settings-misspelt"),
    (re.compile(r" line \d+ |is not UTF-8: save"), "settings-unreadable"),
    (re.compile("is missing|must be set"), "settings-incomplete"),
)
_NOTHING_AT_ALL = frozenset({"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The settings, or None where they cannot be used, and the finding either way."""

    finding: Finding
    settings: Settings | None = None
    credentials: Credentials | None = None
    groups: frozenset[str] = frozenset()


def examine_settings(load: Callable[[], Settings], *, env_file: Path | None) -> Examined:
    """Load the settings and the rules file that they name; `env_file` is the one that was asked for."""
    if env_file and not env_file.exists():
        return Examined(finding=found("settings-file-missing", file=str(env_file)))
    try:
        settings = load()
        credentials = credentials_of(settings)
    except SettingsError as error:
        return Examined(finding=_refused(str(error).splitlines()))
    try:
        groups = frozenset(settings.scope.groups) | _rulebook(settings.rules_file).group_ids
    except (RulesError, OSError) as error:
        return Examined(finding=found("rules-refused", detail={"problems": [str(error)]}))
    return Examined(finding=_fine(settings), settings=settings, credentials=credentials, groups=groups)


def _rulebook(file: Path | None) -> Rulebook:
    return parse_rules(read_regular(file, limit=MAX_BYTES), name=file.name) if file else Rulebook()


def _fine(settings: Settings) -> Finding:
    # That keys travel unencrypted is told at the step of the keys.
    noted = [warning for warning in settings.warnings if "unencrypted" not in warning]
    return found("settings-noted", detail={"problems": noted}) if noted else found("settings-ok")


def _refused(problems: Sequence[str]) -> Finding:
    """One finding for all problems, under the heading of the most telling one."""
    detail = {"problems": list(problems)}
    if {problem.partition(" ")[0] for problem in problems} == _NOTHING_AT_ALL:
        return found("settings-missing", detail={"missing": list(problems)})
    heading = next(
        (cause for words, cause in _HEADINGS if any(map(words.search, problems))), "settings-wrong"
    )
    return found(heading, detail=detail)
