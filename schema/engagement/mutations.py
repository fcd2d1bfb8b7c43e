"""Answering messages."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry

from hub.engagement import operations
from hub.kernel.work import UnitOfWork
from schema.base.perform import Given, Made, Payload, perform, result, wanted
from schema.base.reading import Info
from schema.engagement.helping import HelpingMutations
from schema.engagement.inbox import InboxMutations
from schema.engagement.types import Message
from schema.publishing.types import Publication


@strawberry.input(description="An answer to a message.")
class MessageReplyInput(Given):
    message_id: strawberry.ID = strawberry.field(description="The message to answer.")
    text: str = strawberry.field(description="The words, as the platform takes them.")
    saved_reply_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The saved reply the words were made of; its use is counted.",
    )


@strawberry.type(description="The answer to messageReply.")
class MessageReplyPayload(Payload):
    message: Message | None = result("Message", "The message that is answered.")
    publication: Publication | None = result("Publication", "The answer on its way.")


@strawberry.input(description="An answer to hide from others.")
class MessageHideInput(Given):
    message_id: strawberry.ID = strawberry.field(description="The message.")


@strawberry.input(description="A hidden answer to show again.")
class MessageUnhideInput(Given):
    message_id: strawberry.ID = strawberry.field(description="The message.")


@strawberry.input(description="A message to like.")
class MessageLikeInput(Given):
    message_id: strawberry.ID = strawberry.field(description="The message.")


@strawberry.input(description="A message to like no more.")
class MessageUnlikeInput(Given):
    message_id: strawberry.ID = strawberry.field(description="The message.")


@strawberry.type(description="The answer to messageLike.")
class MessageLikePayload(Payload):
    message: Message | None = result("Message", "The message as it is now.")


@strawberry.type(description="The answer to messageUnlike.")
class MessageUnlikePayload(Payload):
    message: Message | None = result("Message", "The message as it is now.")


@strawberry.type(description="The answer to messageHide.")
class MessageHidePayload(Payload):
    message: Message | None = result("Message", "The message as it is now.")


@strawberry.type(description="The answer to messageUnhide.")
class MessageUnhidePayload(Payload):
    message: Message | None = result("Message", "The message as it is now.")


@strawberry.type
class EngagementMutations(InboxMutations, HelpingMutations):
    @strawberry.mutation(
        description="Answer a message. The answer goes out like everything else: once, with a "
        "publication that shows how far it is. What came in private is answered in private."
    )
    async def message_reply(
        self,
        info: Info,
        input: Annotated[MessageReplyInput, strawberry.argument(description="The answer.")],  # noqa: A002 - its name in the API
    ) -> MessageReplyPayload:
        async def act(work: UnitOfWork) -> Made:
            message_id = wanted(input.message_id, "Message", "messageId")
            publication = await operations.reply(
                work,
                message_id=message_id,
                text=input.text,
                saved_reply_id=None
                if input.saved_reply_id is None
                else wanted(input.saved_reply_id, "SavedReply", "savedReplyId"),
            )
            return {"message": message_id, "publication": publication.id}

        return await perform(info, MessageReplyPayload, act)

    @strawberry.mutation(
        description="Hide somebody's answer from others, where the platform allows it; `hidden` "
        "turns true once it is done."
    )
    async def message_hide(
        self,
        info: Info,
        input: Annotated[MessageHideInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> MessageHidePayload:
        return await perform(info, MessageHidePayload, _hiding(input.message_id, hidden=True))

    @strawberry.mutation(
        description="Show a hidden answer again; `hidden` turns false once it is done."
    )
    async def message_unhide(
        self,
        info: Info,
        input: Annotated[MessageUnhideInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> MessageUnhidePayload:
        return await perform(info, MessageUnhidePayload, _hiding(input.message_id, hidden=False))

    @strawberry.mutation(
        description="Like somebody's message, where the platform knows likes; `liked` turns true "
        "once it is done."
    )
    async def message_like(
        self,
        info: Info,
        input: Annotated[MessageLikeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> MessageLikePayload:
        return await perform(info, MessageLikePayload, _liking(input.message_id, liked=True))

    @strawberry.mutation(description="Take a like back; `liked` turns false once it is done.")
    async def message_unlike(
        self,
        info: Info,
        input: Annotated[MessageUnlikeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> MessageUnlikePayload:
        return await perform(info, MessageUnlikePayload, _liking(input.message_id, liked=False))


def _hiding(given: strawberry.ID, *, hidden: bool) -> Callable[[UnitOfWork], Awaitable[Made]]:
    async def act(work: UnitOfWork) -> Made:
        message_id = wanted(given, "Message", "messageId")
        message = await operations.set_hidden(work, message_id=message_id, hidden=hidden)
        return {"message": message.id}

    return act


def _liking(given: strawberry.ID, *, liked: bool) -> Callable[[UnitOfWork], Awaitable[Made]]:
    async def act(work: UnitOfWork) -> Made:
        message_id = wanted(given, "Message", "messageId")
        message = await operations.set_liked(work, message_id=message_id, liked=liked)
        return {"message": message.id}

    return act
