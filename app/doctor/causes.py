"""Every cause by its machine word: the step that it belongs to, and how bad it is."""

from collections.abc import Mapping
from typing import Any

from app.doctor.findings import Finding, Status, Step

_BY_STEP: Mapping[Step, Mapping[Status, tuple[str, ...]]] = {
    Step.SETTINGS: {
        Status.SKIPPED: ("not-checked",),
        Status.OK: ("settings-ok",),
        Status.WARNING: ("settings-noted", "snapshot-unwritable"),
        Status.WRONG: (
            "rules-refused",
            "settings-missing",
            "settings-file-missing",
            "settings-unreadable",
            "settings-misspelt",
            "settings-incomplete",
            "settings-wrong",
            "secret-is-the-id",
            "settings-refused",
            "service-fault",
            "feed-hangs",
        ),
    },
    Step.DNS: {
        Status.OK: ("dns-ok", "dns-by-proxy"),
        Status.WRONG: ("dns-unknown-host", "dns-unavailable"),
    },
    Step.PROXY: {
        Status.OK: ("proxy-none", "proxy-ok"),
        Status.WRONG: (
            "proxy-unusable",
            "proxy-unreachable",
            "proxy-scheme",
            "proxy-password",
            "proxy-forbids",
            "proxy-fails",
        ),
    },
    Step.TCP: {
        Status.OK: ("tcp-ok", "tcp-by-proxy"),
        Status.WRONG: ("tcp-refused", "tcp-blocked", "tcp-unreachable"),
    },
    Step.TLS: {
        Status.OK: ("tls-ok",),
        Status.WRONG: (
            "tls-inspected",
            "tls-expired",
            "tls-not-yet-valid",
            "tls-wrong-host",
            "tls-cut",
            "tls-not-spoken",
            "tls-failed",
            "answer-too-slow",
        ),
    },
    Step.CLOCK: {
        Status.OK: ("clock-ok", "clock-untold"),
        Status.WARNING: ("clock-off",),
        Status.WRONG: ("clock-wrong",),
    },
    Step.TENANT: {
        Status.OK: ("tenant-ok",),
        Status.WRONG: (
            "tenant-unknown",
            "tenant-malformed",
            "tenant-other-cloud",
            "tenant-generic",
            "cloud-mismatch",
            "cloud-without-presence",
            "not-microsoft",
            "microsoft-busy",
            "took-too-long",
        ),
    },
    Step.APPLICATION: {
        Status.OK: ("application-ok",),
        Status.WRONG: (
            "application-unknown",
            "application-disabled",
            "application-not-installed",
            "application-public",
            "application-blocked",
            "sign-in-loop",
            "refused-by-microsoft",
        ),
    },
    Step.CREDENTIAL: {
        Status.OK: ("secret-ok", "certificate-ok"),
        Status.WARNING: ("secret-next-used",),
        Status.WRONG: (
            "secret-wrong",
            "secret-expired",
            "credential-missing",
            "certificate-unreadable",
            "certificate-expired",
            "certificate-not-yet-valid",
            "certificate-unknown",
            "assertion-time",
        ),
    },
    Step.ACCOUNT: {
        Status.OK: ("account-ok",),
        Status.WARNING: ("session-ended",),
        Status.WRONG: (
            "account-unknown",
            "account-guest",
            "account-federated",
            "account-locked",
            "account-disabled",
            "account-not-assigned",
            "account-at-risk",
            "password-wrong",
            "password-expired",
            "password-must-change",
            "password-expired-on-premises",
            "password-none",
            "mfa-required",
            "mfa-registration",
            "mfa-expired",
            "external-challenge",
            "conditional-access",
            "device-required",
            "security-policy",
            "security-defaults",
            "on-premises-agent",
        ),
    },
    Step.PERMISSIONS: {
        Status.OK: ("permissions-ok", "permissions-unread"),
        Status.WARNING: ("permission-narrow",),
        Status.WRONG: (
            "permission-missing",
            "consent-missing",
            "consent-declined",
            "resource-unknown",
            "resource-not-registered",
            "scope-wrong",
        ),
    },
    Step.USERS: {
        Status.OK: ("users-ok",),
        Status.WARNING: ("users-none", "fields-withheld", "many-vanished"),
        Status.WRONG: (
            "users-forbidden",
            "groups-forbidden",
            "group-missing",
            "graph-token-refused",
            "graph-conditional-access",
            "graph-throttled",
            "graph-busy",
            "graph-unreachable",
            "graph-unexpected",
        ),
    },
    Step.PRESENCE: {
        Status.OK: ("presence-ok",),
        Status.WARNING: ("presence-unknown-only",),
        Status.WRONG: ("presence-forbidden",),
    },
    Step.EXPIRY: {
        Status.OK: ("expiry-ok", "expiry-never"),
        Status.WARNING: ("expiry-soon", "expiry-unknown"),
        Status.WRONG: ("expiry-over",),
    },
    Step.KEYS: {
        Status.OK: ("keys-ok", "keys-loopback"),
        Status.WARNING: ("keys-unencrypted", "secrets-readable"),
    },
}

CAUSES: Mapping[str, tuple[Step, Status]] = {
    cause: (step, status)
    for step, by_status in _BY_STEP.items()
    for status, causes in by_status.items()
    for cause in causes
}
"""The step and the status of each cause. A few, such as `graph-busy`, are also found at another step."""


def found(
    cause: str,
    *,
    at: Step | None = None,
    detail: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
    **more: str,
) -> Finding:
    """A finding of this cause, at its own step or another; `words` and `more` fill its sentences."""
    step, status = CAUSES[cause]
    return Finding(
        step=at or step, status=status, cause=cause, words={**(words or {}), **more}, detail=detail or {}
    )


def skipped(step: Step) -> Finding:
    """A step that cannot be reached."""
    return found("not-checked", at=step)
