"""Prometheus is told the truth, and the page about it lists exactly what it is told."""

import re
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from app.config import new_api_key
from tests.support.polling import eventually
from tests.support.processes import ROOT
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
TYPED = re.compile(r"^# TYPE (\S+)", re.MULTILINE)
LISTED = re.compile(r"^\| `(teams_presence_\w+)` \|([^|]*)\|", re.MULTILINE)


def sample(service: Service, name: str, **labels: str) -> float | None:
    """The value of one series; None if it is not there."""
    for family in text_string_to_metric_families(service.get("/metrics").text):
        for found in family.samples:
            if found.name == name and labels.items() <= found.labels.items():
                return found.value
    return None


def test_the_page_lists_exactly_the_metrics_there_are_with_their_labels(service: Service) -> None:
    service.presence(MAX)
    answer = service.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    told: dict[str, set[str]] = {name: set() for name in TYPED.findall(answer.text)}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            name = re.sub(r"_(bucket|sum|count)$", "", one.name) if family.type == "histogram" else one.name
            told[name] = told[name] | (one.labels.keys() - {"le"})
    page = (ROOT / "docs/metrics.md").read_text()
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in LISTED.findall(page)}
    assert listed == told


def test_what_happens_is_counted(tenant: Simulated, service: Service) -> None:
    """Requests by template, people by freshness, refusals by endpoint, and the pace after a 429."""
    service.presence(MAX)
    route = "/presence/{user:text}"
    assert sample(service, "teams_presence_requests_total", route=route, status="200") == 1
    assert sample(service, "teams_presence_people", state="held") == 50
    assert sample(service, "teams_presence_sign_ins_total", outcome="ok") == 1
    assert sample(service, "teams_presence_ready") == 1
    usual = sample(service, "teams_presence_graph_pace_per_second", budget="presence")
    tenant.fail("getPresencesByUserId", "status", status=429)

    def throttled() -> bool:
        named = {"endpoint": "presence", "status": "429"}
        return bool(sample(service, "teams_presence_graph_requests_total", **named))

    eventually(throttled, within_s=10)
    slower = sample(service, "teams_presence_graph_pace_per_second", budget="presence")
    assert usual is not None
    assert slower is not None
    assert slower < usual
    assert sample(service, "teams_presence_feed_failures_total", feed="presence")


def test_metrics_need_a_key_with_the_scope_admin(tenant: Simulated, serve: Callable[..., Service]) -> None:
    reader_key, reader = new_api_key("reader")
    admin_key, admin = new_api_key("admin")
    service = serve(tenant.settings | {"PRESENCE_API_KEYS": f"{reader}:read,{admin}:admin"})
    statuses = [
        service.get("/metrics", headers={"X-API-Key": key}).status_code for key in ("", reader_key, admin_key)
    ]
    assert statuses == [401, 403, 200]
