"""A server of the toy schema in a process of its own, on a free port of the loopback."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Served:
    url: str
    host: str
    port: int
    pid: int


@contextmanager
def served_toy(**settings: Any) -> Iterator[Served]:
    """Serve until the block ends; connections wait in the backlog while the server starts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.schema.base.toy"),
                *(str(listener.fileno()), json.dumps(settings)),
            ],
            pass_fds=[listener.fileno()],
        )
    try:
        yield Served(f"http://127.0.0.1:{port}/graphql", "127.0.0.1", port, process.pid)
    finally:
        process.terminate()
        process.wait(10)
