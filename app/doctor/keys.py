"""Who may ask the service, and how well that and the secrets are guarded on this machine."""

import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.config import ApiKey, Scope, Settings
from app.doctor.causes import found
from app.doctor.findings import Finding, worst_first


def examine_keys(settings: Settings, *, secret_files: Iterable[Path]) -> Finding:
    """The keys and what guards them; `secret_files` are those that hold a secret."""
    findings = [_keys(settings)]
    if settings.unencrypted:
        findings.append(found("keys-unencrypted"))
    if readable := readable_by_all(secret_files):
        findings.append(found("secrets-readable", files=" ".join(map(str, readable))))
    return worst_first(findings)


def readable_by_all(files: Iterable[Path]) -> Sequence[Path]:
    """Those files that every user of this machine may read."""
    return [file for file in files if _mode(file) & stat.S_IROTH]


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except OSError:
        return 0


def _keys(settings: Settings) -> Finding:
    if not settings.api_keys:
        return found("keys-loopback")
    told = [_told(key) for key in settings.api_keys]
    return found("keys-ok", detail={"keys": told}, keys=", ".join(told))


def _told(key: ApiKey) -> str:
    """A key as its name, with what it opens and from where only if that is narrowed."""
    scopes = "" if key.scopes == frozenset(Scope) else f" ({'+'.join(sorted(key.scopes))})"
    networks = f" @ {', '.join(map(str, key.networks))}" if key.networks else ""
    return f"{key.name}{scopes}{networks}"
