"""Whatever lies where a settings file should be: one sentence, and never a wait for somebody to write."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.config import SettingsSource, load_settings
from app.errors import SettingsError
from tests.support.settings import IDENTITY

OPEN = {name: value for name, value in IDENTITY.items() if name != "AZURE_CLIENT_SECRET"}
USER = {**IDENTITY, "PRESENCE_SIGN_IN": "delegated", "AZURE_USERNAME": "svc@contoso.com"}
PROTECTED = {**IDENTITY, "AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": __file__}
MOUNTED = {
    "AZURE_CLIENT_SECRET_FILE": OPEN,
    "AZURE_CLIENT_SECRET_NEXT_FILE": IDENTITY,
    "AZURE_PASSWORD_FILE": USER,
    "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE": PROTECTED,
    "PRESENCE_API_KEYS_FILE": IDENTITY,
}
NAMED = {
    "AZURE_CLIENT_CERTIFICATE_PATH": OPEN,
    "PRESENCE_CA_BUNDLE": IDENTITY,
    "PRESENCE_RULES_FILE": IDENTITY,
    "PRESENCE_TLS_CERT_PATH": {**IDENTITY, "PRESENCE_TLS_KEY_PATH": __file__},
}
HUGE = 2**34


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terminal(path: Path) -> None:
    _, ours = os.openpty()
    path.symlink_to(os.ttyname(ours))


def _folder(path: Path) -> None:
    path.mkdir()


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, HUGE)


ODD = pytest.mark.parametrize(
    "lay", [_pipe, _link_to_a_pipe, _device, _terminal, _folder, _huge], ids=lambda lay: lay.__name__[1:]
)
Lay = Callable[[Path], None]


@contextmanager
def refused() -> Iterator[list[str]]:
    """The sentences of the refusal, once there is one."""
    told: list[str] = []
    with pytest.raises(SettingsError) as raised:
        yield told
    told += str(raised.value).splitlines()


@ODD
@pytest.mark.timeout(20)
def test_an_odd_dotenv_is_refused_in_one_sentence(dotenv: Path, lay: Lay) -> None:
    """At the start, without a wait, and without reading what has no end (found D6)."""
    lay(dotenv)
    with refused() as told:
        SettingsSource(IDENTITY, dotenv).load()
    assert len(told) == 1
    assert told[0].startswith(f"{dotenv} ")


@ODD
@pytest.mark.parametrize("name", MOUNTED)
@pytest.mark.timeout(20)
def test_an_odd_mounted_secret_is_refused_in_one_sentence(tmp_path: Path, name: str, lay: Lay) -> None:
    """Each of those that may be mounted (found D6)."""
    lay(tmp_path / "odd")
    with refused() as told:
        load_settings({**MOUNTED[name], name: str(tmp_path / "odd")}, dotenv=None)
    assert [f"cannot be taken from {name}" in sentence for sentence in told] == [True]


@ODD
@pytest.mark.parametrize("name", NAMED)
@pytest.mark.timeout(20)
def test_an_odd_file_that_a_setting_names_is_refused(tmp_path: Path, name: str, lay: Lay) -> None:
    """Certificates, authorities and rules (found D6)."""
    lay(tmp_path / "odd")
    with refused() as told:
        load_settings({**NAMED[name], name: str(tmp_path / "odd")}, dotenv=None)
    assert [sentence.startswith(name) for sentence in told] == [True]


@ODD
@pytest.mark.timeout(20)
def test_a_file_that_becomes_odd_is_a_change_and_not_a_wait(tmp_path: Path, dotenv: Path, lay: Lay) -> None:
    """`.env` and a mounted secret are looked at again and again (found D6)."""
    mounted = tmp_path / "secret"
    mounted.write_text("invented~Value")
    dotenv.write_text("PRESENCE_PORT=8001\n")
    source = SettingsSource({**OPEN, "AZURE_CLIENT_SECRET_FILE": str(mounted)}, dotenv)
    source.load()
    for file in (dotenv, mounted):
        before = file.read_text()
        file.unlink()
        (tmp_path / "pipe").unlink(missing_ok=True)
        lay(file)
        assert source.fingerprint() != source.seen
        with refused():
            source.load()
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
        file.write_text(before)
        assert source.load().port == 8001
