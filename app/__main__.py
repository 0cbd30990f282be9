"""The command `teams-presence`."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app import __version__
from app.errors import RulesError, SettingsError
from app.logs import escaped

# What a shell tells of a command that SIGPIPE has ended; 1 would mean that `check` has warnings.
_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a settings error is told in its own words, without a traceback.

    A reader that hangs up, as `head` does, ends it silently.
    """
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        status = run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left must not fail once more at exit (Python, *signal*, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except (SettingsError, RulesError) as error:
        sys.stderr.writelines(f"{escaped(line)}\n" for line in str(error).split("\n"))
        return 2
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "app":
            raise
        sys.stderr.write(f"The package {missing.name} is not installed here: run `make install`.\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _serve(chosen: argparse.Namespace) -> int:
    from app.shutdown import StopSignals  # noqa: PLC0415 - each command pays for its own imports only

    stop = StopSignals()
    # What is imported stays for good: looking for garbage among it costs a tenth of the start now, and later
    # a pause with every full collection.
    gc.disable()
    from app.config import SettingsSource  # noqa: PLC0415
    from app.log_streams import printed_lines_logged  # noqa: PLC0415
    from app.log_writer import LogWriter  # noqa: PLC0415
    from app.logs import configure_logging  # noqa: PLC0415
    from app.main import serve  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    if chosen.env_file and not chosen.env_file.exists():
        raise SettingsError(f"There is no file {chosen.env_file}: correct --env-file.")
    source = SettingsSource(dotenv=chosen.env_file or Path(".env"))
    settings = source.load()
    log = LogWriter.to_standard_error()
    configure_logging(settings.log_format, settings.log_level, handler=log)
    try:
        with printed_lines_logged():
            serve(settings, source=source, stop=stop, log=log)
    finally:
        log.flush()


def _check(chosen: argparse.Namespace) -> int:
    from app.check_command import check  # noqa: PLC0415

    return check(language=chosen.lang, as_data=chosen.json, env_file=chosen.env_file)


def _key_new(chosen: argparse.Namespace) -> int:
    from app.config import new_api_key  # noqa: PLC0415

    key, entry = new_api_key(chosen.name)
    sys.stdout.write(
        f"The key, shown this once; give it to the caller:\n\n    {key}\n\n"
        f"Its entry; add it to PRESENCE_API_KEYS, a comma between entries:\n\n    {entry}\n"
    )
    return 0


def _rules_try(chosen: argparse.Namespace) -> int:
    from app.rules_command import try_rules  # noqa: PLC0415

    return try_rules(chosen.file, url=chosen.url, key=chosen.key, key_file=chosen.key_file)


def _openapi(_: argparse.Namespace) -> int:
    import yaml  # noqa: PLC0415

    from app.main import build_api  # noqa: PLC0415

    yaml.safe_dump(build_api().openapi(), sys.stdout, sort_keys=False, allow_unicode=True, width=100)
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from app.demo import run_demo  # noqa: PLC0415

    return run_demo(people=chosen.people)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="teams-presence", description="Answers a phone system whether a colleague is free in Teams."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the service, set up by the environment and .env")
    serve.add_argument("--env-file", type=Path, help="another file than .env")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="what is wrong, what that means, and what to click")
    check.add_argument("--lang", choices=("en", "de", "fr"), help="the language (default: the locale's)")
    check.add_argument("--json", action="store_true", help="for machines")
    check.add_argument("--env-file", type=Path, help="another file than .env")
    check.set_defaults(run=_check)

    key = commands.add_parser("key", help="API keys").add_subparsers(required=True, metavar="ACTION")
    new = key.add_parser("new", help="make a key for a caller")
    new.add_argument("name", help="who it is for: letters, digits, _, . and -")
    new.set_defaults(run=_key_new)

    rules = commands.add_parser("rules", help="Teams rules").add_subparsers(required=True, metavar="ACTION")
    trial = rules.add_parser("try", help="who would change under another rules file")
    trial.add_argument("--file", type=Path, required=True, help="the changed rules.toml")
    trial.add_argument("--url", default="http://127.0.0.1:8000", help="where the service answers")
    trial.add_argument("--key", help="an API key with the scope admin")
    trial.add_argument("--key-file", type=Path, help="a file that holds that key")
    trial.set_defaults(run=_rules_try)

    demo = commands.add_parser("demo", help="the service with a simulated tenant, no account needed")
    demo.add_argument("--people", type=int, default=200, help="how many people the tenant has")
    demo.set_defaults(run=_demo)

    openapi = commands.add_parser("openapi", help="print the OpenAPI document as YAML")
    openapi.set_defaults(run=_openapi)
    return parser


if __name__ == "__main__":
    sys.exit(main())
