"""What the tests of the settings share."""

from pathlib import Path

import pytest


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    """Where a `.env` may be written."""
    return tmp_path / ".env"
