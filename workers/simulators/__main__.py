"""Several stand-ins in one process: `python -m workers.simulators mastodon=3000 receiver=3001`.

Whoever opened their sockets already gives their numbers instead, with `--inherited`.
"""

import argparse
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from socket import socket

from workers.simulators.serving import listen, served_on

#: The factory of each stand-in, by the name it is asked for.
STAND_INS: Mapping[str, str] = {
    "bluesky": "workers.simulators.bluesky:create_simulator",
    "mastodon": "workers.simulators.mastodon:create_simulator",
    "misago": "workers.simulators.misago:create_simulator",
    "press": "workers.simulators.press:create_press",
    "receiver": "workers.simulators.receiver:create_receiver",
    "wordpress": "workers.simulators.wordpress:create_simulator",
}


def main() -> None:
    """Serve every stand-in that was asked for until the process is told to stop."""
    parser = argparse.ArgumentParser(description="Stand-ins of platforms, in one process.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--inherited", action="store_true", help="the numbers are those of listening sockets"
    )
    parser.add_argument(
        "standin",
        nargs="+",
        type=_asked,
        metavar="NAME=NUMBER",
        help=f"one of {', '.join(STAND_INS)}; a port, 0 takes a free one",
    )
    asked = parser.parse_args()
    stopping = {signal.SIGINT, signal.SIGTERM}
    # Before any thread is made, so that all of them leave the signals to this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    with ExitStack() as stack:
        for name, number in asked.standin:
            module, _, factory = STAND_INS[name].partition(":")
            app = getattr(import_module(module), factory)()
            opened = socket(fileno=number) if asked.inherited else listen(asked.host, number)
            address = stack.enter_context(served_on(opened, app))
            sys.stdout.write(f"ready {name} {address}\n")
            sys.stdout.flush()
        signal.sigwait(stopping)


def _asked(given: str) -> tuple[str, int]:
    name, _, number = given.partition("=")
    if name not in STAND_INS or not number.isdigit():
        raise argparse.ArgumentTypeError(f"{given} is not NAME=NUMBER with a name of a stand-in")
    return name, int(number)


if __name__ == "__main__":
    main()
