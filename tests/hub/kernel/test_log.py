"""Logs are JSON lines without secrets."""

import logging
import subprocess
import sys
from typing import Any

import orjson
import pytest

from hub.kernel.log import scrub
from hub.kernel.secrets import new_token


def scrubbed(**entry: Any) -> dict[str, Any]:
    return scrub(None, "info", entry)


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "Authorization",
        "client_secret",
        "PASSWORD",
        "credentials",
        "api_key",
    ],
)
def test_a_value_with_a_secret_sounding_name_is_never_shown(name: str) -> None:
    assert scrubbed(**{name: "plain"}) == {name: "[scrubbed]"}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("called with hub_pat_" + "aB3" * 16 + " twice", "called with [scrubbed] twice"),
        ("Authorization: Bearer abc.def-1", "Authorization: [scrubbed]"),
        ("authorization: bearer abc.def-1", "authorization: [scrubbed]"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=", "[scrubbed]"),
        ("redis://user:pass@host:1/0", "redis://[scrubbed]@host:1/0"),
        ("postgresql+asyncpg://hub_app:p%40ss@db/hub", "postgresql+asyncpg://[scrubbed]@db/hub"),
        ("https://social.example/@brand", "https://social.example/@brand"),
        ("hub_pat is a prefix, the bearer is not", "hub_pat is a prefix, the bearer is not"),
    ],
)
def test_what_looks_like_a_secret_is_cut_out_of_text(line: str, shown: str) -> None:
    assert scrubbed(event=line) == {"event": shown}


def test_secrets_inside_of_lists_and_objects_are_cut_out_too() -> None:
    token = new_token("pat")

    shown = scrubbed(
        request={"headers": {"authorization": "plain", "accept": "text/html"}, "args": [token, 1]},
        count=3,
    )

    assert shown == {
        "request": {
            "headers": {"authorization": "[scrubbed]", "accept": "text/html"},
            "args": ["[scrubbed]", 1],
        },
        "count": 3,
    }


_LOGGING = """
import logging
from hub.kernel import log
log.configure(level="info")
log.logger("one").info("hello", url="redis://u:secret@host/0", token="secret")
log.logger("one").debug("not shown")
logging.getLogger("other").warning("Bearer %s", "secret-of-a-library")
try:
    raise ValueError("whsec_secretsecretsecret")
except ValueError:
    log.logger("one").exception("went wrong")
"""


def test_every_line_of_a_process_is_json_without_secrets() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LOGGING], capture_output=True, check=True, timeout=30
    )

    lines = [orjson.loads(line) for line in ran.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["hello", "[scrubbed]", "went wrong"]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert "ValueError: [scrubbed]" in lines[2]["exception"]
    assert b"secret" not in ran.stderr.replace(b'"token":"[scrubbed]"', b"")
    assert ran.stdout == b""
    assert logging.getLogger("one").handlers == []
