"""What Bluesky and the other servers of the AT Protocol accept."""

import re
import string
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from urllib.parse import urlsplit

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
    Problem,
    Rendering,
    VideoLimits,
)
from hub.channels.platforms.bluesky_facets import TAG_BYTES_MAX, TAG_LENGTH_MAX, facets_of, tags_in
from hub.language import counters

SERVICE = "https://bsky.social"
APP = "https://bsky.app"
# Lexicon app.bsky.feed.post: `tags` and `langs` of a record.
TAGS_MAX = 8
LANGUAGES_MAX = 3
_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"


class SelfLabel(StrEnum):
    """What an author may warn of, in the words of the network (self-labels)."""

    SEXUAL = "sexual"
    NUDITY = "nudity"
    PORN = "porn"
    GRAPHIC_MEDIA = "graphic-media"


class BlueskySettings(PlatformModel):
    """Which server the account lives on, and where people read what it posts."""

    service: str = Field(
        default=SERVICE,
        description="Address of the account's server (PDS); https://bsky.social serves its own.",
    )
    app: str = Field(
        default=APP,
        description="Address of the app that links to posts open in; it shows posts of any server.",
    )

    @field_validator("service", "app")
    @classmethod
    def _bare_address(cls, value: str) -> str:
        return checks.bare_address(value)


class BlueskyCredentials(PlatformModel):
    """A login for applications: never the password of the account itself."""

    # An error about a secret must not repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    identifier: str = Field(
        min_length=1,
        max_length=320,
        pattern=r"^[^\s@]\S*$",
        description="Handle (example.bsky.social), DID or e-mail address of the account.",
    )
    app_password: str = Field(
        min_length=1,
        max_length=512,
        repr=False,
        pattern=r"^[!-~]+$",
        description="App password, from Settings, Privacy and security, App passwords.",
    )

    @field_validator("identifier", mode="before")
    @classmethod
    def _without_sign(cls, value: object) -> object:
        # People copy a handle with the sign it is mentioned by.
        return value.strip().removeprefix("@") if isinstance(value, str) else value


class BlueskyVariant(PlatformModel):
    """What one text may set for itself."""

    languages: tuple[str, ...] = Field(
        default=(),
        max_length=LANGUAGES_MAX,
        description="BCP 47 languages of the text, three at most; the locale's by default.",
    )
    labels: tuple[SelfLabel, ...] = Field(
        default=(), max_length=len(SelfLabel), description="What the author warns of."
    )

    @field_validator("languages")
    @classmethod
    def _known_form(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(_LANGUAGE, language) for language in value):
            raise ValueError('Give languages as in "en" or "pt-BR".')
        return value


LIMITS = Limits(
    counter="grapheme",
    text_max=300,
    text_bytes_max=3000,
    media_max=4,
    media_bytes_max=2_000_000,
    media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
    # The lexicon has no limit; the app of the network lets nobody write more.
    alt_max=2000,
    parts_max=25,
    # Lexicon app.bsky.embed.video, and docs.bsky.app "Video": three minutes, uploaded as a blob.
    video=VideoLimits(types=("video/mp4",), bytes_max=100_000_000, seconds_max=180),
)


def render(draft: Draft, limits: Limits, settings: PlatformModel) -> Rendering:  # noqa: ARG001  the shape of the platform
    """Return the posts as they will go out, and what is wrong with them.

    A link becomes a card below a text without pictures, and then costs no characters; beside
    pictures there is no room for a card, and it is appended to the text. Tags that the text does
    not have go into the record's own list. An answer gets neither.
    """
    variant, problems = checks.settings_of(BlueskyVariant, draft.settings)
    card = _card(draft)
    parts = checks.measured(draft.parts if card else _with_link(draft), limits)
    tags = _tags(draft)
    edition = EditionContent(
        platform=PLATFORM.key,
        title=draft.title,
        parts=tuple(parts),
        fields={
            "langs": list(variant.languages) or _languages(draft.locale),
            "labels": [label.value for label in variant.labels],
            "tags": tags,
            "card": card,
            "facets": [facets_of(part.text) for part in parts],
        },
    )
    told = (*problems, *checks.part_problems(parts, limits), *_tag_problems(tags))
    return Rendering(edition=edition, problems=told)


