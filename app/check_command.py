"""`teams-presence check`: walks the whole chain and says, step by step, what is wrong and what to click."""

import asyncio
import json
import logging
import sys
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from app.config import colours_wanted, load_settings, locale_language, secret_files
from app.doctor.checkup import Checkup
from app.doctor.findings import Finding, Status, Step, outcome
from app.doctor.report import Page, Report, as_json
from app.doctor.sentences import Language, Sentences, sentences
from app.doctor.settings import Examined, examine_settings
from app.doctor.walk import Audience

_EXIT_CODES = {Status.OK: 0, Status.WARNING: 1, Status.WRONG: 2}


def check(*, language: str | None, as_data: bool, env_file: Path | None) -> int:
    """Run the check and print it; 0 all is well, 1 there are warnings, 2 something is wrong."""
    logging.disable(logging.CRITICAL)  # the report says it all, and msal would quote answers
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old locale has no word for some of our characters
    told = sentences(_language(language))
    dotenv = env_file or Path(".env")
    examined = examine_settings(partial(load_settings, dotenv=dotenv), env_file=env_file)
    audience = _waiting(told) if as_data else _reading(told)
    findings = asyncio.run(_checkup(examined, dotenv).run(examined, audience=audience))
    if as_data:
        json.dump(as_json(findings, sentences=told), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(f"\n{_report(told).verdict(findings)}\n")
    return _EXIT_CODES[outcome(findings)]


def _language(asked: str | None) -> Language:
    """The language asked for, else the locale's, else English."""
    wanted = asked or locale_language()
    return Language(wanted) if wanted in set(Language) else Language.EN


def _checkup(examined: Examined, dotenv: Path) -> Checkup:
    files = partial(secret_files, examined.settings, dotenv=dotenv) if examined.settings else tuple
    return Checkup(secret_files=files)


def _report(told: Sentences) -> Report:
    page = Page.of(
        is_terminal=sys.stdout.isatty(), may_colour=colours_wanted(), encoding=sys.stdout.encoding or "ascii"
    )
    return Report(told, page)


def _waiting(told: Sentences) -> Audience:
    """Somebody who waits for the whole of it: on a terminal told which step is under way."""
    progress = _Progress(told, sys.stderr)
    return Audience(begins=progress.show, ends=lambda _: progress.clear())


def _reading(told: Sentences) -> Audience:
    """Somebody who reads along: each step as it is found, and on a terminal which one is under way."""
    report = _report(told)
    progress = _Progress(told, sys.stderr)

    def ends(finding: Finding) -> None:
        progress.clear()
        sys.stdout.writelines(f"{line}\n" for line in report.lines(finding))
        sys.stdout.flush()

    return Audience(begins=progress.show, ends=ends)


class _Progress:
    """One line that says which step is waited for, and vanishes; only on a terminal."""

    def __init__(self, told: Sentences, output: TextIO) -> None:
        self._told = told
        self._output = output
        self._on = output.isatty()

    def show(self, step: Step) -> None:
        """Say which step has begun."""
        if self._on:
            self._output.write(f"\r\x1b[K ... {self._told.word('checking')}: {self._told.step(step)}")
            self._output.flush()

    def clear(self) -> None:
        """Leave nothing behind."""
        if self._on:
            self._output.write("\r\x1b[K")
            self._output.flush()
