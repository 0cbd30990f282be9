"""What a refusal of Microsoft Graph means, by what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.doctor.causes import found
from app.doctor.failures import Way, failure, is_failure
from app.doctor.findings import Finding, Step
from app.errors import (
    GraphError,
    GraphThrottled,
    GraphUnauthorized,
    GraphUnavailable,
    GroupMissing,
    PermissionMissing,
)
from app.graph.credentials import Credentials

_BY_KIND: Mapping[type[GraphError], str] = {
    GraphUnauthorized: "graph-token-refused",
    GraphThrottled: "graph-throttled",
    GraphUnavailable: "graph-busy",
    GroupMissing: "group-missing",
}
_FORBIDDEN = {Step.USERS: "users-forbidden", Step.PRESENCE: "presence-forbidden"}


def permissions_kind(credentials: Credentials) -> str:
    """Which of the portal's two kinds of permissions counts, as the sentences know it."""
    return "delegated_permissions" if credentials.user else "application_permissions"


def is_policy(said: str) -> bool:
    """Whether a 403 is conditional access speaking (Microsoft Graph, *error responses*)."""
    return "insufficient_claims" in said.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCase:
    """Where and as whom Graph was asked."""

    way: Way
    kind: str

    @property
    def words(self) -> dict[str, str]:
        """The placeholders that this question fills."""
        return {**self.way.words, "kind": self.kind}


def diagnose_graph(error: GraphError, *, step: Step, case: GraphCase) -> Finding:
    """The cause of a question to Graph that was not answered."""
    if isinstance(error, GraphUnavailable) and is_failure(error.__cause__):
        assert error.__cause__  # noqa: S101 - just asked
        told = failure(error.__cause__, way=case.way)
        return found(told.cause, at=step, words=told.words)
    cause = _cause(error, step=step)
    reason = str(error.status or "?")
    return found(cause, at=step, detail={"microsoft": str(error)}, words=case.words, reason=reason)


def _cause(error: GraphError, *, step: Step) -> str:
    if isinstance(error, PermissionMissing):
        return "graph-conditional-access" if is_policy(str(error)) else _FORBIDDEN[step]
    return next((cause for kind, cause in _BY_KIND.items() if isinstance(error, kind)), "graph-unexpected")
