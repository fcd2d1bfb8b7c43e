"""A running WordPress, as Debian packages it: PHP's own server before a MariaDB of its own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.embedded.environment import free_port
from tests.targets import debian
from tests.targets.installing import CannotStart, Tell

NAME = "WordPress"
#: A release of Debian pins them all; what it adds to one of them are repairs.
PACKAGES = (
    *("wordpress", "php-cli", "php-mysql", "php-gd", "php-xml", "php-mbstring"),
    *("php-curl", "php-zip", "mariadb-server"),
)
SOURCE = Path("/usr/share/wordpress")
START_SECONDS = 60.0
API = "/wp/v2"

_CONFIG = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
  define($name.'_KEY', '{salt}'.$name); define($name.'_SALT', $name.'{salt}');
}
$table_prefix = 'wp_';
// Application passwords need https anywhere else.
define('WP_ENVIRONMENT_TYPE', 'local');
// Nothing here may call anybody.
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HOME', '{url}'); define('WP_SITEURL', '{url}'); define('FS_METHOD', 'direct');
if (!defined('ABSPATH')) define('ABSPATH', __DIR__.'/');
require_once ABSPATH.'wp-settings.php';
"""
FLOOD_MARK = "flood"
#: Readers here write faster than people do, unless it is asked for; and nobody reads mail.
_PLUGIN = """<?php
if (!file_exists(__DIR__.'/flood')) add_filter('comment_flood_filter', '__return_false', 99);
add_filter('pre_wp_mail', '__return_true');
"""
_ROUTER = """<?php
$file = $_SERVER['DOCUMENT_ROOT'].parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($file)) return false;
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'].'/index.php';
"""
_BOOT = """<?php
$_SERVER['HTTP_HOST'] = '127.0.0.1';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1'; $_SERVER['REQUEST_METHOD'] = 'GET';
"""
_SETUP = """
define('WP_INSTALLING', true);
require $argv[1].'/wp-load.php'; require_once ABSPATH.'wp-admin/includes/upgrade.php';
wp_install('Target', 'admin', 'admin@example.test', true, '', $argv[2]);
// Addresses without names, as a site has them that nobody has set up: the API must do with them.
update_option('permalink_structure', ''); update_option('gmt_offset', 2);
update_option('comment_moderation', 0); update_option('comment_previously_approved', 0);
$admin = get_user_by('login', 'admin');
$named = ['name' => 'targets'];
[$password] = WP_Application_Passwords::create_new_application_password($admin->ID, $named);
echo json_encode(['password' => $password, 'version' => get_bloginfo('version')]);
"""
_COMMENTS = """
require $argv[1].'/wp-load.php';
[, , $post, $parent, $user, $count, $approved, $text] = $argv;
$known = get_user_by('id', $user); $made = [];
for ($n = 0; $n < $count; $n++) $made[] = wp_insert_comment([
  'comment_post_ID' => $post, 'comment_parent' => $parent, 'user_id' => $user,
  'comment_author' => $known->display_name, 'comment_author_email' => $known->user_email,
  'comment_content' => $text, 'comment_approved' => $approved]);
echo json_encode($made);
"""
_MODERATE = """
require $argv[1].'/wp-load.php';
update_option('comment_moderation', $argv[2]);
echo json_encode([$argv[2]]);
"""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an account at the site, and all they can see and do there."""

    name: str
    id: int
    password: str
    http: httpx.Client

    @property
    def credentials(self) -> dict[str, str]:
        """What a channel is connected with."""
        return {"username": self.name, "application_password": self.password}

    def ask(self, method: str, route: str, **options: Any) -> Any:
        """Call the site as this person and return its JSON; raises on an error answer."""
        return self.answer(method, route, **options).raise_for_status().json()

    def answer(self, method: str, route: str, **options: Any) -> httpx.Response:
        """Call the site as this person and return its answer."""
        params = {"rest_route": f"{API}/{route}", **options.pop("params", {})}
        return self.http.request(
            method, "/", params=params, auth=(self.name, self.password), **options
        )

    def posts(self, containing: str = "", *, status: str = "publish") -> list[dict[str, Any]]:
        """Return this person's own posts with that in their HTML, oldest first."""
        asked = {"author": self.id, "status": status, "context": "edit", "per_page": 100}
        listed = self.ask("GET", "posts", params=asked)
        return [post for post in reversed(listed) if containing in post["content"]["raw"]]

    def comments(self, **asked: Any) -> list[dict[str, Any]]:
        """Return this person's own comments, oldest first."""
        params = {"author": self.id, "status": "all", "order": "asc", "per_page": 100, **asked}
        return list(self.ask("GET", "comments", params=params))


