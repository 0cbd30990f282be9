"""What schemathesis has to be told about our document."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/toml")
def send_toml(_context: Any, value: Any) -> bytes:
    """A rules file is sent as the text it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
