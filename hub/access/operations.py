"""Workspaces, members and tokens."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.access.events import (
    MemberAdded,
    MemberNoticesSet,
    MemberRemoved,
    PasswordChanged,
    SessionRevoked,
    TokenIssued,
    TokenRevoked,
)
from hub.access.models import Member, Password, Role, Session, SessionEnd, Token, Workspace
from hub.access.passwords import passwords_of
from hub.access.rules import DELIVERY, granted, require_password, require_scopes
from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.editing import edit, touch
from hub.kernel.errors import (
    Forbidden,
    HubError,
    Invalid,
    NotFound,
    Taken,
    Unauthenticated,
    WrongState,
)
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
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
    former = await _by_email(work, email)
    if former is not None and former.removed_at is None:
        raise Taken(f"There is a member with the address {email} already.", path=("email",))
    member = former or Member(id=new_id(), workspace_id=work.caller.workspace_id, email=email)
    member.name, member.role, member.removed_at = name.strip(), role, None
    if former is None:
        await work.add(member)
    else:
        touch(work, member)
    work.record(MemberAdded(subject_id=member.id, role=role))
    return member


async def member_by_email(work: UnitOfWork, *, email: str) -> Member | None:
    """Return the member with that address, whatever its case; not one who was removed."""
    found = await _by_email(work, email)
    return None if found is None or found.removed_at is not None else found


async def _by_email(work: UnitOfWork, email: str) -> Member | None:
    return await work.one(select(Member).where(func.lower(Member.email) == email.lower()))


async def _member(work: UnitOfWork, member_id: UUID, *, path: tuple[str, ...]) -> Member:
    # What only refers to the member, such as a decision under way, need not wait for this.
    found = await work.one(
        select(Member)
        .where(Member.id == member_id, Member.removed_at.is_(None))
        .with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound("There is nothing with this id.", path=path)
    return found


async def remove_member(work: UnitOfWork, *, member_id: UUID) -> Member:
    """Take a person out of the workspace: their tokens and sessions end, what they did stays."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    path = ("input", "memberId")
    member = await _member(work, member_id, path=path)
    if member.id == work.caller.member_id:
        raise WrongState("Somebody else must remove you.", path=path)
    member.removed_at = work.clock
    touch(work, member)
    await work.session.flush()
    await work.change(delete(Password).where(Password.member_id == member.id))
    await work.change(
        update(Token)
        .where(
            Token.member_id == member.id,
            Token.workspace_id == member.workspace_id,
            Token.revoked_at.is_(None),
        )
        .values(revoked_at=work.clock)
    )
    await end_sessions(work, [Session.member_id == member.id], reason=SessionEnd.MEMBER_REMOVED)
    work.record(MemberRemoved(subject_id=member.id))
    return member


async def set_notices(
    work: UnitOfWork, *, member_id: UUID | None = None, changes: Mapping[str, Any]
) -> Member:
    """Change a member's `locale`, or whether they take `email_notices`; one's own by default."""
    if member_id not in {None, work.caller.member_id}:
        work.caller.require(Permission.WORKSPACE_ADMIN)
    path = ("input", "memberId")
    whose = member_id or work.caller.member_id
    if whose is None:
        raise NotFound("Say which member.", path=path)
    member = await _member(work, whose, path=path)
    if "locale" in changes:
        require_locale(changes["locale"], path=("input", "locale"))
    changed = await edit(work, member, changes, expected_version=None)
    if changed:
        work.record(MemberNoticesSet(subject_id=member.id, fields=changed))
    return member


async def set_password(work: UnitOfWork, *, member_id: UUID, password: str) -> Member:
    """Give a member a password to sign in with; all their sessions end."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    member = await _member(work, member_id, path=("input", "memberId"))
    await _write_password(work, member, password, path=("input", "password"))
    return member


async def change_password(work: UnitOfWork, *, current: str, password: str) -> Member:
    """Change one's own password, knowing the current one; all other sessions end."""
    if work.caller.session_id is None or work.caller.member_id is None:
        raise Forbidden("Sign in to change your password.")
    member = await _member(work, work.caller.member_id, path=())
    stored = await work.one(select(Password.hash).where(Password.member_id == member.id))
    if not await passwords_of(work.settings).matches(stored, current):
        raise Invalid("This is not your password.", path=("input", "currentPassword"))
    await _write_password(work, member, password, path=("input", "newPassword"))
    return member


