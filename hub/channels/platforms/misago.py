"""What Misago, a forum program with a JSON API, accepts."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

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
    Platform,
    PlatformModel,
    Problem,
    ProblemSeverity,
    Rendering,
)

#: The fewest characters of a title and of a post; a forum may set others, and refuses then.
TITLE_MIN = 5
TEXT_MIN = 5
#: What the address of a picture and the Markdown around it cost beside its description.
PICTURE_MARKUP = 140

#: The longest run of letters without a break: looking for links in a longer one keeps a forum busy
#: for seconds, a thousand letters for twenty (measured with Misago 0.39.6; cubic).
WORD_MAX = 300

_LONG_WORD = re.compile(rf"(?<!\w)\w{{{WORD_MAX}}}\w++")
_ADDRESS = re.compile(r"https?://\S++")
_CATEGORY = re.compile(r"(?:.*/c/[\w-]+/|/?c/[\w-]+/)?(?P<id>[0-9]{1,9})/?", re.ASCII)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# A database refuses the first, and nobody sees the others; half a surrogate pair is no character.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


class MisagoSettings(PlatformModel):
    """Which forum, and where in it threads are opened."""

    base_url: str = Field(description="Address of the forum, such as https://forum.example.org.")
    category: str = Field(
        max_length=500,
        description="Where threads are opened: the number of a category, its address in the "
        "forum, or its name in small letters with hyphens (first-category).",
    )

    @field_validator("base_url")
    @classmethod
    def _bare_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("Give the bare address of the forum, such as https://example.org.")
        if parts.path.rstrip("/"):
            raise ValueError("Give the address of the forum without a path.")
        if parts.scheme != "https" and not (
            parts.scheme == "http" and checks.is_loopback(parts.hostname)
        ):
            raise ValueError("The address must begin with https://.")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @field_validator("category", mode="before")
    @classmethod
    def _number_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("category")
    @classmethod
    def _known_form(cls, value: str) -> str:
        numbered = _CATEGORY.fullmatch(value)
        if numbered:
            return str(int(numbered["id"]))
        if not _SLUG.fullmatch(value):
            raise ValueError("Give the number, the address or the short name of a category.")
        return value


class MisagoCredentials(PlatformModel):
    """The account that writes: Misago has no tokens, so the hub signs in as people do."""

    # An error about a secret must not repeat it.
    model_config = ConfigDict(hide_input_in_errors=True, str_strip_whitespace=False)

    username: str = Field(
        min_length=1, max_length=200, repr=False, description="Name or e-mail of the account."
    )
    password: str = Field(
        min_length=1, max_length=1000, repr=False, description="Password of the account."
    )


class MisagoVariant(PlatformModel):
    """What one text may set for itself."""

    category: int | None = Field(
        default=None, ge=1, description="Number of another category to open the thread in."
    )


LIMITS = Limits(
    counter="codepoint",
    text_max=60_000,
    title_max=90,
    media_max=16,
    media_bytes_max=500 * 1024,
    media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
    alt_max=1000,
    parts_max=20,
)


def render(draft: Draft, limits: Limits, settings: PlatformModel) -> Rendering:
    """Return the thread as it will be opened: Markdown as it was written, and what is wrong."""
    variant, problems = checks.settings_of(MisagoVariant, draft.settings)
    parts = [_measured(part, limits) for part in _with_link(draft)]
    problems += [*checks.part_problems(parts, limits), *_short(parts), *_words(parts)]
    if draft.in_reply_to is not None:
        # An answer stands in a thread that has its title and its category.
        return _rendering("", parts, {}, problems)
    title = " ".join(_plain(draft.title).split())
    problems += [*checks.title_problems(title, limits), *_title(title), *_tags(draft)]
    return _rendering(title, parts, {"category": _category(variant, settings)}, problems)


def _rendering(
    title: str, parts: list[EditionPart], fields: dict[str, str], problems: list[Problem]
) -> Rendering:
    edition = EditionContent(platform=PLATFORM.key, title=title, parts=tuple(parts), fields=fields)
    return Rendering(edition=edition, problems=tuple(problems))


def _category(variant: MisagoVariant, settings: PlatformModel) -> str:
    if variant.category is not None:
        return str(variant.category)
    # Words can be looked at before there is an account, and with it a category.
    return str(getattr(settings, "category", ""))


def _with_link(draft: Draft) -> tuple[DraftPart, ...]:
    written = any(draft.link in part.text for part in draft.parts)
    if draft.in_reply_to is not None or written or not draft.parts:
        return draft.parts
    first, *rest = draft.parts
    pieces = [piece for piece in (first.text.rstrip(), draft.link) if piece.strip()]
    return (replace(first, text="\n\n".join(pieces)), *rest)


def _measured(part: DraftPart, limits: Limits) -> EditionPart:
    # The forum takes white space around a text away: it is not approved in the first place.
    text = _plain(part.text).strip()
    pictures = sum(len(media.alt) + PICTURE_MARKUP for media in part.media)
    return EditionPart(text=text, media=part.media, length=checks.length(text, limits) + pictures)


def _plain(text: str) -> str:
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _short(parts: list[EditionPart]) -> list[Problem]:
    return [
        Problem(
            code="TEXT_TOO_SHORT",
            message=f"The text has {part.length} characters; a forum wants {TEXT_MIN} at least.",
            field=f"parts.{index}.text",
            limit=TEXT_MIN,
            actual=part.length,
        )
        for index, part in enumerate(parts)
        if 0 < part.length < TEXT_MIN
    ]


def _words(parts: list[EditionPart]) -> list[Problem]:
    found = [_LONG_WORD.search(_ADDRESS.sub(" ", part.text)) for part in parts]
    return [
        Problem(
            code="WORD_TOO_LONG",
            message=f"A word has {len(word[0])} letters; more than {WORD_MAX} stall a forum.",
            field=f"parts.{index}.text",
            limit=WORD_MAX,
            actual=len(word[0]),
        )
        for index, word in enumerate(found)
        if word is not None
    ]


def _title(title: str) -> list[Problem]:
    if not title:
        return []
    if len(title) < TITLE_MIN:
        return [
            Problem(
                code="TITLE_TOO_SHORT",
                message=f"The title has {len(title)} characters; "
                f"a forum wants {TITLE_MIN} at least.",
                field="title",
                limit=TITLE_MIN,
                actual=len(title),
            )
        ]
    if any(character.isalnum() for character in title):
        return []
    return [
        Problem(
            code="TITLE_UNREADABLE",
            message="A forum wants letters or digits in a title.",
            field="title",
        )
    ]


def _tags(draft: Draft) -> list[Problem]:
    if not draft.tags:
        return []
    return [
        Problem(
            code="TAGS_IGNORED",
            message="This forum has no tags; they are left out.",
            severity=ProblemSeverity.WARNING,
            field="tags",
        )
    ]


PLATFORM = Platform(
    key="misago",
    name="Misago",
    kind=Kind.FORUM,
    guarantee=Guarantee.SEARCH,
    settings=MisagoSettings,
    credentials=MisagoCredentials,
    capabilities=frozenset(Capability)
    - {
        Capability.NOTIFICATIONS,
        Capability.DIRECT_MESSAGES,
        Capability.SEARCH_MENTIONS,
        Capability.DELETE_MESSAGES,
        Capability.MUTE,
        Capability.BLOCK,
    },
    limits=LIMITS,
    render=render,
    variant_settings=MisagoVariant,
    # A usual application server gives up a request after half a minute; no post comes later.
    settle_seconds=35,
)
