"""Phone systems are written in other languages: whoever asks the same gets the same.

Each client is a program of its own, and none of them encodes anything that is not encoded in the request.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.config import new_api_key
from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

KEY, ENTRY = new_api_key("phone")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
WITH_KEY = {"X-API-Key": KEY}
# They tell when it was asked, and each client asks a little later.
OF_THE_MOMENT = ("age", "updated")
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Request:
    """One lookup as it goes onto the wire; no body means GET."""

    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: WITH_KEY)

    def to(self, base: str) -> dict[str, Any]:
        """The same for a client of another language."""
        method = "POST" if self.body else "GET"
        return {
            **asdict(self),
            "method": method,
            "url": f"{base}/lookup?{self.query}" if self.query else f"{base}/lookup",
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; no body means that this client does not hand it out."""

    status: int
    body: str | None

    @property
    def timeless(self) -> Any:
        """The members in their order, without the moment; a body that is no object is itself."""
        members = json.loads(self.body or "null", object_pairs_hook=list)
        return [(name, value) for name, value in members if name not in OF_THE_MOMENT]


NODE = """
const asked = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
fetch(asked.url, {method: asked.method, headers: asked.headers, body: asked.body || undefined})
  .then(async (got) => console.log(JSON.stringify({status: got.status, body: await got.text()})));
"""
PHP = """
$asked = json_decode(file_get_contents('php://stdin'), true);
$curl = curl_init($asked['url']);
$headers = array_map(fn($name, $value) => "$name: $value", array_keys($asked['headers']), $asked['headers']);
curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_HTTPHEADER => $headers]);
if ($asked['body'] !== '') { curl_setopt($curl, CURLOPT_POSTFIELDS, $asked['body']); }
$body = curl_exec($curl);
echo json_encode(['status' => curl_getinfo($curl, CURLINFO_RESPONSE_CODE), 'body' => $body]);
"""
URLLIB = """
import json, sys, urllib.error, urllib.request
asked = json.load(sys.stdin)
request = urllib.request.Request(asked["url"], asked["body"].encode() or None, asked["headers"])
try:
    got = urllib.request.urlopen(request)
except urllib.error.HTTPError as refused:
    got = refused
json.dump({"status": got.status, "body": got.read().decode()}, sys.stdout)
"""


def by_curl(asked: Mapping[str, Any]) -> Reply:
    """The command, with the status on a line of its own at the end."""
    body = ["--data-binary", asked["body"]] if asked["body"] else []
    output = _run(["curl", "-sS", *_header_options("-H", asked), *body, "-w", "\n%{http_code}", asked["url"]])
    text, _, status = output.stdout.rpartition("\n")
    return Reply(int(status), text)


def by_wget(asked: Mapping[str, Any]) -> Reply:
    """The command; it tells the status among its messages, and keeps the body of a 401 to itself."""
    body = [f"--post-data={asked['body']}"] if asked["body"] else []
    options = [
        "-qS",
        "-O",
        "-",
        "--content-on-error",
        "--tries=1",
        *_header_options("--header", asked),
        *body,
    ]
    output = _run(["wget", *options, asked["url"]], may_fail=True)
    status = int(output.stderr.split("HTTP/1.1 ")[-1].split()[0])
    return Reply(status, None if status == 401 else output.stdout)


def by_urllib(asked: Mapping[str, Any]) -> Reply:
    """Python's own."""
    return _by_program([sys.executable, "-c", URLLIB], asked)


def by_node(asked: Mapping[str, Any]) -> Reply:
    """Node's fetch."""
    return _by_program(["node", "-e", NODE], asked)


def by_php(asked: Mapping[str, Any]) -> Reply:
    """PHP's binding of libcurl."""
    return _by_program(["php", "-r", PHP], asked)


CLIENTS: dict[str, Callable[[Mapping[str, Any]], Reply]] = {
    "curl": by_curl,
    "wget": by_wget,
    "urllib": by_urllib,
    "node": by_node,
    "php": by_php,
}

