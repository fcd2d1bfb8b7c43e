"""Submitting for review, and deciding."""

from datetime import datetime
from typing import Annotated

import strawberry

from hub.kernel.work import UnitOfWork
from hub.review import operations
from hub.review.models import Verdict
from hub.review.operations import Target
from schema.base.perform import Given, Made, Payload, perform, result, wanted
from schema.base.reading import Info
from schema.review.types import Review


@strawberry.input(description="A channel to review for.")
class ReviewTargetInput(Given):
    channel_id: strawberry.ID = strawberry.field(description="The channel.")
    scheduled_for: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When the approved edition goes out by itself; null: schedule it later.",
    )


@strawberry.input(description="An item to be decided on.")
class ReviewSubmitInput(Given):
    content_item_id: strawberry.ID = strawberry.field(
        description="The item; its current revision is reviewed."
    )
    targets: list[ReviewTargetInput] = strawberry.field(
        description="The channels it is meant for, 1 to 50."
    )
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The item's `version` you read; CONFLICT if it is another by now.",
    )
    four_eyes: bool = strawberry.field(
        default=True,
        description="Whether somebody else than author and submitter must approve; the steps of a "
        "workflow say so themselves.",
    )
    note: str = strawberry.field(default="", description="A word to the reviewers.")
    workflow_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The workflow whose steps it takes; left out: the default for its brand and "
        "channels, or one step for all who decide on reviews.",
    )
    resume: bool = strawberry.field(
        default=False,
        description="Whether to go on at the step that asked for changes, where the workflow "
        "keeps approvals; otherwise it begins anew.",
    )


@strawberry.input(description="An edition a reviewer has looked at.")
class SeenEditionInput(Given):
    edition_id: strawberry.ID = strawberry.field(description="The edition.")
    hash: str = strawberry.field(description="Its hash as it was shown.")


@strawberry.input(description="A decision.")
class ReviewDecideInput(Given):
    review_id: strawberry.ID = strawberry.field(description="The review.")
    verdict: Verdict = strawberry.field(description="What is decided.")
    remark: str = strawberry.field(default="", description="Why, in the reviewer's words.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    editions: list[SeenEditionInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="What was looked at; an approval of anything else is refused. Null: unchecked.",
    )


@strawberry.input(description="A review to withdraw.")
class ReviewCancelInput(Given):
    review_id: strawberry.ID = strawberry.field(description="The review.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.type(description="The answer to reviewSubmit.")
class ReviewSubmitPayload(Payload):
    review: Review | None = result("Review", "The new review, PREPARING at first.")


@strawberry.type(description="The answer to reviewDecide.")
class ReviewDecidePayload(Payload):
    review: Review | None = result("Review", "The review as it is now.")


@strawberry.type(description="The answer to reviewCancel.")
class ReviewCancelPayload(Payload):
    review: Review | None = result("Review", "The review as it is now.")


@strawberry.type
class ReviewMutations:
    @strawberry.mutation(
        description="Ask for a decision on the current revision; it is rendered for every channel "
        "first. What a platform would not take is refused at once."
    )
    async def review_submit(
        self,
        info: Info,
        input: Annotated[ReviewSubmitInput, strawberry.argument(description="The item.")],  # noqa: A002 - its name in the API
    ) -> ReviewSubmitPayload:
        async def act(work: UnitOfWork) -> Made:
            review = await operations.submit(
                work,
                item_id=wanted(input.content_item_id, "ContentItem", "contentItemId"),
                targets=[
                    Target(
                        channel_id=wanted(
                            target.channel_id, "Channel", "targets", str(index), "channelId"
                        ),
                        scheduled_for=target.scheduled_for,
                    )
                    for index, target in enumerate(input.targets)
                ],
                expected_version=input.expected_version,
                four_eyes=input.four_eyes,
                note=input.note,
                workflow_id=None
                if input.workflow_id is None
                else wanted(input.workflow_id, "Workflow", "workflowId"),
                resume=input.resume,
            )
            return {"review": review.id}

        return await perform(info, ReviewSubmitPayload, act)

    @strawberry.mutation(
        description="Approve the editions by their hashes at the open step, or ask for changes, "
        "which ends the review; after an approval it takes that back and holds what is scheduled."
    )
    async def review_decide(
        self,
        info: Info,
        input: Annotated[ReviewDecideInput, strawberry.argument(description="The decision.")],  # noqa: A002 - its name in the API
    ) -> ReviewDecidePayload:
        async def act(work: UnitOfWork) -> Made:
            review = await operations.decide(
                work,
                review_id=wanted(input.review_id, "Review", "reviewId"),
                verdict=input.verdict,
                remark=input.remark,
                expected_version=input.expected_version,
                seen=None
                if input.editions is None
                else {
                    wanted(
                        seen.edition_id, "Edition", "editions", str(index), "editionId"
                    ): seen.hash
                    for index, seen in enumerate(input.editions)
                },
            )
            return {"review": review.id}

        return await perform(info, ReviewDecidePayload, act)

    @strawberry.mutation(description="Withdraw a review before it is decided.")
    async def review_cancel(
        self,
        info: Info,
        input: Annotated[ReviewCancelInput, strawberry.argument(description="The review.")],  # noqa: A002 - its name in the API
    ) -> ReviewCancelPayload:
        async def act(work: UnitOfWork) -> Made:
            review = await operations.cancel(
                work,
                review_id=wanted(input.review_id, "Review", "reviewId"),
                expected_version=input.expected_version,
            )
            return {"review": review.id}

        return await perform(info, ReviewCancelPayload, act)
