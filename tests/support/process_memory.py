"""What can be found in a process's memory: by content, whoever holds it and however it is kept."""

import re
from collections import Counter
from pathlib import Path


def found_in_memory(pid: int, pattern: bytes) -> Counter[str]:
    """How often each text that a pattern's group matches lies in the writable memory of a process.

    Memory that was freed and not used again is looked at, too: a few leftovers are nothing that is kept.
    """
    found = Counter[str]()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            start, end = (int(edge, 16) for edge in place.split("-"))
            if rights.startswith("rw"):
                memory.seek(start)
                found.update(one.decode() for one in re.findall(pattern, memory.read(end - start)))
    return found
