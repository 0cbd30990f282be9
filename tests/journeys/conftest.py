"""Journeys: the real service and the real simulator, each a process, talking TLS over real sockets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service, start_service
from tests.support.simulated import Simulated, start_simulated


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Callable[..., Simulated]]:
    """Starts simulated tenants that end with the test."""
    started: list[Simulated] = []

    def start(*arguments: str, **options: Any) -> Simulated:
        folder = tmp_path / f"tenant{len(started)}"
        started.append(start_simulated(folder, *arguments, **options))
        return started[-1]

    yield start
    for simulated in started:
        simulated.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services that end with the test."""
    started: list[Service] = []

    def start(settings: dict[str, str], **options: Any) -> Service:
        started.append(start_service(tmp_path / f"service{len(started)}", settings, **options))
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def tenant(simulate: Callable[..., Simulated]) -> Simulated:
    """A simulated tenant of fifty people in which nobody moves by himself."""
    return simulate("--people", "50")


@pytest.fixture
def service(tenant: Simulated, serve: Callable[..., Service]) -> Service:
    """The service in front of that tenant, ready."""
    return serve(tenant.settings).wait_until_ready()
