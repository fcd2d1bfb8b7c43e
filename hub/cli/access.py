"""`hub workspace`, `hub member` and `hub token`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from hub.cli.output import AsJson, console, print_json, print_rows, run, settings_from_environment
from hub.kernel.caller import Caller
from hub.kernel.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from hub.access.models import Member, Workspace
    from hub.kernel.work import Hub, UnitOfWork

#: The names of `hub.access.models.Role`; a test compares them. What opens the database is imported
#: only by the command that needs it, so that `--help` answers at once.
RoleName = Literal["ADMIN", "MANAGER", "EDITOR", "APPROVER", "VIEWER"]
TokenKind = Literal["personal", "delivery"]

workspace = typer.Typer(no_args_is_help=True, help="Workspaces: one per client, strictly apart.")
member = typer.Typer(no_args_is_help=True, help="Members: the people of a workspace.")
token = typer.Typer(
    no_args_is_help=True,
    help="Tokens: what frontends and automation act with. Shown once, stored as a digest.",
)

WorkspaceSlug = Annotated[
    str, typer.Option("--workspace", "-w", help="Slug of the workspace.", show_default=False)
]


@workspace.command("create")
def create_workspace(
    slug: Annotated[str, typer.Argument(help="Short name for URLs and commands: acme, my-club.")],
    name: Annotated[str, typer.Option(help="Name for people.")] = "",
    admin: Annotated[
        str, typer.Option(help="E-mail of a first member with the role ADMIN.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Create a workspace.

    Example: hub workspace create acme --name "Acme Ltd" --admin ada@acme.example
    """

    async def create() -> "Workspace":
        from hub.access import operations
        from hub.access.models import Role

        async with _hub() as hub:
            async with hub.unscoped() as session:
                made = await operations.create_workspace(session, slug=slug, name=name)
            if admin:
                async with hub.unit_of_work(Caller.system(made.id)) as work:
                    await operations.add_member(
                        work, name=admin.partition("@")[0], email=admin, role=Role.ADMIN
                    )
            return made

    made = run(create())
    if as_json:
        print_json({"id": made.id, "slug": made.slug, "name": made.name})
        return
    console.print(f"[green]✓[/green] Workspace [bold]{made.slug}[/bold] ({made.id}).")
    who = admin or "ada@acme.example"
    first = "" if admin else f"hub member add {who} -w {made.slug} --role ADMIN && "
    console.print(f"  Next: {first}hub token issue {who} -w {made.slug} --label laptop")


@workspace.command("list")
def list_workspaces(as_json: AsJson = False) -> None:
    """List every workspace of this installation."""

    async def find() -> list[dict[str, object]]:
        from hub.access import operations

        async with _hub() as hub, hub.unscoped() as session:
            found = await operations.workspaces(session)
            return [{"slug": row.slug, "name": row.name, "id": row.id} for row in found]

    print_rows(run(find()), as_json=as_json, empty="No workspace yet: hub workspace create acme")


@member.command("add")
def add_member(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    workspace_slug: WorkspaceSlug,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    role: Annotated[RoleName, typer.Option(help="What they may do.")] = "EDITOR",
    as_json: AsJson = False,
) -> None:
    """Add a person to a workspace.

    Roles: ADMIN everything · MANAGER channels and strategy too · APPROVER decides reviews ·
    EDITOR writes, submits, schedules, answers · VIEWER reads.
    """

    async def add() -> dict[str, object]:
        from hub.access import operations
        from hub.access.models import Role

        async with _work(workspace_slug) as work:
            made = await operations.add_member(
                work, name=name or email.partition("@")[0], email=email, role=Role(role)
            )
            return {"id": made.id, "email": made.email, "role": made.role.value}

    made = run(add())
    if as_json:
        print_json(made)
        return
    console.print(f"[green]✓[/green] {made['email']} is {made['role']} of {workspace_slug}.")


@member.command("password")
def set_password(
    email: Annotated[str, typer.Argument(help="Whose: the member's e-mail address.")],
    workspace_slug: WorkspaceSlug,
    as_json: AsJson = False,
) -> None:
    """Set the password a person signs in with; their sessions end.

    It is asked for without being shown, or read as one line from standard input: never an
    argument, where every process of the machine could see it.
    """
    password = _typed_password()

    async def change() -> None:
        from hub.access import operations

        async with _work(workspace_slug) as work:
            person = await _person(work, workspace_slug, email)
            await operations.set_password(work, member_id=person.id, password=password)

    run(change())
    if as_json:
        print_json({"email": email, "password": "set"})
        return
    console.print(f"[green]✓[/green] {email} signs in to {workspace_slug} with this password.")


