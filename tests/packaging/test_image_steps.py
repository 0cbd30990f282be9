import contextlib
import os
import re
import shutil
import signal
import socket
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path

import httpx
import pytest
import trustme
from packaging.utils import canonicalize_name

from app.config import new_api_key
from tests.packaging import dockerfile, stub_index
from tests.packaging.image import IS_ROOT, Image, as_user
from tests.packaging.locks import LOCKS, for_this_machine, locked
from tests.support.polling import eventually
from tests.support.processes import Process

# Building installs some thirty packages, which takes a minute without pip's cache.
pytestmark = pytest.mark.timeout(400)

_NOBODY_THERE = "https://127.0.0.1:9"
_STATE = "/var/lib/teams-presence"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image's root, in a folder that its user can reach: pytest's own are closed to others.

    Built while the index offers a newer version of everything (found A1).
    """
    mask = os.umask(0o022)
    root = Path(tempfile.mkdtemp(prefix="image-"))
    root.chmod(0o755)
    built = Image(root)
    try:
        stub_index.add_newer(root, (one for lock in LOCKS for one in locked(lock)))
        built.build(more_links=root)
        yield built
    finally:
        shutil.rmtree(root)
        os.umask(mask)


@pytest.fixture
def settings(image: Image, tmp_path: Path) -> dict[str, str]:
    """Enough to start with, and nobody at Microsoft's end; the secrets are mounted, as compose does it."""
    mounted = image.root / tmp_path.name
    mounted.mkdir()
    (mounted / "secret").write_text("invented~secret\n")
    (mounted / "keys").write_text(f"{new_api_key('acd')[1]}\n")
    return {
        "AZURE_TENANT_ID": "contoso.example",
        "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000001",
        "AZURE_CLIENT_SECRET_FILE": str(mounted / "secret"),
        "AZURE_AUTHORITY_HOST": _NOBODY_THERE,
        "PRESENCE_GRAPH_URL": _NOBODY_THERE,
        "PRESENCE_API_KEYS_FILE": str(mounted / "keys"),
        "PRESENCE_PORT": str(_free_port()),
    }


@pytest.fixture
def start(image: Image, tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Process]]:
    """Starts containers, so to speak, that end with the test."""
    with contextlib.ExitStack() as started:

        def begin(settings: Mapping[str, str]) -> Process:
            process = image.start(settings, log=tmp_path / "container.log")
            started.callback(process.stop)
            return process

        yield begin


def test_the_wheel_carries_the_service_alone(image: Image) -> None:
    """No simulator, no tests, no bytecode of the machine that built it."""
    (wheel,) = image.root.glob("src/dist/*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if not re.match(r"app/|teams_presence-[^/]+\.dist-info/", name)] == []
    assert [name for name in names if "__pycache__" in name] == []


def test_what_is_installed_is_the_runtime_lock_and_the_service(image: Image) -> None:
    """Nothing that could install or build more comes along: no pip, no hatchling."""
    (packages,) = image.root.glob("opt/teams-presence/lib/python3.*/site-packages")
    found = {canonicalize_name(one.name) for one in distributions(path=[str(packages)])}
    assert found == {canonicalize_name(one.name) for one in for_this_machine("runtime")} | {
        canonicalize_name("teams-presence")
    }
    assert not (packages / "simulator").exists()


def test_no_step_brings_build_tools() -> None:
    """Every locked dependency comes as a wheel; a compiler has no business in the image."""
    steps = " ".join(one.rest for one in dockerfile.instructions() if one.word == "RUN")
    assert not re.search(r"\b(apt|apt-get|gcc|curl|wget)\b", steps)


def test_the_base_image_loses_its_pip(image: Image) -> None:
    assert not list(image.root.glob("base/lib/python3.*/site-packages/pip"))


def test_the_service_runs_where_nothing_can_be_written_and_nobody_answers(
    image: Image, start: Callable[[Mapping[str, str]], Process], settings: dict[str, str]
) -> None:
    """Alive at once, not ready without Microsoft, gone when told to go."""
    process = start(settings)
    base = f"http://127.0.0.1:{settings['PRESENCE_PORT']}"
    eventually(
        lambda: _status(f"{base}/health/live") == httpx.codes.OK,
        within_s=10,
        what=lambda: f"a sign of life:\n{process.output}",
    )
    assert _status(f"{base}/health/ready") == httpx.codes.SERVICE_UNAVAILABLE
    assert image.is_healthy(settings)
    process.signal(signal.SIGTERM)
    assert process.popen.wait(timeout=10) == 0, process.output
    assert "Traceback" not in process.output
    assert not image.is_healthy(settings)


@pytest.mark.skipif(not IS_ROOT, reason="only root may start a process as another user")
def test_the_service_runs_as_its_own_user_and_leaves_no_file_behind(
    image: Image, start: Callable[[Mapping[str, str]], Process], settings: dict[str, str]
) -> None:
    """All it could write is what is open to everybody and the state directory, which is not used yet."""
    state = Path(image.inside(_STATE))
    user = as_user()["user"]
    before = _owned_by(user, image.root)
    process = start(settings)
    process.wait_for_line("Listening on", within_s=10)
    eventually(lambda: image.is_healthy(settings), within_s=10)
    assert Path(f"/proc/{process.popen.pid}").stat().st_uid == user
    assert process.stop() == 0, process.output
    assert state in before
    assert _owned_by(user, image.root) == before


def test_the_health_check_follows_the_service_to_tls(
    image: Image, start: Callable[[Mapping[str, str]], Process], settings: dict[str, str]
) -> None:
    """The certificate names the host that callers use, which is not the one the check asks."""
    mounted = Path(settings["AZURE_CLIENT_SECRET_FILE"]).parent
    certificate = trustme.CA().issue_cert("presence.example")
    certificate.private_key_and_cert_chain_pem.write_to_path(mounted / "both.pem")
    tls = {f"PRESENCE_TLS_{part}_PATH": str(mounted / "both.pem") for part in ("CERT", "KEY")}
    process = start(settings | tls)
    eventually(
        lambda: image.is_healthy(settings | tls), within_s=10, what=lambda: f"health:\n{process.output}"
    )
    assert not image.is_healthy(settings)


def _status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def _owned_by(user: int, root: Path) -> set[Path]:
    """Everything of that user in the image and wherever anybody may write."""
    found = set()
    for top in (root, Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):  # noqa: S108 - looked at only
        for folder, below, files in os.walk(top):
            for path in (Path(folder, name) for name in (*below, *files)):
                with contextlib.suppress(FileNotFoundError):
                    if path.lstat().st_uid == user:
                        found.add(path)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
