"""One person, what is known of them right now, and what that means."""

from dataclasses import dataclass, replace

from app.config import WhenBlind
from app.presence.models import NOTHING_KNOWN, Person, Sighting, State
from app.presence.rules import Rules, Verdict

# The rules that stand in no table.
BLIND = "blind"
NOT_READ = "not-read"
WRAP_UP = "wrap-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that can be told about a held person; `ruleset` names the rules that judged."""

    person: Person
    sighting: Sighting
    verdict: Verdict
    ruleset: str


def judged(sighting: Sighting, *, rules: Rules, when_blind: WhenBlind, wrap_up_s: float = 0.0) -> Verdict:
    """The rules' verdict, or the operator's choice where no value is left to judge.

    For `wrap_up_s` after a call nobody is reachable, whatever the rules say of what came after it.
    """
    if sighting.age_s is None:
        return Verdict(state=State.UNKNOWN, reachable=when_blind is WhenBlind.REACHABLE, rule=BLIND)
    verdict = rules.judge(sighting.presence)
    if verdict.reachable and sighting.since_call_s is not None and sighting.since_call_s < wrap_up_s:
        return replace(verdict, reachable=False, rule=WRAP_UP)
    return verdict


def not_read(person: Person, *, ruleset: str) -> Answer:
    """Somebody in a list whom Microsoft has not been asked about so far."""
    verdict = Verdict(state=State.UNKNOWN, reachable=False, rule=NOT_READ)
    return Answer(person=person, sighting=NOTHING_KNOWN, verdict=verdict, ruleset=ruleset)
