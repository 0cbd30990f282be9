"""What the service imports before it listens, and what it leaves for later."""

import subprocess
import sys

from tests.support.processes import ROOT


def test_the_start_does_not_wait_for_msal() -> None:
    """A tenth of a second of imports: the first sign-in does them, in a thread of its own."""
    imported = "import sys, app.main; print(sorted({'msal', 'requests'} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", imported], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
