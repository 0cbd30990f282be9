"""The command line."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from .people import DOMAIN
from .permission_ids import PERMISSIONS

PASSWORD_VARIABLE = "SIMULATOR_PASSWORD"
DESCRIPTION = """\
A fake Microsoft for tests and demonstrations: the sign-in host and Microsoft Graph of one invented tenant, on
one TLS port with a certificate authority of its own. It writes what a client needs to know into --dir:

  ca.pem       the certificate authority to trust (kept over restarts, with its key in ca.key)
  tenant.env   the credentials in a service's own words (AZURE_…, PRESENCE_…), readable by you alone
  sheet.json   everything that a real portal shows, and people worth trying

The first people are always Max Muster (available), Erika Mustermann (in a meeting) and Jean Dupont (away):
max.muster@contoso.example and so on. They stay so until placed by hand; --day-speed moves the others.
Trouble is switched on over HTTP: see /_simulator/ on the same port.

It needs a package that the service does not (trustme): `make demo` installs it.
"""


def read_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse; ends the process with help or with one sentence about what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_address(parser)
    _add_tenant(parser)
    _add_behaviour(parser)
    return parser.parse_args(argv)


def _add_address(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("address")
    group.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    group.add_argument(
        "--port", type=_port, default=8443, help="0 takes any free port (default: %(default)s)"
    )
    group.add_argument(
        "--name",
        default="127.0.0.1",
        help="host name that clients use, for the certificate and for tenant.env (default: %(default)s)",
    )
    group.add_argument(
        "--dir", type=Path, default=Path(".demo"), help="where files go (default: %(default)s)"
    )


def _add_tenant(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("tenant")
    group.add_argument(
        "--people",
        type=_count,
        default=200,
        help="how many enabled members; guests and disabled accounts come on top (default: %(default)s)",
    )
    group.add_argument("--seed", type=int, default=1, help="same seed, same tenant (default: %(default)s)")
    group.add_argument("--secret", help="client secret (default: one made from the seed)")
    group.add_argument(
        "--username", default=f"svc-presence@{DOMAIN}", help="account with a password (default: %(default)s)"
    )
    group.add_argument(
        "--password",
        default=os.environ.get(PASSWORD_VARIABLE),
        help=f"its password, any characters; or in ${PASSWORD_VARIABLE} (default: one made from the seed)",
    )
    group.add_argument(
        "--permissions",
        type=_names,
        default=PERMISSIONS,
        help=f"comma list of what was granted (default: {','.join(PERMISSIONS)})",
    )


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("behaviour")
    group.add_argument(
        "--token-lifetime",
        type=_positive,
        default=3600,
        metavar="SECONDS",
        help="life of access tokens (default: %(default)s)",
    )
    group.add_argument(
        "--clock-offset",
        type=int,
        default=0,
        metavar="SECONDS",
        help="how far the tenant's clock is ahead of this machine's, or behind it (default: 0)",
    )
    group.add_argument(
        "--day-speed",
        type=_amount,
        default=0.0,
        metavar="MINUTES",
        help="scripted minutes that pass per second; 0: nobody moves by themselves (default: 0)",
    )
    group.add_argument(
        "--latency-ms",
        type=_amount,
        default=0.0,
        help="how long Graph thinks before each answer (default: 0)",
    )


def _port(text: str) -> int:
    return _bounded(text, least=0, most=65_535)


def _count(text: str) -> int:
    return _bounded(text, least=0, most=1_000_000)


def _positive(text: str) -> int:
    return _bounded(text, least=1, most=10**9)


def _bounded(text: str, *, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")
    return int(text)


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError("must be a number, zero or more")
    return amount


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
