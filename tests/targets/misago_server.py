"""A running Misago, a forum other people wrote, with a database of its own, and its people."""

import asyncio
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy import make_url

from hub.embedded.environment import free_port
from hub.embedded.servers import EmbeddedServers, scratch_servers_held
from tests.targets.installing import CannotStart, Program

NAME = "misago"
START_SECONDS = 60.0
SETUP_SECONDS = 180.0
#: Its first category, as every new forum has it.
CATEGORY = 3
#: Another one, in which a plain member's posts wait for a moderator.
HELD_CATEGORY = "held"
#: A moderator whom no flood control holds up, a reader likewise, and a plain new member.
PUBLISHER, READER, MEMBER = "Publisher", "Reader", "Member"
#: The same as the first two, for those who play beside them.
HOST, GUEST = "Host", "Guest"
#: A plain member whom nobody else plays.
NEWCOMER = "Newcomer"

# The settings of the project that Misago's authors ship for developers, on our database and ours
# alone: no debugging, no mail, no broker, and nothing outside the folder.
SETTINGS = """
import os
from pathlib import Path
from devproject.settings import *

folder = Path(os.environ["FORUM_FOLDER"])
DATABASES["default"].update(
    NAME="misago",
    USER=os.environ["FORUM_USER"],
    PASSWORD=os.environ["FORUM_PASSWORD"],
    HOST="127.0.0.1",
    PORT=os.environ["FORUM_PORT"],
)
SECRET_KEY = os.environ["FORUM_SECRET"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INTERNAL_IPS = []
MIDDLEWARE = [name for name in MIDDLEWARE if "debug_toolbar" not in name]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
CELERY_BROKER_URL = "memory://"
CELERY_TASK_ALWAYS_EAGER = True
MISAGO_NEW_REGISTRATIONS_VALIDATORS = ()
# Passwords of an hour need no slow hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT, STATIC_ROOT = str(folder / "media"), str(folder / "static")
MISAGO_AVATAR_GALLERY = str(folder / "gallery")
MISAGO_USER_DATA_DOWNLOADS_WORKING_DIR = str(folder / "downloads")
"""

PEOPLE = """
import os
import django
django.setup()
from django.core.management import call_command
from misago.acl.models import Role
from misago.cache.versions import invalidate_all_caches
from misago.categories.models import Category, CategoryRole, RoleCategoryACL
from misago.conf.shortcuts import get_dynamic_settings
from misago.users.models import User
from misago.users.setupnewuser import setup_new_user

call_command("migrate", verbosity=0)
unhurried = Role.objects.create(
    name="Unhurried",
    permissions={"misago.threads.permissions.threads": {"can_omit_flood_protection": 1}},
)
moderator = Role.objects.get(name="Moderator")
people = {
    **dict.fromkeys(("Publisher", "Host"), [unhurried, moderator]),
    **dict.fromkeys(("Reader", "Guest"), [unhurried]),
    **dict.fromkeys(("Member", "Newcomer"), []),
}
for name, roles in people.items():
    user = User.objects.create_user(
        name, f"{name.lower()}@example.test", os.environ["FORUM_PEOPLE"], joined_from_ip="127.0.0.1"
    )
    setup_new_user(get_dynamic_settings(), user)
    user.roles.add(*roles)
    user.update_acl_key()
    user.save()
held = Category(name="Held", slug="held")
held.insert_at(Category.objects.root_category(), position="last-child", save=True)
first = Category.objects.get(slug="first-category")
for given in RoleCategoryACL.objects.filter(category=first):
    RoleCategoryACL.objects.create(
        role=given.role, category=held, category_role=given.category_role
    )
queue = CategoryRole.objects.get(name="In moderation queue")
member = Role.objects.get(special_role="authenticated")
RoleCategoryACL.objects.create(role=member, category=held, category_role=queue)
invalidate_all_caches()
"""

