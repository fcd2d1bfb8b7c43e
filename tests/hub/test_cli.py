"""The commands of an operator, as they are typed."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from hub.access import operations as access
from hub.access.signing import Knock, sign_in
from hub.cli import app
from hub.kernel.caller import Permission
from hub.kernel.errors import Unauthenticated
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from tests.conftest import Database

Type = Callable[..., Coroutine[Any, Any, Result]]

COMMANDS = (
    ("up",),
    ("demo",),
    ("serve",),
    ("work",),
    ("migrate",),
    ("workspace", "create"),
    ("workspace", "list"),
    ("member", "add"),
    ("member", "password"),
    ("member", "remove"),
    ("token", "issue"),
    ("token", "list"),
    ("token", "revoke"),
    ("contest", "verify"),
    ("jobs", "list"),
    ("jobs", "retry"),
)


@pytest.fixture
def type_(settings: Settings) -> Type:
    """Type a command with the environment of a hub."""
    env = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_REDIS_URL": settings.redis_url,
        "HUB_SECRET_KEY": settings.secret_key.get_secret_value(),
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_PASSWORD_MEMORY_KIB": "32",
        "HUB_PASSWORD_PASSES": "1",
        "COLUMNS": "200",
    }

    async def run(*words: str, typed: str = "", **more: str) -> Result:
        def invoke() -> Result:
            return CliRunner().invoke(
                app, list(words), input=typed, env={**env, **more}, catch_exceptions=False
            )

        return await asyncio.to_thread(invoke)

    return run


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_teaches(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120"})

    assert shown.exit_code == 0
    assert f"Usage: hub {' '.join(words)}" in shown.stdout
    assert len(shown.stdout.splitlines()) > 5


async def test_a_workspace_a_member_and_a_token_in_three_commands(type_: Type, hub: Hub) -> None:
    made = await type_("workspace", "create", "acme", "--name", "Acme", "--json")
    added = await type_("member", "add", "ada@acme.example", "-w", "acme", "--role", "EDITOR")
    issued = await type_(
        *("token", "issue", "ada@acme.example", "-w", "acme", "--label", "n8n"),
        *("--scope", "content.read", "--days", "90", "--json"),
    )

    assert [made.exit_code, added.exit_code, issued.exit_code] == [0, 0, 0]
    workspace_id = UUID(json.loads(made.stdout)["id"])
    async with hub.unscoped() as session:
        caller = await access.authenticate(session, hub.vault, json.loads(issued.stdout)["token"])
    assert (caller.workspace_id, caller.permissions) == (
        workspace_id,
        frozenset({Permission.CONTENT_READ}),
    )


async def test_tokens_are_listed_without_their_secret_and_stop_when_revoked(
    type_: Type, hub: Hub
) -> None:
    await type_("workspace", "create", "acme", "--admin", "ada@acme.example")
    issued = json.loads(
        (
            await type_(
                *("token", "issue", "ada@acme.example", "-w", "acme"), "--label", "x", "--json"
            )
        ).stdout
    )

    listed = await type_("token", "list", "-w", "acme", "--json")
    revoked = await type_("token", "revoke", issued["id"], "-w", "acme")
    again = await type_("token", "revoke", issued["id"], "-w", "acme")

    (row,) = json.loads(listed.stdout)
    assert (row["id"], row["member"], row["label"]) == (issued["id"], "ada@acme.example", "x")
    assert issued["token"] not in listed.stdout
    assert [revoked.exit_code, again.exit_code] == [0, 1]
    with pytest.raises(Unauthenticated):
        async with hub.unscoped() as session:
            await access.authenticate(session, hub.vault, issued["token"])


async def test_a_password_is_read_from_standard_input_and_never_from_the_command_line(
    type_: Type, hub: Hub, settings: Settings
) -> None:
    await type_("workspace", "create", "acme", "--admin", "ada@acme.example")
    words = ("member", "password", "ada@acme.example", "-w", "acme")

    given = await type_(*words, typed="correct horse battery\n")
    weak = await type_(*words, typed="ada@acme.example\n")
    nothing = await type_(*words)
    as_word = await type_(*words, "correct horse battery")

    assert given.exit_code == 0, given.stderr
    assert [weak.exit_code, nothing.exit_code, as_word.exit_code] == [1, 1, 2]
    assert "correct" not in given.stdout + given.stderr
    assert "12 characters" in nothing.stderr
    signed = await sign_in(
        hub,
        Knock(
            workspace="acme",
            email="ada@acme.example",
            password="correct horse battery",
            address="",
        ),
    )
    assert signed.caller.name == "ada"


async def test_who_leaves_signs_in_no_more_and_their_tokens_stop(type_: Type, hub: Hub) -> None:
    await type_("workspace", "create", "acme", "--admin", "ada@acme.example")
    issued = await type_(
        *("token", "issue", "ada@acme.example", "-w", "acme", "--label", "x", "--json")
    )

    removed = await type_("member", "remove", "ada@acme.example", "-w", "acme", "--json")
    again = await type_("member", "remove", "ada@acme.example", "-w", "acme")

    assert json.loads(removed.stdout) == {"email": "ada@acme.example", "removed": True}
    assert again.exit_code == 1
    with pytest.raises(Unauthenticated):
        async with hub.unscoped() as session:
            await access.authenticate(session, hub.vault, json.loads(issued.stdout)["token"])


async def test_a_delivery_token_reads_what_is_published_and_nothing_else(
    type_: Type, hub: Hub
) -> None:
    await type_("workspace", "create", "acme", "--admin", "ada@acme.example")
    words = ("token", "issue", "ada@acme.example", "-w", "acme", "--label", "site", "--json")

    issued = await type_(*words, "--kind", "delivery")
    mixed = await type_(*words, "--kind", "delivery", "--scope", "content.read")

    secret = json.loads(issued.stdout)["token"]
    assert secret.startswith("hub_delivery_")
    async with hub.unscoped() as session:
        caller = await access.authenticate(session, hub.vault, secret)
    assert caller.permissions == {Permission.DELIVERY_READ}
    assert caller.sees_only_published
    assert mixed.exit_code == 1


async def test_what_is_wrong_is_said_in_one_line_with_the_next_step(type_: Type) -> None:
    await type_("workspace", "create", "acme")

    taken = await type_("workspace", "create", "acme")
    nobody = await type_("token", "issue", "ada@acme.example", "-w", "acme", "--label", "x")
    nowhere = await type_("token", "list", "-w", "other")
    malformed = await type_("workspace", "create", "Not A Slug")

    assert [taken.exit_code, nobody.exit_code, nowhere.exit_code, malformed.exit_code] == [1] * 4
    assert "There is a workspace acme already." in taken.stderr
    assert "hub member add ada@acme.example -w acme" in nobody.stderr
    assert "hub workspace list" in nowhere.stderr
    assert "Traceback" not in taken.stderr + nobody.stderr + nowhere.stderr + malformed.stderr


async def test_missing_settings_are_all_named_at_once() -> None:
    empty = {"HUB_DATABASE_URL": "", "HUB_SECRET_KEY": "short"}
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["jobs", "list"], env=empty)

    assert shown.exit_code == 2
    assert "HUB_SECRET_KEY" in shown.stderr
    assert "HUB_REDIS_URL" in shown.stderr
    assert "short" not in shown.stderr.replace("should have at least", "")


async def test_a_parked_job_is_listed_with_its_evidence_and_retried(type_: Type, hub: Hub) -> None:
    async with hub.unscoped() as session:
        job_id = (
            await session.execute(
                text(
                    "INSERT INTO jobs (id, workspace_id, name, queue, arguments, state, due_at, "
                    "crashes, last_error) VALUES (gen_random_uuid(), gen_random_uuid(), 'x', "
                    "'default', '{}', 'PARKED', hub_now(), 3, 'it broke') RETURNING id"
                )
            )
        ).scalar_one()

    listed = await type_("jobs", "list", "--state", "PARKED", "--json")
    retried = await type_("jobs", "retry", str(job_id))
    again = await type_("jobs", "retry", str(job_id))

    (row,) = json.loads(listed.stdout)
    assert (row["id"], row["last_error"], row["crashes"]) == (str(job_id), "it broke", 3)
    assert [retried.exit_code, again.exit_code] == [0, 1]
    async with hub.unscoped() as session:
        state = (await session.execute(text("SELECT state, crashes FROM jobs"))).one()
    assert tuple(state) == ("WAITING", 0)


async def test_migrating_twice_changes_nothing(type_: Type, database: Database) -> None:
    first = await type_("migrate", "--json", HUB_MIGRATE_URL=database.owner_url)
    second = await type_("migrate", "--json", HUB_MIGRATE_URL=database.owner_url)

    assert (first.exit_code, first.stdout) == (0, second.stdout)


async def test_a_role_that_no_policy_binds_is_refused(type_: Type, database: Database) -> None:
    with pytest.raises(Exception, match="HUB_DATABASE_URL connects as hub_owner"):
        await type_("workspace", "list", HUB_DATABASE_URL=database.owner_url)
