"""What words would look like where they go, asked while they are written: nothing is stored."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.channels.platforms.base import EditionPart, MediaFacts, ProblemSeverity
from hub.content import previews
from hub.content.rules import Words
from schema.base.limits import SIZE
from schema.base.offers import Problem, problem
from schema.base.perform import Given, wanted
from schema.base.reading import Info, read_many
from schema.base.scalars import JsonObject
from schema.channels.types import Channel, Platform, shown_platform
from schema.content.mutations import ContentPartInput, VariantInput, parts_of, variants_of
from schema.content.types import EditionMedia

_READ_AT_ONCE = 100


@strawberry.input(
    description="Words to look at. What is null is as in the item; without an item `parts` and "
    "`locale` are needed."
)
class VariantPreviewInput(Given):
    content_item_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The item the words belong to, if it is stored."
    )
    title: str | None = strawberry.field(default=strawberry.UNSET, description="The title.")
    summary: str | None = strawberry.field(default=strawberry.UNSET, description="A summary.")
    parts: list[ContentPartInput] | None = strawberry.field(
        default=strawberry.UNSET, description="The words and pictures."
    )
    link: str | None = strawberry.field(
        default=strawberry.UNSET, description="The one address it points to."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Tags without their sign."
    )
    slug: str | None = strawberry.field(
        default=strawberry.UNSET, description="Last part of its address."
    )
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description='Its language as a tag, such as "fr" or "en-GB".'
    )
    variants: list[VariantInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="What differs on some platforms or channels, settings included.",
    )
    channel_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Channels to look at."
    )
    platforms: list[str] = strawberry.field(
        default_factory=list,
        description="Keys of platforms to look at, with the limits and settings usual there. "
        f"Channels and platforms are {previews.TARGETS_MAX} together at most.",
    )


@strawberry.type(description="One post as it would go out, and how much room it leaves.")
class PreviewPart:
    text: str = strawberry.field(description="The words.")
    length: int = strawberry.field(description="Their length in the unit of `counter`.")
    limit: int = strawberry.field(description="The longest allowed, in the same unit.")
    remaining: int = strawberry.field(description="What is left; below 0 it is too long.")
    bytes: int = strawberry.field(description="Their length in bytes of UTF-8.")
    bytes_limit: int | None = strawberry.field(
        description="The longest allowed in bytes; null where bytes do not matter."
    )
    media: list[EditionMedia] = strawberry.field(description="Its pictures, in order.")


@strawberry.type(description="What would go out to one channel, or to any account of a platform.")
class VariantPreview:
    platform: Platform = strawberry.field(description="The kind of place.")
    channel: Channel | None = strawberry.field(
        description="The channel; null for a platform as such."
    )
    title: str = strawberry.field(
        description="The title as it would go out; empty where there is none."
    )
    counter: str = strawberry.field(description="How lengths are counted, such as codepoint.")
    parts: list[PreviewPart] = strawberry.field(
        description="The posts as they would go out; more than one is a thread."
    )
    parts_limit: int = strawberry.field(description="Most posts in one thread.")
    fields: JsonObject = strawberry.field(
        description="What would go out beside the words: visibility, language, HTML and so on."
    )
    problems: list[Problem] = strawberry.field(
        description="What is wrong with it; empty when all is well."
    )
    publishable: bool = strawberry.field(
        description="Whether it could go out: no problem is an ERROR."
    )


@strawberry.type
class PreviewQueries:
    @strawberry.field(
        description="What words would look like on channels or platforms, with counts, limits "
        "and problems, channels first, in the order asked. Nothing is stored.",
        metadata={SIZE: previews.TARGETS_MAX},
    )
    async def variant_previews(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - its name in the API
            VariantPreviewInput, strawberry.argument(description="The words and where to look.")
        ],
    ) -> list[VariantPreview]:
        async with info.context.unit_of_work() as work:
            material = await previews.material(
                work,
                item_id=None
                if input.content_item_id is None
                else wanted(input.content_item_id, "ContentItem", "contentItemId"),
                words=Words(
                    title=input.title,
                    summary=input.summary,
                    parts=None if input.parts is None else parts_of(input.parts, "parts"),
                    link=input.link,
                    tags=None if input.tags is None else tuple(input.tags),
                ),
                locale=input.locale,
                slug=input.slug,
                variants=None if input.variants is None else variants_of(input.variants),
                channel_ids=[
                    wanted(one, "Channel", "channelIds", str(index))
                    for index, one in enumerate(input.channel_ids)
                ],
                platforms=input.platforms,
            )
        rendered = await previews.rendered(material)
        return await _shown(info, rendered)


async def _shown(info: Info, rendered: Sequence[previews.Preview]) -> list[VariantPreview]:
    channels = await _read(
        info, "Channel", {one.channel_id for one in rendered if one.channel_id}, under=("channel",)
    )
    assets = await _read(
        info,
        "Asset",
        {
            UUID(media.asset_id)
            for one in rendered
            for part in one.edition.parts
            for media in part.media
        },
        under=("parts", "media", "asset"),
    )
    return [_preview(one, channels, assets) for one in rendered]


async def _read(
    info: Info, kind: str, ids: set[UUID], *, under: tuple[str, ...]
) -> dict[UUID, Any]:
    found: dict[UUID, Any] = {}
    several = sorted(ids)
    for start in range(0, len(several), _READ_AT_ONCE):
        some = several[start : start + _READ_AT_ONCE]
        found |= zip(some, await read_many(info, kind, some, under=under), strict=True)
    return found


def _preview(
    one: previews.Preview, channels: Mapping[UUID, Any], assets: Mapping[UUID, Any]
) -> VariantPreview:
    return VariantPreview(
        platform=shown_platform(one.platform),
        channel=channels.get(one.channel_id) if one.channel_id else None,
        title=one.edition.title,
        counter=one.limits.counter,
        parts=[_part(part, one, assets) for part in one.edition.parts],
        parts_limit=one.limits.parts_max,
        fields=JsonObject(dict(one.edition.fields)),
        problems=[problem(found) for found in one.problems],
        publishable=all(found.severity is not ProblemSeverity.ERROR for found in one.problems),
    )


def _part(part: EditionPart, of: previews.Preview, assets: Mapping[UUID, Any]) -> PreviewPart:
    return PreviewPart(
        text=part.text,
        length=part.length,
        limit=of.limits.text_max,
        remaining=of.limits.text_max - part.length,
        bytes=len(part.text.encode()),
        bytes_limit=of.limits.text_bytes_max,
        media=[_media(media, assets) for media in part.media],
    )


def _media(media: MediaFacts, assets: Mapping[UUID, Any]) -> EditionMedia:
    shown = {name: value for name, value in media.__dict__.items() if name != "asset_id"}
    return EditionMedia(asset=assets.get(UUID(media.asset_id)), **shown)
