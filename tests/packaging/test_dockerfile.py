import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Settings, load_settings
from app.errors import SettingsError
from tests.packaging import dockerfile
from tests.support.processes import ROOT


def test_the_linter_for_dockerfiles_has_nothing_to_say() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--no-color", ROOT / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout
    assert not linted.stdout


def test_every_stage_starts_from_the_one_base_that_a_builder_can_replace_by_a_digest() -> None:
    """What is written there is a tag, or a tag with the digest that some registry told (found D18)."""
    base = next(one.rest for one in dockerfile.instructions() if one.word == "ARG")
    assert re.fullmatch(r"BASE=python:3\.11-slim[\w.-]*(@sha256:[0-9a-f]{64})?", base)
    starts = [one.rest.split()[0] for one in dockerfile.instructions() if one.word == "FROM"]
    assert set(starts) == {"${BASE}"}


@pytest.fixture
def pin_base(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs the script of `make base` on a copy; an engine stands by that has pulled what it is told."""
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "Dockerfile", tmp_path)
    shutil.copy(ROOT / "requirements" / "pin_base.py", tmp_path / "requirements")
    engine = tmp_path / "engine"

    def pin(told: str) -> subprocess.CompletedProcess[str]:
        engine.write_text(f"#!/bin/sh\ncase $1 in pull) ;; image) {told} ;; esac\n")
        engine.chmod(0o755)
        return subprocess.run(
            [sys.executable, tmp_path / "requirements" / "pin_base.py"],
            env={"DOCKER": str(engine)},
            capture_output=True,
            text=True,
            check=False,
        )

    return pin


def test_the_base_is_pinned_by_the_digest_that_the_registry_tells(
    pin_base: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """One line changes, the tag stays for people, and a later digest replaces the first (found D18)."""
    before = (tmp_path / "Dockerfile").read_text().splitlines()
    for digest in ("a" * 64, "b" * 64):
        assert pin_base(f"echo python@sha256:{digest}").returncode == 0
        after = (tmp_path / "Dockerfile").read_text().splitlines()
        changed = [line for line, old in zip(after, before, strict=True) if line != old]
        assert len(changed) == 1
        assert re.fullmatch(rf"ARG BASE=python:3\.11-slim[\w.-]*@sha256:{digest}", changed[0])


@pytest.mark.parametrize("told", ["exit 1", "echo", "echo python:3.11-slim", "echo python@sha256:beef"])
def test_without_a_digest_the_dockerfile_stays_as_it_was(
    pin_base: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path, told: str
) -> None:
    """No engine, no registry, or an image that was built here: said in a sentence (found D18)."""
    done = pin_base(told)
    assert done.returncode == 1
    assert "othing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "Dockerfile").read_text() == (ROOT / "Dockerfile").read_text()


def test_the_service_is_process_number_one_and_nobody_else_than_a_user_without_rights() -> None:
    """No shell in between: a SIGTERM arrives."""
    assert dockerfile.command("ENTRYPOINT") == ["teams-presence"]
    assert dockerfile.command("CMD") == ["serve"]
    assert dockerfile.last("STOPSIGNAL") == "SIGTERM"
    user, group = dockerfile.last("USER").split(":")
    assert int(user) == int(group) != 0


def test_the_port_that_the_image_names_is_the_services_own() -> None:
    assert int(dockerfile.last("EXPOSE")) == Settings.model_fields["port"].default


def test_an_image_without_keys_does_not_start(tmp_path: Path) -> None:
    """It listens on every interface, where nobody may ask without a key."""
    secret = tmp_path / "secret"
    secret.write_text("invented~secret")
    given = {
        "AZURE_TENANT_ID": "contoso.example",
        "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000001",
        "AZURE_CLIENT_SECRET_FILE": str(secret),
    }
    with pytest.raises(SettingsError, match="PRESENCE_API_KEYS"):
        load_settings(dockerfile.environment() | given, dotenv=None)


def test_only_what_the_image_is_built_from_is_sent_to_the_builder() -> None:
    """The ignore file lets in what COPY names and nothing else, so no secret can slip into a layer."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source
        for one in dockerfile.instructions()
        if one.word == "COPY" and not one.rest.startswith("--from")
        for source in one.rest.split()[:-1]
    }
    assert rules[0] == "*"
    assert let_in == copied
