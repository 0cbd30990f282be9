"""Starts the feeds of a tenant: which work is done in the background, how often, and what it waits for."""

from collections.abc import Awaitable, Callable

from app.graph.tokens import GIVE_UP_AFTER_S
from app.ingest.at_rest import AtRest
from app.ingest.expiry import COUNT_EVERY_S
from app.ingest.file_look import LOOK_EVERY_S
from app.ingest.lag import MEASURED_OVER_S
from app.ingest.periodic import Feed, run_every
from app.ingest.snapshot import WRITE_EVERY_S, Snapshot
from app.ingest.tenant import Tenant

# A look at the settings may be one that SIGHUP has begun, of which a round does not know that it signs in.
_LOOK_AND_SIGN_IN_S = GIVE_UP_AFTER_S + 30.0

Round = Callable[[], Awaitable[None]]


async def _at_once() -> None:
    """Nothing to wait for."""


def start_feed(  # noqa: PLR0913 - what may differ from feed to feed, by name
    tenant: Tenant,
    name: str,
    work: Round,
    *,
    interval_s: float,
    after: Round = _at_once,
    limit_s: float | None = None,
) -> None:
    """Do this work again and again under the tenant's supervisor, the first time when `after` is done.

    For so long a round may not get on; a few intervals if nothing is said.
    """
    feed = Feed(name=name, clock=tenant.clock)

    async def keep() -> None:
        await after()
        await run_every(interval_s, work, feed=feed, limit_s=limit_s)

    tenant.supervisor.start(feed, keep)


def start_feeds(tenant: Tenant, *, directory_interval_s: float, poll_interval_s: float) -> None:
    """Everything that keeps the tenant current; none of it waits for Microsoft here."""
    start_feed(tenant, "event-loop", tenant.lag.round, interval_s=MEASURED_OVER_S)
    start_feed(tenant, "directory", tenant.users.round, interval_s=directory_interval_s)
    _start_groups(tenant, interval_s=directory_interval_s)
    _start_presence(tenant, interval_s=poll_interval_s)
    start_feed(tenant, "credentials", tenant.countdown.round, interval_s=COUNT_EVERY_S)
    _start_settings(tenant)
    if tenant.rules.path:
        _start_rules(tenant, group_interval_s=directory_interval_s)


def start_snapshot(tenant: Tenant, snapshot: Snapshot) -> None:
    """Write down every now and then what a restart would need."""
    start_feed(tenant, "snapshot", snapshot.round, interval_s=WRITE_EVERY_S, after=snapshot.first_due)


def _start_groups(tenant: Tenant, *, interval_s: float) -> None:
    """Start reading groups, if any are wanted and it has not begun: changed rules may want the first one."""
    if tenant.groups.needed and not any(feed.name == "groups" for feed in tenant.supervisor.feeds):
        start_feed(tenant, "groups", tenant.groups.round, interval_s=interval_s)


def _start_presence(tenant: Tenant, *, interval_s: float) -> None:
    at_rest = AtRest(tenant.directory)

    async def everybody_is_known() -> None:
        await tenant.users.listed.wait()
        if tenant.groups.needed:
            await tenant.groups.attempted.wait()

    async def sweep() -> None:
        await tenant.poller.sweep()
        at_rest.after_sweep()

    start_feed(tenant, "presence", sweep, interval_s=interval_s, after=everybody_is_known)


def _start_settings(tenant: Tenant) -> None:
    async def look() -> None:
        if await tenant.settings.round():
            tenant.supervisor.wake()

    start_feed(tenant, "settings", look, interval_s=LOOK_EVERY_S, limit_s=_LOOK_AND_SIGN_IN_S)


def _start_rules(tenant: Tenant, *, group_interval_s: float) -> None:
    async def look() -> None:
        await tenant.rules.round()
        _start_groups(tenant, interval_s=group_interval_s)

    start_feed(tenant, "rules", look, interval_s=LOOK_EVERY_S)
