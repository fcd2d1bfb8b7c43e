"""Decisions about content: which words go to which channel, and what a revision hashes to."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from hub.channels.platforms.base import Draft, DraftPart, MediaFacts
from hub.kernel.errors import Invalid
from hub.kernel.texts import require_storable

TITLE_MAX = 300
SUMMARY_MAX = 2_000
TEXT_MAX = 100_000
BRACKETS_MAX = 2_000
PIPES_MAX = 5_000
PARTS_MAX = 50
MEDIA_MAX = 20
TAGS_MAX = 30
TAG_MAX = 100
LINK_MAX = 2_000
_SLUG = 60


@dataclass(frozen=True, kw_only=True)
class Part:
    """One post of a thread, or the whole text: Markdown or plain, with its pictures by id."""

    text: str
    media: tuple[UUID, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the part as plain JSON."""
        return {"text": self.text, "media": [str(asset_id) for asset_id in self.media]}


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a revision says. A None in a variant's words falls back to the revision's."""

    title: str | None = None
    summary: str | None = None
    parts: tuple[Part, ...] | None = None
    link: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class VariantWords:
    """What differs on one platform or one channel: exactly one of both is named."""

    words: Words
    platform: str | None = None
    channel_id: UUID | None = None
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RevisionFacts:
    """A revision as the rules see it."""

    title: str
    summary: str
    parts: tuple[Part, ...]
    link: str
    tags: tuple[str, ...]
    slug: str
    locale: str
    shortens_links: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the revision as plain JSON; what is as ever is left out, so hashes stay."""
        return {
            **({"shortens_links": True} if self.shortens_links else {}),
            "title": self.title,
            "summary": self.summary,
            "parts": [part.to_json() for part in self.parts],
            "link": self.link,
            "tags": list(self.tags),
            "slug": self.slug,
            "locale": self.locale,
        }


def revision_hash(facts: RevisionFacts, variants: Sequence[VariantWords]) -> str:
    """Return SHA-256 (hex) over everything a revision says, variants included."""
    described = [
        {
            "platform": variant.platform,
            "channel": str(variant.channel_id) if variant.channel_id else None,
            "title": variant.words.title,
            "summary": variant.words.summary,
            "parts": [part.to_json() for part in variant.words.parts]
            if variant.words.parts is not None
            else None,
            "link": variant.words.link,
            "tags": list(variant.words.tags) if variant.words.tags is not None else None,
            "settings": dict(variant.settings),
        }
        for variant in sorted(
            variants, key=lambda variant: (variant.platform or "", str(variant.channel_id or ""))
        )
    ]
    whole = {"revision": facts.to_json(), "variants": described}
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def chosen(
    variants: Sequence[VariantWords], *, channel_id: UUID, platform: str
) -> VariantWords | None:
    """Return the variant for a channel: its own before its platform's; None falls back."""
    own = [variant for variant in variants if variant.channel_id == channel_id]
    shared = [variant for variant in variants if variant.platform == platform]
    return next(iter((*own, *shared)), None)


def draft(
    facts: RevisionFacts, variant: VariantWords | None, media: Mapping[UUID, MediaFacts]
) -> Draft:
    """Return the neutral draft for one channel: the variant's words over the revision's."""
    words = variant.words if variant else Words()
    parts = words.parts if words.parts is not None else facts.parts
    return Draft(
        title=words.title if words.title is not None else facts.title,
        summary=words.summary if words.summary is not None else facts.summary,
        parts=tuple(
            DraftPart(text=part.text, media=tuple(media[asset_id] for asset_id in part.media))
            for part in parts
        ),
        link=words.link if words.link is not None else facts.link,
        tags=words.tags if words.tags is not None else facts.tags,
        locale=facts.locale,
        slug=facts.slug,
        settings=variant.settings if variant else {},
    )


def media_of(facts: RevisionFacts, variants: Sequence[VariantWords]) -> set[UUID]:
    """Return every picture a revision or one of its variants shows."""
    return pictures_of(facts.parts, variants)


def pictures_of(parts: Sequence[Part], variants: Sequence[VariantWords]) -> set[UUID]:
    """Return every picture that parts or the parts of variants show."""
    shown = [*parts, *(part for variant in variants for part in variant.words.parts or ())]
    return {asset_id for part in shown for asset_id in part.media}


def alt_text(alt: Mapping[str, str], *, locale: str) -> str:
    """Return the alternative text for a locale, or for its language, or nothing."""
    return alt.get(locale) or alt.get(locale.partition("-")[0]) or ""


def slugified(title: str) -> str:
    """Return the title as a slug: ASCII, lower case, hyphens, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG].strip("-")


def require_words(words: Words, *, path: tuple[str, ...]) -> None:
    """Raise Invalid for words that no revision can hold, naming the field."""
    _require_length(words.title, TITLE_MAX, (*path, "title"))
    _require_length(words.summary, SUMMARY_MAX, (*path, "summary"))
    _require_length(words.link, LINK_MAX, (*path, "link"))
    if words.link and not words.link.startswith(("https://", "http://")):
        raise Invalid("A link starts with https:// or http://.", path=(*path, "link"))
    _require_tags(words.tags or (), (*path, "tags"))
    if words.parts is None:
        return
    if not 1 <= len(words.parts) <= PARTS_MAX:
        raise Invalid(f"A text has 1 to {PARTS_MAX} parts.", path=(*path, "parts"))
    for index, part in enumerate(words.parts):
        _require_length(part.text, TEXT_MAX, (*path, "parts", str(index), "text"))
        if len(part.media) > MEDIA_MAX:
            raise Invalid(
                f"A part shows at most {MEDIA_MAX} pictures.",
                path=(*path, "parts", str(index), "media"),
            )
    _require_bounded(words.parts, path=(*path, "parts"))


def require_apart(variants: Sequence[VariantWords], *, path: tuple[str, ...]) -> None:
    """Raise Invalid where two variants are for the same platform or the same channel."""
    seen: set[tuple[str | None, UUID | None]] = set()
    for index, variant in enumerate(variants):
        target = (variant.platform, variant.channel_id)
        if target in seen:
            raise Invalid("There is a variant for this already.", path=(*path, str(index)))
        seen.add(target)


def _require_bounded(parts: Sequence[Part], *, path: tuple[str, ...]) -> None:
    """Refuse what would take far longer to render than any text that people write."""
    whole = "".join(part.text for part in parts)
    if len(whole) > TEXT_MAX:
        raise Invalid(
            f"All parts together have {len(whole)} characters; {TEXT_MAX} are allowed.", path=path
        )
    if whole.count("[") > BRACKETS_MAX or whole.count("|") > PIPES_MAX:
        raise Invalid(
            f"A text has at most {BRACKETS_MAX} opening brackets and {PIPES_MAX} bars.", path=path
        )


def _require_tags(tags: Sequence[str], path: tuple[str, ...]) -> None:
    if len(tags) > TAGS_MAX:
        raise Invalid(f"At most {TAGS_MAX} tags are allowed.", path=path)
    for index, tag in enumerate(tags):
        _require_length(tag, TAG_MAX, (*path, str(index)))
        if not tag.strip() or tag.startswith("#"):
            raise Invalid("A tag is a word without #.", path=(*path, str(index)))


def _require_length(value: str | None, most: int, path: tuple[str, ...]) -> None:
    if value is None:
        return
    require_storable(value, path=path)
    if len(value) > most:
        raise Invalid(f"This has {len(value)} characters; {most} are allowed.", path=path)
