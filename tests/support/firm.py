"""A firm whose people are asked for in every way, and what to hold two answers to one question against."""

from app.presence.models import PersonChange, Presence
from tests.support.twins import KEY, Said, Twins

MAX_ID = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a11"
EVA_ID = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a12"
UWE_ID = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a13"
ODD_ID = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a14"
ONE_ID = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a15"
TWO_ID = "5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a16"
GROUP = "0f0e0d0c-1111-2222-3333-444455556666"
MAX = "max.muster@firm.example"


def person(person_id: str, mail: str, **properties: object) -> PersonChange:
    return PersonChange(id=person_id, properties={"mail": mail, **properties})


PEOPLE = (
    person(
        MAX_ID,
        "Max.Muster@firm.example",
        user_principal_name="mm@firm.example",
        display_name='Max "observedAt":"x","age":1 Muster',
        aliases=("m/m@firm.example", "max+muster@firm.example"),
        business_phones=493055501000,
    ),
    person(EVA_ID, "eva@firm.example", display_name="Éva Müller — 東京"),
    person(UWE_ID, "üwe@münchen.example", display_name=None),
    person(ODD_ID, "'odd one'@firm.example", user_principal_name="odd@firm.example"),
    person(ONE_ID, "one@firm.example", aliases=("both@firm.example",)),
    person(TWO_ID, "two@firm.example", aliases=("both@firm.example",)),
    person("5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a17", "guest@other.example", user_type="Guest"),
)
FREE = Presence(
    availability="Available", activity="Available", out_of_office=False, status_message="Hi \u2028"
)
BUSY = Presence(availability="Busy", activity="Busy")
CALL = Presence(availability="Busy", activity="InACall")
IDS = (MAX_ID, EVA_ID, UWE_ID, ODD_ID, ONE_ID, TWO_ID)
HOST = (b"host", b"localhost:8000")


def with_key(*headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [HOST, (b"x-api-key", KEY.encode()), *headers]


def same(twins: Twins, target: str, headers: object = None, **how: str) -> Said:
    """The one answer that both give, but for a request's name where the service makes one up."""
    asked = with_key() if headers is None else headers
    fast, slow = twins.ask(target, asked, **how)  # type: ignore[arg-type]  # headers are any sequence
    assert nameless(fast) == nameless(slow)
    assert twins.missed()[0] == twins.missed()[1]
    return fast


def nameless(said: Said) -> Said:
    headers = [
        (name, b"made up" if name == b"x-request-id" and len(value) == 32 else value)
        for name, value in said.headers
    ]
    return Said(said.status, headers, said.body)


def quick(twins: Twins, target: str, headers: object = None, **how: str) -> Said:
    """The same, where the short way must have had it."""
    before = twins.hits
    said = same(twins, target, headers, **how)
    assert twins.hits == before + 1, f"{target} went the long way"
    return said


def slowly(twins: Twins, target: str, headers: object = None, **how: str) -> Said:
    """The same, where the short way must have left it alone."""
    before = twins.hits
    said = same(twins, target, headers, **how)
    assert twins.hits == before, f"{target} went the short way"
    return said
