"""What a WordPress site accepts, by the REST API every site since 4.7 has."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from html import escape
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from hub.channels.platforms import checks
from hub.channels.platforms.base import (
    Capability,
    Draft,
    DraftPart,
    EditionContent,
    EditionPart,
    Guarantee,
    Kind,
    Limits,
    MediaFacts,
    Platform,
    PlatformModel,
    Problem,
    Rendering,
    VideoLimits,
)
from hub.language.markup import to_html

#: What stands for the address of a picture, by its number in the edition, until it is uploaded.
#: Neither a text nor an attribute of sanitised HTML can hold this: one escapes "<", the other '"'.
PLACEHOLDER = re.compile(r'<(img|video controls) src="hub-media:([0-9]{1,4})"')

#: The column of a comment holds 65,525 bytes (wp_get_comment_fields_max_lengths).
REPLY_BYTES_MAX = 65_525
#: The name of a category or tag is a varchar(200) of the database.
TERM_MAX = 200
SLUG_MAX = 80

TermName = Annotated[str, StringConstraints(min_length=1, max_length=TERM_MAX)]


class CommentStatus(StrEnum):
    """Whether readers may answer below a post, in WordPress' own words."""

    OPEN = "open"
    CLOSED = "closed"


class WordPressSettings(PlatformModel):
    """Which site, and where its posts are filed."""

    base_url: str = Field(
        description="Address of the site as its visitors type it, such as https://example.org/blog."
    )
    categories: tuple[TermName, ...] = Field(
        default=(),
        max_length=20,
        description="Names of the categories a post is filed under unless its variant says "
        "otherwise; empty leaves it to the site.",
    )
    comment_status: CommentStatus = Field(
        default=CommentStatus.OPEN, description="Whether readers may comment on what goes out."
    )

    @field_validator("base_url")
    @classmethod
    def _address_of_a_site(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("Give the bare address of the site, such as https://example.org/blog.")
        if parts.scheme != "https" and not (
            parts.scheme == "http" and checks.is_loopback(parts.hostname)
        ):
            raise ValueError("The address must begin with https://.")
        path = parts.path.rstrip("/")
        if re.search(r"/(wp-admin|wp-json|wp-login\.php|xmlrpc\.php|index\.php)(/|$)", path):
            raise ValueError("Give the address of the site itself, not of a page of its inside.")
        return f"{parts.scheme}://{parts.netloc.lower()}{path}"


class WordPressCredentials(PlatformModel):
    """A user of the site and one of their application passwords."""

    # An error about a secret must not repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    username: str = Field(
        min_length=1, max_length=100, pattern=r"^[^:\x00-\x1f\x7f]+$", description="Login name."
    )
    application_password: str = Field(
        min_length=1,
        max_length=200,
        repr=False,
        # The site shows it in groups of four, and takes it with or without the spaces.
        pattern=r"^[!-~]+( [!-~]+)*$",
        description="Application password from the user's profile, with or without its spaces.",
    )


class WordPressVariant(PlatformModel):
    """What one text may set for itself."""

    categories: tuple[TermName, ...] | None = Field(
        default=None, max_length=20, description="Names of the categories of this post."
    )
    comment_status: CommentStatus | None = Field(
        default=None, description="Whether readers may comment on this post."
    )


LIMITS = Limits(
    counter="codepoint",
    # WordPress itself has no limit; at this one every answer about a post can still be read.
    text_max=100_000,
    title_max=500,
    media_max=50,
    media_bytes_max=16 * 1024 * 1024,
    media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
    alt_max=1500,
    parts_max=100,
    # What the site's server takes at most is not told by its API; this is WordPress's usual most.
    video=VideoLimits(
        types=("video/mp4", "video/quicktime", "video/webm"),
        bytes_max=64 * 1024 * 1024,
        per_post=10,
        alone=False,
    ),
)


def render(draft: Draft, limits: Limits, settings: PlatformModel) -> Rendering:
    """Return the post, or the comment when it answers one, and what is wrong with it."""
    if draft.in_reply_to is not None:
        return _comment(draft, limits)
    variant, problems = checks.settings_of(WordPressVariant, draft.settings)
    usual = settings if isinstance(settings, WordPressSettings) else None
    edition = EditionContent(
        platform=PLATFORM.key,
        title=_line(draft.title),
        parts=tuple(checks.measured(_joined(draft.parts), limits)),
        fields={**_words(draft), **_filing(draft, variant, usual)},
    )
    return Rendering(
        edition=edition,
        problems=(
            *problems,
            *checks.title_problems(draft.title, limits),
            *_part_problems(draft, edition.parts, limits),
            *_tag_problems(edition.fields["tags"]),
        ),
    )


def _comment(draft: Draft, limits: Limits) -> Rendering:
    """Return an answer as plain text: a comment is HTML to WordPress, so it is escaped."""
    text = _printable("\n\n".join(part.text for part in draft.parts))
    parts = checks.measured([DraftPart(text=text)], limits)
    content = escape(text, quote=False)
    edition = EditionContent(
        platform=PLATFORM.key, title="", parts=tuple(parts), fields={"content": content}
    )
    problems = checks.part_problems(parts, limits)
    size = len(content.encode())
    if size > REPLY_BYTES_MAX and not problems:
        problems = [
            Problem(
                code="TEXT_TOO_LONG",
                message=f"The comment has {size} bytes; {REPLY_BYTES_MAX} are allowed.",
                field="parts.0.text",
                limit=REPLY_BYTES_MAX,
                actual=size,
            )
        ]
    return Rendering(edition=edition, problems=tuple(problems))