@dataclass(frozen=True, kw_only=True)
class WordPressServer:
    """The site: where it is, its version, and its administrator."""

    port: int
    version: str
    root: Path
    admin: Person

    def person(self, name: str, *, role: str = "editor") -> Person:
        """Make a user of a role with an application password."""
        given = {
            "username": name,
            "email": f"{name}@example.test",
            "password": secrets.token_urlsafe(16),
            "roles": [role],
        }
        made = self.admin.ask("POST", "users", json=given)
        return Person(
            name=name,
            id=made["id"],
            password=self.new_password(made["id"]),
            http=self.admin.http,
        )

    def new_password(self, user_id: int) -> str:
        """Give a user one more application password."""
        name = f"hub {secrets.token_hex(4)}"
        route = f"users/{user_id}/application-passwords"
        return str(self.admin.ask("POST", route, json={"name": name})["password"])

    def visitor(self, route: str, *, params: Mapping[str, Any]) -> Any:
        """Return what somebody sees whom the site does not know; raises on an error answer."""
        asked = {"rest_route": f"{API}/{route}", **params}
        return self.admin.http.get("/", params=asked).raise_for_status().json()

    def withdraw_passwords(self, user_id: int) -> None:
        """Make every application password of a user worthless."""
        self.admin.ask("DELETE", f"users/{user_id}/application-passwords")

    def write_comments(
        self,
        person: Person,
        *,
        post: int,
        text: str,
        count: int,
        parent: int = 0,
        held: bool = False,
    ) -> list[int]:
        """Let somebody write so many comments with the same words at once."""
        numbers = [str(number) for number in (post, parent, person.id, count, int(not held))]
        return list(_php(self.root, _COMMENTS, *numbers, text))

    def moderate(self, *, held: bool) -> None:
        """Let every comment wait for approval, or none."""
        _php(self.root, _MODERATE, str(int(held)))

    def slow_down(self, *, hasty: bool) -> None:
        """Let people be refused who comment twice in fifteen seconds, as a site does by itself."""
        mark = self.root / "wp-content" / "mu-plugins" / FLOOD_MARK
        if hasty:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)

    @contextmanager
    def maintenance(self) -> Iterator[None]:
        """Close the site as an update does, for as long as the block runs."""
        mark = self.root / ".maintenance"
        mark.write_text("<?php $upgrading = time();")
        try:
            yield
        finally:
            mark.unlink()


def install(*, tell: Tell) -> None:
    """Install what the site needs unless it is there; raises CannotStart when apt cannot."""
    debian.install(PACKAGES, tell=tell, whose=NAME)


@contextmanager
def a_wordpress_server(*, tell: Tell) -> Iterator[WordPressServer]:
    """Install and start a site with a database of its own, and stop both. Raises CannotStart."""
    install(tell=tell)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="content-hub-wp-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        socket = stack.enter_context(_database(folder))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        root = _site(folder, url=url, socket=socket)
        said = _php(root, _SETUP, secrets.token_urlsafe(16))
        http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30))
        stack.enter_context(_served(folder, root, port, http))
        admin = Person(name="admin", id=1, password=said["password"], http=http)
        yield WordPressServer(port=port, version=said["version"], root=root, admin=admin)


