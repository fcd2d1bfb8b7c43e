"""Pictures and videos, as the API shows them."""

from datetime import datetime

import strawberry

from hub.content import models
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, reads, to_one
from schema.base.node import Node
from schema.strategy.types import Brand

AssetState = models.AssetState
describe(
    AssetState,
    description="How far a picture or video has come.",
    values={
        "PROCESSING": "A worker is looking at it.",
        "READY": "It can be used.",
        "REFUSED": "It cannot be used; `refusalMessage` says why.",
    },
)


@strawberry.type(description="The description of a picture in one language.")
class AltText:
    locale: str = strawberry.field(description="The language.")
    text: str = strawberry.field(description="What the picture shows.")


def _url(facts: Facts, asking: Asking) -> str | None:
    return facts["storage_key"] and asking.context.asset_url(facts["storage_key"])


def _alt(facts: Facts, _asking: Asking) -> list[AltText]:
    return [AltText(locale=locale, text=text) for locale, text in sorted(facts["alt"].items())]


@reads(models.Rendition, permission=Permission.CONTENT_READ)
@strawberry.type(description="A smaller size of a picture.")
class Rendition(Node):
    name: str = column("Which size, such as thumbnail.")
    mime: str = column("Its media type.")
    size: int = column("Its size in bytes.")
    width: int = column("Its width in pixels.")
    height: int = column("Its height in pixels.")
    sha256: str = column("SHA-256 of its bytes, hexadecimal.")
    url: str = computed("Where it can be loaded, for anybody.", needs=("storage_key",), make=_url)


@reads(models.Asset, permission=Permission.CONTENT_READ)
@strawberry.type(
    description="A picture, re-encoded and its hidden data removed, or a video, as it came."
)
class Asset(Node):
    brand: Brand | None = to_one("The brand it belongs to; null: to all.", columns("brand_id"))
    filename: str = column("The name it was uploaded with.")
    state: AssetState = column("How far it has come.")
    refusal: str | None = column("Why it was refused, in a word for programs.")
    refusal_message: str | None = column("Why it was refused, for people.")
    mime: str | None = column("Its media type; null until it is ready.")
    size: int | None = column("Its size in bytes; null until it is ready.")
    width: int | None = column("Its width in pixels; null until it is ready.")
    height: int | None = column("Its height in pixels; null until it is ready.")
    duration_ms: int | None = column("How long a video lasts, in milliseconds; null: a picture.")
    codecs: str | None = column("What a video is made of, such as avc1, mp4a; null: a picture.")
    sha256: str | None = column("SHA-256 of its bytes, hexadecimal; null until it is ready.")
    url: str | None = computed(
        "Where it can be loaded, for anybody; null until it is ready.",
        needs=("storage_key",),
        make=_url,
    )
    alt: list[AltText] = computed(
        "What it shows, per language.", needs=("alt",), make=_alt, lasting=True
    )
    renditions: list[Rendition] = listed(
        "Its smaller sizes; of a video: of the picture it carries, if it does.",
        columns("id", "asset_id"),
    )
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was uploaded.")
    updated_at: datetime = column("When it was last changed.")