def _languages(locale: str) -> list[str]:
    language = re.split("[-_]", locale)[0].lower()
    return [language] if language != "und" and re.fullmatch(_LANGUAGE, language) else []


def _card(draft: Draft) -> dict[str, str] | None:
    pictured = bool(draft.parts) and bool(draft.parts[0].media)
    if pictured or draft.in_reply_to is not None or not _is_web(draft.link):
        return None
    return {
        "uri": draft.link,
        "title": draft.title.strip() or urlsplit(draft.link).hostname or draft.link,
        "description": draft.summary.strip(),
    }


def _is_web(link: str) -> bool:
    return bool(re.fullmatch(r"https?://[^\s/]\S*", link))


def _with_link(draft: Draft) -> Sequence[DraftPart]:
    # An answer stands in somebody else's conversation: it is sent as it was written.
    written = any(draft.link in part.text for part in draft.parts)
    if draft.in_reply_to is not None or not draft.parts or written:
        return draft.parts
    first, *rest = draft.parts
    text = f"{first.text.rstrip()}\n\n{draft.link}" if first.text.strip() else draft.link
    return (replace(first, text=text), *rest)


def _tags(draft: Draft) -> list[str]:
    if draft.in_reply_to is not None:
        return []
    written = {tag.casefold() for part in draft.parts for tag in tags_in(part.text)}
    kept: dict[str, str] = {}
    for tag in draft.tags:
        word = "".join(tag.lstrip("#").split()).strip(string.punctuation)
        if word and word.casefold() not in written:
            kept.setdefault(word.casefold(), word)
    return list(kept.values())


def _tag_problems(tags: Sequence[str]) -> list[Problem]:
    problems = []
    if len(tags) > TAGS_MAX:
        problems.append(
            Problem(
                code="TOO_MANY_TAGS",
                message=f"There are {len(tags)} tags; {TAGS_MAX} are allowed.",
                field="tags",
                limit=TAGS_MAX,
                actual=len(tags),
            )
        )
    for index, tag in enumerate(tags):
        length = counters.count(tag, counter="grapheme")
        if length > TAG_LENGTH_MAX:
            problems.append(
                Problem(
                    code="TAG_TOO_LONG",
                    message=f"The tag counts {length} here; {TAG_LENGTH_MAX} are allowed.",
                    field=f"tags.{index}",
                    limit=TAG_LENGTH_MAX,
                    actual=length,
                )
            )
        elif (size := counters.count(tag, counter="bytes")) > TAG_BYTES_MAX:
            problems.append(
                Problem(
                    code="TAG_TOO_LONG",
                    message=f"The tag has {size} bytes of UTF-8; {TAG_BYTES_MAX} are allowed.",
                    field=f"tags.{index}",
                    limit=TAG_BYTES_MAX,
                    actual=size,
                )
            )
    return problems


PLATFORM = Platform(
    key="bluesky",
    name="Bluesky",
    kind=Kind.NETWORK,
    guarantee=Guarantee.IDENTITY,
    settings=BlueskySettings,
    credentials=BlueskyCredentials,
    # The network shows what a post was when it was made: a changed record is not an edited post.
    # Private messages are another service's, chat.bsky, which takes no ordinary app password.
    capabilities=frozenset(Capability)
    - {Capability.EDIT, Capability.DIRECT_MESSAGES, Capability.DELETE_MESSAGES},
    limits=LIMITS,
    render=render,
    variant_settings=BlueskyVariant,
    # Tags of a record that its text does not have are searched, never shown.
    shows_tags=False,
)
