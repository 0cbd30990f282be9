"""Through a proxy strangers and callers share connections: each is answered what it has asked."""

import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.proxies import is_installed, proxy
from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

CALLERS = 24
ATTACK_FOR_S = 2.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("proxied")
    tenant = start_simulated(folder / "tenant", "--people", "60")
    service = start_service(folder / "service", tenant.settings)
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()
    assert "Traceback" not in service.process.output


@pytest.fixture(scope="module")
def people(service: Service) -> list[str]:
    """Some who are held."""
    people = service.get("/presence", params={"limit": CALLERS + 1}).json()["results"]
    return [one["email"] for one in people]


@pytest.mark.parametrize("name", ["caddy", "nginx"])
def test_a_body_is_never_answered_to_somebody_else(
    service: Service, people: list[str], tmp_path: Path, name: str
) -> None:
    """Strangers offer upgrades, with requests as bodies; callers get whom they asked for (found D1)."""
    if not is_installed(name):
        pytest.skip(f"this machine has no {name}")
    *callers, target = people
    with proxy(name, service.base, tmp_path / name) as base, ThreadPoolExecutor(CALLERS + 8) as pool:
        end = time.monotonic() + ATTACK_FOR_S
        attacks = [pool.submit(_attack, base, target, end) for _ in range(8)]
        asking = [pool.submit(_ask_on, base, caller, end) for caller in callers]
        answers = sum((one.result() for one in asking), Counter[str]())
        told = Counter(status for attack in attacks for status in attack.result())
    print(f"{name}: {answers.total()} callers' answers, strangers were told {dict(told)}")
    assert set(answers) == {"own"}
    assert answers.total() > CALLERS
    assert told.total() > 20


def _attack(base: str, target: str, end: float) -> list[str]:
    """Bodies that would be requests for `target`; the statuses of what came back."""
    one = f"GET /presence/{target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    statuses = []
    for times in cycle((3, 5_000)):  # what comes in a piece of its own, and what a proxy has to cut
        if time.monotonic() > end:
            break
        statuses.append(_post_with_offer(base, one * times))
    return statuses


def _post_with_offer(base: str, body: bytes) -> str:
    """The status of the answer."""
    head = (
        f"POST /presence/batch HTTP/1.1\r\nHost: localhost:{urlsplit(base).port}\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", urlsplit(base).port or 80), timeout=5) as stranger:
        stranger.sendall(head)
        time.sleep(0.005)
        stranger.sendall(body)
        return stranger.recv(65536)[9:12].decode()


def _ask_on(base: str, caller: str, end: float) -> Counter[str]:
    """How often the caller was told about itself, and what else came."""
    answers = Counter[str]()
    with httpx.Client(base_url=base, trust_env=False, timeout=5) as client:
        while time.monotonic() < end:
            answer = client.get(f"/presence/{caller}")
            email = answer.json().get("email") if answer.status_code == 200 else answer.status_code
            answers["own" if email == caller else f"{email}"] += 1
    return answers


JAVA = """
import java.net.URI;
import java.net.http.*;

public class Ask {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int round = 0; round < 3; round++) {
            for (String user : arguments[1].split(",")) {
                HttpRequest post = HttpRequest.newBuilder(URI.create(arguments[0] + "/presence/batch"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\\"users\\": [\\"" + user + "\\"]}")).build();
                HttpResponse<String> batch = client.send(post, HttpResponse.BodyHandlers.ofString());
                URI person = URI.create(arguments[0] + "/presence/" + user);
                HttpRequest get = HttpRequest.newBuilder(person).build();
                HttpResponse<String> one = client.send(get, HttpResponse.BodyHandlers.ofString());
                boolean right = batch.body().contains(user) && one.body().contains(user);
                System.out.println(batch.statusCode() + " " + one.statusCode() + " " + right);
            }
            client = HttpClient.newHttpClient();
        }
    }
}
"""


@pytest.mark.skipif(not shutil.which("javac"), reason="this machine has no Java that compiles")
@pytest.mark.parametrize("way", ["direct", "caddy", "nginx"])
def test_java_posts_over_its_default_version(
    service: Service, people: list[str], tmp_path: Path, way: str
) -> None:
    """Its client offers HTTP/2 with the first request of each connection, and is answered (found D1)."""
    (tmp_path / "Ask.java").write_text(JAVA)
    asked = ",".join(people[:5])

    def run(base: str) -> list[str]:
        done = subprocess.run(
            ["java", "Ask.java", base, asked],  # noqa: S607 - wherever it is
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert not done.returncode, done.stderr
        return done.stdout.splitlines()

    if way == "direct":
        assert run(service.base) == ["200 200 true"] * 15
    elif not is_installed(way):
        pytest.skip(f"this machine has no {way}")
    else:
        with proxy(way, service.base, tmp_path / way) as base:
            assert run(base) == ["200 200 true"] * 15


def test_silence_of_a_caller_is_not_passed_on(service: Service, people: list[str], tmp_path: Path) -> None:
    """A stranger's unfinished body behind an offer spoils no connection for others (found D1)."""
    if not is_installed("nginx"):
        pytest.skip("this machine has no nginx")
    stop = threading.Event()
    with proxy("nginx", service.base, tmp_path / "nginx") as base:
        head = b"POST /lookup HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        cut_off = head + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"

        def hang_up_early() -> None:
            while not stop.is_set():
                with socket.create_connection(("127.0.0.1", urlsplit(base).port or 80)) as stranger:
                    stranger.sendall(cut_off)
                    time.sleep(0.01)

        stranger = threading.Thread(target=hang_up_early)
        stranger.start()
        answers = _ask_on(base, people[0], time.monotonic() + 1)
        stop.set()
        stranger.join()
    assert set(answers) == {"own"}
