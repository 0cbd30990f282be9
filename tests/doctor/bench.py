"""Where causes are brought about: a simulated tenant, a folder, and whatever ends with the test."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.doctor.findings import Step
from app.doctor.network import Patience
from tests.support.checkups import SHORT
from tests.support.simulated import Simulated

Environ = dict[str, str]


@dataclass(slots=True)
class Bench:
    """What a row may use to bring its cause about; everything is undone behind it."""

    tenant: Simulated
    folder: Path
    stack: ExitStack
    process: pytest.MonkeyPatch
    dotenv: Path | None = None
    env_file: Path | None = None
    patience: Patience = SHORT

    @property
    def app(self) -> Environ:
        """Settings that are right, for the application's own sign-in."""
        return dict(self.tenant.settings)

    @property
    def user(self) -> Environ:
        """Settings that are right, for the service account."""
        return dict(self.tenant.settings_of_a_user)

    def write(self, name: str, content: str | bytes, *, mode: int = 0o600) -> str:
        """A file in the row's folder; its path."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return str(path)


@contextmanager
def bench_for(tenant: Simulated, folder: Path, process: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench in front of a tenant that is well before and after."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        process.delenv(name, raising=False)
        process.delenv(name.lower(), raising=False)
    app, account = tenant.sheet, tenant.sheet
    with ExitStack() as stack:
        yield Bench(tenant, folder, stack, process)
    tenant.heal()
    tenant.change_password_policy(federated=False)
    tenant.change_credentials(
        secret=app["client_secret"],
        secret_expires=app["client_secret_expires"],
        password=account["password"],
        password_state="ok",
        locked=False,
        certificate_pem=None,
        app_enabled=True,
        permissions=app["permissions"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cause: how it is brought about, and where it has to show.

    `arrange` gives the settings to check with. `step` is where it shows if not at its own step; `with_it`
    are causes that come along. `names` have to be in the English sentence that says what is the matter.
    """

    cause: str
    arrange: Callable[[Bench], Mapping[str, str]]
    name: str = ""
    step: Step | None = None
    with_it: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.cause} ({self.name})" if self.name else self.cause
