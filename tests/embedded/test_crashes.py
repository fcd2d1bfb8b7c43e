import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.embedded import processes
from hub.embedded.environment import CannotStart
from hub.embedded.servers import (
    embedded_servers,
)
from tests.embedded.conftest import Held, survivors, until
from tests.embedded.database import addresses, connected, remember, remembered, until_works


async def test_a_killed_hub_leaves_nothing_running_and_everything_written(
    folder: Path, hold: Callable[..., Held]
) -> None:
    held = hold("servers", folder)
    await remember(held.says["migrate_url"], "written")

    assert held.signal(signal.SIGKILL) == -9

    await until(lambda: survivors(folder) == [], seconds=5)
    async with embedded_servers(folder) as servers:
        assert servers.migrate_url == held.says["migrate_url"]
        assert await remembered(servers.migrate_url) == ["written"]


async def test_servers_that_outlived_their_hub_are_taken_over(
    folder: Path, hold: Callable[..., Held]
) -> None:
    held = hold("servers", folder)
    await remember(held.says["migrate_url"], "written")
    os.kill(held.says["guardian"], signal.SIGKILL)
    held.signal(signal.SIGKILL)
    assert all(processes.is_running(pid) for pid in held.says["pids"])

    async with embedded_servers(folder) as servers:
        assert not any(processes.is_running(pid) for pid in held.says["pids"])
        assert servers.redis_url == held.says["redis_url"]
        assert await remembered(servers.migrate_url) == ["written"]


async def test_a_signal_stops_the_servers_cleanly(folder: Path, hold: Callable[..., Held]) -> None:
    held = hold("servers", folder)

    assert held.signal(signal.SIGTERM) == 0

    assert survivors(folder) == []
    assert "database system is shut down" in (folder / "logs/postgres.log").read_text()
    assert not (folder / "postgres/postmaster.pid").exists()


async def test_a_server_that_crashes_comes_back_at_its_address(folder: Path) -> None:
    told: list[str] = []
    async with embedded_servers(folder, tell=told.append) as servers:
        before = addresses(servers)
        await remember(servers.migrate_url, "written")
        for server in (servers.postgres, servers.valkey):
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await until(told.copy)
            assert told == [f"{server.name} ended unexpectedly; starting it again."]
            await until_works(servers)
            told.clear()
        assert await remembered(servers.migrate_url) == ["written"]
        assert addresses(servers) == before


async def test_a_crash_of_the_database_is_recovered_by_the_next_start(folder: Path) -> None:
    async with embedded_servers(folder, keep=False) as servers:
        await remember(servers.migrate_url, "written")
        assert servers.postgres.pid is not None
        os.kill(servers.postgres.pid, signal.SIGKILL)
        await until(lambda: servers.postgres.has_crashed)

    async with embedded_servers(folder) as servers:
        assert await remembered(servers.migrate_url) == ["written"]
    assert "was not properly shut down" in (folder / "logs/postgres.log").read_text()


@pytest.mark.parametrize("command", ["exec sleep 1000", "exit"], ids=["living", "dead"])
async def test_a_lock_that_names_a_stranger_does_not_stop_the_start(
    folder: Path, command: str
) -> None:
    async with embedded_servers(folder, keep=False) as servers:
        owner = (folder / "postgres").stat()
        assert servers.postgres.pid is not None
        os.kill(servers.postgres.pid, signal.SIGKILL)
        await until(lambda: servers.postgres.has_crashed)
    user = owner.st_uid if os.geteuid() == 0 else None
    # Left uncollected when it ends: its number stays taken, as under an idle first process.
    stranger = subprocess.Popen(["/bin/sh", "-c", command], user=user)  # noqa: ASYNC220 - it returns at once
    lock = folder / "postgres/postmaster.pid"
    lock.write_text("\n".join([str(stranger.pid), *lock.read_text().splitlines()[1:]]) + "\n")
    await until(lambda: command != "exit" or not processes.is_running(stranger.pid))

    try:
        async with embedded_servers(folder) as servers, connected(servers.database_url) as app:
            assert await app.fetchval("SELECT 1") == 1
            assert processes.is_taken(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_first_start_that_was_cut_short_is_begun_again(folder: Path) -> None:
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    async with embedded_servers(folder, fsync=False) as servers:
        await remember(servers.migrate_url, "written")

    assert not half.exists()
    assert not (folder / "postgres.password").exists()


async def test_a_start_that_is_cancelled_leaves_nothing(folder: Path) -> None:
    async def start() -> None:
        async with embedded_servers(folder, fsync=False):
            raise AssertionError

    task = asyncio.create_task(start())
    await until(lambda: (folder / "postgres.new/base").exists() or task.done())
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: survivors(folder) == [])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("version", "is no database of ours"),
        ("release", "was written by PostgreSQL 14, and this is 18. Dump it"),
        ("control", "postgres did not start. Its log"),
        ("secrets", "are not those of the database in"),
    ],
)
async def test_a_start_that_fails_says_why_and_leaves_nothing(
    folder: Path, damage: str, says: str
) -> None:
    async with embedded_servers(folder, fsync=False):
        pass
    victim = {
        "version": folder / "postgres/PG_VERSION",
        "release": folder / "postgres/PG_VERSION",
        "control": folder / "postgres/global/pg_control",
        "secrets": folder / "secrets.json",
    }[damage]
    if damage == "release":
        victim.write_text("14\n")
    else:
        victim.unlink()

    with pytest.raises(CannotStart, match=says):
        async with embedded_servers(folder, fsync=False):
            pass

    assert survivors(folder) == []