# What is asked, with the status and a few members of the answer.
ASKED: dict[str, tuple[Request, int, dict[str, Any]]] = {
    "plain": (Request("email=max.muster@contoso.example"), 200, {"name": "Max Muster", "reachable": 1}),
    "percent-encoded": (Request("email=max.muster%40contoso.example"), 200, {"state": "free"}),
    "encoded twice": (Request("email=max.muster%2540contoso.example"), 200, {"name": "Max Muster"}),
    "in capitals": (Request("email=MAX.MUSTER%40CONTOSO.EXAMPLE"), 200, {"name": "Max Muster"}),
    "plus encoded": (Request("email=anna%2Bacd%40contoso.example"), 200, {"name": "Anna Plus"}),
    "plus as it is": (Request("email=anna+acd@contoso.example"), 200, {"name": "Anna Plus"}),
    "umlauts in the name": (Request("email=joerg%40contoso.example"), 200, {"name": "Jörg Müßig-Çelik"}),
    "umlaut in the address": (
        Request("email=j%C3%B6rg%40contoso.example"),
        200,
        {"name": "Jörg Müßig-Çelik"},
    ),
    "umlaut as Latin-1": (Request("email=j%F6rg%40contoso.example"), 200, {"name": "Jörg Müßig-Çelik"}),
    "by phone": (Request("phone=%2B493055501000"), 200, {"name": "Max Muster"}),
    "unknown parameters": (Request("email=max.muster@contoso.example&CallerID=1"), 200, {"found": 1}),
    "a form": (
        Request(body="email=anna%2Bacd%40contoso.example", headers=WITH_KEY | FORM),
        200,
        {"found": 1},
    ),
    "a form, not encoded": (
        Request(body="email=anna+acd@contoso.example", headers=WITH_KEY | FORM),
        200,
        {"name": "Anna Plus"},
    ),
    "JSON": (
        Request(body='{"email": "jörg@contoso.example"}', headers=WITH_KEY | JSON),
        200,
        {"name": "Jörg Müßig-Çelik"},
    ),
    "nobody": (Request("email=nobody%40contoso.example"), 404, {"status": 404, "found": 0, "name": ""}),
    "several": (
        Request("email=vertrieb%40contoso.example"),
        300,
        {"status": 300, "found": 0, "reachable": 0},
    ),
    "nothing": (Request("CallerID=4930123"), 400, {"status": 400, "found": 0}),
    "no key": (Request("email=max.muster%40contoso.example", headers={}), 401, {"status": 401}),
    "a wrong key": (
        Request("email=max.muster%40contoso.example", headers={"X-API-Key": "wrong"}),
        401,
        {"status": 401},
    ),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all clients; nobody moves, so that all of them see the same."""
    folder = tmp_path_factory.mktemp("other-clients")
    tenant = start_simulated(folder / "tenant", "--people", "20")
    _hire(tenant.add_person, "Anna Plus", "anna+acd@contoso.example")
    _hire(tenant.add_person, "Jörg Müßig-Çelik", "joerg@contoso.example", "smtp:jörg@contoso.example")
    patient = {"PRESENCE_FRESH_FOR": "30", "PRESENCE_KEEP_FOR": "300", "PRESENCE_API_KEYS": f"{ENTRY}:read"}
    service = start_service(folder / "service", tenant.settings | patient)
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()


@pytest.mark.parametrize("what", ASKED)
def test_a_bare_socket_gets_the_answer(service: Service, what: str) -> None:
    """The measure for the others: the request as it is written here, byte for byte."""
    request, status, members = ASKED[what]
    reply = _by_socket(service.base, request)
    assert reply.status == status, reply.body
    assert dict(reply.timeless) | members == dict(reply.timeless)


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_gets_the_same_answer(service: Service, name: str, what: str) -> None:
    """Status and body, but for the moment it was asked."""
    _skip_where_absent(name)
    request, _, _ = ASKED[what]
    expected = _by_socket(service.base, request)
    reply = CLIENTS[name](request.to(service.base))
    assert reply.status == expected.status
    if reply.body is not None:
        assert reply.timeless == expected.timeless


def _hire(add_person: Callable[..., Any], name: str, mail: str, *proxies: str) -> None:
    add_person(
        displayName=name,
        mail=mail,
        userPrincipalName=mail.replace("+", "."),
        userType="Member",
        proxyAddresses=[f"SMTP:{mail}", *proxies],
    )


def _skip_where_absent(name: str) -> None:
    if name != "urllib" and shutil.which(name) is None:
        pytest.skip(f"no {name} on this machine")
    if name == "php" and "curl" not in _run(["php", "-m"]).stdout.split():
        pytest.skip("this PHP is without its curl extension")


def _by_socket(base: str, request: Request) -> Reply:
    asked = request.to(base)
    url = urlsplit(asked["url"])
    connection = HTTPConnection(url.hostname or "", url.port, timeout=_PATIENCE_S)
    target = f"{url.path}?{url.query}" if url.query else url.path
    connection.request(asked["method"], target, asked["body"].encode() or None, dict(request.headers))
    answer = connection.getresponse()
    reply = Reply(answer.status, answer.read().decode())
    connection.close()
    return reply


def _by_program(command: list[str], asked: Mapping[str, Any]) -> Reply:
    got = json.loads(_run(command, given=json.dumps(asked)).stdout)
    return Reply(got["status"], got["body"])


def _header_options(option: str, asked: Mapping[str, Any]) -> list[str]:
    return [part for name, value in asked["headers"].items() for part in (option, f"{name}: {value}")]


def _run(command: list[str], *, given: str = "", may_fail: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a client with nothing of this environment: no proxy of ours stands between it and the service."""
    done = subprocess.run(
        command,
        input=given,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=_PATIENCE_S,
    )
    assert may_fail or done.returncode == 0, done.stderr
    return done
