"""A new user, the guide and the portal's values: from an empty `.env` to a green check and a first answer.

Whoever walks here knows nothing but the guide: the form is taken from it and filled with what the simulated
tenant's portal sheet shows, and each command is pasted as it is printed. Only three things are a test's own:
`make install` has been done (tests/packaging does it from nothing), the service listens on a free port and
sweeps more often, and instead of a person in a browser a switch of the simulator sets the first password.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.setup_guide import BASE, GUIDES, LANGUAGES, codes, filled, form, pasted, rows, section, shown
from tests.support import evidence
from tests.support.polling import eventually
from tests.support.processes import ROOT, Process
from tests.support.service import QUICK
from tests.support.simulated import Simulated

# What the portal calls a value is beside each line of the form; here is the sheet's word for it.
FIRST_WAY = {
    "AZURE_CLIENT_ID": "client_id",
    "AZURE_TENANT_ID": "tenant_id",
    "AZURE_CLIENT_SECRET": "client_secret",
    "PRESENCE_SECRET_EXPIRES": "client_secret_expires",
    "AZURE_AUTHORITY_HOST": "authority_host",
    "PRESENCE_GRAPH_URL": "graph_url",
    "PRESENCE_CA_BUNDLE": "ca_bundle",
}
SECOND_WAY = {"AZURE_USERNAME": "username", "AZURE_PASSWORD": "password"}
CHOSEN_PASSWORD = "Long & random: [x]<y>?#&\"'\\ 42"
_ENTRY = re.compile(r"^ {4}(\S+)$", re.MULTILINE)


@dataclass(slots=True)
class NewUser:
    """Somebody with a shell in an empty folder, and the guide in one language."""

    guide: Path
    folder: Path
    values: dict[str, str] = field(default_factory=dict)
    key: str = ""
    started: list[Process] = field(default_factory=list)

    def write_down(self, values: Mapping[str, str]) -> None:
        """Fill in the form, or correct it."""
        self.values |= values
        evidence.remember(self.values)
        (self.folder / ".env").write_text(filled(form(self.guide), self.values), "utf-8")

    def add_line(self, name: str, value: str) -> None:
        """Add a setting that the form does not have."""
        evidence.remember({name: value})
        with (self.folder / ".env").open("a", encoding="utf-8") as dotenv:
            dotenv.write(f"{name}='{value}'\n")

    def copy(self, sheet: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Copy values from the portal; of a moment the day, as the portal's column shows it."""
        shown_there = {name: str(sheet[word]) for name, word in names.items()}
        if "PRESENCE_SECRET_EXPIRES" in names:
            shown_there["PRESENCE_SECRET_EXPIRES"] = shown_there["PRESENCE_SECRET_EXPIRES"][:10]
        self.write_down(shown_there)

    def make_a_key(self, command: str) -> None:
        """Keep the key for the phone system, put its entry into the form."""
        self.key, entry = _ENTRY.findall(self.paste(command).stdout)
        self.write_down({"PRESENCE_API_KEYS": entry})

    def paste(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a block of the guide to its end."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, command: str) -> str:
        """Run the block that goes on running; where it listens."""
        log = self.folder / "app.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self._environment() | QUICK,
                stdout=output,
                stderr=output,
            )
        self.started.append(Process(popen, log))
        line = self.service.wait_for_line("Listening on")
        found = re.search(r"https?://\S+:\d+", line)
        assert found, line
        return found[0]

    @property
    def service(self) -> Process:
        """What `start` has started last."""
        return self.started[-1]

    def _environment(self) -> dict[str, str]:
        """What a shell has after the guide's first commands; nothing that sets the service up."""
        return {
            "PATH": f"{self.folder}/.venv/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "KEY": self.key,
        }


