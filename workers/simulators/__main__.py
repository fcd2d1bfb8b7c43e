"""Several stand-ins in one process: `python -m workers.simulators mastodon=3000 receiver=3001`."""

import argparse
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module

from workers.simulators.serving import served

#: The factory of each stand-in, by the name it is asked for.
STAND_INS: Mapping[str, str] = {
    "bluesky": "workers.simulators.bluesky:create_simulator",
    "mastodon": "workers.simulators.mastodon:create_simulator",
    "misago": "workers.simulators.misago:create_simulator",
    "receiver": "workers.simulators.receiver:create_receiver",
    "wordpress": "workers.simulators.wordpress:create_simulator",
}


def main() -> None:
    """Serve every stand-in that was asked for until the process is told to stop."""
    parser = argparse.ArgumentParser(description="Stand-ins of platforms, in one process.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "standin",
        nargs="+",
        type=_asked,
        metavar="NAME=PORT",
        help=f"one of {', '.join(STAND_INS)}; port 0 takes a free one",
    )
    asked = parser.parse_args()
    stopping = {signal.SIGINT, signal.SIGTERM}
    # Before any thread is made, so that all of them leave the signals to this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    with ExitStack() as stack:
        for name, port in asked.standin:
            module, _, factory = STAND_INS[name].partition(":")
            app = getattr(import_module(module), factory)()
            address = stack.enter_context(served(app, host=asked.host, port=port))
            sys.stdout.write(f"ready {name} {address}\n")
            sys.stdout.flush()
        signal.sigwait(stopping)


def _asked(given: str) -> tuple[str, int]:
    name, _, port = given.partition("=")
    if name not in STAND_INS or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{given} is not NAME=PORT with a name of a stand-in")
    return name, int(port)


if __name__ == "__main__":
    main()
