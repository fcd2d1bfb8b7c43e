"""What the embedded default keeps in its data folder: secrets, ports, logs and the lock."""

import fcntl
import json
import os
import pwd
import random
import secrets
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from hub.embedded import processes

# Below the range the kernel takes for outgoing connections, so a port stays free between runs.
PORTS = range(20_000, 32_000)
LOG_TAIL_BYTES = 2_000
BACKLOG = 2_048
TRIES = 20


class CannotStart(Exception):
    """The embedded default does not run; the message says why and what to do."""


class AlreadyRunning(CannotStart):
    """Another living process uses the same data folder."""

    def __init__(self, *, folder: Path, pid: int | None, address: str) -> None:
        where = f", at {address}" if address else ""
        super().__init__(
            f"The hub of {folder} is already running (process {pid or 'unknown'}{where}). "
            "Use that one, stop it first, or choose another folder with --data-dir (HUB_DATA_DIR)."
        )
        self.pid = pid
        self.address = address


@dataclass(frozen=True, kw_only=True, repr=False)
class Secrets:
    """Made once per data folder. `identity` is no secret: it names the folder wherever it moves."""

    identity: str
    secret_key: str
    postgres_password: str
    owner_password: str
    app_password: str
    valkey_password: str

    @classmethod
    def fresh(cls) -> "Secrets":
        """Make new ones; the passwords need no quoting in URLs, SQL or configuration files."""
        passwords = {field.name: secrets.token_hex(24) for field in fields(cls)}
        return cls(**passwords | {"identity": secrets.token_hex(8)})


def prepare_folder(data_dir: Path) -> Path:
    """Create the data folder where it is missing and return its real path.

    Raises CannotStart when it cannot be written.
    """
    # As root the database runs as another user, who must be able to pass through, not to look.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        if not data_dir.is_dir():
            data_dir.mkdir(parents=True)
            data_dir.chmod(mode)
        folder = data_dir.resolve(strict=True)
    except OSError as error:
        raise CannotStart(f"The data folder {data_dir} cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(
            f"The data folder {folder} belongs to {_name(folder.stat().st_uid)} and "
            f"{_name(os.geteuid())} cannot write to it. "
            "Run the hub as its owner, or choose another folder with --data-dir (HUB_DATA_DIR)."
        )
    return folder


def load_or_create_secrets(data_dir: Path) -> Secrets:
    """Return the secrets of a data folder, made at the first call and stored readable by us alone.

    Raises CannotStart when they exist and cannot be read: new ones would not fit the database.
    """
    path = data_dir / "secrets.json"
    if not path.exists():
        made = Secrets.fresh()
        write_private(path, json.dumps(asdict(made), indent=2) + "\n")
        return made
    try:
        path.chmod(0o600)
        return Secrets(**json.loads(path.read_text()))
    except PermissionError:
        raise CannotStart(
            f"{path} belongs to {_name(path.stat().st_uid)} and {_name(os.geteuid())} cannot read "
            "it. Run the hub as its owner, or choose another folder with --data-dir (HUB_DATA_DIR)."
        ) from None
    except (ValueError, TypeError):
        raise CannotStart(
            f"{path} is damaged. Restore it from a backup: the database and the stored credentials "
            "cannot be opened without it."
        ) from None


def write_private(path: Path, text: str, *, uid: int = -1, gid: int = -1) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        os.fchown(file.fileno(), uid, gid)
    draft.replace(path)


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # Connections of the last run may linger; a server would take the port all the same.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
        return True


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes a free one. Raises OSError when taken.

    Whoever is to answer inherits it: no moment passes in which another program could take the port,
    and connections wait while the one that answers is started, or started again.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port or free_port()), family=family, backlog=BACKLOG)


def remembered_listening(
    data_dir: Path, name: str, *, host: str, preferred: int | None = None
) -> socket.socket:
    """Return a socket listening on the port this server had last time, or on another free one."""
    for _ in range(TRIES):
        port = remembered_port(data_dir, name, preferred=preferred)
        with suppress(OSError):
            return listening(host, port)
    raise CannotStart(f"No port could be opened on {host}.")


def free_port(*, avoid: Collection[int] = ()) -> int:
    """Return a port of 127.0.0.1 nobody listens on now."""
    choice = random.SystemRandom()
    for _ in range(200):
        port = choice.choice(PORTS)
        if port not in avoid and is_free(port):
            return port
    raise CannotStart("No free port was found on 127.0.0.1.")


def remembered_port(
    data_dir: Path, name: str, *, preferred: int | None = None, avoid: Collection[int] = ()
) -> int:
    """Return the port this server had last time, or another one when that is taken now."""
    path = data_dir / "ports.json"
    known = _read_json(path)
    for port in (known.get(name), preferred):
        if isinstance(port, int) and port not in avoid and is_free(port):
            break
    else:
        port = free_port(avoid={*avoid, *known.values()})
    if known.get(name) != port:
        write_private(path, json.dumps(known | {name: port}) + "\n")
    return port


def open_log(data_dir: Path, name: str) -> Path:
    """Return the path of an empty log; what the last run wrote is kept as `<name>.previous.log`."""
    folder = data_dir / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists():
        path.replace(folder / f"{name}.previous.log")
    path.touch(mode=0o600)
    return path


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    lines = log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").splitlines()
    return "\n".join(lines[-12:])


class Claim:
    """The right to use a data folder, held until the process ends."""

    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self.folder = folder
        self._file = file

    def announce(self, address: str) -> None:
        """Leave word where the hub answers, for whoever tries to start a second one."""
        _sign(self._file, address)


@asynccontextmanager
async def claim(data_dir: Path) -> AsyncIterator[Claim]:
    """Hold a data folder, after ending what a killed hub may have left running there.

    Raises AlreadyRunning while somebody else holds it, CannotStart when it cannot be written.
    """
    folder = prepare_folder(data_dir)
    with lock(folder) as file:
        await processes.end_leftovers(folder)
        yield Claim(folder, file)


def lock(folder: Path) -> BinaryIO:
    """Lock a folder until the returned file is closed; the kernel unlocks it if we are killed."""
    try:
        file = os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except PermissionError:
        raise CannotStart(
            f"{folder / 'lock'} belongs to another user. Run the hub as the owner of {folder}."
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        held = _read_json(folder / "lock")
        raise AlreadyRunning(
            folder=folder, pid=held.get("pid"), address=str(held.get("address", ""))
        ) from None
    _sign(file, "")
    return file


def _sign(file: BinaryIO, address: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"pid": os.getpid(), "address": address}).encode())
    file.flush()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _name(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"
