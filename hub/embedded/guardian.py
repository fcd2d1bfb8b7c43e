"""A tiny process that outlives ours just long enough to end our children, however we died."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from socket import socket
from subprocess import DEVNULL, STDOUT, Popen

from hub.embedded import processes
from hub.embedded.account import Account

# A child enters itself into the guardian's book before it becomes what it should be: there is no
# moment at which we could die and leave a child the guardian has not heard of. The pipe is the
# child's standard input, so that a child running as another user can write to it.
ENTER = 'echo "+ $$ $0" >&0; exec "$@" </dev/null'

# Reads "+ pid signal" and "- pid" until the pipe closes, which the kernel does when we die. Then
# each child gets its signal; after three seconds whatever is left of its group is killed.
WATCH = """
trap '' INT TERM HUP QUIT
book=
while read -r what pid signal; do
  kept=
  for entry in $book; do [ "${entry%:*}" = "$pid" ] || kept="$kept $entry"; done
  book=$kept
  [ "$what" = - ] || book="$book $pid:$signal"
done
for entry in $book; do kill -s "${entry#*:}" "${entry%:*}" || :; done
tries=0
while [ -n "$book" ] && [ $tries -lt 30 ]; do
  kept=
  for entry in $book; do
    if kill -0 "${entry%:*}"; then kept="$kept $entry"
    else kill -s KILL -- "-${entry%:*}"; fi
  done
  book=$kept
  [ -z "$book" ] || sleep 0.1
  tries=$((tries + 1))
done
for entry in $book; do kill -s KILL -- "-${entry%:*}"; done
"""


class Guardian:
    """Starts children in groups of their own and lets none of them outlive us."""

    def __init__(self) -> None:
        self._book: dict[int, str] = {}
        self._open()

    @property
    def pid(self) -> int:
        """The process id of the guardian itself."""
        return self._process.pid

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path,
        account: Account,
        sockets: Sequence[socket] = (),
        last_wish: signal.Signals = signal.SIGTERM,
    ) -> Popen[bytes]:
        """Start a program whose output goes to `log`; `last_wish` is its signal if we die.

        It inherits `sockets` under their numbers.
        """
        if self._process.poll() is not None:
            self._reopen()
        wish = last_wish.name.removeprefix("SIG")
        with log.open("ab") as output:
            process = Popen(  # noqa: S603 - commands of the hub itself, through no shell
                ["/bin/sh", "-c", ENTER, wish, *argv],
                stdin=self._pipe,
                stdout=output,
                stderr=STDOUT,
                env=dict(env),
                cwd=cwd,
                pass_fds=[one.fileno() for one in sockets],
                start_new_session=True,
                user=account.uid,
                group=account.gid,
                extra_groups=account.groups,
            )
        self._book[process.pid] = wish
        return process

    async def stop(
        self, process: Popen[bytes], *signals: signal.Signals, seconds: float = 10.0
    ) -> bool:
        """Send each signal in turn, waiting so long after each; then kill the whole group.

        Says whether the process went before it had to be killed.
        """
        for number in signals:
            if not processes.has_ended(process):
                os.kill(process.pid, number)
            if await processes.ended(process, seconds=seconds):
                self.collect(process)
                return True
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await processes.ended(process, seconds=seconds)
        self.collect(process)
        return False

    def collect(self, process: Popen[bytes]) -> int:
        """Kill what an ended child left of its group, strike it out and return its exit code."""
        if self._book.pop(process.pid, None) is not None:
            # While the child is uncollected no stranger can have its number. Nobody may be left in
            # the group; some systems call signalling a group of the dead forbidden.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(BrokenPipeError):
                os.write(self._pipe, f"- {process.pid}\n".encode())
        return process.wait()

    def close(self) -> None:
        """Let the guardian go; it ends the children that were not stopped."""
        os.close(self._pipe)
        self._process.wait()

    def _open(self) -> None:
        reading, self._pipe = os.pipe()
        with os.fdopen(reading, "rb") as book:
            self._process = Popen(  # noqa: S603 - a constant command
                ["/bin/sh", "-c", WATCH, "content-hub-guardian"],
                stdin=book,
                stdout=DEVNULL,
                stderr=DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def _reopen(self) -> None:
        os.close(self._pipe)
        self._open()
        for pid, wish in self._book.items():
            os.write(self._pipe, f"+ {pid} {wish}\n".encode())
