"""What is published, for pages that show it: never a draft, a review, a member or a setting."""

import html
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.content.storage import picture_key
from hub.kernel.caller import Permission
from hub.kernel.locales import require_locale
from hub.kernel.shapes import columns
from hub.kernel.texts import require_storable
from hub.publishing import models, published
from schema.base.fields import Asking, Facts, column, computed, identity, listed, reads
from schema.base.filters import TimeRange, any_of, between, equal, has, through
from schema.base.node import row_id, to_global_id
from schema.base.paging import After, Before, Connection, First, Last, PageArguments
from schema.base.reading import Info, read_best, read_connection
from schema.base.sharing import SHARED

_SLUG_MAX = 200


@strawberry.type(description="A picture of what is published.")
class PublishedImage:
    url: str = strawberry.field(description="Where it is; anybody who has it may load it.")
    alt: str = strawberry.field(description="What it shows, in words; may be empty.")
    mime: str = strawberry.field(description="Its media type.")
    width: int = strawberry.field(description="Its width in pixels.")
    height: int = strawberry.field(description="Its height in pixels.")


@strawberry.type(description="One post of a text; most have exactly one.")
class PublishedPart:
    text: str = strawberry.field(description="The words as they went out: Markdown or plain.")
    images: list[PublishedImage] = strawberry.field(description="Its pictures, in order.")


@reads(
    models.Publication,
    permission=Permission.DELIVERY_READ,
    only=lambda row: published.is_out(row) & row.c.url.is_not(None),
    facts=published.FACTS,
)
@strawberry.type(description="Where a text can be read on a platform.")
class PublishedAddress:
    url: str = column("The address there.")
    platform: str = column("What kind of place it is, such as mastodon.")
    handle: str = column("The account's name there; may be empty.")
    channel: strawberry.ID = computed(
        "Its id, for the argument `channel`.",
        needs=("channel_id",),
        make=lambda facts, _asking: to_global_id("Channel", facts["channel_id"]),
    )
    published_at: datetime = column("When it went out there.")


def _image(media: Mapping[str, Any], asking: Asking) -> PublishedImage:
    key = picture_key(asking.context.caller.workspace_id, media["sha256"])
    return PublishedImage(
        url=asking.context.asset_url(key),
        alt=media["alt"],
        mime=media["mime"],
        width=media["width"],
        height=media["height"],
    )


def _parts(facts: Facts, asking: Asking) -> list[PublishedPart]:
    return [
        PublishedPart(text=part["text"], images=[_image(media, asking) for media in part["media"]])
        for part in facts["content"]["parts"]
    ]


def _images(facts: Facts, asking: Asking) -> list[PublishedImage]:
    return [image for part in _parts(facts, asking) for image in part.images]


def _html(facts: Facts, _asking: Asking) -> str:
    # What has a page was cleaned when it was rendered and approved as it is; the rest is plain.
    rendered = facts["content"]["fields"].get("html")
    if isinstance(rendered, str):
        return rendered
    paragraphs = (
        paragraph.strip()
        for part in facts["content"]["parts"]
        for paragraph in part["text"].split("\n\n")
    )
    return "".join(
        f"<p>{html.escape(paragraph).replace(chr(10), '<br>')}</p>"
        for paragraph in paragraphs
        if paragraph
    )


def _said(name: str) -> Any:
    def make(facts: Facts, _asking: Asking) -> str:
        found = facts["content"]["fields"].get(name)
        return found if isinstance(found, str) else ""

    return make


@reads(
    models.Publication,
    permission=Permission.DELIVERY_READ,
    only=published.is_out,
    facts=published.FACTS,
)
@strawberry.type(
    description="A text that is out, exactly as it was approved and sent, to show it on a page."
)
class PublishedContent:
    id: strawberry.ID = identity(
        "Opaque id of the text: the same when it is published again.", fact="item_id"
    )
    slug: str = column("Last part of its address; may be empty.")
    locale: str = column("Its language, as a tag such as fr or en-GB.")
    title: str = computed(
        "The title; may be empty.",
        needs=("content",),
        make=lambda facts, _asking: facts["content"]["title"],
    )
    summary: str = computed("A summary; may be empty.", needs=("content",), make=_said("summary"))
    html: str = computed(
        "The words as safe HTML, without the pictures.", needs=("content",), make=_html
    )
    parts: list[PublishedPart] = computed(
        "The words and pictures; more than one part is a thread.", needs=("content",), make=_parts
    )
    images: list[PublishedImage] = computed(
        "All its pictures, in order.", needs=("content",), make=_images
    )
    tags: list[str] = column("Tags without their sign.")
    link: str = computed(
        "The one address it points to; may be empty.", needs=("content",), make=_said("link")
    )
    brand_name: str = column("Who says it.")
    platform: str = column("The kind of place whose words these are, such as feed.")
    addresses: list[PublishedAddress] = listed(
        "Where it can be read, the latest of each channel.",
        columns("item_id", "item_id"),
        order=("channel_id", "-published_at"),
        distinct=("channel_id",),
    )
    published_at: datetime = column("When it went out.")
    updated_at: datetime = column("When this last changed.")


