"""What is said, as the API shows it: items, revisions, variants, editions."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.content import models
from hub.kernel.caller import Permission
from hub.kernel.shapes import (
    all_in,
    as_json,
    columns,
    exists_in,
    joined_by,
    named_in,
    newest_in,
    one_of,
)
from hub.review import models as review
from hub.review.queries import first_remarks
from hub.review.rules import OPEN
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import (
    Asking,
    Facts,
    JsonList,
    column,
    computed,
    embedded,
    listed,
    paged,
    reads,
    to_one,
)
from schema.base.node import Node
from schema.base.offers import (
    Problem,
    available_actions,
    problems_with,
    stored_problem,
)
from schema.base.paging import Connection
from schema.base.scalars import JsonObject
from schema.channels.types import Channel, Platform, platform_of
from schema.content.assets import Asset
from schema.strategy.types import Audience, Brand, Campaign, Pillar

if TYPE_CHECKING:
    from schema.analytics.types import ShortLink
    from schema.publishing.types import Publication
    from schema.review.remarks import Remark
    from schema.review.types import Review

Reviews = Connection[Annotated["Review", strawberry.lazy("schema.review.types")]]
Remarks = Connection[Annotated["Remark", strawberry.lazy("schema.review.remarks")]]
Publications = Connection[Annotated["Publication", strawberry.lazy("schema.publishing.types")]]

EditionOrigin = models.EditionOrigin
describe(
    EditionOrigin,
    description="Where the words of an edition come from.",
    values={
        "CONTENT": "From a content item.",
        "REPLY": "From an answer to a message.",
    },
)


@strawberry.type(description="One post of a text, before it is cut to any channel.")
class RevisionPart:
    text: str = strawberry.field(description="The words: Markdown for articles, plain for posts.")
    media: list[Asset] = strawberry.field(description="Its pictures, in order.")


def _revision_parts(
    facts: Facts, _asking: Asking, assets: Mapping[str, Any]
) -> list[RevisionPart] | None:
    if facts["parts"] is None:
        return None
    return [
        RevisionPart(
            text=part["text"], media=[assets[asset] for asset in part["media"] if asset in assets]
        )
        for part in facts["parts"]
    ]


#: The same, for the database.
_PARTS = JsonList(fact="parts", texts={"text": "text"}, rows={"media": "media"})


@reads(models.Variant, permission=Permission.CONTENT_READ)
@strawberry.type(
    description="What differs on one platform or one channel; null is as in the revision."
)
class Variant(Node):
    platform: Platform | None = computed(
        "The platform it is for; null when it is for one channel.",
        needs=("platform",),
        make=platform_of,
        lasting=True,
    )
    channel: Channel | None = to_one(
        "The channel it is for; null when it is for a platform.", columns("channel_id")
    )
    title: str | None = column("Another title.")
    summary: str | None = column("Another summary.")
    parts: list[RevisionPart] | None = embedded(
        "Other words and pictures.",
        needs=("parts",),
        target="Asset",
        link=named_in("parts", "$[*].media[*]"),
        make=_revision_parts,
        lasting=True,
        listing=_PARTS,
    )
    link: str | None = column("Another address.")
    tags: list[str] | None = column("Other tags.")
    settings: JsonObject = column("The platform's own settings, such as visibility.")


@strawberry.type(description="A picture of an edition, by its exact bytes.")
class EditionMedia:
    asset: Asset | None = strawberry.field(description="The picture it is.")
    alt: str = strawberry.field(description="Its description as it goes out.")
    sha256: str = strawberry.field(description="SHA-256 of its bytes, hexadecimal.")
    mime: str = strawberry.field(description="Its media type.")
    size: int = strawberry.field(description="Its size in bytes.")
    width: int = strawberry.field(description="Its width in pixels.")
    height: int = strawberry.field(description="Its height in pixels.")
    duration_ms: int | None = strawberry.field(
        default=None, description="How long a video lasts, in milliseconds; null: a picture."
    )


@strawberry.type(description="One post exactly as it goes out.")
class EditionPart:
    text: str = strawberry.field(description="The words.")
    length: int = strawberry.field(description="Their length as this channel counts.")
    media: list[EditionMedia] = strawberry.field(description="Its pictures, in order.")


def _edition_parts(facts: Facts, _asking: Asking, assets: Mapping[str, Any]) -> list[EditionPart]:
    return [
        EditionPart(
            text=part["text"],
            length=part["length"],
            media=[_edition_media(media, assets) for media in part["media"]],
        )
        for part in facts["content"]["parts"]
    ]


def _edition_media(media: Mapping[str, Any], assets: Mapping[str, Any]) -> EditionMedia:
    shown = {name: value for name, value in media.items() if name != "asset_id"}
    return EditionMedia(asset=assets.get(media["asset_id"]), **shown)


def _approved(edition: Any) -> Any:
    return exists_in(
        review.Approval,
        lambda approval: (
            (approval.c.edition_id == edition.c.id)
            & (approval.c.hash == edition.c.hash)
            & approval.c.revoked_at.is_(None)
        ),
    )


@reads(
    models.Edition,
    permission=Permission.CONTENT_READ,
    facts={
        "content": lambda edition: as_json(edition.c.body),
        "approved": _approved,
    },
)
@strawberry.type(
    description="One revision or answer rendered for one channel: exactly what goes out."
)
class Edition(Node):
    channel: Channel | None = to_one("Where it goes.", columns("channel_id"))
    revision: Annotated["Revision", strawberry.lazy("schema.content.types")] | None = to_one(
        "What it was rendered from; null for an answer.", columns("revision_id")
    )
    origin: EditionOrigin = column("Where its words come from.")
    title: str = computed(
        "The title as it goes out; empty where there is none.",
        needs=("content",),
        make=lambda facts, _asking: facts["content"]["title"],
        lasting=True,
    )
    parts: list[EditionPart] = embedded(
        "The posts as they go out; more than one is a thread.",
        needs=("content",),
        target="Asset",
        link=named_in("body", "$.parts[*].media[*].asset_id"),
        make=_edition_parts,
        lasting=True,
    )
    fields: JsonObject = computed(
        "What goes out beside the words: visibility, language, tags and so on.",
        needs=("content",),
        make=lambda facts, _asking: facts["content"]["fields"],
        lasting=True,
    )
    hash: str = column("SHA-256 of all of it, hexadecimal: what is approved and what is sent.")
    approved: bool = column("Whether it may go out: somebody approved this hash.")
    problems: list[Problem] = computed(
        "What was wrong when it was rendered.",
        needs=("problems",),
        make=lambda facts, _asking: [stored_problem(found) for found in facts["problems"]],
        lasting=True,
    )
    created_at: datetime = column("When it was rendered.")


@reads(models.Revision, permission=Permission.CONTENT_READ)
@strawberry.type(description="An immutable version of a content item.")
class Revision(Node):
    content_item: Annotated["ContentItem", strawberry.lazy("schema.content.types")] = to_one(
        "The item it is a version of.", columns("item_id")
    )
    number: int = column("Counts from 1 within the item.")
    title: str = column("The title.")
    summary: str = column("A summary; may be empty.")
    parts: list[RevisionPart] = embedded(
        "The words and pictures; more than one part is a thread.",
        needs=("parts",),
        target="Asset",
        link=named_in("parts", "$[*].media[*]"),
        make=_revision_parts,
        lasting=True,
        listing=_PARTS,
    )
    link: str = column("The one address it points to; may be empty.")
    tags: list[str] = column("Tags without their sign.")
    slug: str = column("Suggested last part of its address; may be empty.")
    locale: str = column("Its language.")
    shortens_links: bool = column(
        "Whether its links go out as short ones whose clicks are counted."
    )
    short_links: list[Annotated["ShortLink", strawberry.lazy("schema.analytics.types")]] = listed(
        "The short links in what was rendered of it, with their clicks.",
        columns("id", "revision_id"),
    )
    hash: str = column("SHA-256 of the revision and its variants, hexadecimal.")
    author: Member | None = to_one("Who wrote it; null: the hub.", columns("author_id"))
    variants: list[Variant] = listed(
        "What differs on some platforms or channels.", columns("id", "revision_id")
    )
    editions: list[Edition] = listed(
        "What it was rendered to, newest first.", columns("id", "revision_id"), order=("-id",)
    )
    created_at: datetime = column("When it was written.")


def _open_review(item: Any) -> Any:
    return newest_in(
        review.Review,
        "id",
        lambda other: (other.c.item_id == item.c.id) & one_of(other.c.state, sorted(OPEN)),
    )


def _current_approved(item: Any) -> Any:
    return exists_in(
        models.Edition,
        lambda edition: (edition.c.revision_id == item.c.current_revision_id) & _approved(edition),
    )


def _edition_problems(item: Any) -> Any:
    return all_in(
        models.Edition,
        "problems",
        lambda edition: edition.c.revision_id == item.c.current_revision_id,
        newest_per="channel_id",
    )


def title_of_item(row: Any) -> Any:
    """Return the title of the content a row names by `item_id`, for those who may read it."""
    return newest_in(models.ContentItem, "title", lambda item: item.c.id == row.c.item_id)


def _stored(facts: Facts) -> list[Problem]:
    editions = [found for several in facts["edition_problems"] for found in several]
    # What the voice guide said of an edition when it was rendered may have changed since.
    lasting = [found for found in editions if not found["code"].startswith("VOICE_")]
    return [stored_problem(found) for found in (*facts["voice_problems"], *lasting)]


@reads(
    models.ContentItem,
    permission=Permission.CONTENT_READ,
    facts={
        "open_review_id": _open_review,
        "current_revision_approved": _current_approved,
        "edition_problems": _edition_problems,
    },
)
@strawberry.type(description="One idea to be told, before it is cut to fit any channel.")
class ContentItem(Node):
    brand: Brand | None = to_one("The brand that tells it.", columns("brand_id"))
    campaign: Campaign | None = to_one("The campaign it serves.", columns("campaign_id"))
    pillar: Pillar | None = to_one(
        "The theme of the brand it belongs to; null for none.", columns("pillar_id")
    )
    audiences: list[Audience] | None = listed(
        "Whom it is meant for, the brand's first audience first.",
        joined_by(models.ContentAudience, "item_id", "audience_id"),
    )
    title: str = column("What colleagues call it.")
    locale: str = column("Its language.")
    current_revision: Revision = to_one("The newest version.", columns("current_revision_id"))
    revisions: Connection[Revision] = paged(
        "Every version, newest first.", columns("id", "item_id")
    )
    reviews: Reviews | None = paged("Its reviews, newest first.", columns("id", "item_id"))
    remarks: Remarks | None = paged(
        "Remarks on it, of all reviews, newest first; answers stand under what they answer.",
        first_remarks("id"),
    )
    publications: Publications | None = paged(
        "Where it went and shall go, newest first.", columns("id", "item_id")
    )
    archived: bool = column("Whether it was put away.")
    external_reference: str | None = column("Your own key for it, unique in the workspace.")
    problems: list[Problem] = problems_with(
        "ContentItem",
        "What is wrong with it: what the brand's voice guide says of its words and every "
        "variant's, and what platforms would say of the editions of its current revision.",
        needs=("edition_problems", "voice_problems"),
        more=_stored,
    )
    available_actions: list[Action] = available_actions("ContentItem")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was begun.")
    updated_at: datetime = column("When it was last changed.")
