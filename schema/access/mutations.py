"""Changing who gets in: passwords, sessions, and members who leave."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import strawberry

from hub.access import operations, signing
from hub.access.rules import DEVICE_TRIES
from hub.kernel.errors import HubError
from hub.kernel.work import UnitOfWork
from schema.access.types import Member, Session
from schema.base.perform import (
    Given,
    Made,
    Payload,
    changes,
    perform,
    refused,
    result,
    wanted,
)
from schema.base.reading import Info
from schema.context import Context


@strawberry.input(description="Whose password to set, and to what.")
class MemberPasswordSetInput(Given):
    member_id: strawberry.ID = strawberry.field(description="The member.")
    password: str = strawberry.field(
        description="The new password: 12 characters or more, not made of name or address."
    )


@strawberry.input(description="Your password, and the one you want.")
class PasswordChangeInput(Given):
    current_password: str = strawberry.field(description="The password you signed in with.")
    new_password: str = strawberry.field(
        description="The new password: 12 characters or more, not made of name or address."
    )


@strawberry.input(description="How a member is told of things; what is left out stays.")
class MemberNoticesSetInput(Given):
    member_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The member, for those who manage the workspace; left out: you.",
    )
    email_notices: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether they take notices by mail."
    )
    locale: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="The language of notices, as a language tag: fr, en-GB."
    )


@strawberry.input(description="Who leaves.")
class MemberRemoveInput(Given):
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.input(description="Which session of yours to end.")
class SessionRevokeInput(Given):
    id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.input(description="Whose sessions to end.")
class MemberSessionsRevokeInput(Given):
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The answer to memberPasswordSet.")
class MemberPasswordSetPayload(Payload):
    member: Member | None = result("Member", "The member.")


@strawberry.type(description="The answer to passwordChange.")
class PasswordChangePayload(Payload):
    member: Member | None = result("Member", "You.")


@strawberry.type(description="The answer to memberNoticesSet.")
class MemberNoticesSetPayload(Payload):
    member: Member | None = result("Member", "The member.")


@strawberry.type(description="The answer to memberRemove.")
class MemberRemovePayload(Payload):
    member: Member | None = result("Member", "Who left; what they did still bears their name.")


@strawberry.type(description="The answer to sessionRevoke.")
class SessionRevokePayload(Payload):
    session: Session | None = result("Session", "The session, which has ended.")


@strawberry.type(description="The answer to memberSessionsRevoke.")
class MemberSessionsRevokePayload(Payload):
    member: Member | None = result("Member", "The member, who is signed in nowhere now.")


@strawberry.type
class AccessMutations:
    @strawberry.mutation(
        description="Say whether you take notices by mail, and in which language; those who manage "
        "the workspace can say it for others."
    )
    async def member_notices_set(
        self,
        info: Info,
        input: Annotated[MemberNoticesSetInput, strawberry.argument(description="What.")],  # noqa: A002 - its name in the API
    ) -> MemberNoticesSetPayload:
        async def act(work: UnitOfWork) -> Made:
            member = await operations.set_notices(
                work,
                member_id=None
                if input.member_id is None
                else wanted(input.member_id, "Member", "memberId"),
                changes=changes(input, "email_notices", "locale"),
            )
            return {"member": member.id}

        return await perform(info, MemberNoticesSetPayload, act)

    @strawberry.mutation(
        description="Give a member a password to sign in with; all their sessions end."
    )
    async def member_password_set(
        self,
        info: Info,
        input: Annotated[MemberPasswordSetInput, strawberry.argument(description="What.")],  # noqa: A002 - its name in the API
    ) -> MemberPasswordSetPayload:
        async def act(work: UnitOfWork) -> Made:
            member = await operations.set_password(
                work,
                member_id=wanted(input.member_id, "Member", "memberId"),
                password=input.password,
            )
            return {"member": member.id}

        _forget_key(info.context)
        return await perform(info, MemberPasswordSetPayload, act)

    @strawberry.mutation(
        description="Change your own password; your other sessions end. Only for who is signed in."
    )
    async def password_change(
        self,
        info: Info,
        input: Annotated[PasswordChangeInput, strawberry.argument(description="What.")],  # noqa: A002 - its name in the API
    ) -> PasswordChangePayload:
        async def act(work: UnitOfWork) -> Made:
            member = await operations.change_password(
                work, current=input.current_password, password=input.new_password
            )
            return {"member": member.id}

        context: Context = info.context
        _forget_key(context)
        key = f"change|{context.caller.member_id}"
        try:
            # Counted by itself: a wrong password undoes everything else.
            async with context.hub.unscoped() as session:
                await signing.take_a_try(session, context.hub.vault, key, DEVICE_TRIES)
        except HubError as error:
            return refused(PasswordChangePayload, error)
        answer = await perform(info, PasswordChangePayload, act)
        if not answer.errors:
            async with context.hub.unscoped() as session:
                await signing.forget_tries(session, context.hub.vault, key)
        return answer

    @strawberry.mutation(
        description="Take a member out of the workspace: their tokens and sessions end at once."
    )
    async def member_remove(
        self,
        info: Info,
        input: Annotated[MemberRemoveInput, strawberry.argument(description="Who.")],  # noqa: A002 - its name in the API
    ) -> MemberRemovePayload:
        async def act(work: UnitOfWork) -> Made:
            member = await operations.remove_member(
                work, member_id=wanted(input.member_id, "Member", "memberId")
            )
            return {"member": member.id}

        return await perform(info, MemberRemovePayload, act)

    @strawberry.mutation(description="End one of your sessions. Only for who is signed in.")
    async def session_revoke(
        self,
        info: Info,
        input: Annotated[SessionRevokeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> SessionRevokePayload:
        async def act(work: UnitOfWork) -> Made:
            session_id: UUID = wanted(input.id, "Session", "id")
            await operations.revoke_session(work, session_id=session_id)
            return {"session": session_id}

        return await perform(info, SessionRevokePayload, act)

    @strawberry.mutation(description="End every session of a member.")
    async def member_sessions_revoke(
        self,
        info: Info,
        input: Annotated[MemberSessionsRevokeInput, strawberry.argument(description="Whose.")],  # noqa: A002 - its name in the API
    ) -> MemberSessionsRevokePayload:
        async def act(work: UnitOfWork) -> Made:
            member = await operations.revoke_sessions(
                work, member_id=wanted(input.member_id, "Member", "memberId")
            )
            return {"member": member.id}

        return await perform(info, MemberSessionsRevokePayload, act)


def _forget_key(context: Context) -> None:
    """Leave an Idempotency-Key aside: with it a quick hash of the password would be stored.

    Setting the same password twice is the same as once.
    """
    if context.facts is not None:
        context.facts = replace(context.facts, idempotency_key=None)
