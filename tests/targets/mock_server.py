"""A running mastodon-mock, the Mastodon-compatible server of another author, and its people."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.embedded.environment import free_port
from tests.targets.installing import CannotStart, Program

NAME = "mastodon-mock"
START_SECONDS = 60.0
# Without this it keeps the scopes of a token and never looks at them.
CONFIGURATION = "[auth]\nenforce_scopes = true\n"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an account at the server, and all they can see and do there."""

    name: str
    id: str
    token: str
    http: httpx.Client

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Call the server as this person and return its JSON; raises on an error answer."""
        answer = self.http.request(
            method, path, headers={"Authorization": f"Bearer {self.token}"}, **options
        )
        answer.raise_for_status()
        return answer.json()

    def posts(self, containing: str = "") -> list[dict[str, Any]]:
        """Return this person's own posts with that in their text, oldest first."""
        listed = self.ask("GET", f"/api/v1/accounts/{self.id}/statuses", params={"limit": 40})
        return [post for post in reversed(listed) if containing in post["content"]]

    def text_of(self, post_id: str) -> str:
        """Return a post of this person as it was written."""
        return str(self.ask("GET", f"/api/v1/statuses/{post_id}/source")["text"])


@dataclass(frozen=True, kw_only=True)
class MockServer:
    """The server: where it is, what it says it is, and the switches it offers for tests."""

    port: int
    http: httpx.Client
    says: Mapping[str, Any]

    @property
    def limit(self) -> int:
        """The most characters it says a post may have."""
        return int(self.says["configuration"]["statuses"]["max_characters"])

    def person(self, name: str) -> Person:
        """Make an account with a token that may do everything."""
        made = self._json("POST", "/api/v1/_mock/dev_user", json={"username": name})
        return Person(name=name, id=made["id"], token=made["access_token"], http=self.http)

    def another_token(self, person: Person, *, scopes: str = "read write") -> str:
        """Let a person authorise an application, by OAuth as in a browser; return its token."""
        app = self._json(
            "POST",
            "/api/v1/apps",
            json={"client_name": "hub", "redirect_uris": OUT_OF_BAND, "scopes": scopes},
        )
        page = self.http.post(
            "/oauth/authorize", data={"username": person.name, "redirect_uri": OUT_OF_BAND}
        )
        code = re.search(r"code: ([^<]+)<", page.text)
        assert code is not None, page.text
        token = self._json(
            "POST",
            "/oauth/token",
            json={
                "grant_type": "authorization_code",
                "client_id": app["client_id"],
                "client_secret": app["client_secret"],
                "redirect_uri": OUT_OF_BAND,
                "code": code[1],
            },
        )
        return str(token["access_token"])

    def withdraw(self, token: str) -> None:
        """Make a token worthless, as its owner may at any time."""
        self._json("POST", "/oauth/revoke", data={"token": token})

    def fault(self, effect: str, *, path: str = "/api/v1/statuses", **details: Any) -> None:
        """Make the next POST to a path go wrong, once, by the server's own means."""
        self._json(
            "POST",
            "/api/v1/_mock/faults",
            json={
                "match": {"methods": ["POST"], "path": path},
                "effect": {"type": effect, **details},
                "count": 1,
            },
        )

    def faults(self) -> list[Any]:
        """Return the faults that have not happened yet."""
        return list(self._json("GET", "/api/v1/_mock/faults"))

    def _json(self, method: str, path: str, **options: Any) -> Any:
        answer = self.http.request(method, path, **options)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def a_mock_server(program: Program) -> Iterator[MockServer]:
    """Start the server in memory on a free port, and stop it. Raises CannotStart."""
    with tempfile.TemporaryDirectory(prefix="content-hub-targets-") as folder:
        configuration = Path(folder, "mock.toml")
        configuration.write_text(CONFIGURATION)
        port = free_port()
        log = Path(folder, "server.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(str(program.python), "-m", "mastodon_mock", "serve", "--in-memory"),
                    *("--config", str(configuration), "--log-level", "warning"),
                    *("--host", "127.0.0.1", "--port", str(port)),
                ],
                cwd=folder,
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20
            ) as http:
                yield MockServer(port=port, http=http, says=_ready(process, http, log))
        finally:
            _stop(process)


def _ready(process: subprocess.Popen[bytes], http: httpx.Client, log: Path) -> Mapping[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = http.get("/api/v2/instance")
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == 200:
            return dict(answer.json())
    raise CannotStart(f"{NAME} did not start:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
