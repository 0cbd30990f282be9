"""Files that somebody else puts where the service looks: read whole, or refused, but never waited for."""

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path, *, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises OSError; `strerror` says why not.

    A pipe waits for a writer when it is opened, a device may have no end. So what lies there is looked
    at first; it may be swapped before it is open, so it is opened without a wait, and looked at once more.
    """
    _check_regular(path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, because of how it is opened
        _check_regular(os.fstat(descriptor))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit / 2**20:g} MiB")
    return content


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
