"""One person, what is known of them right now, and what that means."""

from dataclasses import dataclass

from app.presence.models import Person, Sighting, State
from app.presence.rules import Rules, Verdict
from app.presence.store import WhenBlind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that can be told about a held person; without a sighting, they have never been read."""

    person: Person
    sighting: Sighting
    verdict: Verdict


def judged(sighting: Sighting, *, rules: Rules, when_blind: WhenBlind) -> Verdict:
    """The rules' verdict, or the operator's choice where no value is left to judge."""
    if sighting.age_s is None:
        return Verdict(state=State.UNKNOWN, reachable=when_blind is WhenBlind.REACHABLE, rule="blind")
    return rules.judge(sighting.presence)
