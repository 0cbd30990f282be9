"""What a refused sign-in means: Microsoft's numbers and sentences, or trouble on the way, as one cause."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.doctor.aadsts import cause_of
from app.doctor.causes import CAUSES, found
from app.doctor.certificates import look_at
from app.doctor.failures import Way, failure, is_failure
from app.doctor.findings import Finding, Step
from app.doctor.graph_faults import permissions_kind
from app.errors import SignInError, SignInRefused
from app.graph.credentials import Credentials
from app.graph.sign_in import REFUSED

_GUEST = "#ext#"
# Observed, not documented: Microsoft has one number for both, and this text for the temporary password.
_TEMPORARY = "force change password"
_OF_ANY_USER = frozenset({"account-unknown", "password-wrong", "password-none", "refused-by-microsoft"})
_OF_POLICY = frozenset({"conditional-access", "security-policy", "security-defaults", "device-required"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCase:
    """With what and where a sign-in was tried."""

    credentials: Credentials
    way: Way
    graph: str
    now: datetime

    @property
    def words(self) -> dict[str, str]:
        """The placeholders that this sign-in fills; nothing secret among them."""
        user = self.credentials.user.username if self.credentials.user else ""
        return {
            **self.way.words,
            "tenant": self.credentials.tenant_id,
            "app": self.credentials.client_id,
            "user": user,
            "domain": user.rpartition("@")[2],
            "kind": permissions_kind(self.credentials),
            "thumbprint": look_at(self.credentials.app, now=self.now).thumbprint,
        }


def diagnose(error: SignInError, *, case: SignInCase) -> Finding:
    """The cause of a failed sign-in; Microsoft's own sentence goes with it as a detail."""
    if not error.aadsts:
        return _without_number(error, case=case)
    said = str(error).removeprefix(REFUSED)
    cause = _refined(cause_of(error.aadsts), said=said, case=case)
    words = {**case.words, "said": said}
    if CAUSES[cause][0] is Step.PERMISSIONS:
        words["host"] = case.graph
    return found(cause, detail=_detail(error, said), words=words)


def _without_number(error: SignInError, *, case: SignInCase) -> Finding:
    """A certificate that never reached Microsoft, trouble on the way, or a refusal without a number."""
    said = str(error).removeprefix(REFUSED)
    if isinstance(error, SignInRefused):
        local = look_at(case.credentials.app, now=case.now).wrong
        return local or found(
            "refused-by-microsoft", detail=_detail(error, said), words=case.words, said=said
        )
    if is_failure(error.__cause__):
        assert error.__cause__  # noqa: S101 - just asked
        return failure(error.__cause__, way=case.way)
    if error.__cause__ is not None:
        return found("not-microsoft", words=case.words, reason=type(error.__cause__).__name__)
    return found("microsoft-busy", at=Step.APPLICATION, detail=_detail(error, said), words=case.words)


def _refined(cause: str, *, said: str, case: SignInCase) -> str:
    """The cause, with what the number alone does not tell."""
    user = case.credentials.user
    if user is None:
        return _without_user(cause)
    if _GUEST in user.username.lower() and cause in _OF_ANY_USER:
        return "account-guest"
    if cause == "password-expired" and _TEMPORARY in said.lower():
        return "password-must-change"
    return cause


def _without_user(cause: str) -> str:
    """What speaks of an account means the application where that signs in as itself."""
    if cause in _OF_POLICY:
        return "application-blocked"
    return "refused-by-microsoft" if CAUSES[cause][0] is Step.ACCOUNT else cause


def _detail(error: SignInError, said: str) -> dict[str, Any]:
    return {"aadsts": list(error.aadsts), "microsoft": said} if error.aadsts else {"microsoft": said}
