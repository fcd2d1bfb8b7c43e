import asyncio
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hub.embedded import processes
from hub.embedded.environment import CannotStart, claim, free_port
from hub.embedded.supervisor import (
    Child,
    Supervisor,
    http_answers,
    stopping_on_signals,
    wait_before_restart,
)
from tests.embedded.conftest import Held, survivors, until, zombies
from tests.embedded.scripts import FAMILY, HOPELESS, STUBBORN


def family_of(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_the_wait_before_a_restart_doubles_up_to_ten_seconds() -> None:
    waits = [0.0]
    for _ in range(8):
        waits.append(wait_before_restart(previous=waits[-1], lasted=1))

    assert waits[1:] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_child_that_was_healthy_is_restarted_soon() -> None:
    assert wait_before_restart(previous=10, lasted=29.9) == 10
    assert wait_before_restart(previous=10, lasted=30) == 0.2


async def test_a_killed_child_is_restarted_and_its_family_goes_with_it(folder: Path) -> None:
    told: list[str] = []
    child = Child(name="worker", argv=FAMILY)

    async with Supervisor([child], data_dir=folder, tell=told.append) as supervisor:
        await supervisor.ready()
        first = supervisor.pids["worker"]
        await until(lambda: family_of(first))
        orphans = family_of(first)
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids.get("worker", first) != first)
        second = supervisor.pids["worker"]

        assert [pid for pid in [first, *orphans] if processes.is_running(pid)] == []
        await until(lambda: family_of(second))

    log = folder / "logs/worker.log"
    assert told == [f"worker ended (SIGKILL); starting it again in 0.2 s. Its log: {log}"]
    assert not processes.is_running(second)
    assert log.read_text() == f"hello from {first}\nhello from {second}\n"


async def test_a_member_of_the_family_that_dies_concerns_only_its_parent(folder: Path) -> None:
    told: list[str] = []
    script = ("/bin/sh", "-c", "sleep 1000 & wait; wait; exec sleep 1000")

    async with Supervisor(
        [Child(name="worker", argv=script)], data_dir=folder, tell=told.append
    ) as supervisor:
        await supervisor.ready()
        pid = supervisor.pids["worker"]
        await until(lambda: family_of(pid))
        os.kill(family_of(pid)[0], signal.SIGKILL)
        await until(lambda: psutil.Process(pid).name() == "sleep")

    assert told == []


async def test_leaving_stops_everybody_and_kills_who_does_not_listen(folder: Path) -> None:
    children = [Child(name="family", argv=FAMILY), Child(name="stubborn", argv=STUBBORN)]

    async with Supervisor(children, data_dir=folder, stop_seconds=0.3) as supervisor:
        await supervisor.ready()
        await until(lambda: all(family_of(pid) for pid in supervisor.pids.values()))
        everybody = [pid for one in supervisor.pids.values() for pid in [one, *family_of(one)]]
        assert len(everybody) == 4

    await until(lambda: not any(processes.is_running(pid) for pid in everybody))
    assert zombies() == []


async def test_a_child_that_ends_again_and_again_is_reported_with_its_log(folder: Path) -> None:
    told: list[str] = []
    child = Child(name="api", argv=HOPELESS, ready=http_answers("127.0.0.1", 9, "/"))

    with pytest.raises(CannotStart, match=r"api ends again and again(.|\n)*no such luck"):
        async with Supervisor([child], data_dir=folder, tell=told.append) as supervisor:
            await supervisor.ready()

    assert [line.partition(". Its")[0] for line in told] == [
        "api ended (exit code 3); starting it again in 0.2 s",
        "api ended (exit code 3); starting it again in 0.4 s",
        "api ended (exit code 3); starting it again in 0.8 s",
    ]


async def test_a_child_that_is_not_ready_in_time_is_reported(folder: Path) -> None:
    child = Child(name="api", argv=FAMILY, ready=http_answers("127.0.0.1", 9, "/"))

    async with Supervisor([child], data_dir=folder) as supervisor:
        with pytest.raises(CannotStart, match="api is not ready after 0 s"):
            await supervisor.ready(seconds=0.2)


async def test_a_child_is_ready_when_it_answers(folder: Path) -> None:
    port = free_port()
    server = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1")
    check = http_answers("127.0.0.1", port, "/")
    assert not await check()

    async with Supervisor(
        [Child(name="api", argv=server, ready=check)], data_dir=folder
    ) as supervisor:
        await supervisor.ready()

        assert await check()
        assert not await http_answers("127.0.0.1", port, "/nothing-here")()

    assert not await check()


async def test_output_goes_to_the_log_and_when_asked_to_the_terminal(folder: Path) -> None:
    terminal = io.StringIO()
    script = ("/bin/sh", "-c", 'echo "$GREETING"; echo error >&2; exec sleep 1000')
    child = Child(name="api", argv=script, env={"GREETING": "été"})

    async with Supervisor([child], data_dir=folder, mirror=terminal):
        await until(lambda: "error" in (folder / "logs/api.log").read_text())

    assert (folder / "logs/api.log").read_text() == "été\nerror\n"
    assert terminal.getvalue() == "api | été\napi | error\n"


async def test_a_child_is_guarded_even_when_the_guardian_had_been_killed(folder: Path) -> None:
    async with Supervisor([Child(name="worker", argv=FAMILY)], data_dir=folder) as supervisor:
        await supervisor.ready()
        first = supervisor.pids["worker"]
        guardian = supervisor._guardian.pid
        os.kill(guardian, signal.SIGKILL)
        await until(lambda: not processes.is_running(guardian))
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids.get("worker", first) != first)

        assert processes.is_running(supervisor.pids["worker"])
        assert processes.is_running(supervisor._guardian.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_cleanly(
    folder: Path, hold: Callable[..., Held], number: signal.Signals
) -> None:
    held = hold("children", folder)
    assert set(held.says["pids"]) == {"family", "stubborn"}

    assert held.signal(number) == 0
    assert survivors(folder) == []


async def test_nothing_outlives_a_supervisor_that_is_killed(
    folder: Path, hold: Callable[..., Held]
) -> None:
    held = hold("children", folder)
    assert len(survivors(folder)) >= 4

    assert held.signal(signal.SIGKILL) == -9

    await until(lambda: survivors(folder) == [])


async def test_what_a_killed_hub_left_is_ended_by_the_next_one(folder: Path) -> None:
    marked = {**os.environ, processes.MARK: str(folder)}
    left = await asyncio.create_subprocess_exec(*STUBBORN, env=marked)
    other = await asyncio.create_subprocess_exec(
        *STUBBORN, env=marked | {processes.MARK: f"{folder}-other"}
    )
    try:
        await until(lambda: processes.marked(folder))

        async with claim(folder):
            assert processes.marked(folder) == []
            assert await left.wait() == -9
            assert other.returncode is None
    finally:
        processes.send(processes.marked(Path(f"{folder}-other")), signal.SIGKILL)
        await other.wait()


async def test_only_a_signal_ends_the_block_quietly() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with stopping_on_signals():
            raise asyncio.CancelledError


async def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    cleaned = False

    async with stopping_on_signals() as stopping:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            cleaned = True

    assert cleaned
    assert stopping.received is signal.SIGTERM
