"""The words every platform is described in: drafts in, editions out, all pure and offline.

A platform file says what a kind of place accepts; the connector of the same name in
`workers/connectors/` says how to talk to it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What kind of place a platform is."""

    NETWORK = "NETWORK"
    BLOG = "BLOG"
    FORUM = "FORUM"
    CHAT = "CHAT"
    FEED = "FEED"
    WEBHOOK = "WEBHOOK"


class Guarantee(StrEnum):
    """The idempotency class of a channel: what can be known after an answer was lost."""

    REPLAY = "REPLAY"  # A: the same key returns the same post for a while, then as SEARCH
    IDENTITY = "IDENTITY"  # B: the hub chooses the id, so it can be looked up
    REFUSAL = "REFUSAL"  # C: a duplicate is refused, which is evidence of success
    SEARCH = "SEARCH"  # D: own posts can be listed and compared
    BLIND = "BLIND"  # E: nothing can be asked; a person decides


class Capability(StrEnum):
    """What a channel can do beyond publishing."""

    THREAD = "THREAD"
    REPLY = "REPLY"
    IMAGE = "IMAGE"
    ALT_TEXT = "ALT_TEXT"
    EDIT = "EDIT"
    DELETE = "DELETE"
    READ_BACK = "READ_BACK"
    HIDE = "HIDE"
    METRICS = "METRICS"
    AUDIENCE = "AUDIENCE"
    MESSAGES = "MESSAGES"
    NOTIFICATIONS = "NOTIFICATIONS"
    DIRECT_MESSAGES = "DIRECT_MESSAGES"
    LIKE = "LIKE"
    SEARCH_MENTIONS = "SEARCH_MENTIONS"
    DELETE_MESSAGES = "DELETE_MESSAGES"
    MUTE = "MUTE"
    BLOCK = "BLOCK"


