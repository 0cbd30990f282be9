"""Microsoft's numbers, and the cause behind each (Microsoft: *reference-error-codes*).

Only people are told what these numbers mean: Microsoft may change them. The service itself goes by the few in
`app/graph/entra_errors.py`, and only to know when to ask again. A number that is not here is told in
Microsoft's own words.
"""

from collections.abc import Iterable, Mapping

from app.graph.entra_errors import LOCKED, LOOP, TEMPORARY

_NUMBERS: Mapping[str, tuple[int, ...]] = {
    "tenant-unknown": (90002,),
    "tenant-malformed": (900023,),
    "tenant-other-cloud": (90038, 900382, 900432),
    "tenant-generic": (9001023,),
    "application-unknown": (700016, 700011, 70001),
    "application-disabled": (7000112,),
    "application-not-installed": (7000229,),
    "application-public": (700025,),
    "secret-wrong": (7000215,),
    "secret-expired": (7000222,),
    "credential-missing": (7000218,),
    "certificate-unknown": (700027,),
    "assertion-time": (700024,),
    "sign-in-loop": (LOOP,),
    "microsoft-busy": tuple(TEMPORARY),
    "account-unknown": (50034,),
    "account-locked": (LOCKED,),
    "account-disabled": (50057,),
    "account-not-assigned": (50105,),
    "account-at-risk": (53011, 50135),
    "password-wrong": (50126,),
    "password-expired": (50055,),
    "password-expired-on-premises": (50144,),
    "password-none": (50056,),
    "mfa-required": (50076, 50074),
    "mfa-registration": (50079, 50072),
    "mfa-expired": (50078,),
    "external-challenge": (50158,),
    "conditional-access": (53003,),
    "device-required": (53000, 53001, 53002),
    "security-policy": (530032,),
    "security-defaults": (530035,),
    "session-ended": (50173, 50132, 50133, 70008, 700082, 70043),
    "on-premises-agent": tuple(range(80001, 80015)),
    "consent-missing": (65001,),
    "consent-declined": (65004, 90094),
    "resource-unknown": (500011, 650052),
    "resource-not-registered": (650057,),
    "scope-wrong": (70011, 28002),
}

CAUSE_OF: Mapping[int, str] = {number: cause for cause, numbers in _NUMBERS.items() for number in numbers}
"""The cause of each number that has one."""


def cause_of(numbers: Iterable[int]) -> str:
    """The cause of the first number that has one, else `refused-by-microsoft`."""
    return next((CAUSE_OF[number] for number in numbers if number in CAUSE_OF), "refused-by-microsoft")
