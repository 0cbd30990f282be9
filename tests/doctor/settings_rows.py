"""Everything that can be the matter before anything is asked of anybody."""

import os

from tests.doctor.bench import Bench, Environ, Row


def _nothing(_: Bench) -> Environ:
    return {}


def _half(bench: Bench) -> Environ:
    settings = bench.app
    del settings["AZURE_CLIENT_ID"]
    return settings


def _no_credential(bench: Bench) -> Environ:
    settings = bench.app
    del settings["AZURE_CLIENT_SECRET"]
    return settings


def _secret_id(bench: Bench) -> Environ:
    return bench.app | {"AZURE_CLIENT_SECRET": bench.tenant.sheet["client_secret_id"]}


def _misspelt(bench: Bench) -> Environ:
    return bench.app | {"PRESENCE_POL_INTERVAL": "5"}


def _no_number(bench: Bench) -> Environ:
    return bench.app | {"PRESENCE_PORT": "eighty"}


def _torn(bench: Bench) -> Environ:
    bench.write(".env", "AZURE_CLIENT_SECRET='never closed\n")
    bench.dotenv = bench.folder / ".env"
    return bench.app


def _pipe(bench: Bench) -> Environ:
    """Found D6."""
    bench.dotenv = bench.folder / ".env"
    os.mkfifo(bench.dotenv)
    return bench.app


def _elsewhere(bench: Bench) -> Environ:
    bench.env_file = bench.folder / "no-such.env"
    return bench.app


def _user_for_nothing(bench: Bench) -> Environ:
    settings = bench.user
    del settings["PRESENCE_SIGN_IN"]
    return settings


def _refused_rules(bench: Bench) -> Environ:
    return bench.app | {"PRESENCE_RULES_FILE": bench.write("rules.toml", "defalt = 'strict'\n")}


ROWS = [
    Row(cause="settings-missing", arrange=_nothing),
    Row(cause="settings-incomplete", arrange=_half, name="no client id"),
    Row(cause="settings-incomplete", arrange=_no_credential, name="no credential"),
    Row(cause="secret-is-the-id", arrange=_secret_id),
    Row(cause="settings-misspelt", arrange=_misspelt),
    Row(cause="settings-wrong", arrange=_no_number),
    Row(cause="settings-unreadable", arrange=_torn),
    Row(cause="settings-wrong", arrange=_pipe, name="a pipe"),
    Row(cause="settings-file-missing", arrange=_elsewhere, names=("no-such.env",)),
    Row(cause="settings-noted", arrange=_user_for_nothing),
    Row(cause="rules-refused", arrange=_refused_rules),
]
