"""Writing: items, their revisions and variants."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.content import operations
from hub.content.rules import Part, VariantWords, Words
from hub.kernel.work import UnitOfWork
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.base.scalars import JsonObject
from schema.content.types import ContentItem


@strawberry.input(description="One post of a thread, or the whole text.")
class ContentPartInput(Given):
    text: str = strawberry.field(description="The words: Markdown for articles, plain for posts.")
    media: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Ids of its pictures, in order."
    )


@strawberry.input(
    description="What differs on one platform or one channel; what is null is as in the item."
)
class VariantInput(Given):
    platform: str | None = strawberry.field(
        default=strawberry.UNSET, description="Key of the platform it is for; else name a channel."
    )
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The channel it is for; else name a platform."
    )
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Another title.")
    summary: str | None = strawberry.field(default=strawberry.UNSET, description="Another summary.")
    parts: list[ContentPartInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Other words and pictures."
    )
    link: str | None = strawberry.field(default=strawberry.UNSET, description="Another address.")
    tags: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Other tags.")
    settings: JsonObject = strawberry.field(
        default_factory=lambda: JsonObject({}),
        description="In the form of the platform's `variantSettingsSchema`.",
    )


@strawberry.input(description="An idea to write down.")
class ContentItemCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand that tells it.")
    campaign_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The campaign it serves, of the same brand."
    )
    pillar_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The pillar it belongs to, of the same brand."
    )
    audience_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Whom it is meant for: audiences of the same brand."
    )
    title: str = strawberry.field(description="The title; posts without one use it internally.")
    summary: str = strawberry.field(default="", description="A summary.")
    parts: list[ContentPartInput] = strawberry.field(
        description="The words and pictures; more than one part is a thread."
    )
    link: str = strawberry.field(default="", description="The one address it points to.")
    tags: list[str] = strawberry.field(default_factory=list, description="Tags without their sign.")
    slug: str = strawberry.field(
        default="", description="Last part of its address; made of the title where empty."
    )
    locale: str = strawberry.field(description='Its language as a tag, such as "fr" or "en-GB".')
    variants: list[VariantInput] = strawberry.field(
        default_factory=list, description="What differs on some platforms or channels."
    )
    external_reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your own key for it, unique in the workspace."
    )
    shortens_links: bool = strawberry.field(
        default=False,
        description="Whether its links go out as short ones whose clicks are counted.",
    )


@strawberry.input(description="What to change of an item; what is left out stays.")
class ContentItemUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The item.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    campaign_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        default=None, description="The campaign it serves."
    )
    pillar_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        default=None, description="The pillar it belongs to; null takes it away."
    )
    audience_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        default=None, description="Whom it is meant for; they replace the former ones."
    )
    title: strawberry.Maybe[str | None] = strawberry.field(default=None, description="The title.")
    summary: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="A summary; empty for none."
    )
    parts: strawberry.Maybe[list[ContentPartInput] | None] = strawberry.field(
        default=None, description="All words and pictures; they replace the former ones."
    )
    link: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="The one address it points to; empty for none."
    )
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="All tags; they replace the former ones."
    )
    slug: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Last part of its address."
    )
    locale: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Its language."
    )
    variants: strawberry.Maybe[list[VariantInput] | None] = strawberry.field(
        default=None, description="All variants; they replace the former ones."
    )
    shortens_links: strawberry.Maybe[bool | None] = strawberry.field(
        default=None,
        description="Whether its links go out as short ones whose clicks are counted.",
    )


@strawberry.input(description="An item to put away.")
class ContentItemArchiveInput(Given):
    id: strawberry.ID = strawberry.field(description="The item.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.type(description="The answer to contentItemCreate.")
class ContentItemCreatePayload(Payload):
    content_item: ContentItem | None = result("ContentItem", "The new item.")


@strawberry.type(description="The answer to contentItemUpdate.")
class ContentItemUpdatePayload(Payload):
    content_item: ContentItem | None = result("ContentItem", "The item as it is now.")


@strawberry.type(description="The answer to contentItemArchive.")
class ContentItemArchivePayload(Payload):
    content_item: ContentItem | None = result("ContentItem", "The item as it is now.")


@strawberry.type
class ContentMutations:
    @strawberry.mutation(description="Write an idea down as its first revision.")
    async def content_item_create(
        self,
        info: Info,
        input: Annotated[ContentItemCreateInput, strawberry.argument(description="The idea.")],  # noqa: A002 - its name in the API
    ) -> ContentItemCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            item = await operations.create_item(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                campaign_id=None
                if input.campaign_id is None
                else wanted(input.campaign_id, "Campaign", "campaignId"),
                words=Words(
                    title=input.title,
                    summary=input.summary,
                    parts=parts_of(input.parts, "parts"),
                    link=input.link,
                    tags=tuple(input.tags),
                ),
                slug=input.slug,
                locale=input.locale,
                variants=variants_of(input.variants),
                external_reference=input.external_reference,
                pillar_id=None
                if input.pillar_id is None
                else wanted(input.pillar_id, "Pillar", "pillarId"),
                audience_ids=_audiences(input.audience_ids),
                shortens_links=input.shortens_links,
            )
            return {"content_item": item.id}

        return await perform(info, ContentItemCreatePayload, act)

    @strawberry.mutation(
        description="Change an item: other words or pictures make a new revision, which ends a "
        "review that is open and holds what is scheduled."
    )
    async def content_item_update(
        self,
        info: Info,
        input: Annotated[ContentItemUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> ContentItemUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            given = changes(
                input,
                *("title", "summary", "parts", "link", "tags"),
                *("slug", "locale", "variants", "campaign_id", "audience_ids", "shortens_links"),
                empty=("pillar_id",),
            )
            pillar = given.get("pillar_id")
            item = await operations.revise_item(
                work,
                item_id=wanted(input.id, "ContentItem", "id"),
                expected_version=input.expected_version,
                words=_changed_words(given),
                slug=given.get("slug"),
                locale=given.get("locale"),
                variants=variants_of(given["variants"]) if "variants" in given else None,
                campaign_id=wanted(given["campaign_id"], "Campaign", "campaignId")
                if "campaign_id" in given
                else None,
                pillar_id=None if pillar is None else wanted(pillar, "Pillar", "pillarId"),
                without_pillar="pillar_id" in given and pillar is None,
                audience_ids=_audiences(given["audience_ids"]) if "audience_ids" in given else None,
                shortens_links=given.get("shortens_links"),
            )
            return {"content_item": item.id}

        return await perform(info, ContentItemUpdatePayload, act)

    @strawberry.mutation(
        description="Put an item away: what is out stays out, what is scheduled is held."
    )
    async def content_item_archive(
        self,
        info: Info,
        input: Annotated[ContentItemArchiveInput, strawberry.argument(description="The item.")],  # noqa: A002 - its name in the API
    ) -> ContentItemArchivePayload:
        async def act(work: UnitOfWork) -> Made:
            item = await operations.archive_item(
                work,
                item_id=wanted(input.id, "ContentItem", "id"),
                expected_version=input.expected_version,
            )
            return {"content_item": item.id}

        return await perform(info, ContentItemArchivePayload, act)


def _audiences(given: Sequence[str]) -> list[UUID]:
    return [wanted(one, "Audience", "audienceIds", str(index)) for index, one in enumerate(given)]


def _changed_words(given: Mapping[str, Any]) -> Words:
    return Words(
        title=given.get("title"),
        summary=given.get("summary"),
        parts=parts_of(given["parts"], "parts") if "parts" in given else None,
        link=given.get("link"),
        tags=tuple(given["tags"]) if "tags" in given else None,
    )


def parts_of(given: Sequence[ContentPartInput], *path: str) -> tuple[Part, ...]:
    """Return parts as the hub knows them; `path` is where they stand in the input."""
    return tuple(
        Part(
            text=part.text,
            media=tuple(
                wanted(media, "Asset", *path, str(index), "media", str(place))
                for place, media in enumerate(part.media)
            ),
        )
        for index, part in enumerate(given)
    )


def variants_of(given: Sequence[VariantInput]) -> list[VariantWords]:
    """Return the variants of an input as the hub knows them."""
    return [_variant(variant, "variants", str(index)) for index, variant in enumerate(given)]


def _variant(given: VariantInput, *path: str) -> VariantWords:
    return VariantWords(
        platform=given.platform,
        channel_id=None
        if given.channel_id is None
        else wanted(given.channel_id, "Channel", *path, "channelId"),
        words=Words(
            title=given.title,
            summary=given.summary,
            parts=None if given.parts is None else parts_of(given.parts, *path, "parts"),
            link=given.link,
            tags=None if given.tags is None else tuple(given.tags),
        ),
        settings=given.settings,
    )