@pytest.fixture
def new_user(tmp_path: Path) -> Iterator[Callable[[str], NewUser]]:
    """Seats somebody in a folder with an empty `.env`, where `make install` has been run."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here to paste the lines into")
    seated: list[NewUser] = []

    def seat(language: str) -> NewUser:
        folder = tmp_path / f"service-{language}"
        folder.mkdir()
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / ".env").touch()
        seated.append(NewUser(GUIDES[language], folder))
        return seated[-1]

    yield seat
    for process in (process for user in seated for process in user.started):
        process.stop()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_an_empty_env_to_the_first_answer_as_the_application(
    simulate: Callable[..., Simulated], new_user: Callable[[str], NewUser], language: str
) -> None:
    """The recommended way, with nothing but the guide and the portal's values."""
    tenant, user = simulate("--people", "20"), new_user(language)
    user.copy(tenant.sheet, FIRST_WAY)
    _check_and_ask(user)


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_an_empty_env_to_the_first_answer_as_a_service_account(
    simulate: Callable[..., Simulated], new_user: Callable[[str], NewUser], language: str
) -> None:
    """The portal's password is refused, as the guide says; the one set at the first sign-in is good."""
    tenant, user = simulate("--people", "20"), new_user(language)
    tenant.change_credentials(password_state="must_change")
    user.copy(tenant.sheet, FIRST_WAY | SECOND_WAY)
    user.write_down({"PRESENCE_SIGN_IN": "delegated"})
    assert _told(user, returns=2)["account"]["cause"] in {"password-must-change", "password-expired"}
    tenant.change_credentials(password=CHOSEN_PASSWORD, password_state="ok")
    user.write_down({"AZURE_PASSWORD": CHOSEN_PASSWORD})
    _check_and_ask(user)
    grants = {call["grant_type"] for call in tenant.call_log() if call["endpoint"] == "token"}
    assert grants == {"password"}


def test_from_an_empty_env_to_the_first_answer_with_a_certificate(
    simulate: Callable[..., Simulated], new_user: Callable[[str], NewUser]
) -> None:
    """Made by the guide's commands; the portal is given the public part and nothing else."""
    tenant, user = simulate("--people", "20"), new_user("en")
    assert user.paste(pasted(user.guide, "certificate")[0]).returncode == 0
    tenant.change_credentials(certificate_pem=(user.folder / "teams-presence.cer").read_text())
    secret = {"AZURE_CLIENT_SECRET", "PRESENCE_SECRET_EXPIRES"}
    user.copy(tenant.sheet, {name: word for name, word in FIRST_WAY.items() if name not in secret})
    user.write_down({"AZURE_CLIENT_CERTIFICATE_PATH": str(user.folder / "teams-presence.pem")})
    _check_and_ask(user)


def test_renewal_day_goes_as_the_guide_tells_it(
    simulate: Callable[..., Simulated], new_user: Callable[[str], NewUser]
) -> None:
    """A wrong secret changes nothing, a good one takes over, the next stands by; each says so."""
    tenant, user = simulate("--people", "20", "--token-lifetime", "2"), new_user("en")
    told = [code for code in codes(section(user.guide, "renewal").text) if " " in code and "-HUP" not in code]
    taken, refused, stands_by, reserve = told
    user.copy(tenant.sheet, FIRST_WAY)
    ask = _check_and_ask(user)
    user.write_down({"AZURE_CLIENT_SECRET": "mistyped~on~renewal~day"})
    user.service.wait_for_line(refused)
    second, third = tenant.add_secret(), tenant.add_secret()
    user.write_down({"AZURE_CLIENT_SECRET": second["value"]})
    user.service.wait_for_line(taken)
    tenant.remove_secret(tenant.sheet["client_secret_id"])
    user.add_line("AZURE_CLIENT_SECRET_NEXT", third["value"])
    user.service.wait_for_line(stands_by)
    tenant.remove_secret(second["id"])
    user.service.wait_for_line(reserve)
    assert json.loads(user.paste(ask).stdout)["found"] == 1


def _check_and_ask(user: NewUser) -> str:
    """Sections 8 and 9 of the guide, block by block; the question that was answered."""
    install, protect, key, check = pasted(user.guide, "check")
    assert install.splitlines()[0] == "make install"
    assert user.paste(protect).returncode == 0
    user.make_a_key(key)
    checked = user.paste(check)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    _is_green(user)
    serve, ask = pasted(user.guide, "answer")
    base = user.start(serve)
    eventually(lambda: httpx.get(f"{base}/health/ready", trust_env=False).is_success, within_s=15)
    answer = user.paste(ask.replace(BASE, base))
    assert json.loads(answer.stdout) == json.loads(shown(user.guide, "answer")), answer.stderr
    return ask.replace(BASE, base)


def _is_green(user: NewUser) -> None:
    """Each line is one that the guide explains, in its order, and all of them are in order."""
    steps = _told(user, returns=0)
    explained = [row[0].split("`")[1] for row in rows(section(user.guide, "check").text)]
    delegated = user.values.get("PRESENCE_SIGN_IN") == "delegated"
    assert list(steps) == [step for step in explained if delegated or step != "account"]
    assert {step["status"] for step in steps.values()} == {"ok"}


def _told(user: NewUser, *, returns: int) -> dict[str, dict[str, Any]]:
    """The same check for machines, by step."""
    *_, check = pasted(user.guide, "check")
    done = user.paste(f"{check} --json")
    assert done.returncode == returns, done.stdout + done.stderr
    return {step["step"]: step for step in json.loads(done.stdout)["steps"]}
