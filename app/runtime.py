"""Builds every long-lived part of the service, top to bottom, and closes them in reverse."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict

import httpx

from app.clock import Clock
from app.config import Settings, SignIn
from app.doctor.rounds import LOOK_EVERY_S as GO_ROUND_EVERY_S
from app.doctor.rounds import Rounds
from app.graph.client import GraphClient
from app.graph.connections import Connections
from app.graph.credentials import AppCredential, ClientCertificate, ClientSecret, Credentials, UserPassword
from app.graph.sign_in import MsalSignIn
from app.graph.sign_in_http import SignInHttp
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http, trusted_authorities
from app.ingest.census import Census
from app.ingest.demand import PersonSearch
from app.ingest.desk import Desk
from app.ingest.gauges import TenantGauges
from app.ingest.groups import GroupSync
from app.ingest.lag import MEASURED_OVER_S, LoopLag
from app.ingest.periodic import Feed, run_every
from app.ingest.poll import PresencePoller
from app.ingest.rules_watch import LOOK_EVERY_S, RulesWatch
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

_SIGN_IN_DEADLINE_S = 10.0


@asynccontextmanager
async def open_tenant(
    settings: Settings, *, rules: RulesWatch, clock: Clock, metrics: Metrics
) -> AsyncIterator[Tenant]:
    """The tenant with its feeds running. Nothing here waits for Microsoft."""
    async with AsyncExitStack() as stack:
        verify = trusted_authorities(settings.ca_bundle)
        tokens = _tokens(settings, verify=verify, clock=clock, metrics=metrics, stack=stack)
        connections = Connections(lambda: open_http(verify))
        stack.push_async_callback(connections.close)
        transport = GraphTransport(
            connections,
            root=settings.graph_url,
            tokens=tokens,
            budget=GraphBudget(clock),
            clock=clock,
            metrics=metrics,
        )
        tenant = _tenant(settings, transport=transport, tokens=tokens, rules=rules, clock=clock)
        metrics.collect_from(TenantGauges(tenant))
        snapshot = _snapshot(settings, tenant)
        if snapshot:
            snapshot.restore()
            stack.push_async_callback(snapshot.close)
        for part in (rules, tenant.poller, tenant.desk.search, tenant.supervisor):
            stack.push_async_callback(part.close)
        _start_feeds(tenant, settings)
        if snapshot:
            _start_snapshot(tenant, snapshot)
        yield tenant
        tenant.stopping = True


def _tokens(
    settings: Settings, *, verify: ssl.SSLContext, clock: Clock, metrics: Metrics, stack: AsyncExitStack
) -> TokenSource:
    sign_in = sign_in_of(credentials_of(settings), verify=verify)
    stack.callback(sign_in.close)
    tokens = TokenSource(sign_in.acquire, clock=clock, metrics=metrics)
    stack.push_async_callback(tokens.close)
    return tokens


def _store(settings: Settings, *, clock: Clock) -> PresenceStore:
    return PresenceStore(
        timer=clock.monotonic,
        fresh_for_s=settings.fresh_for,
        keep_for_s=settings.keep_for,
        when_blind=settings.when_blind,
        debounce_s=settings.debounce,
    )


def _tenant(
    settings: Settings,
    *,
    transport: GraphTransport,
    tokens: TokenSource,
    rules: RulesWatch,
    clock: Clock,
) -> Tenant:
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
        lag=LoopLag(clock),
    )


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

    async def keep_people() -> None:
        await run_every(settings.directory_interval, tenant.users.round, feed=people)

    async def keep_presence() -> None:
        await tenant.users.listed.wait()
        if tenant.groups.needed:
            await tenant.groups.attempted.wait()
        await run_every(settings.poll_interval, tenant.poller.sweep, feed=presence)

    async def keep_an_eye_on_the_loop() -> None:
        await run_every(MEASURED_OVER_S, tenant.lag.round, feed=loop)

    tenant.supervisor.start(loop, keep_an_eye_on_the_loop)
    tenant.supervisor.start(people, keep_people)
    start_groups(tenant, interval_s=settings.directory_interval)
    tenant.supervisor.start(presence, keep_presence)
    if tenant.rules.path:
        _start_rules(tenant, group_interval_s=settings.directory_interval)


def start_rounds(tenant: Tenant, settings: Settings) -> Rounds:
    """The doctor, going round the running service."""
    rounds = Rounds(tenant, settings=settings, credentials=lambda: credentials_of(settings))
    feed = Feed(name="doctor", clock=tenant.clock)

    async def go_round() -> None:
        await run_every(GO_ROUND_EVERY_S, rounds.round, feed=feed)

    tenant.supervisor.start(feed, go_round)
    return rounds


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


def sign_in_of(credentials: Credentials, *, verify: ssl.SSLContext) -> MsalSignIn:
    """A sign-in with an msal application and a token cache of its own."""

    def connect() -> SignInHttp:
        client = httpx.Client(verify=verify, timeout=_SIGN_IN_DEADLINE_S / 2)
        return SignInHttp(client, authority_root=credentials.authority_root, deadline_s=_SIGN_IN_DEADLINE_S)

    return MsalSignIn(credentials, connect=connect)


def credentials_of(settings: Settings) -> Credentials:
    """What to sign in with, as the settings say."""
    user = None
    if settings.sign_in is SignIn.DELEGATED and settings.azure_username and settings.azure_password:
        user = UserPassword(settings.azure_username, settings.azure_password.get_secret_value())
    return Credentials(
        authority_root=settings.azure_authority_host,
        tenant_id=settings.azure_tenant_id,
        client_id=settings.azure_client_id,
        app=_app_credential(settings),
        scope=f"{settings.graph_url}/.default",
        user=user,
    )


def _app_credential(settings: Settings) -> AppCredential:
    if settings.azure_client_secret:
        return ClientSecret(settings.azure_client_secret.get_secret_value())
    assert settings.azure_client_certificate_path  # noqa: S101 - the settings demand one of the two
    password = settings.azure_client_certificate_password
    return ClientCertificate(
        settings.azure_client_certificate_path, password.get_secret_value() if password else None
    )
