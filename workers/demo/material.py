"""Reading the texts of the demo: Markdown files with a head of TOML, and one cast for all."""

import mimetypes
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

CONTENT = Path(__file__).parent / "content"
HEAD = "+++\n"
NEXT_POST = "<!-- next post -->"


class Material(BaseModel):
    """Base of what is read: a misspelt name in a file is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Brand(Material):
    """Who speaks."""

    slug: str
    name: str
    description: str
    locales: Sequence[str]


class BrandAccount(Material):
    """The brand's account at a place."""

    username: str
    name: str


class Channel(Material):
    """Where it speaks; what a channel needs beside this is found out on the day."""

    key: str
    platform: Literal["mastodon", "bluesky", "wordpress", "misago", "feed", "webhook"]
    name: str
    timezone: str
    settings: Mapping[str, Any] = Field(default_factory=dict)
    account: BrandAccount | None = None
    inbox: str = ""


class Campaign(Material):
    """Why it speaks."""

    key: str
    name: str
    locale: str
    objective: str
    brief: str
    starts_on: date
    ends_on: date


class Picture(Material):
    """A picture and what it shows, per language."""

    key: str
    file: str
    alt: Mapping[str, str]

    @property
    def path(self) -> Path:
        """Where its file lies."""
        return CONTENT / "pictures" / self.file

    @property
    def mime(self) -> str:
        """Its media type, by the name of its file."""
        return mimetypes.guess_type(self.file)[0] or "application/octet-stream"


class Cast(Material):
    """Everything that is not a text."""

    brand: Brand
    channels: Sequence[Channel]
    campaigns: Sequence[Campaign]
    people: Mapping[str, str]
    pictures: Sequence[Picture]


class Variant(Material):
    """What differs on one platform or one channel."""

    platform: str | None = None
    channel: str | None = None
    title: str | None = None
    text: str | None = None
    pictures: Sequence[str] | None = None
    settings: Mapping[str, Any] = Field(default_factory=dict)


class FirstDraft(Material):
    """The words that were submitted first, and what the approver said to them."""

    text: str
    remark: str


class Correction(Material):
    """A slip somebody notices once the text is out, and where it is corrected."""

    wrong: str
    right: str
    channels: Sequence[str]


class Answer(Material):
    """What somebody answers on which channel, and what the brand says to it, or hides."""

    by: str
    on: str
    text: str
    reply: str = ""
    under_part: int = Field(default=1, ge=1)
    hide: bool = False


class Community(Material):
    """What the others do with it."""

    likes: Sequence[str] = ()
    shares: Sequence[str] = ()
    answers: Sequence[Answer] = ()


class Item(Material):
    """One text: its file's head, and its parts from below the head."""

    campaign: str
    title: str
    channels: Sequence[str]
    parts: Sequence[str]
    locale: str
    summary: str = ""
    link: str = ""
    slug: str = ""
    tags: Sequence[str] = ()
    pictures: Sequence[str] = ()
    variants: Sequence[Variant] = ()
    writer: Literal["editor", "manager"] = "editor"
    scheduled_in_seconds: float | None = None
    first_draft: FirstDraft | None = None
    correction: Correction | None = None
    community: Community = Community()

    @classmethod
    def parse(cls, text: str, *, campaign: str, locale: str) -> Self:
        """Read one file: a head of TOML between two lines of `+++`, then the text."""
        _, head, body = text.split(HEAD, maxsplit=2)
        parts = [part.strip() for part in body.split(NEXT_POST)]
        return cls(**tomllib.loads(head), parts=parts, campaign=campaign, locale=locale)


def read_cast(folder: Path = CONTENT) -> Cast:
    """Return who speaks, where, and who listens."""
    return Cast(**tomllib.loads((folder / "cast.toml").read_text(encoding="utf-8")))


def read_items(cast: Cast, folder: Path = CONTENT) -> list[Item]:
    """Return every text: one folder per campaign, in the order of the names of its files."""
    return [
        Item.parse(file.read_text(encoding="utf-8"), campaign=campaign.key, locale=campaign.locale)
        for campaign in cast.campaigns
        for file in sorted((folder / campaign.key).glob("*.md"))
    ]
