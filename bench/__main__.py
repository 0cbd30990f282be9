"""`python -m bench`: the command, or one sentence where something is not installed that it measures with."""

import sys

try:
    from bench.command import main
except ImportError as missing:
    if (missing.name or "").partition(".")[0] == "bench":
        raise
    sys.exit(f"bench: {missing}. `make bench` installs what it needs.")

if __name__ == "__main__":
    main()
