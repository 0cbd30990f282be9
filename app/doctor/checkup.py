"""One whole check: from what the settings say to the looks of every step, each part opened and closed."""

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.clock import Clock, SystemClock
from app.config import Settings, SignIn
from app.doctor.causes import skipped
from app.doctor.expiries import EndingsOf, judge
from app.doctor.findings import Finding, Step
from app.doctor.graph import Graph
from app.doctor.graph_faults import GraphCase
from app.doctor.keys import examine_keys
from app.doctor.metadata import Metadata
from app.doctor.network import Network, Patience
from app.doctor.settings import Examined
from app.doctor.sign_in_host import SignInHost
from app.doctor.sign_in_trial import SignIn as AnySignIn
from app.doctor.sign_in_trial import SignInTrial
from app.doctor.walk import Audience, Look, walk
from app.graph.client import GraphClient
from app.graph.connections import Connections
from app.graph.credentials import Credentials
from app.graph.sign_in import Token
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http, trusted_authorities
from app.presence.phones import NumberReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What the service itself would use for these settings; the sign-in is fresh, and keeps nothing."""

    credentials: Credentials
    sign_in: AnySignIn
    endings: EndingsOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """A check that can be run: `equip` builds what is needed once the settings are known to be sound."""

    equip: Callable[[Settings, ssl.SSLContext], Equipment]
    secret_files: Callable[[], Iterable[Path]]
    patience: Patience = field(default_factory=Patience)
    clock: Clock = field(default_factory=SystemClock)

    async def run(self, examined: Examined, *, audience: Audience) -> Sequence[Finding]:
        """Every step's finding, in order."""
        if examined.settings is None:
            looks = _blind(examined.finding)
            return await walk(looks, hosts="", audience=audience, whole_s=self.patience.whole_s)
        async with AsyncExitStack() as stack:
            case = _Case(examined, examined.settings, self, stack)
            return await walk(
                case.looks(), hosts=case.network.hosts, audience=audience, whole_s=self.patience.whole_s
            )


def _blind(finding: Finding) -> Mapping[Step, Look]:
    """Without settings nothing else can be looked at, not even whether there is an account."""

    async def settings() -> Finding:
        return finding

    async def nothing() -> Finding:
        return skipped(Step.SETTINGS)  # never asked: the walk skips what builds on the settings

    steps = [step for step in Step if step is not Step.ACCOUNT]
    return {step: settings if step is Step.SETTINGS else nothing for step in steps}


class _Case:
    """One check under way."""

    def __init__(
        self, examined: Examined, settings: Settings, checkup: Checkup, stack: AsyncExitStack
    ) -> None:
        self._examined = examined
        self._settings = settings
        self._checkup = checkup
        self._stack = stack
        self._verify = trusted_authorities(settings.ca_bundle)
        self._equipment = checkup.equip(settings, self._verify)
        stack.callback(self._equipment.sign_in.close)
        self._delegated = settings.sign_in is SignIn.DELEGATED
        roots = (settings.azure_authority_host, settings.graph_url)
        self.network = Network(roots, verify=self._verify, patience=checkup.patience)
        self._proxies = self.network.find_proxies()
        host = SignInHost(
            credentials=self._equipment.credentials,
            graph_root=settings.graph_url,
            network=self.network,
            verify=self._verify,
            patience=checkup.patience,
            now=checkup.clock.now,
        )
        self._metadata = Metadata(host)
        self._trial = SignInTrial(host, sign_in=self._equipment.sign_in)
        self._client: GraphClient | None = None
        self._graph: Graph | None = None

    def looks(self) -> Mapping[Step, Look]:
        """The steps that apply, in order."""
        all_of_them: Mapping[Step, Look] = {
            Step.SETTINGS: self._settled,
            Step.DNS: self.network.names,
            Step.PROXY: self._proxy,
            Step.TCP: self.network.connection,
            Step.TLS: self.network.encryption,
            Step.CLOCK: self._metadata.clock,
            Step.TENANT: self._metadata.tenant,
            Step.APPLICATION: self._trial.application,
            Step.CREDENTIAL: self._trial.credential,
            Step.ACCOUNT: self._trial.account,
            Step.PERMISSIONS: self._permissions,
            Step.USERS: self._users,
            Step.PRESENCE: self._presence,
            Step.EXPIRY: self._expiry,
            Step.KEYS: self._keys,
        }
        return {
            step: look for step, look in all_of_them.items() if self._delegated or step is not Step.ACCOUNT
        }

    async def _settled(self) -> Finding:
        return self._examined.finding

    async def _proxy(self) -> Finding:
        return self._proxies or await self.network.proxy()

    async def _permissions(self) -> Finding:
        if consent := await self._trial.consent():
            return consent
        token = self._trial.token
        return await self._opened(token).permissions(token) if token else skipped(Step.PERMISSIONS)

    async def _users(self) -> Finding:
        return await self._graph.users() if self._graph else skipped(Step.USERS)

    async def _presence(self) -> Finding:
        return await self._graph.presence() if self._graph else skipped(Step.PRESENCE)

    async def _expiry(self) -> Finding:
        return judge(await self._equipment.endings(self._client), now=self._now())

    async def _keys(self) -> Finding:
        return examine_keys(self._settings, secret_files=self._checkup.secret_files())

    def _now(self) -> datetime:
        return self._checkup.clock.now()

    def _opened(self, token: Token) -> Graph:
        """Graph under the token in hand; it is never replaced, because that would be a second sign-in."""
        tokens = TokenSource(lambda *, renew=False: token, clock=self._checkup.clock)  # noqa: ARG005
        connections = Connections(lambda: open_http(self._verify))
        self._stack.push_async_callback(connections.close)
        self._stack.push_async_callback(tokens.close)
        transport = GraphTransport(
            connections,
            root=self._settings.graph_url,
            tokens=tokens,
            budget=GraphBudget(self._checkup.clock),
            clock=self._checkup.clock,
        )
        self._client = GraphClient(transport, numbers=NumberReader(self._settings.default_country))
        kind = "delegated_permissions" if self._delegated else "application_permissions"
        self._graph = Graph(
            self._client,
            case=GraphCase(way=self.network.way(self._settings.graph_url), kind=kind),
            delegated=self._delegated,
            groups=self._examined.groups,
        )
        return self._graph