async def _write_password(
    work: UnitOfWork, member: Member, password: str, *, path: tuple[str, ...]
) -> None:
    known = (member.name, member.email, member.email.partition("@")[0])
    require_password(password, about=known, path=path)
    hashed = await passwords_of(work.settings).hashed(password)
    written = upsert(Password).values(
        id=new_id(),
        workspace_id=member.workspace_id,
        member_id=member.id,
        hash=hashed,
        changed_at=work.clock,
    )
    await work.session.execute(
        written.on_conflict_do_update(
            index_elements=[Password.member_id],
            set_={"hash": hashed, "changed_at": work.clock},
        )
    )
    await end_sessions(
        work,
        [Session.member_id == member.id, Session.id.is_distinct_from(work.caller.session_id)],
        reason=SessionEnd.PASSWORD_CHANGED,
    )
    work.record(PasswordChanged(subject_id=member.id))


async def revoke_session(work: UnitOfWork, *, session_id: UUID) -> None:
    """End one of one's own sessions."""
    if work.caller.session_id is None:
        raise Forbidden("Sign in to end your sessions.")
    mine = [Session.id == session_id, Session.member_id == work.caller.member_id]
    if not await end_sessions(work, mine, reason=SessionEnd.REVOKED):
        raise NotFound("There is nothing with this id.", path=("input", "id"))


async def revoke_sessions(work: UnitOfWork, *, member_id: UUID) -> Member:
    """End every session of a member."""
    work.caller.require(Permission.WORKSPACE_ADMIN)
    member = await _member(work, member_id, path=("input", "memberId"))
    await end_sessions(work, [Session.member_id == member.id], reason=SessionEnd.REVOKED)
    return member


async def end_sessions(
    work: UnitOfWork, which: Sequence[ColumnElement[bool]], *, reason: SessionEnd
) -> int:
    """End the sessions that have not ended yet; return how many there were."""
    ended = await work.session.execute(
        update(Session)
        .where(*which, Session.revoked_at.is_(None), Session.idle_until > work.clock)
        .values(revoked_at=work.clock)
        .returning(Session.id, Session.member_id),
        execution_options={"synchronize_session": False},
    )
    rows = ended.all()
    for row in rows:
        work.record(SessionRevoked(subject_id=row.id, member_id=row.member_id, reason=reason))
    return len(rows)


async def issue_token(
    work: UnitOfWork,
    *,
    member_id: UUID,
    label: str,
    scopes: Iterable[str] = (),
    lifetime: timedelta | None = None,
    delivery: bool = False,
) -> tuple[Token, str]:
    """Make a token for a member; return its row and the secret, which is never shown again.

    With `delivery` it may read what is out and nothing else, so that a web page may hold it.
    """
    work.caller.require(Permission.WORKSPACE_ADMIN)
    if delivery and set(scopes):
        raise Invalid("A delivery token has no other scopes.", path=("scopes",))
    member = await work.one(
        select(Member).where(Member.id == member_id, Member.removed_at.is_(None))
    )
    if member is None:
        raise NotFound("There is no such member.", path=("member",))
    if lifetime is not None and lifetime <= timedelta():
        raise Invalid("A token must live for some time.", path=("lifetime",))
    secret = new_token("delivery" if delivery else "pat")
    token = Token(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        member_id=member.id,
        label=label,
        digest=work.vault.token_digest(secret),
        hint=secret[-4:],
        scopes=require_scopes(DELIVERY if delivery else scopes),
        expires_at=work.clock + lifetime if lifetime else None,
    )
    await work.add(token)
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
        await session.execute(
            select(Member).where(Member.id == token.member_id, Member.removed_at.is_(None))
        )
    ).scalar_one_or_none()
    if member is None:
        raise Unauthenticated("The token is not valid.")
    return Caller(
        workspace_id=token.workspace_id,
        kind=ActorKind.MEMBER,
        member_id=member.id,
        token_id=token.id,
        name=member.name,
        permissions=granted(member.role, token.scopes),
    )
