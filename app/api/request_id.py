"""The name of a request, by which a caller's log and ours can be laid side by side."""

import re
import secrets
from collections.abc import Mapping
from itertools import count

HEADER = b"x-request-id"
_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Unique without asking for randomness every time: a name for this process, and a number for each request.
_PROCESS = secrets.token_hex(8).encode()
_numbers = count(1)


def request_id(headers: Mapping[bytes, bytes]) -> bytes:
    """The caller's own name for its request if it is harmless, else a new one."""
    theirs = headers.get(HEADER)
    if theirs and _HARMLESS.fullmatch(theirs):
        return theirs
    return b"%b%016x" % (_PROCESS, next(_numbers))
