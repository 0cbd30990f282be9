"""`python -m simulator`: the command line, or one sentence where a package is missing that it needs."""

import sys

from .arguments import read_arguments


def main() -> int:
    """Run until told to stop; 1 when the port cannot be had, or a package is not installed."""
    arguments = read_arguments()
    try:
        from .command import run  # noqa: PLC0415 - help needs nothing but Python
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "simulator":
            raise
        sys.stderr.write(
            f"simulator: the package {missing.name} is not installed; `make demo` installs it, or\n"
            "  .venv/bin/python -m pip install --require-hashes -r requirements/demo.txt\n"
        )
        return 1
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
