"""Files that somebody else puts where the service looks: read whole, or refused, but never waited for."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def read_regular(path: Path, *, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises OSError; `strerror` says why not.

    A pipe waits for a writer when it is opened, a device may have no end. So what lies there is looked
    at first; it may be swapped before it is open, so it is opened without a wait, and looked at once more.
    """
    _check_regular(path.stat())
    with _opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY) as file:
        _check_regular(os.fstat(file.fileno()))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit / 2**20:g} MiB")
    return content


def open_own(path: Path) -> BinaryIO:
    """A regular file that only we may have written, opened to be read. Raises OSError, like `read_regular`.

    Whoever else may write to its folder could have put it there: a link to another file, or one of its own.
    """
    _check_regular(path.lstat())
    file = _opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW)
    try:
        found = os.fstat(file.fileno())
        _check_regular(found)
        if found.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "it belongs to another user")
        if found.st_mode & stat.S_IWOTH:  # a group may be ours: Kubernetes lets it write to what it mounts
            raise PermissionError(errno.EPERM, "everybody may write to it")
    except OSError:
        file.close()
        raise
    return file


def _opened(path: Path, flags: int) -> BinaryIO:
    return open(os.open(path, flags), "rb")  # noqa: PTH123 - a descriptor, because of its flags


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