def _joined(parts: Sequence[DraftPart]) -> list[DraftPart]:
    """Return the parts of a thread as the one article a blog makes of them."""
    if not parts:
        return []
    texts = [_printable(part.text).strip() for part in parts]
    pictures = tuple(picture for part in parts for picture in part.media)
    return [DraftPart(text="\n\n".join(text for text in texts if text), media=pictures)]


def _part_problems(
    draft: Draft, joined: Sequence[EditionPart], limits: Limits
) -> Sequence[Problem]:
    """Return what is wrong with the parts as they were written, then with all of them together."""
    apart = checks.part_problems(checks.measured(draft.parts, limits), limits)
    known = {problem.code for problem in apart}
    together = checks.part_problems(joined, limits)
    return [*apart, *(problem for problem in together if problem.code not in known)]


def _words(draft: Draft) -> dict[str, Any]:
    return {
        # A title and an excerpt are HTML to WordPress.
        "title": escape(_line(draft.title), quote=False),
        "content": _content(draft),
        "excerpt": escape(_printable(draft.summary).strip(), quote=False),
        "slug": slug_of(draft.slug or draft.title),
    }


def _filing(
    draft: Draft, variant: WordPressVariant, usual: WordPressSettings | None
) -> dict[str, Any]:
    defaults = usual.categories if usual else ()
    comments = usual.comment_status if usual else CommentStatus.OPEN
    named = variant.categories if variant.categories is not None else defaults
    return {
        "categories": _names(named),
        "tags": _names(tag.lstrip("#") for tag in draft.tags),
        "comment_status": (variant.comment_status or comments).value,
    }


def _content(draft: Draft) -> str:
    """Return the article as HTML; the first picture is the featured image and not part of it."""
    pieces = []
    media = [shown for part in draft.parts for shown in part.media]
    featured = next((number for number, one in enumerate(media) if not one.is_video), None)
    number = 0
    for part in draft.parts:
        pieces.append(to_html(_printable(part.text)).strip())
        for picture in part.media:
            pieces.append(_figure(number, picture) if number != featured else "")
            number += 1
    if draft.link and not any(draft.link in part.text for part in draft.parts):
        pieces.append(to_html(f"<{_line(draft.link)}>").strip())
    return "\n\n".join(piece for piece in pieces if piece)


def _figure(number: int, picture: MediaFacts) -> str:
    if picture.is_video:
        return (
            f'<figure class="wp-block-video"><video controls src="hub-media:{number}" '
            f'aria-label="{escape(_line(picture.alt))}"></video></figure>'
        )
    return (
        f'<figure class="wp-block-image"><img src="hub-media:{number}" '
        f'alt="{escape(_line(picture.alt))}" width="{picture.width}" height="{picture.height}" />'
        "</figure>"
    )


def slug_of(words: str) -> str:
    """Return the part of an address that names a post: lower case letters, digits and hyphens."""
    folded = unicodedata.normalize("NFKD", words[: SLUG_MAX * 4]).encode("ascii", "ignore").decode()
    joined = "-".join(re.findall(r"[a-z0-9]+", folded.lower()))
    return joined[:SLUG_MAX].strip("-") or "post"


def _names(given: Iterable[str]) -> list[str]:
    """Return names of categories or tags, each once however it is written."""
    known: dict[str, str] = {}
    for name in map(_line, given):
        if name:
            known.setdefault(name.casefold(), name)
    return list(known.values())


def _tag_problems(tags: Sequence[str]) -> list[Problem]:
    return [
        Problem(
            code="TAG_TOO_LONG",
            message=f"The tag has {len(tag)} characters; {TERM_MAX} are allowed.",
            field=f"tags.{index}",
            limit=TERM_MAX,
            actual=len(tag),
        )
        for index, tag in enumerate(tags)
        if len(tag) > TERM_MAX
    ]


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _printable(text: str) -> str:
    return _CONTROLS.sub("", text)


def _line(text: str) -> str:
    return " ".join(_printable(text).split())


PLATFORM = Platform(
    key="wordpress",
    name="WordPress",
    kind=Kind.BLOG,
    guarantee=Guarantee.IDENTITY,
    settings=WordPressSettings,
    credentials=WordPressCredentials,
    capabilities=frozenset(Capability)
    - {
        Capability.THREAD,
        Capability.NOTIFICATIONS,
        Capability.DIRECT_MESSAGES,
        Capability.LIKE,
        Capability.SEARCH_MENTIONS,
        Capability.MUTE,
        Capability.BLOCK,
    },
    limits=LIMITS,
    render=render,
    variant_settings=WordPressVariant,
    # Longer than a call may last: a comment on its way when its answer was lost is stored by then.
    settle_seconds=10,
    joins_parts=True,
)
