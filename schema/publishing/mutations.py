"""Scheduling, calling back, and deciding what the hub cannot know."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from hub.analytics import clicks
from hub.analytics import operations as analytics
from hub.engagement import operations as engagement
from hub.kernel.work import UnitOfWork
from hub.publishing import amendments, operations
from hub.publishing.models import Publication as PublicationRow
from schema.base.perform import Given, Made, Payload, perform, result, wanted
from schema.base.reading import Info
from schema.publishing.types import Publication


@strawberry.input(description="What to send where, and when.")
class PublicationScheduleInput(Given):
    content_item_id: strawberry.ID = strawberry.field(
        description="The item; the approved edition of its current revision goes out."
    )
    channel_id: strawberry.ID = strawberry.field(description="Where it goes.")
    scheduled_for: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it goes out; null: at once."
    )
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it is too late to send; null: never."
    )
    external_reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your own key for it, unique in the workspace."
    )


@strawberry.input
class _PublicationInput(Given):
    id: strawberry.ID = strawberry.field(description="The publication.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.input(description="Another time for a publication.")
class PublicationRescheduleInput(_PublicationInput):
    scheduled_for: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it goes out; null: at once."
    )


@strawberry.input(description="A publication to call off.")
class PublicationCancelInput(_PublicationInput):
    pass


@strawberry.input(description="A held publication that shall go out after all.")
class PublicationResumeInput(_PublicationInput):
    pass


@strawberry.input(description="A publication to send again.")
class PublicationRetryInput(_PublicationInput):
    pass


@strawberry.input(description="A publication that somebody has found on the platform.")
class PublicationConfirmInput(_PublicationInput):
    remote_id: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Its id on the platform; needed where more posts follow under this one.",
    )
    url: str | None = strawberry.field(default=strawberry.UNSET, description="Its address there.")


@strawberry.input(description="A publication that is not out and shall not be sent.")
class PublicationAbandonInput(_PublicationInput):
    pass


@strawberry.input(description="A publication to look at now.")
class PublicationCollectInput(Given):
    id: strawberry.ID = strawberry.field(description="The publication.")


@strawberry.input(description="A publication whose words are to be changed at the platform.")
class PublicationEditInput(_PublicationInput):
    pass


@strawberry.input(description="A publication to take down.")
class PublicationWithdrawInput(_PublicationInput):
    reason: str = strawberry.field(
        default="", description="Why; kept with it, never sent to the platform."
    )


@strawberry.input(description="A publication to look at where it is out.")
class PublicationReadBackInput(Given):
    id: strawberry.ID = strawberry.field(description="The publication.")


@strawberry.type
class _PublicationPayload(Payload):
    publication: Publication | None = result("Publication", "The publication as it is now.")


@strawberry.type(description="The answer to publicationSchedule.")
class PublicationSchedulePayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationReschedule.")
class PublicationReschedulePayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationCancel.")
class PublicationCancelPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationResume.")
class PublicationResumePayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationRetry.")
class PublicationRetryPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationConfirm.")
class PublicationConfirmPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationAbandon.")
class PublicationAbandonPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationCollect.")
class PublicationCollectPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationEdit.")
class PublicationEditPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationWithdraw.")
class PublicationWithdrawPayload(_PublicationPayload):
    pass


@strawberry.type(description="The answer to publicationReadBack.")
class PublicationReadBackPayload(_PublicationPayload):
    pass


Answer = TypeVar("Answer", bound=_PublicationPayload)


@strawberry.type
class PublishingMutations:
    @strawberry.mutation(
        description="Send the approved edition of an item to a channel, at a time or at once."
    )
    async def publication_schedule(
        self,
        info: Info,
        input: Annotated[PublicationScheduleInput, strawberry.argument(description="What, where.")],  # noqa: A002 - its name in the API
    ) -> PublicationSchedulePayload:
        return await _perform(
            info,
            PublicationSchedulePayload,
            lambda work: operations.schedule(
                work,
                item_id=wanted(input.content_item_id, "ContentItem", "contentItemId"),
                channel_id=wanted(input.channel_id, "Channel", "channelId"),
                scheduled_for=input.scheduled_for,
                expires_at=input.expires_at,
                external_reference=input.external_reference,
            ),
        )

    @strawberry.mutation(description="Choose another time, before it has begun to go out.")
    async def publication_reschedule(
        self,
        info: Info,
        input: Annotated[PublicationRescheduleInput, strawberry.argument(description="The time.")],  # noqa: A002 - its name in the API
    ) -> PublicationReschedulePayload:
        return await _perform(
            info,
            PublicationReschedulePayload,
            lambda work: operations.reschedule(
                work,
                publication_id=_id(input.id),
                scheduled_for=input.scheduled_for,
                expected_version=input.expected_version,
            ),
        )

    @strawberry.mutation(
        description="Call a publication off; TOO_LATE when it is on its way already."
    )
    async def publication_cancel(
        self,
        info: Info,
        input: Annotated[PublicationCancelInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationCancelPayload:
        return await _perform(
            info,
            PublicationCancelPayload,
            lambda work: operations.cancel(
                work, publication_id=_id(input.id), expected_version=input.expected_version
            ),
        )

    @strawberry.mutation(
        description="Let a held publication go out: at its time if that is to come, or now."
    )
    async def publication_resume(
        self,
        info: Info,
        input: Annotated[PublicationResumeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationResumePayload:
        return await _perform(
            info,
            PublicationResumePayload,
            lambda work: operations.resume(
                work, publication_id=_id(input.id), expected_version=input.expected_version
            ),
        )

    @strawberry.mutation(
        description="Send again what failed or what nobody could confirm: the one act that may "
        "double a post."
    )
    async def publication_retry(
        self,
        info: Info,
        input: Annotated[PublicationRetryInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationRetryPayload:
        return await _perform(
            info,
            PublicationRetryPayload,
            lambda work: operations.retry(
                work, publication_id=_id(input.id), expected_version=input.expected_version
            ),
        )

    @strawberry.mutation(description="Say that it is out: somebody has looked at the platform.")
    async def publication_confirm(
        self,
        info: Info,
        input: Annotated[PublicationConfirmInput, strawberry.argument(description="Which, where.")],  # noqa: A002 - its name in the API
    ) -> PublicationConfirmPayload:
        return await _perform(
            info,
            PublicationConfirmPayload,
            lambda work: operations.confirm(
                work,
                publication_id=_id(input.id),
                remote_id=input.remote_id,
                url=input.url,
                expected_version=input.expected_version,
            ),
        )

    @strawberry.mutation(description="Say that it is not out and shall not be sent.")
    async def publication_abandon(
        self,
        info: Info,
        input: Annotated[PublicationAbandonInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationAbandonPayload:
        return await _perform(
            info,
            PublicationAbandonPayload,
            lambda work: operations.abandon(
                work, publication_id=_id(input.id), expected_version=input.expected_version
            ),
        )

    @strawberry.mutation(
        description="Put the newest approved words in the place of those that are out, where the "
        "platform allows it; `amendments` shows how far it is."
    )
    async def publication_edit(
        self,
        info: Info,
        input: Annotated[PublicationEditInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationEditPayload:
        return await _perform(
            info,
            PublicationEditPayload,
            lambda work: amendments.edit(
                work, publication_id=_id(input.id), expected_version=input.expected_version
            ),
        )

    @strawberry.mutation(
        description="Take down what is out, where the platform allows it; it ends WITHDRAWN."
    )
    async def publication_withdraw(
        self,
        info: Info,
        input: Annotated[PublicationWithdrawInput, strawberry.argument(description="Which, why.")],  # noqa: A002 - its name in the API
    ) -> PublicationWithdrawPayload:
        return await _perform(
            info,
            PublicationWithdrawPayload,
            lambda work: amendments.withdraw(
                work,
                publication_id=_id(input.id),
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )

    @strawberry.mutation(
        description="Look now whether it still stands as it was sent; `standing` will say."
    )
    async def publication_read_back(
        self,
        info: Info,
        input: Annotated[PublicationReadBackInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationReadBackPayload:
        return await _perform(
            info,
            PublicationReadBackPayload,
            lambda work: amendments.read_back(work, publication_id=_id(input.id)),
        )

    @strawberry.mutation(
        description="Fetch answers and counters now, instead of at the next turn; a worker does it."
    )
    async def publication_collect(
        self,
        info: Info,
        input: Annotated[PublicationCollectInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PublicationCollectPayload:
        async def collect(work: UnitOfWork) -> PublicationRow:
            publication_id = _id(input.id)
            await engagement.collect_now(work, publication_id=publication_id)
            row = await analytics.measure_now(work, publication_id=publication_id)
            await clicks.measure_clicks(work, publication_id=publication_id)
            return row

        return await _perform(info, PublicationCollectPayload, collect)


async def _perform(
    info: Info,
    payload: type[Answer],
    operation: Callable[[UnitOfWork], Awaitable[PublicationRow]],
) -> Answer:
    async def act(work: UnitOfWork) -> Made:
        return {"publication": (await operation(work)).id}

    return await perform(info, payload, act)


def _id(global_id: strawberry.ID) -> UUID:
    return wanted(global_id, "Publication", "id")