@member.command("remove")
def remove_member(
    email: Annotated[str, typer.Argument(help="Who leaves: their e-mail address.")],
    workspace_slug: WorkspaceSlug,
    as_json: AsJson = False,
) -> None:
    """Take a person out of a workspace: their tokens and sessions end, what they did stays."""

    async def remove() -> None:
        from hub.access import operations

        async with _work(workspace_slug) as work:
            person = await _person(work, workspace_slug, email)
            await operations.remove_member(work, member_id=person.id)

    run(remove())
    if as_json:
        print_json({"email": email, "removed": True})
        return
    console.print(f"[green]✓[/green] {email} is no member of {workspace_slug} any more.")


@token.command("issue")
def issue_token(
    email: Annotated[str, typer.Argument(help="Whose token it is: the member's e-mail address.")],
    workspace_slug: WorkspaceSlug,
    label: Annotated[str, typer.Option(help="What it is for, so that you know it later.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Narrow the role to this permission; repeat for more. None: the role."),
    ] = None,
    kind: Annotated[
        TokenKind,
        typer.Option(
            help="delivery: may read what is published and nothing else, so that a web page may "
            "hold it."
        ),
    ] = "personal",
    days: Annotated[
        int | None, typer.Option(help="Days until it expires. None: never.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print its secret, once.

    Example: hub token issue ada@acme.example -w acme --label n8n --scope publishing.read --days 90
    """

    async def issue() -> dict[str, object]:
        from hub.access import operations

        async with _work(workspace_slug) as work:
            person = await _person(work, workspace_slug, email)
            made, secret = await operations.issue_token(
                work,
                member_id=person.id,
                label=label,
                scopes=scope or (),
                lifetime=timedelta(days=days) if days else None,
                delivery=kind == "delivery",
            )
            return {"id": made.id, "token": secret, "expires_at": made.expires_at}

    made = run(issue())
    if as_json:
        print_json(made)
        return
    console.print("[green]✓[/green] Keep it safe; it is not shown again:")
    console.print(str(made["token"]), soft_wrap=True, highlight=False)


@token.command("list")
def list_tokens(workspace_slug: WorkspaceSlug, as_json: AsJson = False) -> None:
    """List the tokens of a workspace: whose, what for, until when. Never the secret."""

    async def find() -> list[dict[str, object]]:
        from hub.access import operations

        async with _work(workspace_slug) as work:
            return [
                {
                    "id": row.id,
                    "label": row.label,
                    "member": person.email,
                    "ends_in": row.hint,
                    "scopes": ", ".join(row.scopes) or "all of the role",
                    "expires": row.expires_at,
                    "last_used": row.last_used_at,
                    "revoked": row.revoked_at,
                }
                for row, person in await operations.tokens(work)
            ]

    print_rows(
        run(find()),
        as_json=as_json,
        empty=f"No token yet: hub token issue EMAIL -w {workspace_slug} --label laptop",
    )


@token.command("revoke")
def revoke_token(
    token_id: Annotated[UUID, typer.Argument(help="Its id, as `hub token list` shows it.")],
    workspace_slug: WorkspaceSlug,
    as_json: AsJson = False,
) -> None:
    """Make a token stop working within seconds."""

    async def revoke() -> None:
        from hub.access import operations

        async with _work(workspace_slug) as work:
            await operations.revoke_token(work, token_id=token_id)

    run(revoke())
    if as_json:
        print_json({"id": token_id, "revoked": True})
        return
    console.print(f"[green]✓[/green] {token_id} is revoked.")


def _typed_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


async def _person(work: "UnitOfWork", slug: str, email: str) -> "Member":
    from hub.access import operations

    person = await operations.member_by_email(work, email=email)
    if person is None:
        raise NotFound(f"{slug} has no member {email}. Add one: hub member add {email} -w {slug}")
    return person


@asynccontextmanager
async def _hub() -> AsyncIterator["Hub"]:
    from hub.runtime import open_hub

    async with open_hub(settings_from_environment(), pool=1) as hub:
        yield hub


@asynccontextmanager
async def _work(slug: str) -> AsyncIterator["UnitOfWork"]:
    """Open a transaction of the hub itself in the workspace of that slug."""
    async with _hub() as hub:
        async with hub.unscoped() as session:
            found = await _workspace(session, slug)
        async with hub.unit_of_work(Caller.system(found.id)) as work:
            yield work


async def _workspace(session: "AsyncSession", slug: str) -> "Workspace":
    from hub.access import operations

    found = await operations.workspace_by_slug(session, slug)
    if found is None:
        raise NotFound(f"There is no workspace {slug}. See: hub workspace list")
    return found
