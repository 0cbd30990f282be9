"""`teams-presence rules try`: asks the running service who would change under another rules file."""

import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from app.errors import SettingsError
from app.files import read_regular
from app.logs import escaped
from app.presence.rules_file import MAX_BYTES, parse_rules

_PATIENCE_S = 30.0


def try_rules(file: Path, *, url: str, key: str | None, key_file: Path | None) -> int:
    """Print who would change. Raises RulesError for a refused file, SettingsError if nobody can be asked."""
    data = _read(file)
    parse_rules(data, name=file.name)
    answer = _ask(url.rstrip("/"), data, key=key or (_read(key_file).decode().strip() if key_file else ""))
    if answer.status_code != httpx.codes.OK:
        raise SettingsError(f"The service at {url} did not try the rules: {_sentence(answer)}")
    sys.stdout.write(table(answer.json()))
    return 0


def table(told: Mapping[str, Any]) -> str:
    """The service's answer for people, one of them a line."""
    head = (
        f"{told['changed']} of {told['held']} people would change: "
        f"{told['gained']} become reachable, {told['lost']} no longer are.\n"
    )
    names = [escaped(change["email"] or change["id"]) for change in told["changes"]]
    before = [_judged(change["before"]) for change in told["changes"]]
    wide, middle = max(map(len, names), default=0), max(map(len, before), default=0)
    after = (_judged(change["after"]) for change in told["changes"])
    rows = [f"{a:{wide}}  {b:{middle}}  ->  {c}\n" for a, b, c in zip(names, before, after, strict=True)]
    unread = [
        f"The members of group {escaped(group)} have not been read so far.\n" for group in told["unread"]
    ]
    return "".join([head, *rows, *unread])


def _judged(verdict: Mapping[str, Any]) -> str:
    reachable = "reachable" if verdict["reachable"] else "not reachable"
    return escaped(f"{verdict['state']}, {reachable} ({verdict['ruleset']}: {verdict['rule']})")


def _ask(url: str, data: bytes, *, key: str) -> httpx.Response:
    headers = {"Content-Type": "application/toml", **({"X-API-Key": key} if key else {})}
    try:
        with httpx.Client(verify=ssl.create_default_context(), trust_env=False, timeout=_PATIENCE_S) as http:
            return http.post(f"{url}/rules/try", content=data, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SettingsError(
            f"The service at {url} cannot be reached ({error}): is it running, and is --url right?"
        ) from None


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"it answered {answer.status_code}."


def _read(file: Path) -> bytes:
    try:
        return read_regular(file, limit=MAX_BYTES)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}).") from None
