import json
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from hub.embedded.environment import (
    PORTS,
    AlreadyRunning,
    CannotStart,
    claim,
    free_port,
    load_or_create_secrets,
    open_log,
    prepare_folder,
    remembered_port,
)


def test_secrets_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    made = load_or_create_secrets(tmp_path)
    again = load_or_create_secrets(tmp_path)

    assert again == made
    assert len(made.secret_key) == 48
    assert re.fullmatch("[0-9a-f]{16}", made.identity)
    values = json.loads((tmp_path / "secrets.json").read_text()).values()
    assert len(set(values)) == 6
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets.json"]


def test_secrets_that_others_could_read_are_closed_again(tmp_path: Path) -> None:
    made = load_or_create_secrets(tmp_path)
    (tmp_path / "secrets.json").chmod(0o644)

    assert load_or_create_secrets(tmp_path) == made
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_secrets_are_not_shown_by_accident(tmp_path: Path) -> None:
    made = load_or_create_secrets(tmp_path)

    assert made.secret_key not in repr(made)
    assert made.app_password not in repr(made)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"identity": "x"}'])
def test_damaged_secrets_are_never_replaced(tmp_path: Path, damage: str) -> None:
    (tmp_path / "secrets.json").write_text(damage)

    with pytest.raises(CannotStart, match=r"damaged\. Restore it from a backup"):
        load_or_create_secrets(tmp_path)

    assert (tmp_path / "secrets.json").read_text() == damage


def test_a_port_is_remembered_while_it_is_free(tmp_path: Path) -> None:
    port = remembered_port(tmp_path, "postgres")

    assert port in PORTS
    assert remembered_port(tmp_path, "postgres") == port
    assert remembered_port(tmp_path, "valkey") != port


def test_a_port_taken_meanwhile_gives_way_to_another_which_is_remembered(tmp_path: Path) -> None:
    port = remembered_port(tmp_path, "postgres")
    with socket.create_server(("127.0.0.1", port)):
        other = remembered_port(tmp_path, "postgres")

    assert other != port
    assert remembered_port(tmp_path, "postgres") == other


def test_a_preferred_port_is_taken_when_it_is_free(tmp_path: Path) -> None:
    wanted = free_port()

    assert remembered_port(tmp_path, "api", preferred=wanted) == wanted
    with socket.create_server(("127.0.0.1", wanted)):
        assert remembered_port(tmp_path, "other", preferred=wanted) != wanted


def test_damaged_ports_are_only_forgotten(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("[1, 2")

    assert remembered_port(tmp_path, "postgres") in PORTS


def test_the_last_log_is_kept_and_the_one_before_is_not(tmp_path: Path) -> None:
    for run in ("first", "second", "third"):
        open_log(tmp_path, "api").write_text(run)

    assert (tmp_path / "logs/api.log").read_text() == "third"
    assert (tmp_path / "logs/api.previous.log").read_text() == "second"
    assert len(list((tmp_path / "logs").iterdir())) == 2


async def test_a_folder_has_one_holder_who_is_named_to_the_second(tmp_path: Path) -> None:
    async with claim(tmp_path) as held:
        held.announce("http://127.0.0.1:8000")
        with pytest.raises(AlreadyRunning) as refused:
            async with claim(tmp_path):
                pass

    assert refused.value.pid == os.getpid()
    assert str(refused.value) == (
        f"The hub of {tmp_path} is already running (process {os.getpid()}, "
        "at http://127.0.0.1:8000). Use that one, stop it first, or choose another folder with "
        "--data-dir (HUB_DATA_DIR)."
    )
    async with claim(tmp_path):
        pass


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match=r"data folder .*/file/\.hub cannot be made: Not a dir"):
        prepare_folder(tmp_path / "file" / ".hub")
