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
from app.ingest.expiry import Countdown, announced_by
from app.ingest.feeds import start_feed, start_feeds, start_snapshot
from app.ingest.gauges import TenantGauges
from app.ingest.groups import GroupSync
from app.ingest.lag import LoopLag
from app.ingest.poll import PresencePoller
from app.ingest.rules_watch import RulesWatch
from app.ingest.settings_watch import SettingsWatch
from app.ingest.snapshot import Snapshot
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
        connections = Connections(lambda: open_http(verify), timer=clock.monotonic)
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
        start_feeds(
            tenant,
            directory_interval_s=settings.directory_interval,
            poll_interval_s=settings.poll_interval,
        )
        if snapshot:
            start_snapshot(tenant, snapshot)
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
            announced=lambda: announced_by(watch.latest, app=handover.credentials.app),
            tokens=tokens,
            clock=clock,
        ),
    )


def _snapshot(settings: Settings, tenant: Tenant) -> Snapshot | None:
    """What makes a restart warm; without a folder nothing is ever read or written."""
    if settings.state_dir is None:
        return None
    return Snapshot(
        file=SnapshotFile(settings.state_dir, identity=_identity(settings)),
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


def start_rounds(tenant: Tenant, settings: Settings) -> Rounds:
    """The doctor, going round the running service."""
    rounds = Rounds(tenant, settings=settings)
    start_feed(tenant, "doctor", rounds.round, interval_s=GO_ROUND_EVERY_S)
    return rounds
