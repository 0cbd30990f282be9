"""Walks the steps in order, skips what cannot be reached, and ends in time whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from app.doctor.causes import found, skipped
from app.doctor.findings import Finding, Step

Look = Callable[[], Awaitable[Finding]]

_REACHED = frozenset({Step.SETTINGS, Step.DNS, Step.PROXY, Step.TCP, Step.TLS})
_SIGNED_IN = _REACHED | {Step.TENANT, Step.APPLICATION, Step.CREDENTIAL, Step.ACCOUNT}
_NEEDS: Mapping[Step, frozenset[Step]] = {
    Step.DNS: frozenset({Step.SETTINGS}),
    Step.PROXY: frozenset({Step.SETTINGS}),
    Step.TCP: frozenset({Step.SETTINGS, Step.DNS, Step.PROXY}),
    Step.TLS: frozenset({Step.SETTINGS, Step.DNS, Step.PROXY, Step.TCP}),
    Step.CLOCK: _REACHED,
    Step.TENANT: _REACHED,
    Step.APPLICATION: _REACHED | {Step.TENANT},
    Step.CREDENTIAL: _REACHED | {Step.TENANT, Step.APPLICATION},
    Step.ACCOUNT: _REACHED | {Step.TENANT, Step.APPLICATION, Step.CREDENTIAL},
    Step.PERMISSIONS: _SIGNED_IN,
    Step.USERS: _SIGNED_IN,
    Step.PRESENCE: _SIGNED_IN | {Step.USERS},
    Step.EXPIRY: frozenset({Step.SETTINGS}),
    Step.KEYS: frozenset({Step.SETTINGS}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whoever watches the walk: told when a step begins, and what it has found."""

    begins: Callable[[Step], None]
    ends: Callable[[Finding], None]


async def walk(
    looks: Mapping[Step, Look], *, hosts: str, audience: Audience, whole_s: float
) -> Sequence[Finding]:
    """The finding of every step in `looks`, in their order, after `whole_s` seconds at the latest."""
    deadline = asyncio.get_running_loop().time() + whole_s
    findings: list[Finding] = []
    for step, look in looks.items():
        audience.begins(step)
        if _is_out_of_reach(step, findings):
            finding = skipped(step)
        else:
            finding = await _in_time(step, look, deadline=deadline, hosts=hosts)
        findings.append(finding)
        audience.ends(finding)
    return findings


async def _in_time(step: Step, look: Look, *, deadline: float, hosts: str) -> Finding:
    try:
        async with asyncio.timeout_at(deadline):
            return await look()
    except TimeoutError:
        return found("took-too-long", at=step, hosts=hosts)


def _is_out_of_reach(step: Step, findings: Sequence[Finding]) -> bool:
    """Whether something that this step builds on is wrong."""
    wrong = {one.step for one in findings if one.wrong}
    return not wrong.isdisjoint(_NEEDS.get(step, frozenset()))
