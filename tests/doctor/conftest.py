"""One simulated tenant for all rows: each begins and ends with it being well."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.bench import Bench, bench_for
from tests.support.simulated import Simulated, start_simulated


@pytest.fixture(scope="session")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """A tenant of thirty people."""
    simulated = start_simulated(tmp_path_factory.mktemp("doctor"), "--people", "30")
    yield simulated
    simulated.stop()


@pytest.fixture
def bench(tenant: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Where a row brings its cause about."""
    with bench_for(tenant, tmp_path, monkeypatch) as bench:
        yield bench
