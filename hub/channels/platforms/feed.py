"""What a feed carries that the hub serves itself, as RSS, Atom and JSON Feed."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from hub.channels.platforms import checks
from hub.channels.platforms.base import (
    Capability,
    Draft,
    EditionContent,
    Guarantee,
    Kind,
    Limits,
    NoSecrets,
    Platform,
    PlatformModel,
    Rendering,
    VideoLimits,
)
from hub.language.markup import to_html


class FeedSettings(PlatformModel):
    """How the feed introduces itself to readers."""

    title: str = Field(min_length=1, max_length=200, description="Name of the feed.")
    description: str = Field(default="", max_length=1000, description="What it is about.")
    language: str = Field(
        default="en",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language tag, such as fr or en-GB.",
    )
    site_url: str | None = Field(
        default=None, max_length=2000, description="The site the feed belongs to."
    )

    @field_validator("site_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("The address of the site must begin with https:// or http://.")
        return value


LIMITS = Limits(
    counter="codepoint",
    text_max=200_000,
    title_max=300,
    media_max=20,
    media_bytes_max=100_000_000,
    media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
    alt_max=5000,
    parts_max=100,
    video=VideoLimits(
        types=("video/mp4", "video/quicktime", "video/webm"),
        bytes_max=1_000_000_000,
        per_post=20,
        alone=False,
    ),
)


def render(draft: Draft, limits: Limits, settings: PlatformModel) -> Rendering:  # noqa: ARG001  the shape every platform has
    """Return the item of the feed, Markdown beside clean HTML, and what is wrong with it."""
    parts = checks.measured(draft.parts, limits)
    edition = EditionContent(
        platform=PLATFORM.key,
        title=draft.title,
        parts=tuple(parts),
        fields={
            "html": to_html("\n\n".join(part.text for part in draft.parts)),
            "summary": draft.summary,
            "link": draft.link,
            "tags": list(draft.tags),
            "language": draft.locale,
        },
    )
    problems = (
        *checks.title_problems(draft.title, limits),
        *checks.part_problems(parts, limits),
    )
    return Rendering(edition=edition, problems=problems)


PLATFORM = Platform(
    key="feed",
    name="Feed",
    kind=Kind.FEED,
    guarantee=Guarantee.IDENTITY,
    settings=FeedSettings,
    credentials=NoSecrets,
    capabilities=frozenset(
        {
            Capability.THREAD,
            Capability.IMAGE,
            Capability.ALT_TEXT,
            Capability.EDIT,
            Capability.DELETE,
        }
    ),
    limits=LIMITS,
    render=render,
    joins_parts=True,
)
