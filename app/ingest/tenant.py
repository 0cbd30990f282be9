"""One Microsoft 365 tenant: everything known about it, and the answers that come from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.errors import CallerError, NotReadYet, UserAmbiguous, UserNotFound
from app.graph.tokens import TokenSource
from app.ingest.demand import PersonSearch
from app.ingest.poll import PresencePoller
from app.ingest.supervisor import Supervisor
from app.ingest.users import UserSync
from app.presence.addresses import parse_user
from app.presence.answers import Answer, judged
from app.presence.directory import Directory
from app.presence.models import NOTHING_KNOWN, Person
from app.presence.rules import Rules
from app.presence.store import PresenceStore, WhenBlind

# The one bounded exception to "nothing on the request path waits for Microsoft".
_ON_DEMAND_S = 1.5


@dataclass(slots=True, kw_only=True)
class Tenant:
    """Owns the directory, the store, the rules, the tokens and the feeds of one tenant.

    Answers come from memory. Only somebody never read before is asked for, once, within 1.5 s.
    """

    tenant_id: str
    clock: Clock
    directory: Directory
    store: PresenceStore
    rules: Rules
    when_blind: WhenBlind
    tokens: TokenSource
    users: UserSync
    poller: PresencePoller
    search: PersonSearch
    supervisor: Supervisor
    retry_after_s: float
    stopping: bool = False

    @property
    def ready(self) -> bool:
        """Whether everybody held has been asked for once, and nothing of ours is dead or stopping."""
        return self.poller.everybody_read and not self.supervisor.dead and not self.stopping

    async def answer(self, user: object) -> Answer:
        """The answer for one address or object id. Raises CallerError, which says why there is none."""
        key = parse_user(user)
        give_up_at = self.clock.monotonic() + _ON_DEMAND_S
        if not self.directory.find(key):
            await self.search.look_for(key, within_s=_ON_DEMAND_S)
        person = self._find(key)
        await self._read_if_new([person], within_s=give_up_at - self.clock.monotonic())
        return self._answer(person)

    async def answers(self, users: Sequence[object]) -> list[Answer | CallerError]:
        """An answer or the reason why there is none for each entry, in order; unknown ones cost nothing."""
        people = [self._find_or_error(user) for user in users]
        await self._read_if_new([one for one in people if isinstance(one, Person)], within_s=_ON_DEMAND_S)
        return [self._answer_or_error(one) for one in people]

    def everybody(self, *, after: tuple[str, str] | None) -> Iterator[Answer]:
        """Every held person in the order of their address; one never read counts as unknown."""
        for person in self.directory.page(after=after):
            sighting = self.store.get(person.id) or NOTHING_KNOWN
            verdict = judged(sighting, rules=self.rules, when_blind=self.when_blind)
            yield Answer(person=person, sighting=sighting, verdict=verdict)

    async def _read_if_new(self, people: Sequence[Person], *, within_s: float) -> None:
        new = {person.id for person in people if not self.store.has_read(person.id)}
        if new and not self.tokens.refused:
            await self.poller.request(new, within_s=within_s)

    def _find(self, key: str) -> Person:
        match self.directory.find(key):
            case [person]:
                return person
            case []:
                raise self._nobody()
            case several:
                raise UserAmbiguous(f"{len(several)} people have this address: ask by object id.")

    def _nobody(self) -> CallerError:
        if self.directory.complete:
            return UserNotFound("Nobody with this address is held here.")
        return NotReadYet("The directory has not been read yet.", retry_after_s=self.retry_after_s)

    def _answer(self, person: Person) -> Answer:
        sighting = self.store.get(person.id)
        if sighting is None:
            raise NotReadYet(
                "This person's presence has not been read yet.", retry_after_s=self.retry_after_s
            )
        verdict = judged(sighting, rules=self.rules, when_blind=self.when_blind)
        return Answer(person=person, sighting=sighting, verdict=verdict)

    def _find_or_error(self, user: object) -> Person | CallerError:
        try:
            return self._find(parse_user(user))
        except CallerError as error:
            return error

    def _answer_or_error(self, person: Person | CallerError) -> Answer | CallerError:
        if isinstance(person, CallerError):
            return person
        try:
            return self._answer(person)
        except CallerError as error:
            return error
