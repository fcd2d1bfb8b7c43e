import asyncio
import os
import re
import socket
import stat
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from hub.embedded.environment import AlreadyRunning
from hub.embedded.servers import (
    embedded_servers,
    scratch_servers,
    scratch_servers_held,
)
from tests.embedded.conftest import as_root, survivors
from tests.embedded.database import addresses, connected, remember, remembered

FRENCH = "SELECT to_tsvector('french', 'ÉCOLES') @@ plainto_tsquery('french', 'école')"


async def test_a_second_start_finds_the_data_the_addresses_and_the_passwords(folder: Path) -> None:
    async with embedded_servers(folder) as servers:
        first = addresses(servers)
        await remember(servers.migrate_url, "kept")

    async with embedded_servers(folder) as servers:
        assert addresses(servers) == first
        assert await remembered(servers.migrate_url) == ["kept"]
    assert survivors(folder) == []
    shape = r"postgresql\+asyncpg://hub_app:[0-9a-f]{48}@127\.0\.0\.1:\d{5}/hub"
    assert re.fullmatch(shape, first[2])
    assert re.fullmatch(r"redis://:[0-9a-f]{48}@127\.0\.0\.1:\d{5}/0", first[3])


async def test_the_roles_may_do_what_they_must_and_no_more(folder: Path) -> None:
    async with embedded_servers(folder, fsync=False) as servers:
        async with connected(servers.admin_url) as admin:
            roles = await admin.fetch(
                "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,"
                " rolreplication, rolcanlogin FROM pg_roles WHERE rolname LIKE 'hub%' ORDER BY 1"
            )
            assert [tuple(role) for role in roles] == [
                ("hub_app", False, False, False, False, False, True),
                ("hub_owner", False, False, False, False, False, True),
            ]
            owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'hub'"
            assert await admin.fetchval(owner) == "hub_owner"
        await remember(servers.migrate_url, "private")
        async with connected(servers.database_url) as app:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute("CREATE TABLE mine (id int)")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.fetch("SELECT * FROM words")
            assert await app.fetchval("SELECT lower('ÉTÉ')") == "été"
            assert await app.fetchval(FRENCH)


