"""What a presence means for a call: first match wins, and the last rule takes whatever is left.

This is the Teams leg only. Whoever asks still has to look at the PBX and at the agent's own state.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.presence.models import Presence, State

ANY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome: what the person is, whether to try them now, and the name of the rule that said so."""

    state: State
    reachable: bool
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table; an empty set of words matches everything. Words are lower case."""

    verdict: Verdict
    availability: frozenset[str] = ANY
    activity: frozenset[str] = ANY

    def matches(self, presence: Presence) -> bool:
        """Whether this row speaks about that presence, whatever case its words are in."""
        return _among(self.availability, presence.availability) and _among(self.activity, presence.activity)


class Rules:
    """A named, ordered table of rules whose last row matches everything."""

    def __init__(self, name: str, table: Sequence[Rule]) -> None:
        self.name = name
        self._table = tuple(table)

    def judge(self, presence: Presence) -> Verdict:
        """The verdict of the first rule that matches."""
        return next(rule.verdict for rule in self._table if rule.matches(presence))


def _among(words: frozenset[str], word: str) -> bool:
    return not words or word.lower() in words


def _rule(
    name: str, state: State, *, reachable: bool = False, availability: str = "", activity: str = ""
) -> Rule:
    return Rule(
        verdict=Verdict(state=state, reachable=reachable, rule=name),
        availability=frozenset(availability.lower().split()),
        activity=frozenset(activity.lower().split()),
    )


_FIRST = (
    _rule("out-of-office", State.AWAY, activity="OutOfOffice"),
    _rule("in-call-or-meeting", State.BUSY, activity="InACall InAConferenceCall InAMeeting"),
    _rule("do-not-disturb", State.DND, availability="DoNotDisturb"),
    _rule("available", State.FREE, reachable=True, availability="Available AvailableIdle"),
)
_RING_ANYWAY = (
    _rule("busy-may-ring", State.BUSY, reachable=True, availability="Busy BusyIdle"),
    _rule("away-may-ring", State.AWAY, reachable=True, availability="Away BeRightBack"),
)
_LEAVE_ALONE = (
    _rule("busy", State.BUSY, availability="Busy BusyIdle"),
    _rule("away", State.AWAY, availability="Away BeRightBack"),
)
_OFFLINE = _rule("offline", State.OFFLINE, availability="Offline")


def strict(*, unknown_reachable: bool = False) -> Rules:
    """Only somebody available is tried."""
    last = _rule("unknown", State.UNKNOWN, reachable=unknown_reachable)
    return Rules("strict", (*_FIRST, *_LEAVE_ALONE, _OFFLINE, last))


def relaxed(*, unknown_reachable: bool = False) -> Rules:
    """Somebody plainly busy or away is tried, too; calls, meetings and do-not-disturb are left alone."""
    last = _rule("unknown", State.UNKNOWN, reachable=unknown_reachable)
    return Rules("relaxed", (*_FIRST, *_RING_ANYWAY, _OFFLINE, last))


STRICT = strict()
RELAXED = relaxed()
