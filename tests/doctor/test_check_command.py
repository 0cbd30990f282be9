"""`teams-presence check` as an administrator runs it: exit codes, languages, colours, JSON."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.doctor.bench import Bench
from tests.doctor.sign_in_rows import registered_certificate
from tests.support import evidence
from tests.support.processes import ROOT

WRONG_SECRET = {"AZURE_CLIENT_SECRET": "not~the~right~secret~at~all"}
_COLOUR = re.compile(r"\x1b\[\d+m")


def run(bench: Bench, environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command in an empty folder, its output into a pipe."""
    evidence.remember(environ)
    done = subprocess.run(
        [sys.executable, "-m", "app", "check", *arguments],
        cwd=bench.folder,
        env=_surroundings(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not list(evidence.leaks({"the output": done.stdout + done.stderr}))
    return done


def _surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environ}


def test_a_warning_is_one_and_the_next_command_is_named(bench: Bench) -> None:
    """It works; the end of the secret is unknown."""
    done = run(bench, bench.app)
    assert done.returncode == 1, done.stdout
    assert "Presence can be read" in done.stdout
    assert "teams-presence serve" in done.stdout.splitlines()[-1]
    assert done.stderr == ""


def test_all_well_is_zero(bench: Bench) -> None:
    """With a certificate whose end is far, nothing is left to say."""
    done = run(bench, registered_certificate(bench))
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("All is well. Next: teams-presence serve")


def test_something_wrong_is_two_and_a_pipe_gets_no_colours(bench: Bench) -> None:
    """The step, what it means, what to click, and Microsoft's own sentence."""
    done = run(bench, bench.app | WRONG_SECRET)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "✗ Credential" in done.stdout
    assert "Certificates & secrets" in " ".join(done.stdout.split())
    assert "AADSTS7000215" in done.stdout
    assert "Trace ID" not in done.stdout


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ({"LANG": "de_DE.UTF-8"}, "Das Geheimnis ist falsch"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "fr_FR.UTF-8"}, "Le secret est faux"),
        ({"LANG": "pt_BR.UTF-8"}, "The secret is wrong"),
    ],
    ids=["German", "French by LC_ALL", "English for any other"],
)
def test_the_language_is_the_locales(bench: Bench, locale: dict[str, str], sentence: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG, and English where we do not speak it."""
    assert sentence in run(bench, bench.app | WRONG_SECRET | locale).stdout


def test_json_is_for_machines(bench: Bench) -> None:
    """One object: the outcome, and each step with its machine word; `--lang` beats the locale."""
    environ = bench.app | WRONG_SECRET | {"LANG": "fr_FR.UTF-8"}
    done = run(bench, environ, "--json", "--lang", "de")
    report = json.loads(done.stdout)
    assert (done.returncode, report["outcome"]) == (2, "wrong")
    step = next(one for one in report["steps"] if one["status"] == "wrong")
    assert set(step) == {"step", "status", "cause", "what", "meaning", "fix", "detail"}
    assert (step["step"], step["cause"]) == ("credential", "secret-wrong")
    assert step["what"].startswith("Das Geheimnis ist falsch")
    assert step["detail"]["aadsts"] == [7000215]
    assert step["detail"]["microsoft"].startswith("AADSTS7000215: Invalid client secret")


def test_without_any_settings_it_says_what_to_do_first(bench: Bench) -> None:
    """The very first run of somebody new."""
    done = run(bench, {})
    assert done.returncode == 2
    assert "Copy .env.example to .env" in " ".join(done.stdout.split())


def test_another_settings_file_is_read(bench: Bench) -> None:
    """As `serve --env-file` does; and one that everybody may read is a warning."""
    lines = "".join(f"{name}='{value}'\n" for name, value in bench.app.items())
    path = bench.write("other.env", lines, mode=0o644)
    done = run(bench, {}, "--env-file", path, "--json")
    causes = [one["cause"] for one in json.loads(done.stdout)["steps"]]
    assert "presence-ok" in causes
    assert causes[-1] == "secrets-readable"


def test_an_output_without_our_characters_is_still_readable(bench: Bench) -> None:
    """An old terminal gets plain symbols instead of an error."""
    done = run(bench, bench.app | WRONG_SECRET | {"PYTHONIOENCODING": "ascii"}, "--lang", "de")
    assert done.returncode == 2, done.stderr
    assert "\n x Anmeldedaten" in done.stdout


@pytest.mark.parametrize(("wish", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_and_progress(bench: Bench, wish: dict[str, str], coloured: bool) -> None:  # noqa: FBT001 - a table
    """Unless NO_COLOR is set; which step is under way is shown either way, and wiped."""
    shown = _in_terminal(bench, bench.app | WRONG_SECRET | {"TERM": "xterm"} | wish)
    assert bool(_COLOUR.search(shown)) is coloured
    assert "checking: Tenant" in shown


def _in_terminal(bench: Bench, environ: Mapping[str, str]) -> str:
    evidence.remember(environ)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "check"],
        cwd=bench.folder,
        env=_surroundings(environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    with process, os.fdopen(ours, "rb", 0) as shown:
        return _all_of(shown.fileno())


def _all_of(number: int) -> str:
    """Everything until the other side has closed; Linux then tells of an I/O error."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(number, 65_536)
        except OSError:
            piece = b""
        if not piece:
            return b"".join(pieces).decode()
        pieces.append(piece)
