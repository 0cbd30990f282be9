"""What pip could not do is told in words that help: unreachable, refused, mistrusted, full."""

import importlib.util
import os
import re
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tests.packaging import stub_index
from tests.packaging.checkout import Checkout, small_checkout
from tests.packaging.locks import locked
from tests.support.processes import ROOT

_SPEC = importlib.util.spec_from_file_location("install", ROOT / "requirements" / "install.py")
assert _SPEC
assert _SPEC.loader
install = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(install)

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="no make here")
_UNREACHABLE = "The package index cannot be reached"
_AS_SHIPPED = {"PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One in which each attempt finds the environment that the first has made."""
    return small_checkout(tmp_path_factory.mktemp("offline") / "checkout", _AS_SHIPPED)


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


class _Empty(BaseHTTPRequestHandler):
    """An index that has nothing."""

    def do_GET(self) -> None:
        """Never heard of it."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def index(request: pytest.FixtureRequest) -> Iterator[str]:
    """An index without packages, with TLS of an unknown authority if the test asks for `https`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        if request.param == "https":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{request.param}://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


@needs_make
@pytest.mark.parametrize("by", ["PIP_INDEX_URL", "HTTPS_PROXY"])
def test_no_way_to_the_index_is_told_with_the_settings_that_open_one(
    checkout: Checkout, nowhere: str, by: str
) -> None:
    """Soon, last, and in one sentence, behind all that pip has said (found A4)."""
    address = {"PIP_INDEX_URL": f"http://{nowhere}/simple", "HTTPS_PROXY": f"http://{nowhere}"}[by]
    told = _failed(checkout, {by: address})
    assert told.startswith(_UNREACHABLE)
    assert all(name in told for name in ("HTTPS_PROXY", "PIP_INDEX_URL", "PIP_CERT"))


@needs_make
@pytest.mark.parametrize(
    ("index", "told", "names"),
    [
        ("http", "The package index does not offer this", "PIP_INDEX_URL"),
        ("https", "The package index cannot be reached: its certificate is not trusted", "PIP_CERT"),
    ],
    indirect=["index"],
)
def test_an_index_that_answers_is_not_called_unreachable(
    checkout: Checkout, index: str, told: str, names: str
) -> None:
    """Where the cause is another one, so is the sentence (found A4)."""
    said = _failed(checkout, {"PIP_INDEX_URL": index})
    assert said.startswith(told)
    assert names in said


@needs_make
def test_a_download_that_is_not_the_locked_one_is_called_so(checkout: Checkout, tmp_path: Path) -> None:
    """Somebody between here and the index hands out other files: no proxy setting helps (found A4)."""
    stub_index.add_installed(tmp_path, locked("build"))
    told = _failed(checkout, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})
    assert told.startswith("What was downloaded is not what the lock names")
    assert "PROXY" not in told


_RETRIED = "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError'\n"
_NOTHING = "ERROR: No matching distribution found for x==1\n"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (_RETRIED + _NOTHING, _UNREACHABLE),
        (f"{_RETRIED}ERROR: HTTPSConnectionPool(host='x', port=443): Read timed out.\n", _UNREACHABLE),
        ("Traceback\npip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.\n", _UNREACHABLE),
        (f"{_RETRIED}ERROR: [Errno 28] No space left on device\n", "The disk is full"),
        (f"{_RETRIED}ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n", "What was downloaded"),
        (f"{_RETRIED}ERROR: Failed building wheel for x\n", "Installing failed: pip says why"),
        ("ERROR: In --require-hashes mode, all requirements must …\n", "The lock does not name"),
        ("ERROR: [Errno 13] Permission denied: '/x'\n", "A file or folder, named above,"),
        (_NOTHING, "The package index does not offer this"),
        ("", "Installing failed"),
    ],
)
def test_a_failure_has_the_meaning_of_its_cause(output: str, told: str) -> None:
    """A connection that was repeated and then went well is not the cause (found A4)."""
    assert install.meaning(output).startswith(told)


def _failed(checkout: Checkout, settings: dict[str, str]) -> str:
    """The last sentence of `make install` under these settings, behind pip's own words."""
    done = checkout.make("install", environ=settings)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert re.search(r"^ERROR: ", done.stdout, re.MULTILINE)
    return [line for line in done.stdout.splitlines() if not line.startswith("make: ***")][-1]