WSGI = """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is signed in to the forum, and all they can see and do there."""

    name: str
    id: int
    password: str
    http: httpx.Client

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Call the forum as this person and return its JSON; raises on an error answer."""
        token = self.http.cookies.get("csrftoken") or ""
        answer = self.http.request(method, path, headers={"X-CSRFToken": token}, **options)
        answer.raise_for_status()
        return answer.json()

    def threads(self) -> list[dict[str, Any]]:
        """Return this person's own threads, all of them, the oldest first."""
        found: dict[int, dict[str, Any]] = {}
        params = {"list": "my"}
        while True:
            listed = self.ask("GET", "/api/threads/", params=params)
            found |= {one["id"]: one for one in listed["results"]}
            if listed["next"] is None:
                return [found[number] for number in sorted(found)]
            params["start"] = listed["next"]

    def posts(self, thread: int) -> list[dict[str, Any]]:
        """Return the posts of a thread in order, without the events."""
        found: dict[int, dict[str, Any]] = {}
        number, pages = 1, 1
        while number <= pages:
            asked = {"page": number}
            listed = self.ask("GET", f"/api/threads/{thread}/posts/", params=asked)["post_set"]
            found |= {one["id"]: one for one in listed["results"] if not one["is_event"]}
            number, pages = number + 1, listed["pages"]
        return [found[known] for known in sorted(found)]

    def source(self, thread: int, post: int) -> str:
        """Return a post of this person as it was written."""
        path = f"/api/threads/{thread}/posts/{post}/post_editor/"
        return str(self.ask("GET", path)["post"])

    def write(self, thread: int, text: str) -> int:
        """Write in a thread and return the number of the post."""
        return int(self.ask("POST", f"/api/threads/{thread}/posts/", json={"post": text})["id"])

    def like(self, thread: int, post: int) -> None:
        """Like a post."""
        change = [{"op": "replace", "path": "is-liked", "value": True}]
        self.ask("PATCH", f"/api/threads/{thread}/posts/{post}/", json=change)


@dataclass(frozen=True, kw_only=True)
class Forum:
    """The forum: where it listens and the one password of its people."""

    port: int
    password: str

    def stranger(self) -> Person:
        """Return somebody who has come without signing in."""
        return Person(name="", id=0, password="", http=self._browser())

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=20)

    def person(self, name: str) -> Person:
        """Sign somebody in, as a browser does."""
        http = self._browser()
        http.get("/").raise_for_status()
        signed_in = http.post(
            "/api/auth/",
            json={"username": name, "password": self.password},
            headers={"X-CSRFToken": http.cookies["csrftoken"]},
        )
        signed_in.raise_for_status()
        return Person(name=name, id=signed_in.json()["id"], password=self.password, http=http)


@contextmanager
def a_forum(program: Program) -> Iterator[Forum]:
    """Start PostgreSQL and the forum on free ports, on empty data, and stop both.

    Raises CannotStart.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="content-hub-forum-")))
        servers = stack.enter_context(scratch_servers_held())
        asyncio.run(_make_database(servers.admin_url))
        password = secrets.token_urlsafe(18)
        env = _environment(folder, servers, password)
        for name, text in (("settings", SETTINGS), ("people", PEOPLE), ("wsgi", WSGI)):
            Path(folder, f"forum_{name}.py").write_text(text)
        for name in ("media", "static", "gallery", "downloads"):
            Path(folder, name).mkdir()
        _prepare(program, folder, env)
        port = free_port()
        log = folder / "forum.log"
        process = stack.enter_context(_serving(program, folder, env, port, log))
        _wait(process, port, log)
        yield Forum(port=port, password=password)


async def _make_database(admin_url: str) -> None:
    admin = await asyncpg.connect(admin_url.replace("+asyncpg", ""))
    try:
        await admin.execute("CREATE DATABASE misago TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await admin.close()


def _environment(folder: Path, servers: EmbeddedServers, password: str) -> Mapping[str, str]:
    database = make_url(servers.admin_url)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {
        **kept,
        "PYTHONPATH": str(folder),
        "DJANGO_SETTINGS_MODULE": "forum_settings",
        "FORUM_FOLDER": str(folder),
        "FORUM_USER": str(database.username),
        "FORUM_PASSWORD": str(database.password),
        "FORUM_PORT": str(database.port),
        "FORUM_SECRET": secrets.token_urlsafe(40),
        "FORUM_PEOPLE": password,
    }


def _prepare(program: Program, folder: Path, env: Mapping[str, str]) -> None:
    """Make the tables and the people."""
    try:
        done = subprocess.run(
            [str(program.python), "-m", "forum_people"],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=SETUP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotStart(f"{NAME} was not set up within {SETUP_SECONDS:.0f} s.") from None
    if done.returncode:
        raise CannotStart(f"{NAME} cannot be set up:\n{done.stderr[-2000:]}")


@contextmanager
def _serving(
    program: Program, folder: Path, env: Mapping[str, str], port: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(str(program.python), "-m", "waitress", "--host", "127.0.0.1"),
                *("--port", str(port), "forum_wsgi:application"),
            ],
            cwd=folder,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=20)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == 200:
            return
    raise CannotStart(f"{NAME} did not start:\n{log.read_text()[-2000:]}")
