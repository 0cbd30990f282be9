"""What is printed to a terminal is text: nothing that Microsoft or a file says steers it."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.doctor.causes import found
from app.doctor.report import Page, Report
from app.doctor.sentences import Language, sentences
from app.rules_command import table
from tests.support.processes import ROOT

STEERING = "\x1b[2J\x1b]0;owned\x07 \r\x08 \x7f \x9b31m \u202e \u2028 \u2066 \x00 \x85 \ud800"


def is_harmless(text: str) -> bool:
    """Whether a terminal shows all of it and does nothing else."""
    return all(character.isprintable() for line in text.split("\n") for character in line)


@pytest.mark.parametrize("language", Language)
def test_a_report_shows_what_microsoft_says_and_does_nothing(language: Language) -> None:
    """In every place of it that foreign text can come to (found D13)."""
    report = Report(sentences(language), Page(colour=False, symbols=True, width=100))
    finding = found(
        "not-microsoft",
        detail={"microsoft": STEERING, "problems": [STEERING], "reason": STEERING},
        reason=STEERING,
        hosts=STEERING,
        host=STEERING,
        proxy=STEERING,
    )
    lines = list(report.lines(finding))
    assert is_harmless("\n".join(lines))
    assert "\\x1b[2J" in "\n".join(lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ["rules", "try", "--file", f"{{folder}}/{STEERING[:4]}.toml"],
        ["rules", "try", "--file", "{folder}/rules.toml"],
        ["key", "new", STEERING[:4]],
        ["serve", "--env-file", "{folder}/.env"],
        ["check", "--env-file", "{folder}/.env"],
    ],
)
def test_no_command_prints_what_steers_a_terminal(arguments: list[str], tmp_path: Path) -> None:
    """Names of files, keys of a table and settings come from somebody, too (found D13)."""
    (tmp_path / "rules.toml").write_text('default = "strict"\n["\\u001B[2J\\u202E"]\nx = 1\n')
    (tmp_path / ".env").write_text(
        "PRESENCE_\x1b[2J\x9b31mPORT=1\nAZURE_TENANT_ID=\x1b[2J\nrubbish \x1b[2J\n"
    )
    command = [sys.executable, "-m", "app", *(one.format(folder=tmp_path) for one in arguments)]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 2
    assert said.strip()
    assert is_harmless(said)


def test_names_in_a_trial_of_rules_are_printed_harmlessly() -> None:
    """A display name or an address is whatever somebody has entered in Entra (found D13)."""
    judged = {"state": "free", "reachable": True, "ruleset": STEERING, "rule": "rest"}
    change = {"id": "id", "email": f"{STEERING}@firm.example", "before": judged, "after": judged}
    told = {"changed": 1, "held": 1, "gained": 0, "lost": 0, "changes": [change], "unread": [STEERING]}
    assert is_harmless(table(told))
