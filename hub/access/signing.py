"""Signing in with a password: tries are counted before anything is known, sessions made after."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.access import operations
from hub.access.errors import TooManyTries
from hub.access.events import SessionCreated, SessionRefused
from hub.access.models import Member, Password, Role, Session, SessionEnd, SignInTry, Workspace
from hub.access.passwords import passwords_of
from hub.access.rules import (
    ACCOUNT_TRIES,
    ADDRESS_TRIES,
    DEVICE_TRIES,
    PASSWORD_MAX,
    TryRule,
    granted,
)
from hub.kernel.caller import ActorKind, Caller
from hub.kernel.errors import HubError, Invalid, Unauthenticated
from hub.kernel.ids import new_id
from hub.kernel.secrets import Vault, new_token, require_token_form
from hub.kernel.settings import Settings
from hub.kernel.texts import require_storable
from hub.kernel.work import Hub, UnitOfWork

_EMAIL_MAX = 320
_AGENT_MAX = 300
#: How exact "last used" is: more often would write a row per request.
_USED_EVERY = timedelta(minutes=5)
_CLEARED_AT_ONCE = 1_000
_FORGOTTEN_AFTER = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Knock:
    """Somebody who wants in. `device` is what an earlier sign-in left in this browser."""

    workspace: str | None
    email: str
    password: str
    address: str
    agent: str = ""
    device: str = ""
    session: str = ""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A session as its own browser sees it: the secret is in `secret` and nowhere else."""

    caller: Caller
    secret: str
    device: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Account:
    workspace: Workspace | None
    member_id: UUID | None = None
    hash: str | None = None


async def sign_in(hub: Hub, knock: Knock) -> SignedIn:
    """Sign a person in. Whatever is wrong of the three is wrong in the same words and time.

    Raises Invalid for what has not the form, TooManyTries, Unauthenticated.
    """
    _require_form(knock)
    async with hub.unscoped() as session:
        workspace = await _workspace(session, knock.workspace)
        slug = workspace.slug if workspace else knock.workspace or ""
        who = account_key(slug, knock.email)
        known = is_device(hub.vault, who, knock.device)
        key = f"device|{who}|{knock.device}" if known else f"account|{who}"
        await take_a_try(session, hub.vault, key, DEVICE_TRIES if known else ACCOUNT_TRIES)
        await take_a_try(session, hub.vault, f"address|{knock.address}", ADDRESS_TRIES)
    account = await _account(hub, workspace, knock.email)
    if not await passwords_of(hub.settings).matches(account.hash, knock.password):
        await _refuse(hub, account, knock.email)
    return await _begin(hub, account, knock, who=who, key=key)


def account_key(workspace_slug: str, email: str) -> str:
    """Return one spelling of an account, whether it exists or not."""
    return orjson.dumps([workspace_slug, email.lower()]).decode()


def is_device(vault: Vault, who: str, device: str) -> bool:
    """Say whether the account was signed in with on the browser that keeps this."""
    nonce, _, signature = device.partition(".")
    return vault.link_is_genuine(f"device:{who}:{nonce}", signature)


async def take_a_try(session: AsyncSession, vault: Vault, key: str, rule: TryRule) -> None:
    """Count a try before it is made, in one statement; raises TooManyTries, and counts nothing.

    Of many at once no more get through than the rule allows.
    """
    clock = func.clock_timestamp()
    tries = case((SignInTry.last_at < clock - rule.forgotten, 1), else_=SignInTry.tries + 1)
    over = tries - rule.free
    wait = case(
        (
            over >= 0,
            func.least(func.power(2, func.least(over, 20)), rule.most.total_seconds()),
        ),
        else_=0,
    )
    digest = vault.session_digest(f"try|{key}")
    counted = await session.execute(
        upsert(SignInTry)
        .values(id=new_id(), digest=digest, tries=1, last_at=clock, free_at=clock)
        .on_conflict_do_update(
            index_elements=[SignInTry.digest],
            set_={
                "tries": tries,
                "last_at": clock,
                "free_at": clock + wait * func.make_interval(0, 0, 0, 0, 0, 0, 1),
            },
            where=SignInTry.free_at <= clock,
        )
        .returning(SignInTry.tries)
    )
    if counted.scalar_one_or_none() is not None:
        return
    left = await session.execute(
        select(func.extract("epoch", SignInTry.free_at - clock)).where(SignInTry.digest == digest)
    )
    raise TooManyTries(seconds=max(1, math.ceil(left.scalar_one())))


