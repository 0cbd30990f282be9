"""One Microsoft 365 tenant: everything known about it, what keeps that current, and who answers from it."""

from dataclasses import dataclass

from app.clock import Clock
from app.graph.handover import Handover
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.ingest.census import Census
from app.ingest.desk import Desk
from app.ingest.expiry import Countdown
from app.ingest.groups import GroupSync
from app.ingest.lag import LoopLag
from app.ingest.poll import PresencePoller
from app.ingest.rules_watch import RulesWatch
from app.ingest.settings_watch import SettingsWatch
from app.ingest.supervisor import Supervisor
from app.ingest.users import UserSync
from app.presence.coverage import Coverage
from app.presence.directory import Directory
from app.presence.history import History
from app.presence.store import PresenceStore


@dataclass(slots=True, kw_only=True)
class Tenant:
    """Owns the directory, the store, the rules, the tokens and the feeds of one tenant.

    `handover.credentials` are those in use at this moment.
    """

    tenant_id: str
    clock: Clock
    directory: Directory
    store: PresenceStore
    rules: RulesWatch
    coverage: Coverage
    census: Census
    history: History | None
    tokens: TokenSource
    handover: Handover
    budget: GraphBudget
    users: UserSync
    groups: GroupSync
    poller: PresencePoller
    desk: Desk
    supervisor: Supervisor
    settings: SettingsWatch
    lag: LoopLag
    countdown: Countdown
    stopping: bool = False

    @property
    def ready(self) -> bool:
        """Whether everybody held has been asked for once, and nothing of ours is dead, hung or stopping."""
        return self.poller.everybody_read and not (
            self.supervisor.dead or self.supervisor.hung or self.stopping
        )
