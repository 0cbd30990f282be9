"""What a TOML text may hold at most, looked at before it is parsed: Python's reader has no limits of its own.

A key of n parts costs it n² steps, and as much memory: 20,000 parts, 40 KB, take seconds and a gigabyte.
"""

import re
from itertools import count

MAX_KEY_PARTS = 8
MAX_ROWS = 20_000

# Strings of all four kinds, as far as the reader takes them for one, and comments. Each part is possessive:
# no text makes it try again.
_QUOTED = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}+(?!"))*+"{3,5}+'
    r"|'''(?:[^']++|'{1,2}+(?!'))*+'{3,5}+"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|\#[^\n]*+",
    re.DOTALL,
)
_NO_KEY = re.compile(r"[=,{}\[\]]")


def fault_in(text: str) -> tuple[int, str] | None:
    """The line and the reason why a text is not to be parsed; None if it may be."""
    bare = _QUOTED.sub(lambda quoted: "q" + "\n" * quoted[0].count("\n"), text)
    rows = count(1)
    for number, line in enumerate(bare.split("\n"), start=1):
        if any(part.count(".") >= MAX_KEY_PARTS for part in _NO_KEY.split(line)):
            return number, f"a key has at most {MAX_KEY_PARTS} parts"
        if line.lstrip().startswith("[[") and next(rows) > MAX_ROWS:
            return number, f"there are at most {MAX_ROWS:,} rows"
    return None