async def test_nobody_comes_in_without_the_password(folder: Path) -> None:
    async with embedded_servers(folder, fsync=False) as servers:
        stranger = servers.database_url.replace(servers.secrets.app_password, "guess")
        with pytest.raises(asyncpg.InvalidPasswordError):
            async with connected(stranger):
                pass
        async with Redis.from_url(servers.redis_url.replace("redis://:", "redis://:x")) as redis:
            with pytest.raises(AuthenticationError):
                await redis.ping()
        secrets = [servers.secrets.postgres_password, servers.secrets.valkey_password]
        for process in (servers.postgres.pid, servers.valkey.pid):
            command = " ".join(psutil.Process(process).cmdline())
            assert not any(secret in command for secret in secrets)
        for name in ("secrets.json", "valkey.conf", "ports.json", "lock", "logs/postgres.log"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


async def test_the_queue_keeps_nothing_on_disk_and_refuses_rather_than_forgets(
    folder: Path,
) -> None:
    async with embedded_servers(folder) as servers, Redis.from_url(servers.redis_url) as redis:
        assert await redis.ping()
        settings = await redis.config_get("save", "appendonly", "maxmemory-policy", "maxmemory")
        assert settings == {
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "maxmemory": str(64 * 1024 * 1024),
        }


async def test_a_second_start_beside_the_first_is_told_who_and_where(folder: Path) -> None:
    async with embedded_servers(folder, fsync=False) as servers:
        servers.announce("http://127.0.0.1:8000")
        with pytest.raises(AlreadyRunning) as refused:
            async with embedded_servers(folder):
                pass

        assert (refused.value.pid, refused.value.address) == (os.getpid(), "http://127.0.0.1:8000")
        async with Redis.from_url(servers.redis_url) as redis:
            assert await redis.ping()
        async with connected(servers.database_url) as app:
            assert await app.fetchval("SELECT 1") == 1


async def test_servers_can_be_stopped_and_started_by_hand(folder: Path) -> None:
    told: list[str] = []
    async with embedded_servers(folder, fsync=False, tell=told.append) as servers:
        before = addresses(servers)
        await remember(servers.migrate_url, "written")
        await servers.postgres.stop()
        assert servers.postgres.pid is None
        with pytest.raises(ConnectionRefusedError):
            async with connected(servers.migrate_url):
                pass
        await servers.postgres.start()
        await servers.valkey.restart()

        assert await remembered(servers.migrate_url) == ["written"]
        assert addresses(servers) == before
    assert told == []


async def test_a_port_taken_meanwhile_gives_way_to_another(folder: Path) -> None:
    async with embedded_servers(folder, fsync=False) as servers:
        ports = servers.postgres.port, servers.valkey.port
        await remember(servers.migrate_url, "written")

    with (
        socket.create_server(("127.0.0.1", ports[0])),
        socket.create_server(("127.0.0.1", ports[1])),
    ):
        async with embedded_servers(folder, fsync=False) as servers:
            others = servers.postgres.port, servers.valkey.port
            assert await remembered(servers.migrate_url) == ["written"]

    assert set(ports).isdisjoint(others)
    async with embedded_servers(folder, fsync=False) as servers:
        assert (servers.postgres.port, servers.valkey.port) == others


async def test_a_port_lost_between_the_look_and_the_start_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (folder / "ports.json").write_text(f'{{"postgres": {port}, "valkey": {port}}}')
        # Somebody takes the port just after it was found free: no real race is that reliable.
        monkeypatch.setattr("hub.embedded.environment.is_free", lambda _: True)

        async with embedded_servers(folder, fsync=False) as servers:
            assert port not in {servers.postgres.port, servers.valkey.port}


async def test_a_folder_deep_down_with_spaces_and_accents_will_do(folder: Path) -> None:
    deep = folder / ("a long way down " * 6) / ("encore plus é" * 6)
    assert len(str(deep).encode()) > 180

    async with embedded_servers(deep, fsync=False) as servers:
        async with Redis.from_url(servers.redis_url) as redis:
            assert await redis.ping()
        async with connected(servers.database_url) as app:
            assert await app.fetchval("SELECT 1") == 1


async def test_scratch_servers_leave_nothing_behind() -> None:
    async with scratch_servers() as servers:
        home = servers.home.folder
        async with connected(servers.admin_url) as admin:
            await admin.execute("CREATE DATABASE another OWNER hub_owner")
            assert await admin.fetchval("SHOW fsync") == "off"
        assert home.exists()

    assert not home.exists()
    assert not servers.claim.folder.exists()
    assert survivors(home) == []


def test_scratch_servers_can_be_held_beside_many_event_loops() -> None:
    async def answers(url: str) -> bool:
        async with connected(url) as app:
            return bool(await app.fetchval("SELECT true"))

    with scratch_servers_held() as servers:
        home = servers.home.folder
        assert [asyncio.run(answers(servers.database_url)) for _ in range(2)] == [True, True]

    assert not home.exists()
    assert survivors(home) == []


async def test_both_servers_together_are_small(folder: Path) -> None:
    async with embedded_servers(folder) as servers:
        assert servers.postgres.pid is not None
        assert servers.valkey.pid is not None
        everybody = [servers.postgres.pid, servers.valkey.pid, servers.postgres.guardian.pid]
        everybody += [one.pid for one in psutil.Process(servers.postgres.pid).children()]
        total = sum(kilobytes(pid) for pid in everybody)

    assert len(everybody) >= 7
    assert 5_000 < total < 60_000


def kilobytes(pid: int) -> int:
    """The proportional size of a process; nothing for a worker that ended since."""
    with suppress(FileNotFoundError, ProcessLookupError):
        sizes = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.findall(r"(?m)^Pss: +(\d+) kB", sizes)[0])
    return 0


@as_root
async def test_as_root_the_servers_run_as_nobody(folder: Path) -> None:
    async with embedded_servers(folder, fsync=False) as servers:
        users = [psutil.Process(s.pid).uids() for s in (servers.postgres, servers.valkey)]

        assert {tuple(ids) for ids in users} == {(65534, 65534, 65534)}
        assert servers.home.folder == folder
        assert stat.S_IMODE((folder / "postgres").stat().st_mode) == 0o700
        assert (folder / "secrets.json").stat().st_uid == 0
