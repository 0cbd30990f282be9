"""The fault matrix, rows *Ourselves*: told to stop in the middle of everything."""

import signal
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from tests.support.matrix import MAX
from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

CALLERS = 8


@pytest.mark.fault
def test_sigterm_under_load(tenant: Simulated, serve: Callable[..., Service]) -> None:
    """What was begun is answered in full, nobody new is, and the process is gone within ten seconds."""
    service = serve(tenant.settings | {"PRESENCE_ACCESS_LOG": "false"}).wait_until_ready()
    tenant.fail("users", "latency", delay_s=1)
    slow: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: slow.append(service.get("/presence/not.known.yet@contoso.example"))
    )
    over, answers = threading.Event(), list[httpx.Response]()
    crowd = [threading.Thread(target=_call, args=(service, over, answers)) for _ in range(CALLERS)]
    waiting.start()
    for caller in crowd:
        caller.start()
    eventually(lambda: tenant.calls()["users"] and len(answers) > 20, within_s=5)
    began = time.monotonic()
    service.process.signal(signal.SIGTERM)
    assert service.process.popen.wait(10) == 0
    print(f"gone {time.monotonic() - began:.2f} s after SIGTERM, {len(answers)} answers")
    over.set()
    for thread in (waiting, *crowd):
        thread.join(10)
    assert [answer.status_code for answer in slow] == [404]
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["email"] == MAX for answer in answers)


def _call(service: Service, over: threading.Event, answers: list[httpx.Response]) -> None:
    """Ask again and again; an answer that ends half-way would raise another error than these."""
    with httpx.Client(base_url=service.base, trust_env=False, timeout=10) as http:
        while not over.is_set():
            try:
                answers.append(http.get(f"/presence/{MAX}"))
            except (httpx.ConnectError, httpx.ReadError, httpx.WriteError):
                return
            except httpx.RemoteProtocolError as error:
                if "without sending a response" not in str(error):
                    raise
                return
