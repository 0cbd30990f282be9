"""The check as a library, run in the test itself: everything real but the process around it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from app.config import load_settings, secret_files
from app.doctor.checkup import Checkup
from app.doctor.findings import Finding, Status
from app.doctor.network import Patience
from app.doctor.report import as_json
from app.doctor.sentences import Language, sentences
from app.doctor.settings import examine_settings
from app.doctor.walk import Audience
from tests.support import evidence

# Long enough for a busy machine, short enough for the rows that wait for it.
SHORT = Patience(name_s=3, connect_s=2, answer_s=3, sign_in_s=4, whole_s=30)
_NOBODY = Audience(begins=lambda _: None, ends=lambda _: None)


def check_up(
    environ: Mapping[str, str],
    *,
    dotenv: Path | None = None,
    env_file: Path | None = None,
    patience: Patience = SHORT,
) -> Sequence[Finding]:
    """What the check finds with these settings."""
    evidence.remember(environ)
    examined = examine_settings(partial(load_settings, environ, dotenv), env_file=env_file)
    files = (
        partial(secret_files, examined.settings, environ=environ, dotenv=dotenv)
        if examined.settings
        else tuple
    )
    checkup = Checkup(secret_files=files, patience=patience)
    return asyncio.run(checkup.run(examined, audience=_NOBODY))


def remarkable(findings: Sequence[Finding]) -> list[Finding]:
    """Those that a person should read; how long a secret lasts, nobody can say in these tests."""
    everything = [one for finding in findings for one in (finding, *finding.also)]
    return [
        one
        for one in everything
        if one.status in {Status.WARNING, Status.WRONG} and one.cause != "expiry-unknown"
    ]


def check_nothing_leaks(findings: Sequence[Finding], environ: Mapping[str, str]) -> None:
    """No secret is in the report, in no language."""
    evidence.remember(environ)
    reports = {
        f"the report in {language}": json.dumps(as_json(findings, sentences=sentences(language)))
        for language in Language
    }
    assert not list(evidence.leaks(reports))