@strawberry.input(description="Which texts that are out; all conditions hold together.")
class PublishedContentFilter:
    brand_in: list[strawberry.ID] | None = any_of(
        "Said by one of these brands.",
        "brand_id",
        ids_of="Brand",
        via=through("Channel", "channel_id"),
    )
    locale_in: list[str] | None = any_of(
        "In exactly one of these languages, as tags.",
        "locale",
        via=through("Revision", "revision_id"),
    )
    language_in: list[str] | None = any_of(
        "In one of these languages, of whatever region: fr finds fr-CA.", "language"
    )
    tag: str | None = has("Has this tag.", "tags")
    published_at: TimeRange | None = between("Went out in this span.", "published_at")


@strawberry.input(description="Which of an item's publications stands for it.")
class _Standing:
    stands_for_item: bool | None = equal("Of all.", "stands_for_item")
    stands_on_channel: bool | None = equal("Of one channel.", "stands_on_channel")
    channel_in: list[strawberry.ID] | None = any_of("There.", "channel_id", ids_of="Channel")
    slug: str | None = equal("Called so.", "slug", via=through("Revision", "revision_id"))


ChannelArgument = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Only what is out on this channel, in its words; null: every text once, in the "
        "words of the place that carries most of them, a feed before a blog before a network."
    ),
]


@strawberry.type
class PublishedQueries:
    @strawberry.field(
        description="The text of this slug that is out; null when there is none. In the locale "
        "asked for, else in its language, else in the main language of the brand, else the newest.",
        metadata={SHARED: True},
    )
    async def published_content(
        self,
        info: Info,
        slug: Annotated[str, strawberry.argument(description="Its slug.")],
        locale: Annotated[
            str | None, strawberry.argument(description='The language wanted, such as "fr-CA".')
        ] = strawberry.UNSET,
        channel: ChannelArgument = strawberry.UNSET,
        filter: Annotated[  # noqa: A002 - its name in the API
            PublishedContentFilter | None,
            strawberry.argument(description="Only where this holds, such as one brand."),
        ] = strawberry.UNSET,
    ) -> PublishedContent | None:
        wanted = require_locale(locale, path=("locale",)) if locale else None
        require_storable(slug, path=("slug",))
        info.context.caller.require(Permission.DELIVERY_READ)
        if not 0 < len(slug) <= _SLUG_MAX:
            return None
        found: PublishedContent | None = await read_best(
            info,
            "PublishedContent",
            filters=(_standing(channel, slug=slug), filter or None),
            order=("-published_at",),
            needs=("locale", "brand_locales"),
            choose=lambda rows: published.best_locale(rows, wanted),
        )
        return found

    @strawberry.field(description="Every text that is out, newest first.", metadata={SHARED: True})
    async def published_contents(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        channel: ChannelArgument = strawberry.UNSET,
        filter: Annotated[  # noqa: A002 - its name in the API
            PublishedContentFilter | None,
            strawberry.argument(description="Only those for which this holds."),
        ] = strawberry.UNSET,
    ) -> Connection[PublishedContent]:
        shown: Connection[PublishedContent] = await read_connection(
            info,
            "PublishedContent",
            page=PageArguments.of(first=first, after=after, last=last, before=before),
            filters=(_standing(channel), filter or None),
            order=("-published_at",),
        )
        return shown


def _standing(channel: Any, *, slug: str | None = None) -> _Standing:
    if not channel:
        return _Standing(stands_for_item=True, slug=slug)
    row_id(channel, "Channel", path=("channel",))
    return _Standing(stands_on_channel=True, channel_in=[channel], slug=slug)
