"""Workspaces, members, tokens."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select

from hub.access import operations as access
from hub.access.models import Member, Role, Token
from hub.access.rules import granted
from hub.kernel.caller import ActorKind, Permission
from hub.kernel.errors import Taken, Unauthenticated
from hub.kernel.ids import new_id
from hub.kernel.secrets import new_token
from hub.kernel.work import Hub, UnitOfWork
from tests.conftest import Database
from tests.factories import World
from tests.hub.traces import put, refusal, tell
from tests.working import move_clock


async def issue(world: World, **given: Any) -> tuple[Token, str]:
    async with world.hub.unit_of_work(world.system) as work:
        member_id = world.callers[Role.EDITOR].member_id
        assert member_id is not None
        return await access.issue_token(work, member_id=member_id, label="n8n", **given)


async def test_a_workspace_has_a_slug_of_its_own(hub: Hub) -> None:
    async with hub.unscoped() as session:
        one = await access.create_workspace(session, slug="acme", name="Acme")
        nameless = await access.create_workspace(session, slug="other", name="")

        assert [found.slug for found in await access.workspaces(session)] == ["acme", "other"]
        assert await access.workspace_by_slug(session, "acme") is one
        assert await access.workspace_by_slug(session, "none") is None
        assert nameless.name == "other"
        with pytest.raises(Taken):
            await access.create_workspace(session, slug="acme", name="Again")


async def test_a_member_joins(world: World) -> None:
    made: list[Member] = []

    async def act(work: UnitOfWork) -> None:
        made.append(
            await access.add_member(
                work, name=" Zoe ", email="Zoe@acme.example", role=Role.APPROVER
            )
        )

    (told,) = await tell(world, world.system, act)
    assert (told.name, told.subject_id) == ("member.added", made[0].id)
    assert told.data == {"role": "APPROVER"}
    assert (made[0].name, made[0].role) == ("Zoe", Role.APPROVER)
    async with world.hub.unit_of_work(world.system) as work:
        found = await access.member_by_email(work, email="zoe@ACME.example")
        assert found is not None
        assert found.id == made[0].id


NO_MEMBERS: list[tuple[str, str, tuple[str, tuple[str, ...]]]] = [
    (" ", "a@b.example", ("INVALID", ("name",))),
    ("A", "no address", ("INVALID", ("email",))),
    ("A", "a@b c", ("INVALID", ("email",))),
    ("A", "EDITOR@acme.example", ("TAKEN", ("email",))),
]


async def test_a_member_who_cannot_join_is_refused(world: World) -> None:
    for name, email, answer in NO_MEMBERS:
        act = partial(access.add_member, name=name, email=email, role=Role.VIEWER)
        assert await refusal(world, world.system, act) == answer, (name, email)


async def test_a_token_speaks_for_its_member_within_its_scopes(world: World) -> None:
    token, secret = await issue(world, scopes=["content.read", "strategy.write"])

    async with world.hub.unscoped() as session:
        caller = await access.authenticate(session, world.hub.vault, secret)

    assert (caller.workspace_id, caller.kind) == (world.workspace_id, ActorKind.MEMBER)
    assert (caller.member_id, caller.token_id) == (world.editor.member_id, token.id)
    assert caller.name == "Editor of acme"
    # An editor may not write strategy: a scope never widens the role.
    assert caller.permissions == {Permission.CONTENT_READ}
    assert granted(Role.EDITOR, ()) > caller.permissions


async def test_the_secret_is_stored_nowhere(world: World) -> None:
    async def act(work: UnitOfWork) -> None:
        member_id = world.editor.member_id
        assert member_id is not None
        token, secret = await access.issue_token(work, member_id=member_id, label="n8n")
        kept.append((token, secret))

    kept: list[tuple[Token, str]] = []
    (told,) = await tell(world, world.system, act)

    token, secret = kept[0]
    assert (told.name, told.subject_id) == ("token.issued", token.id)
    assert told.data == {"member_id": str(world.editor.member_id), "label": "n8n"}
    async with world.hub.unscoped() as session:
        row = (await session.execute(select(Token).where(Token.id == token.id))).scalar_one()
    assert row.digest == world.hub.vault.token_digest(secret)
    assert secret[-4:] == row.hint
    assert secret not in repr(vars(row))


async def test_every_wrong_token_is_wrong_in_the_same_words(
    world: World, database: Database
) -> None:
    expired, expired_secret = await issue(world, lifetime=timedelta(hours=1))
    revoked, revoked_secret = await issue(world)
    await put(
        database, "tokens", expired.id, expires_at=world_clock(expired) - timedelta(seconds=1)
    )
    async with world.hub.unit_of_work(world.system) as work:
        await access.revoke_token(work, token_id=revoked.id)

    said = set()
    for secret in ("", "garbage", new_token("pat"), expired_secret, revoked_secret):
        async with world.hub.unscoped() as session:
            with pytest.raises(Unauthenticated) as refused:
                await access.authenticate(session, world.hub.vault, secret)
        said.add((refused.value.code, refused.value.message, refused.value.path))
    assert said == {("UNAUTHENTICATED", "The token is not valid.", ())}


def world_clock(token: Token) -> Any:
    return token.created_at


async def test_garbage_never_reaches_the_database(world: World) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(world.hub.engine.sync_engine, "before_cursor_execute", note)
    async with world.hub.unscoped() as session:
        with pytest.raises(Unauthenticated):
            await access.authenticate(session, world.hub.vault, "hub_pat_" + "x" * 49)
    event.remove(world.hub.engine.sync_engine, "before_cursor_execute", note)

    assert statements == []


async def test_a_token_expires_by_the_bare_clock(world: World, database: Database) -> None:
    _, secret = await issue(world, lifetime=timedelta(hours=1))
    await move_clock(world.hub, database.owner_url, timedelta(days=365))

    async with world.hub.unscoped() as session:
        caller = await access.authenticate(session, world.hub.vault, secret)

    assert caller.member_id == world.editor.member_id


async def test_last_use_is_noted_no_more_often_than_needed(
    world: World, database: Database
) -> None:
    token, secret = await issue(world)

    async def use() -> Any:
        async with world.hub.unscoped() as session:
            await access.authenticate(session, world.hub.vault, secret)
        async with world.hub.unscoped() as session:
            found = select(Token.last_used_at).where(Token.id == token.id)
            return (await session.execute(found)).scalar_one()

    first = await use()
    assert await use() == first
    await put(database, "tokens", token.id, last_used_at=first - timedelta(minutes=6))
    assert await use() > first


async def test_tokens_are_listed_with_their_members(world: World) -> None:
    async with world.hub.unit_of_work(world.callers[Role.ADMIN]) as work:
        listed = await access.tokens(work)

    assert [member.role for _, member in listed] == list(Role)
    assert {token.label for token, _ in listed} == {"test"}


async def test_a_token_is_revoked_once(world: World) -> None:
    token, _ = await issue(world)

    (told,) = await tell(
        world, world.system, lambda work: access.revoke_token(work, token_id=token.id)
    )

    assert (told.name, told.subject_id, told.data) == ("token.revoked", token.id, {})
    again = await refusal(
        world, world.system, lambda work: access.revoke_token(work, token_id=token.id)
    )
    assert again == ("NOT_FOUND", ("id",))


NO_TOKENS: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"member_id": new_id()}, ("NOT_FOUND", ("member",))),
    ({"lifetime": timedelta()}, ("INVALID", ("lifetime",))),
    ({"scopes": ["everything"]}, ("INVALID", ("scopes",))),
]


async def test_a_token_that_cannot_be_is_refused(world: World) -> None:
    valid = {"member_id": world.editor.member_id, "label": "n8n"}

    for change, answer in NO_TOKENS:
        act = partial(access.issue_token, **{**valid, **change})
        assert await refusal(world, world.system, act) == answer, change