@contextmanager
def _database(folder: Path) -> Iterator[Path]:
    data, socket = folder / "data", folder / "db.sock"
    # It refuses to run as root unless it is told to.
    user = ["--user=root"] if os.geteuid() == 0 else []
    # One that starts takes all temporary tables it finds for its own, and removes them.
    temporary = folder / "tmp"
    temporary.mkdir()
    made = subprocess.run(
        [
            *("mariadb-install-db", "--no-defaults", *user, f"--datadir={data}"),
            *("--auth-root-authentication-method=normal", "--skip-test-db"),
            f"--tmpdir={temporary}",
        ],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    if made.returncode:
        said = f"{made.stdout[-2000:]}\n{made.stderr[-2000:]}"
        raise CannotStart(f"MariaDB cannot be set up ({made.returncode}):\n{said}")
    log = folder / "db.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("mariadbd", "--no-defaults", *user, f"--datadir={data}"),
                *(f"--socket={socket}", "--skip-networking", f"--pid-file={folder / 'db.pid'}"),
                f"--tmpdir={temporary}",
                *("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _until_made(process, socket, log)
        yield socket
    finally:
        _stop(process)


def _until_made(process: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    command = ["mariadb", "--no-defaults", f"--socket={socket}", "--user=root", "--execute"]
    create = "CREATE DATABASE wordpress CHARACTER SET utf8mb4"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if subprocess.run([*command, create], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise CannotStart(f"MariaDB did not start:\n{log.read_text()[-2000:]}")


def _site(folder: Path, *, url: str, socket: Path) -> Path:
    """Copy the packaged site, so that nothing of it is shared with anybody, and configure it."""
    root = folder / "site"
    # The package links to places that only its own web server may read.
    shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("wp-config.php", ".htaccess"))
    config = _CONFIG
    for name, value in {"socket": str(socket), "salt": secrets.token_hex(16), "url": url}.items():
        config = config.replace(f"{{{name}}}", value)
    (root / "wp-config.php").write_text(config)
    plugins = root / "wp-content" / "mu-plugins"
    plugins.mkdir(exist_ok=True)
    (plugins / "target.php").write_text(_PLUGIN)
    (folder / "router.php").write_text(_ROUTER)
    return root


def _php(root: Path, script: str, *arguments: str) -> Any:
    """Run a script inside the site and return the JSON it prints."""
    done = subprocess.run(
        ["php", "-r", (_BOOT + script).removeprefix("<?php"), "--", str(root), *arguments],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    try:
        return json.loads(done.stdout[done.stdout.index(_first(done.stdout)) :])
    except ValueError:
        said = f"{done.stdout[-1000:]}\n{done.stderr[-1000:]}"
        raise CannotStart(f"{NAME} could not be set up:\n{said}") from None


def _first(printed: str) -> str:
    return next((character for character in printed if character in "{["), "{")


@contextmanager
def _served(folder: Path, root: Path, port: int, http: httpx.Client) -> Iterator[None]:
    log = folder / "php.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("php", "-d", "upload_max_filesize=32M", "-d", "post_max_size=40M"),
                *("-S", f"127.0.0.1:{port}", "-t", str(root), str(folder / "router.php")),
            ],
            env={**_environment(), "PHP_CLI_SERVER_WORKERS": "3"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _until_ready(process, http, log)
        yield
    finally:
        # Its workers outlive it: the whole group is ended.
        _stop(process, group=True)


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _until_ready(process: "subprocess.Popen[bytes]", http: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = http.get("/", params={"rest_route": "/"})
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == 200:
            return
    raise CannotStart(f"{NAME} did not start:\n{log.read_text()[-2000:]}")


def _stop(process: "subprocess.Popen[bytes]", *, group: bool = False) -> None:
    def tell(what: signal.Signals) -> None:
        if group:
            os.killpg(process.pid, what)
        else:
            process.send_signal(what)

    if process.poll() is None or group:
        try:
            tell(signal.SIGTERM)
        except ProcessLookupError:
            return
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        tell(signal.SIGKILL)
        process.wait()
