"""The API as a process of its own: `python -m schema`, on HUB_HOST:HUB_PORT or a socket given."""

import argparse
import socket

import uvicorn

from hub.kernel.settings import Settings
from schema.wire import RecallingProtocol

APP = "schema.app:create_app"
STOP_SECONDS = 10


def main() -> None:
    """Serve until a signal says stop; what is being answered then is finished first."""
    parser = argparse.ArgumentParser(prog="python -m schema", description=__doc__)
    parser.add_argument(
        "--fd", type=int, metavar="NUMBER", help="descriptor of a listening socket to serve"
    )
    asked = parser.parse_args()
    server = uvicorn.Server(configuration(Settings()))
    # A socket made from its number knows its family; what uvicorn makes of a number does not, and
    # would delay small answers.
    server.run(sockets=None if asked.fd is None else [socket.socket(fileno=asked.fd)])


def configuration(settings: Settings) -> uvicorn.Config:
    """Return how the API is served, wherever it is served."""
    return uvicorn.Config(
        APP,
        factory=True,
        host=settings.host,
        port=settings.port,
        http=RecallingProtocol,
        ws="websockets-sansio",
        ws_max_size=settings.body_bytes,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
