"""Looking at tokens and sessions without using them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from hub.access.models import Member, Session, Token, Workspace
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader


async def token_lives(reader: Reader, caller: Caller) -> bool:
    """Say whether the caller's token or session is neither revoked nor expired by now."""
    if caller.session_id is not None:
        return await _session_lives(reader, caller)
    if caller.token_id is None:
        return False
    rows = await reader.rows(
        caller,
        select(Token.id).where(
            Token.id == caller.token_id,
            Token.workspace_id == caller.workspace_id,
            Token.revoked_at.is_(None),
            or_(Token.expires_at.is_(None), Token.expires_at > func.clock_timestamp()),
        ),
    )
    return bool(rows)


async def _session_lives(reader: Reader, caller: Caller) -> bool:
    rows = await reader.rows(
        caller,
        select(Session.id).where(
            Session.id == caller.session_id,
            Session.workspace_id == caller.workspace_id,
            Session.revoked_at.is_(None),
            Session.idle_until > func.clock_timestamp(),
        ),
    )
    return bool(rows)


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who is signed in, where, and until when."""

    name: str
    email: str
    role: str
    workspace_slug: str
    workspace_name: str
    expires_at: datetime
    idle_until: datetime


async def who_is(reader: Reader, caller: Caller) -> Who | None:
    """Return who a session belongs to; None when it is over."""
    rows = await reader.rows(
        caller,
        select(
            Member.name,
            Member.email,
            Member.role,
            Workspace.slug.label("workspace_slug"),
            Workspace.name.label("workspace_name"),
            Session.expires_at,
            Session.idle_until,
        )
        .join(Member, Member.id == Session.member_id)
        .join(Workspace, Workspace.id == Session.workspace_id)
        .where(
            Session.id == caller.session_id,
            Session.workspace_id == caller.workspace_id,
            Session.revoked_at.is_(None),
            Session.idle_until > func.clock_timestamp(),
        ),
    )
    return Who(**rows[0]) if rows else None
