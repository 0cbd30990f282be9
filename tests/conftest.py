"""What holds for the whole run."""

from collections.abc import Iterator

import pytest

from tests.support import evidence


@pytest.fixture(scope="session", autouse=True)
def _no_secret_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever the run used as a secret is in no log of the service and in no answer about itself.

    A fixture and not a test, because it has to come after every test, in whichever order they run: set up
    first, it is torn down last, and a find fails the run as an error of its last test.
    """
    yield
    logs = sorted(tmp_path_factory.getbasetemp().rglob("app.log"))
    places = {str(log): log.read_text(errors="replace") for log in logs}
    places |= {f"{place} ({number})": body for number, (place, body) in enumerate(evidence.BODIES)}
    found = list(evidence.leaks(places))
    print(f"swept {len(logs)} logs and {len(evidence.BODIES)} answers for {len(evidence.SECRETS)} secrets")
    assert not found, "\n".join(found)
