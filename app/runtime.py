"""Builds every long-lived part of the service, top to bottom, and closes them in reverse."""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict

from app.clock import Clock
from app.config import ApiKey, Settings, SettingsSource, SignIn
from app.doctor.rounds import LOOK_EVERY_S as GO_ROUND_EVERY_S
from app.doctor.rounds import Rounds
from app.graph.client import GraphClient
from app.graph.connections import Connections
from app.graph.credentials import credentials_of
from app.graph.handover import Handover
from app.graph.paired_sign_in import PairedSignIn
from app.graph.sign_in_http import SignInHttp, open_sign_in_http
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http, trusted_authorities
from app.ingest.census import Census
from app.ingest.demand import PersonSearch
from app.ingest.desk import Desk
from app.ingest.expiry import COUNT_EVERY_S, Announced, Countdown
from app.ingest.gauges import TenantGauges
from app.ingest.groups import GroupSync
from app.ingest.lag import MEASURED_OVER_S, LoopLag
from app.ingest.periodic import Feed, run_every
from app.ingest.poll import PresencePoller
from app.ingest.rules_watch import LOOK_EVERY_S, RulesWatch
from app.ingest.settings_watch import LOOK_EVERY_S as LOOK_AT_SETTINGS_EVERY_S
from app.ingest.settings_watch import SettingsWatch
from app.ingest.snapshot import WRITE_EVERY_S, Snapshot
from app.ingest.snapshot_file import Identity, SnapshotFile
from app.ingest.supervisor import Supervisor
from app.ingest.tenant import Tenant
from app.ingest.users import UserSync
from app.metrics import Metrics
from app.presence.coverage import Coverage
from app.presence.directory import Directory
from app.presence.history import History
from app.presence.phones import NumberReader
from app.presence.scope import scope_of
from app.presence.store import PresenceStore


@asynccontextmanager
async def open_tenant(  # noqa: PLR0913 - what comes from outside, one by one
    settings: Settings,
    *,
    source: SettingsSource,
    rules: RulesWatch,
    take_keys: Callable[[Sequence[ApiKey]], None],
    clock: Clock,
    metrics: Metrics,
) -> AsyncIterator[Tenant]:
    """The tenant with its feeds running. Nothing here waits for Microsoft."""
    async with AsyncExitStack() as stack:
        verify = trusted_authorities(settings.ca_bundle)
        handover = _handover(settings, verify=verify, clock=clock, metrics=metrics, stack=stack)
        connections = Connections(lambda: open_http(verify))
        stack.push_async_callback(connections.close)
        transport = GraphTransport(
            connections,
            root=settings.graph_url,
            tokens=handover.tokens,
            budget=GraphBudget(clock),
            clock=clock,
            metrics=metrics,
        )
        watch = SettingsWatch(source, settings, handover=handover, take_keys=take_keys, clock=clock)
        tenant = _tenant(
            settings, transport=transport, handover=handover, rules=rules, watch=watch, clock=clock
        )
        metrics.collect_from(TenantGauges(tenant))
        snapshot = _snapshot(settings, tenant)
        if snapshot:
            snapshot.restore()
            stack.push_async_callback(snapshot.close)
        for part in (rules, watch, tenant.poller, tenant.desk.search, tenant.supervisor):
            stack.push_async_callback(part.close)
        _start_feeds(tenant, settings)
        if snapshot:
            _start_snapshot(tenant, snapshot)
        yield tenant
        tenant.stopping = True


def _handover(
    settings: Settings, *, verify: ssl.SSLContext, clock: Clock, metrics: Metrics, stack: AsyncExitStack
) -> Handover:
    credentials = credentials_of(settings)

    def connect() -> SignInHttp:
        return open_sign_in_http(verify, authority_root=credentials.authority_root)

    sign_in = PairedSignIn(credentials, connect=connect)
    tokens = TokenSource(sign_in.acquire, clock=clock, metrics=metrics)
    handover = Handover(sign_in, tokens=tokens, connect=connect, clock=clock)
    stack.callback(handover.close)
    stack.push_async_callback(tokens.close)
    return handover


def _store(settings: Settings, *, clock: Clock) -> PresenceStore:
    return PresenceStore(
        timer=clock.monotonic,
        fresh_for_s=settings.fresh_for,
        keep_for_s=settings.keep_for,
        when_blind=settings.when_blind,
        debounce_s=settings.debounce,
    )


def _tenant(  # noqa: PLR0913 - the parts that are made before it, one by one
    settings: Settings,
    *,
    transport: GraphTransport,
    handover: Handover,
    rules: RulesWatch,
    watch: SettingsWatch,
    clock: Clock,
) -> Tenant:
    tokens = handover.tokens
    client = GraphClient(transport, numbers=NumberReader(settings.default_country))
    scope = scope_of(**asdict(settings.scope))
    directory = Directory(scope)
    store = _store(settings, clock=clock)
    history = History(clock.now) if settings.explain_history else None
    poller = PresencePoller(client, directory=directory, store=store, history=history, clock=clock)
    coverage = Coverage(clock.now)
    desk = Desk(
        clock=clock,
        directory=directory,
        store=store,
        rules=rules,
        coverage=coverage,
        numbers=NumberReader(settings.default_country),
        when_blind=settings.when_blind,
        wrap_up_s=settings.wrap_up,
        tokens=tokens,
        poller=poller,
        search=PersonSearch(client, directory=directory, tokens=tokens, clock=clock),
        retry_after_s=settings.poll_interval,
    )
    return Tenant(
        tenant_id=settings.azure_tenant_id,
        clock=clock,
        directory=directory,
        store=store,
        rules=rules,
        coverage=coverage,
        census=Census(directory=directory, store=store),
        history=history,
        tokens=tokens,
        handover=handover,
        budget=transport.budget,
        users=UserSync(
            client,
            directory=directory,
            may_narrow=settings.sign_in is SignIn.DELEGATED,
            timer=clock.monotonic,
        ),
        groups=GroupSync(client, directory=directory, wanted=lambda: scope.groups | rules.rulebook.group_ids),
        poller=poller,
        desk=desk,
        supervisor=Supervisor(clock),
        settings=watch,
        lag=LoopLag(clock),
        countdown=Countdown(
            client,
            credentials=lambda: handover.credentials,
            announced=lambda: _announced(watch.latest, handover),
            tokens=tokens,
            clock=clock,
        ),
    )


