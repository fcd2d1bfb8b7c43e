"""What Mastodon and the servers that speak its API accept."""

import re
from dataclasses import replace
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, Field, field_validator

from hub.channels.platforms import checks
from hub.channels.platforms.base import (
    Capability,
    Draft,
    DraftPart,
    EditionContent,
    Guarantee,
    Kind,
    Limits,
    Platform,
    PlatformModel,
    Rendering,
    VideoLimits,
)


class Visibility(StrEnum):
    """Who sees a post, in Mastodon's own words."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    DIRECT = "direct"


class MastodonSettings(PlatformModel):
    """Which server, and who sees what goes out there."""

    base_url: str = Field(description="Address of the server, such as https://mastodon.social.")
    visibility: Visibility = Field(
        default=Visibility.PUBLIC, description="Who sees a post unless its variant says otherwise."
    )

    @field_validator("base_url")
    @classmethod
    def _bare_address(cls, value: str) -> str:
        return checks.bare_address(value)


class MastodonCredentials(PlatformModel):
    """The token of one account: `write` to publish, `read` to confirm, count and listen."""

    # An error about a secret must not repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: str = Field(
        min_length=1, repr=False, pattern=r"^[!-~]+$", description="Bearer token of the account."
    )


class MastodonVariant(PlatformModel):
    """What one text may set for itself."""

    visibility: Visibility | None = Field(default=None, description="Who sees this post.")
    sensitive: bool = Field(default=False, description="Hide the pictures behind a click.")
    spoiler_text: str = Field(default="", description="Content warning shown before the text.")
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}$", description="ISO 639 code; the locale's by default."
    )


#: From everybody to nobody but who is named.
_WIDEST_FIRST = (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE, Visibility.DIRECT)

LIMITS = Limits(
    counter="mastodon",
    text_max=500,
    url_weight=23,
    media_max=4,
    media_bytes_max=16 * 1024 * 1024,
    media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
    alt_max=1500,
    parts_max=25,
    # config/initializers and app/models/media_attachment.rb of Mastodon 4: 99 MB, 8,294,400 pixels.
    video=VideoLimits(
        types=("video/mp4", "video/quicktime", "video/webm"),
        bytes_max=99 * 1024 * 1024,
        pixels_max=8_294_400,
    ),
)


def render(draft: Draft, limits: Limits, settings: PlatformModel) -> Rendering:
    """Return the posts as they will go out, and what is wrong with them."""
    variant, problems = checks.settings_of(MastodonVariant, draft.settings)
    warned = checks.length(variant.spoiler_text, limits)
    parts = checks.measured(_with_link_and_tags(draft), limits, extra=warned)
    edition = EditionContent(
        platform=PLATFORM.key,
        title=draft.title,
        parts=tuple(parts),
        fields=_fields(variant, settings, draft),
    )
    return Rendering(edition=edition, problems=(*problems, *checks.part_problems(parts, limits)))


def _fields(variant: MastodonVariant, settings: PlatformModel, draft: Draft) -> dict[str, Any]:
    usual = settings.visibility if isinstance(settings, MastodonSettings) else Visibility.PUBLIC
    return {
        "visibility": _visibility(variant.visibility or usual, draft).value,
        "sensitive": variant.sensitive,
        "spoiler_text": variant.spoiler_text,
        "language": variant.language or re.split("[-_]", draft.locale)[0].lower(),
    }


def _visibility(wanted: Visibility, draft: Draft) -> Visibility:
    """Return who sees it: nobody sees more than what it answers shows, whatever was wanted."""
    if draft.private_to is not None:
        return Visibility.DIRECT
    known = {one.value: one for one in Visibility}
    answered = known.get(draft.audience, Visibility.PUBLIC)
    return max(wanted, answered, key=_WIDEST_FIRST.index)


def _with_link_and_tags(draft: Draft) -> tuple[DraftPart, ...]:
    # An answer stands in somebody else's conversation: it is sent as it was written.
    if draft.in_reply_to is not None or not draft.parts:
        return _addressed(draft)
    appended = [piece for piece in (_missing_link(draft), _missing_tags(draft)) if piece]
    if not appended:
        return draft.parts
    first, *rest = draft.parts
    written = [first.text.rstrip()] if first.text.strip() else []
    return (replace(first, text="\n\n".join([*written, *appended])), *rest)


def _addressed(draft: Draft) -> tuple[DraftPart, ...]:
    """Return the parts with whom they are for: a direct post reaches nobody but who is named."""
    name = f"@{draft.private_to.removeprefix('@')}" if draft.private_to else ""
    return tuple(
        part
        if not name or re.search(rf"(?<![\w@]){re.escape(name)}(?![\w@])", part.text)
        else replace(part, text=f"{name} {part.text}")
        for part in draft.parts
    )


def _missing_link(draft: Draft) -> str:
    written = any(draft.link in part.text for part in draft.parts)
    return "" if written else draft.link


def _missing_tags(draft: Draft) -> str:
    text = "\n".join(part.text for part in draft.parts)
    written = {word.casefold() for word in re.findall(r"#(\w+)", text)}
    words = dict.fromkeys("".join(re.findall(r"\w+", tag)) for tag in draft.tags)
    return " ".join(f"#{word}" for word in words if word and word.casefold() not in written)


PLATFORM = Platform(
    key="mastodon",
    name="Mastodon",
    kind=Kind.NETWORK,
    guarantee=Guarantee.REPLAY,
    settings=MastodonSettings,
    credentials=MastodonCredentials,
    capabilities=frozenset(Capability) - {Capability.HIDE, Capability.DELETE_MESSAGES},
    limits=LIMITS,
    render=render,
    variant_settings=MastodonVariant,
    # The server keeps a key for an hour; ten minutes are left for clocks that disagree.
    replay_window_seconds=3000,
    settle_seconds=20,
)
