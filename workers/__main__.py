"""`python -m workers`: worker processes and a relay, loaded once and then forked.

Loading costs more than running: forking shares what was loaded, in time and in memory.
"""

import argparse
import sys

from dramatiq import cli

# Loaded before the fork, on purpose: neither opens a connection by being imported.
from workers import main as worker
from workers import relay

SHUTDOWN_MS = 10_000


def main() -> int:
    """Run under Dramatiq's own supervision; it ends as a whole when one process dies."""
    parser = argparse.ArgumentParser(description="Run the workers and a relay.")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=8)
    asked = parser.parse_args()
    arguments = cli.make_argument_parser().parse_args(  # type: ignore[no-untyped-call]  # dramatiq types only its actors
        [
            f"{worker.__name__}:main",
            *("--fork-function", f"{relay.__name__}:run"),
            *("--processes", str(asked.processes)),
            *("--threads", str(asked.threads)),
            *("--worker-shutdown-timeout", str(SHUTDOWN_MS)),
            "--skip-logging",
        ]
    )
    return int(cli.main(arguments) or 0)  # type: ignore[no-untyped-call]  # as above


if __name__ == "__main__":
    sys.exit(main())
