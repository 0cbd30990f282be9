"""What the feeds of a running service can fail with, and the cause that `/health` names for it."""

from app.errors import (
    GraphRejected,
    GraphThrottled,
    GraphUnauthorized,
    GraphUnavailable,
    GroupMissing,
    MassRemoval,
    PermissionMissing,
    RoundHangs,
    RoundOverdue,
    RulesError,
    SettingsError,
    SnapshotError,
    UnexpectedAnswer,
)

_CLAIMS = "Microsoft Graph answered 403: insufficient_claims"

ROWS: list[tuple[str, Exception, str, str]] = [
    (
        "presence",
        PermissionMissing("Microsoft Graph answered 403: Forbidden"),
        "presence-forbidden",
        "presence",
    ),
    ("directory", PermissionMissing("Listing people is not allowed"), "users-forbidden", "users"),
    ("groups", PermissionMissing("Reading groups is not allowed"), "groups-forbidden", "users"),
    ("presence", PermissionMissing(_CLAIMS), "graph-conditional-access", "presence"),
    ("directory", GraphThrottled("Microsoft Graph answered 429"), "graph-throttled", "users"),
    ("presence", GraphUnauthorized("Microsoft Graph answered 401"), "graph-token-refused", "presence"),
    ("presence", GraphUnavailable("Microsoft Graph answered 503"), "graph-busy", "presence"),
    (
        "presence",
        GraphUnavailable("Microsoft Graph cannot be used: no answer in time."),
        "graph-unreachable",
        "presence",
    ),
    ("presence", UnexpectedAnswer("no JSON"), "graph-unexpected", "presence"),
    ("directory", GraphRejected("Microsoft Graph answered 400"), "graph-unexpected", "users"),
    ("groups", GroupMissing("There is no group"), "group-missing", "users"),
    ("directory", MassRemoval("40 of 60 people would vanish"), "many-vanished", "users"),
    ("rules", RulesError("rules.toml line 3"), "rules-refused", "settings"),
    ("settings", SettingsError(".env line 3 cannot be read"), "settings-refused", "settings"),
    ("snapshot", SnapshotError("No space left on device"), "snapshot-unwritable", "settings"),
    ("directory", RoundOverdue("answers for ever"), "graph-unexpected", "users"),
    ("settings", RoundHangs("hangs"), "feed-hangs", "settings"),
    ("presence", ZeroDivisionError("division by zero"), "service-fault", "settings"),
]
"""The feed, what it failed with, the cause, and the step that it belongs to."""

CAUSES = {cause for _, _, cause, _ in ROWS}
