"""Making remarks, answering and settling them."""

from typing import Annotated

import strawberry

from hub.kernel.work import UnitOfWork
from hub.review import remarks
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.content.types import ContentItem
from schema.review.remarks import Remark


@strawberry.input(description="A word about a content.")
class ReviewRemarkAddInput(Given):
    content_item_id: strawberry.ID = strawberry.field(description="The content.")
    text: str = strawberry.field(description="What to say, 5,000 characters at most.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The remark to answer."
    )
    revision_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The version it is about; left out: the current one."
    )
    field: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What it is about: title, summary, link, or parts.0.text, counted from 0; "
        "left out: the whole.",
    )
    start: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where in the field the span begins, in code points from 0.",
    )
    end: int | None = strawberry.field(
        default=strawberry.UNSET, description="Where the span ends; this one not included."
    )
    blocking: bool = strawberry.field(
        default=False, description="Whether nobody can approve until it is resolved."
    )


@strawberry.input(description="What to change of a remark of yours; what is left out stays.")
class ReviewRemarkEditInput(Given):
    id: strawberry.ID = strawberry.field(description="The remark.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    text: strawberry.Maybe[str | None] = strawberry.field(default=None, description="What it says.")
    blocking: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether nobody can approve until it is resolved."
    )


@strawberry.input
class _Named(Given):
    id: strawberry.ID = strawberry.field(description="The remark.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.input(description="A remark that is done.")
class ReviewRemarkResolveInput(_Named):
    pass


@strawberry.input(description="A remark that is not done after all.")
class ReviewRemarkReopenInput(_Named):
    pass


@strawberry.input(description="A remark of yours to take away.")
class ReviewRemarkDeleteInput(_Named):
    pass


@strawberry.type(description="The answer to reviewRemarkAdd.")
class ReviewRemarkAddPayload(Payload):
    remark: Remark | None = result("Remark", "The new remark.")


@strawberry.type(description="The answer to reviewRemarkEdit.")
class ReviewRemarkEditPayload(Payload):
    remark: Remark | None = result("Remark", "The remark as it is now.")


@strawberry.type(description="The answer to reviewRemarkResolve.")
class ReviewRemarkResolvePayload(Payload):
    remark: Remark | None = result("Remark", "The remark as it is now.")


@strawberry.type(description="The answer to reviewRemarkReopen.")
class ReviewRemarkReopenPayload(Payload):
    remark: Remark | None = result("Remark", "The remark as it is now.")


@strawberry.type(description="The answer to reviewRemarkDelete.")
class ReviewRemarkDeletePayload(Payload):
    content_item: ContentItem | None = result("ContentItem", "The content it was about.")


@strawberry.type
class RemarkMutations:
    @strawberry.mutation(description="Remark on a content, or answer a remark.")
    async def review_remark_add(
        self,
        info: Info,
        input: Annotated[ReviewRemarkAddInput, strawberry.argument(description="The remark.")],  # noqa: A002 - its name in the API
    ) -> ReviewRemarkAddPayload:
        async def act(work: UnitOfWork) -> Made:
            made = await remarks.add(
                work,
                item_id=wanted(input.content_item_id, "ContentItem", "contentItemId"),
                text=input.text,
                parent_id=None
                if input.parent_id is None
                else wanted(input.parent_id, "Remark", "parentId"),
                revision_id=None
                if input.revision_id is None
                else wanted(input.revision_id, "Revision", "revisionId"),
                field=input.field,
                start=input.start,
                end=input.end,
                blocking=input.blocking,
            )
            return {"remark": made.id}

        return await perform(info, ReviewRemarkAddPayload, act)

    @strawberry.mutation(description="Change the words of your remark, or whether it blocks.")
    async def review_remark_edit(
        self,
        info: Info,
        input: Annotated[ReviewRemarkEditInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> ReviewRemarkEditPayload:
        async def act(work: UnitOfWork) -> Made:
            changed = await remarks.change(
                work,
                remark_id=wanted(input.id, "Remark", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "text", "blocking"),
            )
            return {"remark": changed.id}

        return await perform(info, ReviewRemarkEditPayload, act)

    @strawberry.mutation(description="Say that what a remark asks for is done.")
    async def review_remark_resolve(
        self,
        info: Info,
        input: Annotated[ReviewRemarkResolveInput, strawberry.argument(description="The remark.")],  # noqa: A002 - its name in the API
    ) -> ReviewRemarkResolvePayload:
        async def act(work: UnitOfWork) -> Made:
            resolved = await remarks.resolve(
                work,
                remark_id=wanted(input.id, "Remark", "id"),
                expected_version=input.expected_version,
            )
            return {"remark": resolved.id}

        return await perform(info, ReviewRemarkResolvePayload, act)

    @strawberry.mutation(description="Say that what a remark asks for is not done after all.")
    async def review_remark_reopen(
        self,
        info: Info,
        input: Annotated[ReviewRemarkReopenInput, strawberry.argument(description="The remark.")],  # noqa: A002 - its name in the API
    ) -> ReviewRemarkReopenPayload:
        async def act(work: UnitOfWork) -> Made:
            opened = await remarks.reopen(
                work,
                remark_id=wanted(input.id, "Remark", "id"),
                expected_version=input.expected_version,
            )
            return {"remark": opened.id}

        return await perform(info, ReviewRemarkReopenPayload, act)

    @strawberry.mutation(
        description="Take your remark away; one that was answered can only be resolved."
    )
    async def review_remark_delete(
        self,
        info: Info,
        input: Annotated[ReviewRemarkDeleteInput, strawberry.argument(description="The remark.")],  # noqa: A002 - its name in the API
    ) -> ReviewRemarkDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            item_id = await remarks.delete(
                work,
                remark_id=wanted(input.id, "Remark", "id"),
                expected_version=input.expected_version,
            )
            return {"content_item": item_id}

        return await perform(info, ReviewRemarkDeletePayload, act)