def _announced(settings: Settings, handover: Handover) -> Announced:
    """The ends that the settings name; that of a secret is the first one's."""
    first = handover.credentials.app.setting == "AZURE_CLIENT_SECRET"
    return Announced(secret=settings.secret_expires if first else None, password=settings.password_expires)


def _snapshot(settings: Settings, tenant: Tenant) -> Snapshot | None:
    """What makes a restart warm; without a folder nothing is ever read or written."""
    if settings.state_dir is None:
        return None
    return Snapshot(
        file=SnapshotFile(settings.state_dir),
        identity=_identity(settings),
        directory=tenant.directory,
        store=tenant.store,
        users=tenant.users,
        groups=tenant.groups,
        poller=tenant.poller,
        clock=tenant.clock,
        keep_for_s=settings.keep_for,
        status_messages=settings.status_messages,
    )


def _identity(settings: Settings) -> Identity:
    return Identity(
        tenant_id=settings.azure_tenant_id,
        client_id=settings.azure_client_id,
        authority=settings.azure_authority_host,
        graph=settings.graph_url,
        scope=scope_of(**asdict(settings.scope)).words,
        default_country=settings.default_country,
    )


def _start_snapshot(tenant: Tenant, snapshot: Snapshot) -> None:
    feed = Feed(name="snapshot", clock=tenant.clock)

    async def keep_snapshot() -> None:
        await snapshot.first_due()
        await run_every(WRITE_EVERY_S, snapshot.round, feed=feed)

    tenant.supervisor.start(feed, keep_snapshot)


def _start_feeds(tenant: Tenant, settings: Settings) -> None:
    people = Feed(name="directory", clock=tenant.clock)
    presence = Feed(name="presence", clock=tenant.clock)
    loop = Feed(name="event-loop", clock=tenant.clock)
    credentials = Feed(name="credentials", clock=tenant.clock)

    async def keep_people() -> None:
        await run_every(settings.directory_interval, tenant.users.round, feed=people)

    async def keep_presence() -> None:
        await tenant.users.listed.wait()
        if tenant.groups.needed:
            await tenant.groups.attempted.wait()
        await run_every(settings.poll_interval, tenant.poller.sweep, feed=presence)

    async def keep_an_eye_on_the_loop() -> None:
        await run_every(MEASURED_OVER_S, tenant.lag.round, feed=loop)

    async def keep_the_countdown() -> None:
        await run_every(COUNT_EVERY_S, tenant.countdown.round, feed=credentials)

    tenant.supervisor.start(loop, keep_an_eye_on_the_loop)
    tenant.supervisor.start(people, keep_people)
    start_groups(tenant, interval_s=settings.directory_interval)
    tenant.supervisor.start(presence, keep_presence)
    tenant.supervisor.start(credentials, keep_the_countdown)
    _start_settings(tenant)
    if tenant.rules.path:
        _start_rules(tenant, group_interval_s=settings.directory_interval)


def start_rounds(tenant: Tenant, settings: Settings) -> Rounds:
    """The doctor, going round the running service."""
    rounds = Rounds(tenant, settings=settings)
    feed = Feed(name="doctor", clock=tenant.clock)

    async def go_round() -> None:
        await run_every(GO_ROUND_EVERY_S, rounds.round, feed=feed)

    tenant.supervisor.start(feed, go_round)
    return rounds


def _start_settings(tenant: Tenant) -> None:
    settings = Feed(name="settings", clock=tenant.clock)

    async def look() -> None:
        if await tenant.settings.round():
            tenant.supervisor.wake()

    async def keep_settings() -> None:
        await run_every(LOOK_AT_SETTINGS_EVERY_S, look, feed=settings)

    tenant.supervisor.start(settings, keep_settings)


def _start_rules(tenant: Tenant, *, group_interval_s: float) -> None:
    rules = Feed(name="rules", clock=tenant.clock)

    async def look() -> None:
        await tenant.rules.round()
        start_groups(tenant, interval_s=group_interval_s)

    async def keep_rules() -> None:
        await run_every(LOOK_EVERY_S, look, feed=rules)

    tenant.supervisor.start(rules, keep_rules)


def start_groups(tenant: Tenant, *, interval_s: float) -> None:
    """Start reading groups, if any are wanted and it has not begun: changed rules may want the first one."""
    if not tenant.groups.needed or any(feed.name == "groups" for feed in tenant.supervisor.feeds):
        return
    groups = Feed(name="groups", clock=tenant.clock)

    async def keep_groups() -> None:
        await run_every(interval_s, tenant.groups.round, feed=groups)

    tenant.supervisor.start(groups, keep_groups)