async def forget_tries(session: AsyncSession, vault: Vault, key: str) -> None:
    """Forget the tries of somebody who got in, and those of everybody from long ago."""
    await session.execute(
        delete(SignInTry).where(SignInTry.digest == vault.session_digest(f"try|{key}"))
    )
    # Two who clear up at once must not wait for each other.
    old = (
        select(SignInTry.id)
        .where(SignInTry.last_at < func.clock_timestamp() - timedelta(days=1))
        .limit(_CLEARED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(SignInTry).where(SignInTry.id.in_(old)))


async def authenticate_session(
    session: AsyncSession, vault: Vault, settings: Settings, secret: str
) -> Caller:
    """Return who a session's secret speaks for; Unauthenticated for every kind of wrong one."""
    wrong = Unauthenticated("You are not signed in any more.")
    try:
        require_token_form(secret)
    except HubError as error:
        raise wrong from error
    found = await _of_secret(session, vault, secret)
    if found is None:
        raise wrong
    row, member, clock = found
    idle = timedelta(seconds=settings.session_idle_seconds)
    if clock - row.used_at > min(_USED_EVERY, idle / 4):
        until = min(clock + idle, row.expires_at)
        await session.execute(
            update(Session).where(Session.id == row.id).values(used_at=clock, idle_until=until)
        )
    return _caller(row.workspace_id, member.id, row.id, name=member.name, role=member.role)


async def sign_out(hub: Hub, caller: Caller) -> None:
    """End the session the caller acts in."""
    if caller.session_id is None:
        return
    async with hub.unit_of_work(caller) as work:
        await operations.end_sessions(
            work, [Session.id == caller.session_id], reason=SessionEnd.SIGNED_OUT
        )


async def _of_secret(
    session: AsyncSession, vault: Vault, secret: str
) -> tuple[Session, Member, datetime] | None:
    found = func.hub_session(vault.session_digest(secret)).table_valued(
        "workspace_id", "session_id"
    )
    place = (await session.execute(select(found))).one_or_none()
    if place is None:
        return None
    await session.execute(
        select(func.set_config("hub.workspace_id", str(place.workspace_id), True))
    )
    clock = func.clock_timestamp()
    row = (
        await session.execute(
            select(Session, Member, clock)
            .join(Member, Member.id == Session.member_id)
            .where(
                Session.id == place.session_id,
                Session.workspace_id == place.workspace_id,
                Session.revoked_at.is_(None),
                Session.idle_until > clock,
                Member.removed_at.is_(None),
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _require_form(knock: Knock) -> None:
    for name, value, most in (
        ("workspace", knock.workspace or "", _EMAIL_MAX),
        ("email", knock.email, _EMAIL_MAX),
        ("password", knock.password, PASSWORD_MAX),
    ):
        if len(value) > most:
            raise Invalid(f"This has more than {most} characters.", path=(name,))
        require_storable(value, path=(name,))


async def _workspace(session: AsyncSession, slug: str | None) -> Workspace | None:
    if slug:
        return await operations.workspace_by_slug(session, slug)
    several = (await session.execute(select(Workspace).limit(2))).scalars().all()
    if len(several) == 1:
        return several[0]
    raise Invalid("Name the workspace: its short name, as in its addresses.", path=("workspace",))


async def _account(hub: Hub, workspace: Workspace | None, email: str) -> _Account:
    if workspace is None:
        return _Account(workspace=None)
    async with hub.unit_of_work(Caller.system(workspace.id)) as work:
        found = (
            await work.session.execute(
                select(Member.id, Password.hash)
                .outerjoin(Password, Password.member_id == Member.id)
                .where(func.lower(Member.email) == email.lower(), Member.removed_at.is_(None))
            )
        ).one_or_none()
    if found is None:
        return _Account(workspace=workspace)
    return _Account(workspace=workspace, member_id=found.id, hash=found.hash)


async def _refuse(hub: Hub, account: _Account, email: str) -> None:
    """Keep the refusal as a fact of the workspace, if there is one, and raise it."""
    if account.workspace is not None:
        async with hub.unit_of_work(Caller.system(account.workspace.id)) as work:
            digest = hub.vault.session_digest(f"email|{email.lower()}").hex()[:16]
            work.record(
                SessionRefused(
                    subject_id=account.workspace.id,
                    member_id=account.member_id,
                    email_digest=digest,
                )
            )
    raise _wrong()


def _wrong() -> Unauthenticated:
    return Unauthenticated("The address, the password or the workspace is wrong.")


async def _begin(hub: Hub, account: _Account, knock: Knock, *, who: str, key: str) -> SignedIn:
    if account.workspace is None or account.member_id is None:
        raise _wrong()
    session_id, secret = new_id(), new_token("ses")
    acting = _caller(account.workspace.id, account.member_id, session_id, name="", role=Role.VIEWER)
    async with hub.unit_of_work(acting) as work:
        member = await _still(work, account)
        caller = _caller(
            account.workspace.id, member.id, session_id, name=member.name, role=member.role
        )
        work.caller = caller
        await _replace(work, knock)
        session = _session(work, caller, secret, knock)
        await work.add(session)
        await _rehash(work, member.id, account.hash or "", knock.password)
        await forget_tries(work.session, work.vault, key)
        work.record(SessionCreated(subject_id=session.id, member_id=member.id))
    nonce = new_token("dev")
    return SignedIn(
        caller=caller,
        secret=secret,
        device=f"{nonce}.{hub.vault.sign_link(f'device:{who}:{nonce}')}",
        expires_at=session.expires_at,
    )


async def _still(work: UnitOfWork, account: _Account) -> Member:
    """Return the member, unless they left or changed the password while it was being checked."""
    member = await work.one(
        select(Member)
        .join(Password, Password.member_id == Member.id)
        .where(
            Member.id == account.member_id,
            Member.removed_at.is_(None),
            Password.hash == account.hash,
        )
        .with_for_update(read=True)
    )
    if member is None:
        raise _wrong()
    return member


async def _replace(work: UnitOfWork, knock: Knock) -> None:
    """End the session this browser had, if it was this member's: what was planted never stays."""
    member = [Session.member_id == work.caller.member_id]
    if knock.session:
        digest = work.vault.session_digest(knock.session)
        await operations.end_sessions(
            work, [*member, Session.digest == digest], reason=SessionEnd.REPLACED
        )
    await work.change(
        delete(Session).where(*member, Session.idle_until < work.clock - _FORGOTTEN_AFTER)
    )


def _session(work: UnitOfWork, caller: Caller, secret: str, knock: Knock) -> Session:
    settings = work.settings
    expires_at = work.clock + timedelta(seconds=settings.session_seconds)
    idle_until = work.clock + timedelta(seconds=settings.session_idle_seconds)
    return Session(
        id=caller.session_id,
        workspace_id=caller.workspace_id,
        member_id=caller.member_id,
        digest=work.vault.session_digest(secret),
        agent=knock.agent[:_AGENT_MAX],
        address=knock.address,
        created_at=work.clock,
        used_at=work.clock,
        idle_until=min(idle_until, expires_at),
        expires_at=expires_at,
    )


async def _rehash(work: UnitOfWork, member_id: UUID, stored: str, password: str) -> None:
    passwords = passwords_of(work.settings)
    if passwords.is_outdated(stored):
        await work.change(
            update(Password)
            .where(Password.member_id == member_id)
            .values(hash=await passwords.hashed(password))
        )


def _caller(
    workspace_id: UUID, member_id: UUID, session_id: UUID, *, name: str, role: Role
) -> Caller:
    return Caller(
        workspace_id=workspace_id,
        kind=ActorKind.MEMBER,
        member_id=member_id,
        session_id=session_id,
        name=name,
        permissions=granted(role, ()),
    )
