"""What is registered at the sign-in host: one application and one account with a password."""

from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.x509 import Certificate

from .client_secrets import ClientSecret
from .clock import Clock
from .sign_in_errors import SignInError

LOCK_AFTER = 10
FIRST_LOCK_S = 60.0
FOREVER = float("inf")
# Seen in the wild for the number that also means an expired password; no page of Microsoft's tells it.
FIRST_SIGN_IN = "Force Change Password."


@dataclass(slots=True, kw_only=True)
class Registration:
    """The app registration and what an administrator granted to it."""

    tenant_id: str
    client_id: str
    name: str
    object_id: str
    application_id: str
    secrets: list[ClientSecret]
    permissions: frozenset[str]
    enabled: bool = True
    certificates: list[Certificate] = field(default_factory=list)

    @property
    def secret(self) -> str:
        """The Value of the first secret, which clients are given; empty once all are deleted."""
        return self.secrets[0].value if self.secrets else ""

    def check_secret(self, secret: str, *, now: float) -> None:
        """Raises Microsoft's refusal of a wrong or an expired secret; each that is registered is as good."""
        ends = [one.expires for one in self.secrets if one.value == secret]
        if not ends:
            raise SignInError(7000215, app=self.client_id)
        if not any(end is None or now < end for end in ends):
            raise SignInError(7000222, app=self.client_id)


class PasswordState(StrEnum):
    """What else can be wrong with a right password."""

    OK = "ok"
    EXPIRED = "expired"
    MUST_CHANGE = "must_change"
    MFA = "mfa"


_REFUSALS = {PasswordState.EXPIRED: 50055, PasswordState.MUST_CHANGE: 50055, PasswordState.MFA: 50076}


@dataclass(slots=True, kw_only=True)
class ServiceAccount:
    """The one account with a password, under smart lockout: ten failures, a minute, doubling each time."""

    clock: Clock
    username: str
    object_id: str
    password: str
    password_state: PasswordState = PasswordState.OK
    _failures: int = 0
    _locks: int = 0
    _locked_until: float = 0.0

    @property
    def domain(self) -> str:
        """Where it lives, in lower case."""
        return self.username.rpartition("@")[2].lower()

    @property
    def locked(self) -> bool:
        """Whether even the right password is refused now."""
        return self.clock.now() < self._locked_until

    def lock(self) -> None:
        """Lock until somebody unlocks."""
        self._locked_until = FOREVER

    def unlock(self) -> None:
        """Forget all failures."""
        self._failures, self._locks, self._locked_until = 0, 0, 0.0

    def check_password(self, password: str) -> None:
        """Raises 50053 or 50126. The first failure after a lockout locks again ("Smart lockout")."""
        if self.locked:
            raise SignInError(50053)
        if password != self.password:
            self._count_failure()
            raise SignInError(50126)
        self.unlock()

    def check_state(self) -> None:
        """Raises for an expired password and for multi-factor authentication."""
        if code := _REFUSALS.get(self.password_state):
            must_change = self.password_state is PasswordState.MUST_CHANGE
            raise SignInError(code, text=FIRST_SIGN_IN if must_change else None)

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= LOCK_AFTER:
            self._locked_until = self.clock.now() + FIRST_LOCK_S * 2**self._locks
            self._locks += 1
