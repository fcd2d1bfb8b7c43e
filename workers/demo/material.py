"""Reading what the demo tells: two brands, their texts with a head of TOML, and everybody else."""

import mimetypes
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

CONTENT = Path(__file__).parent / "content"
#: The brands, by the folders they are in; the order they are told in.
FOLDERS = ("fr", "en")
HEAD = "+++\n"
NEXT_POST = "<!-- next post -->"
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
#: What is sent to the API as it stands.
Given = Mapping[str, Any]


class Material(BaseModel):
    """Base of what is read: a misspelt name in a file is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BrandAccount(Material):
    """The brand's account at a place."""

    username: str
    name: str


class Channel(Material):
    """Where a brand speaks; what a channel needs beside this is found out on the day."""

    key: str
    platform: Literal["mastodon", "bluesky", "wordpress", "misago", "feed", "webhook"]
    name: str
    settings: Given = Field(default_factory=dict)
    account: BrandAccount | None = None
    inbox: str = ""


class Planned(Material):
    """So many publications somewhere in the week."""

    planned: int
    platform: str | None = None
    channel: str | None = None


class Campaign(Material):
    """Why a brand speaks; it begins with the week."""

    name: str
    objective: str
    brief: str
    weeks: int
    utm: Mapping[str, str]
    plan: Sequence[Planned]


class Goal(Material):
    """What the week is to reach."""

    name: str
    metric: Literal["LIKES", "REPLIES"]
    target: int


class SavedReply(Material):
    """Words for what is asked often."""

    name: str
    text: str


class Contest(Material):
    """A contest under one of the texts, and how its winners are announced."""

    name: str
    item: str
    hashtag: str
    winners: int
    alternates: int
    text: str
    title: str
    template: str
    channel: str


class Monitor(Material):
    """What a brand listens for, on a network and in the paper."""

    name: str
    query: Given
    alarms: Given
    opensIncident: bool  # noqa: N815 - its name in the API
    channel: str


class Talk(Material):
    """What somebody says of a brand elsewhere: on the network, or with a title in the paper."""

    day: Weekday
    text: str
    by: str = ""
    title: str = ""


class Incident(Material):
    """What the brand says and does on a bad day."""

    scheduled_pause: str
    title: str
    statement: str
    note: str
    channel: str


class Brand(Material):
    """Who speaks, how, to whom, what for, and where."""

    key: str
    slug: str
    name: str
    description: str
    locale: str
    timezone: str
    own_domains: Sequence[str]
    voice: Given
    audiences: Sequence[Given]
    pillars: Sequence[Given]
    campaign: Campaign
    goals: Sequence[Goal]
    saved_reply: SavedReply
    rule: Given
    service: Given
    channels: Sequence[Channel]
    workflow: Given | None = None
    contest: Contest | None = None
    monitor: Monitor | None = None
    talk: Sequence[Talk] = ()
    incident: Incident | None = None


class Picture(Material):
    """A picture and what it shows, per language."""

    key: str
    file: str
    brand: str
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

    brands: Sequence[Brand]
    people: Mapping[str, str]
    pictures: Sequence[Picture]

    @property
    def channels(self) -> list[Channel]:
        """Every channel of every brand."""
        return [channel for brand in self.brands for channel in brand.channels]


class Variant(Material):
    """What differs on one platform or one channel."""

    platform: str | None = None
    channel: str | None = None
    title: str | None = None
    text: str | None = None
    pictures: Sequence[str] | None = None
    settings: Given = Field(default_factory=dict)


class Draft(Material):
    """Words that break the voice guide; the hub says where."""

    text: str


class Remarked(Material):
    """Words that were submitted, and what somebody remarked on which of them."""

    text: str
    quote: str
    remark: str


class Correction(Material):
    """A slip somebody notices once the text is out, and where it is corrected."""

    wrong: str
    right: str
    channels: Sequence[str]


class Answer(Material):
    """What somebody answers on which channel, and what the brand says to it, or a rule hides."""

    by: str
    on: str
    text: str
    reply: str = ""
    saved: bool = False
    under_part: int = Field(default=1, ge=1)
    #: What a rule finds in it and hides it for.
    hidden: str = ""

    @property
    def is_answered(self) -> bool:
        """Say whether the brand replies."""
        return bool(self.reply) or self.saved


class Community(Material):
    """What the others do with it: on the day, and what they still like on the next."""

    likes: Sequence[str] = ()
    later_likes: Sequence[str] = ()
    shares: Sequence[str] = ()
    answers: Sequence[Answer] = ()


class Item(Material):
    """One text: its file's head, and its parts from below the head."""

    brand: str
    title: str
    channels: Sequence[str]
    parts: Sequence[str]
    locale: str
    pillar: str
    summary: str = ""
    link: str = ""
    slug: str = ""
    tags: Sequence[str] = ()
    pictures: Sequence[str] = ()
    variants: Sequence[Variant] = ()
    writer: Literal["editor", "manager"] = "editor"
    #: The day and the time of Paris, as "tuesday 10:00"; empty where a tool sends it.
    goes_out: str = Field(default="", pattern=r"^([a-z]+day \d\d:\d\d)?$")
    reference: str = ""
    shortens_links: bool = False
    clicks: int = 0
    draft: Draft | None = None
    remarked: Remarked | None = None
    correction: Correction | None = None
    #: What is decided per channel where a pause has held it.
    after_pause: Mapping[str, Literal["RELEASE", "RESCHEDULE", "CANCEL"]] = Field(
        default_factory=dict
    )
    community: Community = Community()

    @classmethod
    def parse(cls, text: str, *, brand: str, locale: str) -> Self:
        """Read one file: a head of TOML between two lines of `+++`, then the text."""
        _, head, body = text.split(HEAD, maxsplit=2)
        parts = [part.strip() for part in body.split(NEXT_POST)]
        return cls(**tomllib.loads(head), parts=parts, brand=brand, locale=locale)

    @property
    def day(self) -> str:
        """The day it goes out; empty where a tool sends it."""
        return self.goes_out.partition(" ")[0]


def read_cast(folder: Path = CONTENT) -> Cast:
    """Return who speaks, where, and who listens."""
    brands = [Brand(key=key, **_toml(folder / key / "brand.toml")) for key in FOLDERS]
    return Cast(brands=brands, **_toml(folder / "cast.toml"))


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def read_items(cast: Cast, folder: Path = CONTENT) -> list[Item]:
    """Return every text: one folder per brand, in the order of the names of its files."""
    return [
        Item.parse(file.read_text(encoding="utf-8"), brand=brand.key, locale=brand.locale)
        for brand in cast.brands
        for file in sorted((folder / brand.key).glob("*.md"))
    ]
