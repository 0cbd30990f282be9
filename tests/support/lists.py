"""Lists, and what the long way says of the same people one by one."""

import json
from typing import Any
from urllib.parse import quote

from tests.support.firm import HOST
from tests.support.twins import Twins

_OUTCOMES = {200: "found", 400: "invalid", 404: "not_found", 409: "ambiguous", 503: "unavailable"}


def told(twins: Twins, *users: Any) -> bytes:
    """What the first twin says about a list."""
    return twins.run(twins.batch.body(users, ruleset=None))


def asked_one_by_one(twins: Twins, *users: str) -> bytes:
    """The same list as the second twin's long way says it, one question for each."""
    return b'{"results":[%b]}' % b",".join(_entry(twins, user) for user in users)


def _entry(twins: Twins, user: str) -> bytes:
    said = twins.ask(f"/presence/{quote(user, safe='')}", [HOST])[1]
    found = b',"presence":%b' % said.body if said.status == 200 else b""
    echo = json.dumps(user, ensure_ascii=False).encode()
    return b'{"user":%b,"outcome":"%b"%b}' % (echo, _OUTCOMES[said.status].encode(), found)
