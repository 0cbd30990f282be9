"""Where questions are answered: from memory, by whoever's rules apply, with one bounded look at Microsoft."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.config import WhenBlind
from app.errors import CallerError, MalformedRequest, NotReadYet, UserAmbiguous, UserNotFound
from app.graph.tokens import TokenSource
from app.ingest.demand import PersonSearch
from app.ingest.poll import PresencePoller
from app.ingest.rules_watch import RulesWatch
from app.presence.addresses import parse_user
from app.presence.answers import Answer, judged, not_read
from app.presence.coverage import Coverage, Gap, gap_of
from app.presence.directory import Directory
from app.presence.models import Person
from app.presence.phones import NumberReader
from app.presence.rulebook import Rulebook
from app.presence.rules import Rules
from app.presence.store import PresenceStore
from app.turns import in_turns

# The one bounded exception to "nothing on the request path waits for Microsoft".
_ON_DEMAND_S = 1.5


@dataclass(slots=True, kw_only=True)
class Desk:
    """Answers from memory. Only somebody never read before is asked for, once, within 1.5 s.

    `ruleset` names the rules to judge by; none, or an empty name, means those assigned to the person.
    """

    clock: Clock
    directory: Directory
    store: PresenceStore
    rules: RulesWatch
    coverage: Coverage
    numbers: NumberReader
    when_blind: WhenBlind
    wrap_up_s: float
    tokens: TokenSource
    poller: PresencePoller
    search: PersonSearch
    retry_after_s: float

    async def answer(self, user: object, *, ruleset: str | None = None) -> Answer:
        """The answer for one address or object id. Raises CallerError, which says why there is none."""
        rules = self._asked_for(ruleset)
        key = parse_user(user)
        give_up_at = self.clock.monotonic() + _ON_DEMAND_S
        if not self.directory.find(key):
            await self.search.look_for(key, within_s=_ON_DEMAND_S)
        person = self._find(key)
        await self._read_if_new([person], within_s=give_up_at - self.clock.monotonic())
        return self._answer(person, rules)

    async def answer_number(self, number: str, *, ruleset: str | None = None) -> Answer:
        """The answer for a phone number in any notation. Raises CallerError."""
        rules = self._asked_for(ruleset)
        person = self._find_by_number(number)
        await self._read_if_new([person], within_s=_ON_DEMAND_S)
        return self._answer(person, rules)

    def recall(self, key: str) -> Answer:
        """The answer for a comparable key from memory alone, without a trace. Raises CallerError."""
        match self.directory.find(key):
            case [person]:
                return self._answer(person, None)
            case []:
                raise self._nobody()
            case several:
                raise UserAmbiguous(f"{len(several)} people have this address.")

    async def answers(
        self, users: Sequence[object], *, ruleset: str | None = None
    ) -> list[Answer | CallerError]:
        """An answer or the reason why there is none for each entry, in order; unknown ones cost nothing."""
        rules = self._asked_for(ruleset)
        people = [self._find_or_error(user) async for user in in_turns(users)]
        await self._read_if_new([one for one in people if isinstance(one, Person)], within_s=_ON_DEMAND_S)
        return [self._answer_or_error(one, rules) async for one in in_turns(people)]

    def everybody(self, *, after: tuple[str, str] | None, ruleset: str | None = None) -> Iterator[Answer]:
        """Every held person in the order of their address; one never read counts as unknown.

        Raises NotReadYet while there is no complete directory to speak of.
        """
        rules = self._asked_for(ruleset)
        if not self.directory.complete:
            raise self._nobody()
        return (self._judged(person, rules) for person in self.directory.page(after=after))

    def rehearsal(self, rulebook: Rulebook) -> Iterator[tuple[Answer, Answer]]:
        """Every held person as judged now, and as another rulebook would judge them."""
        for person in self.directory.page(after=None):
            theirs = rulebook.for_person(person, members=self.directory.members)
            yield self._judged(person, None), self._judged(person, theirs)

    async def _read_if_new(self, people: Sequence[Person], *, within_s: float) -> None:
        new = {person.id for person in people if not self.store.has_read(person.id)}
        if new and not self.tokens.refused:
            await self.poller.request(new, within_s=within_s)

    def _find(self, key: str) -> Person:
        match self.directory.find(key):
            case [person]:
                self.coverage.answered(key)
                return person
            case []:
                raise self._missed(key, self._nobody())
            case several:
                raise self._missed(
                    key, UserAmbiguous(f"{len(several)} people have this address: ask by object id.")
                )

    def _find_by_number(self, number: str) -> Person:
        candidates = self.numbers.candidates(number)
        if not candidates:
            raise MalformedRequest(
                "The phone number cannot be read: send it as +49… or in national notation."
            )
        found = next(filter(None, map(self.directory.find_by_number, candidates)), ())
        match found:
            case [person]:
                return person
            case []:
                raise self._number_missed(candidates[0])
            case several:
                self.coverage.note(candidates[0], Gap.AMBIGUOUS)
                raise UserAmbiguous(f"{len(several)} people have this number: ask by address.")

    def _number_missed(self, digits: str) -> CallerError:
        if self.search.narrow:
            return NotReadYet(
                "Phone numbers are withheld from the service: User.Read.All is not granted.",
                retry_after_s=self.retry_after_s,
            )
        if self.directory.complete:
            self.coverage.note(digits, Gap.UNKNOWN)
        return self._nobody()

    def _missed(self, key: str, error: CallerError) -> CallerError:
        if not isinstance(error, NotReadYet):
            self.coverage.note(key, gap_of(key, self.directory))
        return error

    def _nobody(self) -> CallerError:
        if self.directory.complete:
            return UserNotFound("Nobody with this address is held here.")
        return NotReadYet("The directory has not been read yet.", retry_after_s=self.retry_after_s)

    def _asked_for(self, ruleset: str | None) -> Rules | None:
        return self.rules.rulebook.named(ruleset) if ruleset else None

    def _answer(self, person: Person, rules: Rules | None) -> Answer:
        if not self.store.has_read(person.id):
            raise NotReadYet(
                "This person's presence has not been read yet.", retry_after_s=self.retry_after_s
            )
        return self._judged(person, rules)

    def _judged(self, person: Person, rules: Rules | None) -> Answer:
        """What is known, judged by these rules or else by those assigned to the person."""
        rules = rules or self.rules.rulebook.for_person(person, members=self.directory.members)
        sighting = self.store.get(person.id)
        if sighting is None:
            return not_read(person, ruleset=rules.name)
        verdict = judged(sighting, rules=rules, when_blind=self.when_blind, wrap_up_s=self.wrap_up_s)
        return Answer(person=person, sighting=sighting, verdict=verdict, ruleset=rules.name)

    def _find_or_error(self, user: object) -> Person | CallerError:
        try:
            return self._find(parse_user(user))
        except CallerError as error:
            return error

    def _answer_or_error(self, person: Person | CallerError, rules: Rules | None) -> Answer | CallerError:
        if isinstance(person, CallerError):
            return person
        try:
            return self._answer(person, rules)
        except CallerError as error:
            return error
