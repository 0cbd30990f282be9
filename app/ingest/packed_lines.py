"""Lines of a gzip file, read so that a small file cannot unpack to more than what it stands for."""

import gzip
import os
from typing import BinaryIO

MIB = 1024 * 1024

# A snapshot unpacks to 13 times its size, a bomb to a thousand times. Small ones may be as odd as they like.
_MOST_TIMES = 32
_ALWAYS_BYTES = 64 * MIB
# More than a million accounts.
_MOST_BYTES = 512 * MIB


class TooMuchUnpacked(Exception):
    """There is more in it than there should be."""


class PackedLines:
    """One line after the other; raises TooMuchUnpacked, and whatever `gzip` says about a damaged file."""

    def __init__(self, file: BinaryIO) -> None:
        self._unpacked = gzip.GzipFile(fileobj=file, mode="rb")
        allowance = max(_ALWAYS_BYTES, _MOST_TIMES * os.fstat(file.fileno()).st_size)
        self._left_bytes = min(_MOST_BYTES, allowance)

    def next(self, *, limit_bytes: int) -> bytes:
        """The next line with its end, empty when there is none."""
        most = min(limit_bytes, self._left_bytes)
        line = self._unpacked.readline(most + 1)
        if len(line) > most:
            raise TooMuchUnpacked
        self._left_bytes -= len(line)
        return line