class PlatformModel(BaseModel):
    """Base of settings and credentials: unknown names are refused, strings are trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NoSecrets(PlatformModel):
    """Credentials of a platform that needs none."""


@dataclass(frozen=True, kw_only=True)
class VideoLimits:
    """What one channel accepts of videos; with `alone` a post of a video shows nothing else."""

    types: tuple[str, ...]
    bytes_max: int
    seconds_max: int | None = None
    pixels_max: int | None = None
    per_post: int = 1
    alone: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the limits as plain JSON."""
        return {**self.__dict__, "types": list(self.types)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "VideoLimits":
        """Read limits stored by `to_json`."""
        return cls(**{**stored, "types": tuple(stored["types"])})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one channel accepts: lengths in the unit of `counter` (see hub.language.counters).

    `media_…` are about pictures; without `video` no videos are taken.
    """

    counter: str
    text_max: int
    text_bytes_max: int | None = None
    title_max: int | None = None
    url_weight: int | None = None
    media_max: int = 0
    media_bytes_max: int = 0
    media_types: tuple[str, ...] = ()
    alt_max: int = 0
    parts_max: int = 1
    video: VideoLimits | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the limits as plain JSON, for storage beside the channel."""
        known = {name: value for name, value in self.__dict__.items() if name != "video"}
        video = {"video": self.video.to_json()} if self.video else {}
        return {**known, "media_types": list(self.media_types), **video}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Limits":
        """Read limits stored by `to_json`."""
        video = stored.get("video")
        return cls(
            **{
                **stored,
                "media_types": tuple(stored["media_types"]),
                "video": VideoLimits.from_json(video) if video else None,
            }
        )


@dataclass(frozen=True, kw_only=True)
class MediaFacts:
    """What must be known of one processed picture or video to place it: never its bytes."""

    asset_id: str
    sha256: str
    mime: str
    size: int
    width: int
    height: int
    alt: str
    duration_ms: int | None = None

    @property
    def is_video(self) -> bool:
        """Say whether it moves."""
        return self.mime.startswith("video/")

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON: those of a picture are what they always were."""
        return {name: value for name, value in self.__dict__.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class DraftPart:
    """One post of a thread; most drafts have exactly one."""

    text: str
    media: tuple[MediaFacts, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text before it is cut to any platform: Markdown for articles, plain text for posts.

    `link` is the one address the text points to; it is appended where a platform has no field
    for it. `slug` is a suggestion. `in_reply_to` is set when this answers a message, `audience` is
    then who could read that, in the platform's own word (empty: everybody): the answer goes no
    further. With `private_to` it is for the account of that name alone.
    """

    title: str
    parts: tuple[DraftPart, ...]
    summary: str = ""
    link: str = ""
    locale: str = "en"
    tags: tuple[str, ...] = ()
    slug: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    in_reply_to: str | None = None
    audience: str = ""
    private_to: str | None = None


class ProblemSeverity(StrEnum):
    """Whether a problem forbids publishing or only deserves a look."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with a text on one platform, found offline.

    `code` is stable (TEXT_TOO_LONG, ALT_MISSING …); `field` is the input it concerns, as a dotted
    path into the content ("parts.0.text"); `limit` and `actual` are in the platform's own unit.
    `start` and `end` say where in the field's text it stands, in code points; `suggestion` is what
    might stand there instead.
    """

    code: str
    message: str
    severity: ProblemSeverity = ProblemSeverity.ERROR
    field: str = ""
    limit: int | None = None
    actual: int | None = None
    start: int | None = None
    end: int | None = None
    suggestion: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the problem as plain JSON."""
        return {**self.__dict__, "severity": self.severity.value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Problem":
        """Read a problem stored by `to_json`, also by an older version that knew less."""
        return cls(**{**stored, "severity": ProblemSeverity(stored["severity"])})


@dataclass(frozen=True, kw_only=True)
class EditionPart:
    """One post exactly as it will go out."""

    text: str
    media: tuple[MediaFacts, ...] = ()
    length: int = 0


@dataclass(frozen=True, kw_only=True)
class EditionContent:
    """What reviewers see and the connector sends: nothing is rendered after this.

    `fields` holds what the platform needs beyond text (visibility, language, html, tags …).
    Placeholders that only sending can know are the words of `Placeholder`.
    """

    platform: str
    title: str
    parts: tuple[EditionPart, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the edition as plain JSON with a fixed shape."""
        return {
            "platform": self.platform,
            "title": self.title,
            "parts": [
                {
                    "text": part.text,
                    "length": part.length,
                    "media": [media.to_json() for media in part.media],
                }
                for part in self.parts
            ],
            "fields": dict(self.fields),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "EditionContent":
        """Read an edition stored by `to_json`."""
        return cls(
            platform=stored["platform"],
            title=stored["title"],
            parts=tuple(
                EditionPart(
                    text=part["text"],
                    length=part["length"],
                    media=tuple(MediaFacts(**media) for media in part["media"]),
                )
                for part in stored["parts"]
            ),
            fields=stored["fields"],
        )

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the edition: JSON, UTF-8, keys sorted."""
        return orjson.dumps(self.to_json(), option=orjson.OPT_SORT_KEYS)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical bytes, in hex: the hash that is approved and sent."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """An edition and what is wrong with it."""

    edition: EditionContent
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Everything the hub knows about a kind of place without asking it.

    `render(draft, limits, settings)` is pure: the same arguments give the same bytes.
    `joins_parts` says that a text of several parts is one post there, `shows_tags` that readers
    see the tags that an edition carries beside its text.
    """

    key: str
    name: str
    kind: Kind
    guarantee: Guarantee
    settings: type[PlatformModel]
    credentials: type[PlatformModel]
    capabilities: frozenset[Capability]
    limits: Limits
    render: Callable[[Draft, Limits, PlatformModel], Rendering]
    variant_settings: type[PlatformModel] = NoSecrets
    replay_window_seconds: int = 0
    settle_seconds: int = 0
    joins_parts: bool = False
    shows_tags: bool = True
