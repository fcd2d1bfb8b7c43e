"""Both servers together, for as long as somebody needs them."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.embedded.account import SYSTEM_DIR, Home, find_home, leave_note
from hub.embedded.environment import (
    CannotStart,
    Claim,
    Secrets,
    claim,
    load_or_create_secrets,
    lock,
)
from hub.embedded.guardian import Guardian
from hub.embedded.postgres import Postgres
from hub.embedded.server import Server
from hub.embedded.valkey import Valkey

Tell = Callable[[str], None]
CRASH_CHECK_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0

tell_by_log: Tell = logging.getLogger(__name__).warning


@dataclass(frozen=True, kw_only=True)
class EmbeddedServers:
    """Running servers and how to reach them. Nothing in here is tied to one event loop."""

    postgres: Postgres
    valkey: Valkey
    secrets: Secrets
    home: Home
    claim: Claim

    @property
    def admin_url(self) -> str:
        """PostgreSQL as superuser."""
        return self.postgres.admin_url

    @property
    def migrate_url(self) -> str:
        """PostgreSQL as the owner of the tables."""
        return self.postgres.migrate_url

    @property
    def database_url(self) -> str:
        """PostgreSQL as the application."""
        return self.postgres.database_url

    @property
    def redis_url(self) -> str:
        """Valkey, database 0."""
        return self.valkey.redis_url

    def announce(self, address: str) -> None:
        """Say where the hub answers, for whoever tries to start a second one."""
        self.claim.announce(address)


@asynccontextmanager
async def embedded_servers(
    data_dir: Path,
    *,
    fsync: bool = True,
    keep: bool = True,
    tell: Tell = tell_by_log,
    system_dir: Path = SYSTEM_DIR,
) -> AsyncIterator[EmbeddedServers]:
    """Run PostgreSQL and Valkey on the data in a folder, made at the first start.

    With `keep` a server that crashes is started again on its port, and `tell` hears of it;
    `fsync=False` is for data nobody will miss. As root, a folder that the user nobody cannot reach
    has its database under `system_dir`. Raises AlreadyRunning or CannotStart.
    """
    async with claim(data_dir) as held:
        secrets = load_or_create_secrets(held.folder)
        home = find_home(held.folder, identity=secrets.identity, system_dir=system_dir)
        with ExitStack() as locks:
            if home.folder != held.folder:
                # A copy of the data folder would come to the same database.
                locks.enter_context(lock(home.folder))
            leave_note(held.folder, home)
            async with _running(held, home, secrets, fsync=fsync) as servers:
                keepers = _keepers(servers, tell) if keep else []
                try:
                    yield servers
                finally:
                    for keeper in keepers:
                        keeper.cancel()
                    await asyncio.gather(*keepers, return_exceptions=True)


@asynccontextmanager
async def scratch_servers() -> AsyncIterator[EmbeddedServers]:
    """Run both servers on empty data that is thrown away afterwards: fast, and only for tests."""
    home = folder = _scratch_folder()
    try:
        async with embedded_servers(folder, fsync=False, keep=False) as servers:
            home = servers.home.folder
            yield servers
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_servers_held() -> Iterator[EmbeddedServers]:
    """Run `scratch_servers` beside code that has no event loop, or many: a session of tests."""
    # One loop from entering to leaving: closing it would end the servers.
    with asyncio.Runner() as runner:
        scratch = scratch_servers()
        servers = runner.run(scratch.__aenter__())
        try:
            yield servers
        finally:
            runner.run(scratch.__aexit__(None, None, None))


def _scratch_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="content-hub-"))
    # Others may pass through, not look: as root the servers run as another user.
    folder.chmod(0o711)
    return folder


@asynccontextmanager
async def _running(
    held: Claim, home: Home, secrets: Secrets, *, fsync: bool
) -> AsyncIterator[EmbeddedServers]:
    guardian = Guardian()
    valkey = Valkey(data_dir=held.folder, home=home, secrets=secrets, guardian=guardian)
    postgres = Postgres(
        data_dir=held.folder, home=home, secrets=secrets, guardian=guardian, fsync=fsync
    )
    try:
        await valkey.start()
        await postgres.start()
        held.announce(f"127.0.0.1:{postgres.port} (PostgreSQL)")
        yield EmbeddedServers(
            postgres=postgres, valkey=valkey, secrets=secrets, home=home, claim=held
        )
    finally:
        try:
            await asyncio.gather(postgres.stop(), valkey.stop())
        finally:
            guardian.close()


def _keepers(servers: EmbeddedServers, tell: Tell) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(_keep(one, tell)) for one in (servers.postgres, servers.valkey)]


async def _keep(server: Server, tell: Tell) -> None:
    """Start a server again whenever it has crashed."""
    while True:
        await asyncio.sleep(CRASH_CHECK_SECONDS)
        if server.has_crashed:
            tell(f"{server.name} ended unexpectedly; starting it again.")
            await _revive(server, tell)


async def _revive(server: Server, tell: Tell) -> None:
    wait = CRASH_CHECK_SECONDS
    while True:
        try:
            return await server.restart()
        except CannotStart as error:
            tell(f"{error}\nTrying again in {wait:.1f} s.")
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)
