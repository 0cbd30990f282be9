"""An answer to render, without a tenant behind it."""

from datetime import UTC, datetime

from app.presence.answers import Answer
from app.presence.models import Freshness, Person, Presence, Sighting, Source
from app.presence.rules import STRICT

MOMENT = datetime(2026, 11, 23, 9, 21, 40, 502000, UTC)


def answer_about_max(
    *,
    age_s: float | None = 4.7,
    availability: str = "Available",
    status_message: str | None = None,
    freshness: Freshness = Freshness.FRESH,
) -> Answer:
    """Max Muster, seen a moment ago."""
    presence = Presence(availability=availability, activity=availability, status_message=status_message)
    sighting = Sighting(
        presence=presence, freshness=freshness, age_s=age_s, observed_at=MOMENT, source=Source.SWEEP
    )
    person = Person(
        id="5a1b6f0e-3d0c-4b0a-9f5d-0c6f6b3e2a11", mail="max@contoso.example", display_name="Max Muster"
    )
    return Answer(person=person, sighting=sighting, verdict=STRICT.judge(presence), ruleset=STRICT.name)
