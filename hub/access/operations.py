"""Workspaces, members and tokens."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.access.events import MemberAdded, TokenIssued, TokenRevoked
from hub.access.models import Member, Role, Token, Workspace
from hub.access.rules import granted, require_scopes
from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.errors import HubError, Invalid, NotFound, Taken, Unauthenticated
from hub.kernel.ids import new_id
from hub.kernel.secrets import Vault, new_token, require_token_form
from hub.kernel.work import UnitOfWork

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
#: How exact "last used" is: more often would write a row per request.
_USED_EVERY = timedelta(minutes=5)


async def create_workspace(session: AsyncSession, *, slug: str, name: str) -> Workspace:
    """Create a workspace; its slug is unique in the installation."""
    require_slug(slug)
    if await workspace_by_slug(session, slug) is not None:
        raise Taken(f"There is a workspace {slug} already.", path=("slug",))
    workspace = Workspace(id=new_id(), slug=slug, name=name or slug)
    session.add(workspace)
    await session.flush()
    return workspace


def require_slug(slug: str) -> None:
    """Raise Invalid unless the slug is lower case letters, digits and single hyphens."""
    if len(slug) > 60 or not _SLUG.fullmatch(slug):
        raise Invalid(
            "A slug has lower case letters, digits and single hyphens, at most 60 of them.",
            path=("input", "slug"),
        )


async def workspace_by_slug(session: AsyncSession, slug: str) -> Workspace | None:
    """Return the workspace of that slug, if there is one."""
    return (
        await session.execute(select(Workspace).where(Workspace.slug == slug))
    ).scalar_one_or_none()


async def workspaces(session: AsyncSession) -> Sequence[Workspace]:
    """Return every workspace of the installation, oldest first."""
    return (await session.execute(select(Workspace).order_by(Workspace.id))).scalars().all()


async def add_member(work: UnitOfWork, *, name: str, email: str, role: Role) -> Member:
    """Add a person to the workspace."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    if not name.strip():
        raise Invalid("A member needs a name.", path=("name",))
    if not _EMAIL.fullmatch(email):
        raise Invalid(f"{email} is not an e-mail address.", path=("email",))
    if await member_by_email(work, email=email) is not None:
        raise Taken(f"There is a member with the address {email} already.", path=("email",))
    member = Member(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        name=name.strip(),
        email=email,
        role=role,
    )
    work.session.add(member)
    await work.session.flush()
    work.record(MemberAdded(subject_id=member.id, role=role))
    return member


async def member_by_email(work: UnitOfWork, *, email: str) -> Member | None:
    """Return the member with that address, whatever its case."""
    return await work.one(select(Member).where(func.lower(Member.email) == email.lower()))


async def issue_token(
    work: UnitOfWork,
    *,
    member_id: UUID,
    label: str,
    scopes: Iterable[str] = (),
    lifetime: timedelta | None = None,
) -> tuple[Token, str]:
    """Make a token for a member; return its row and the secret, which is never shown again."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    member = await work.one(select(Member).where(Member.id == member_id))
    if member is None:
        raise NotFound("There is no such member.", path=("member",))
    if lifetime is not None and lifetime <= timedelta():
        raise Invalid("A token must live for some time.", path=("lifetime",))
    secret = new_token("pat")
    token = Token(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        member_id=member.id,
        label=label,
        digest=work.vault.token_digest(secret),
        hint=secret[-4:],
        scopes=require_scopes(scopes),
        expires_at=work.clock + lifetime if lifetime else None,
    )
    work.session.add(token)
    await work.session.flush()
    work.record(TokenIssued(subject_id=token.id, member_id=member.id, label=label))
    return token, secret


async def tokens(work: UnitOfWork) -> Sequence[tuple[Token, Member]]:
    """Return the workspace's tokens and whose they are, oldest first."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    rows = await work.session.execute(
        select(Token, Member)
        .join(Member, Member.id == Token.member_id)
        .where(Token.workspace_id == work.caller.workspace_id)
        .order_by(Token.id)
    )
    return [(row[0], row[1]) for row in rows]


async def revoke_token(work: UnitOfWork, *, token_id: UUID) -> None:
    """Make a token stop working, from the next request on."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    changed = await work.change(
        update(Token)
        .where(
            Token.id == token_id,
            Token.workspace_id == work.caller.workspace_id,
            Token.revoked_at.is_(None),
        )
        .values(revoked_at=work.clock)
    )
    if not changed:
        raise NotFound("There is no such token, or it is revoked already.", path=("id",))
    work.record(TokenRevoked(subject_id=token_id))


async def authenticate(session: AsyncSession, vault: Vault, secret: str) -> Caller:
    """Return who a token speaks for; raise Unauthenticated for every kind of wrong one alike."""
    try:
        require_token_form(secret)
    except HubError as error:
        raise Unauthenticated("The token is not valid.") from error
    clock: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    token = (
        await session.execute(
            select(Token).where(
                Token.digest == vault.token_digest(secret),
                Token.revoked_at.is_(None),
                or_(Token.expires_at.is_(None), Token.expires_at > clock),
            )
        )
    ).scalar_one_or_none()
    if token is None:
        raise Unauthenticated("The token is not valid.")
    if token.last_used_at is None or clock - token.last_used_at > _USED_EVERY:
        await session.execute(update(Token).where(Token.id == token.id).values(last_used_at=clock))
    await session.execute(
        select(func.set_config("hub.workspace_id", str(token.workspace_id), True))
    )
    member = (
        await session.execute(select(Member).where(Member.id == token.member_id))
    ).scalar_one()
    return Caller(
        workspace_id=token.workspace_id,
        kind=ActorKind.MEMBER,
        member_id=member.id,
        token_id=token.id,
        name=member.name,
        permissions=granted(member.role, token.scopes),
    )
