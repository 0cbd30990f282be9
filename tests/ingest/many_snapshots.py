"""A process that sweeps and writes a snapshot a hundred times; run by test_snapshot_memory.py."""

import asyncio
import json
import resource
import sys
from pathlib import Path

import httpx

from tests.ingest.snapshot_life import Life

PEOPLE, WRITES = 10_000, 100


class Marked(Life):
    """Everybody's activity names the round in which it was read."""

    def __init__(self, folder: Path) -> None:
        self.round = 0
        super().__init__(folder)
        self.people = [{"id": f"id-{number}", "mail": f"p{number}@firm.example"} for number in range(PEOPLE)]

    def _script(self, request: httpx.Request) -> httpx.Response:
        if "getPresencesByUserId" not in request.url.path:
            return super()._script(request)
        ids = json.loads(request.content)["ids"]
        words = {"availability": "Available", "activity": "Round" + f"{self.round:04d}."}
        return httpx.Response(200, json={"value": [{"id": one, **words} for one in ids]})


def resident_mib() -> float:
    """The memory it has at the moment."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def main(folder: Path) -> None:
    """Say how much memory there is after every tenth, and wait for the end of the input."""
    life = Marked(folder)
    await life.clock.carry(life.users.round())
    await life.groups.round()
    for life.round in range(WRITES):
        life.clock.pass_by(60)
        await life.clock.carry(life.poller.sweep())
        await life.snapshot.round()
        life.graph.asked.clear()  # it notes what it was asked, which is no part of the service
        if life.round % 10 == 9:
            sys.stdout.write(f"{resident_mib():.1f}\n")
            sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
