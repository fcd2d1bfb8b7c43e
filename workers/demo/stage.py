"""What the story knows at any moment: its people, its places, and the ids it was given."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from workers.demo.client import Json, Person
from workers.demo.clock import Clock
from workers.demo.diary import Diary
from workers.demo.material import Answer, Brand, Cast, Channel, Item, Picture
from workers.demo.places import Account, Inbox, Mastodon, Place, Press, Receiver


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer somebody gave somewhere, under which publication."""

    item: Item
    channel: Channel
    answer: Answer
    publication_id: str
    remote_id: str


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A door for a tool, and the secret it signs with."""

    url: str
    secret: str


@dataclass(kw_only=True)
class Kept:
    """What the hub gave for one brand: ids, by the names of the story."""

    id: str
    campaign: str = ""
    pillars: dict[str, str] = field(default_factory=dict)
    audiences: list[str] = field(default_factory=list)
    saved_reply: str = ""
    rule: str = ""
    monitor: str = ""


@dataclass(kw_only=True)
class Stage:
    """Filled by one act after the other; ids are the API's own."""

    cast: Cast
    items: Sequence[Item]
    http: httpx.AsyncClient
    clock: Clock
    diary: Diary
    places: Mapping[str, Place]
    press: Press
    receiver: Receiver
    people: dict[str, Person]
    out: Path

    brands: dict[str, Kept] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    written: dict[str, Json] = field(default_factory=dict)
    #: The brands' own accounts, by channel.
    accounts: dict[str, Account] = field(default_factory=dict)
    #: Everybody else, by the platform and their name there.
    others: dict[tuple[str, str], Account] = field(default_factory=dict)
    inbox: Inbox | None = None
    #: Where events are heard.
    ear: Inbox | None = None
    tool: Tool | None = None
    reference: str = ""

    #: What the brands' accounts had posted before the story began, by platform and id.
    earlier_posts: frozenset[tuple[str, str]] = frozenset()
    #: The error codes of what was tried although it is forbidden, by what was tried.
    refusals: dict[str, str] = field(default_factory=dict)
    #: Every publication that was promised, by its id, as it was seen last.
    publications: dict[str, Json] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    #: What others did with each publication.
    done: dict[str, Counter[str]] = field(default_factory=dict)
    #: What each reply answers and says, by the id of its publication.
    replied: dict[str, tuple[Said, str]] = field(default_factory=dict)
    #: The hashes that were out before a text was corrected, by publication.
    corrected: dict[str, str] = field(default_factory=dict)
    #: What each part of the week found out, for the checks and the page.
    found: dict[str, Any] = field(default_factory=dict)
    #: The files of the report, by what they are.
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def manager(self) -> Person:
        """Who may do everything but look into other workspaces."""
        return self.people["manager"]

    @property
    def editor(self) -> Person:
        """Who writes, submits and schedules."""
        return self.people["editor"]

    @property
    def approver(self) -> Person:
        """Who decides."""
        return self.people["approver"]

    def note(self, text: str, **said: Any) -> None:
        """Tell one thing that happened."""
        self.diary.note(text, **said)

    def brand(self, key: str) -> Brand:
        """Return a brand of the cast."""
        return next(brand for brand in self.cast.brands if brand.key == key)

    def brand_of(self, channel_key: str) -> Brand:
        """Return whose channel it is."""
        return next(
            brand
            for brand in self.cast.brands
            if any(channel.key == channel_key for channel in brand.channels)
        )

    def channel(self, key: str) -> Channel:
        """Return a channel of the cast."""
        return next(channel for channel in self.cast.channels if channel.key == key)

    def channel_of(self, publication: Json) -> Channel:
        """Return the channel of the cast that a publication went to."""
        ids = {given: key for key, given in self.channels.items()}
        return self.channel(ids[publication["channel"]["id"]])

    def item_of(self, publication: Json) -> Item | None:
        """Return the text of the cast that a publication tells; None for others and replies."""
        title = publication["revision"]["title"] if publication["revision"] else ""
        return next((item for item in self.items if item.title == title), None)

    def told(self, item: Item) -> list[Json]:
        """Return the publications of a text, in the order of its channels."""
        found = [one for one in self.contents() if self.item_of(one) is item]
        return sorted(found, key=lambda one: item.channels.index(self.channel_of(one).key))

    def contents(self) -> list[Json]:
        """Return every publication that is no reply."""
        return [one for one in self.publications.values() if one["origin"] == "CONTENT"]

    def replies(self) -> list[Json]:
        """Return every reply."""
        return [one for one in self.publications.values() if one["origin"] == "REPLY"]

    def picture(self, key: str) -> Picture:
        """Return a picture of the cast."""
        return next(picture for picture in self.cast.pictures if picture.key == key)

    def place_of(self, publication: Json) -> Place:
        """Return the place a publication went to; KeyError where nobody can answer."""
        return self.places[self.channel_of(publication).platform]

    @property
    def mastodon(self) -> Mastodon:
        """The network whose people are asked what they were told."""
        found = self.places["mastodon"]
        if not isinstance(found, Mastodon):
            raise TypeError("the place of Mastodon speaks its API")
        return found

    def answerable(self) -> list[Json]:
        """Return what is out where people can answer it."""
        return [
            publication
            for publication in self.contents()
            if publication["state"] == "PUBLISHED"
            and self.channel_of(publication).platform in self.places
        ]

    async def other(self, platform: str, username: str) -> Account:
        """Return somebody's account at a place; they join when they first do something there."""
        known = self.others.get((platform, username))
        if known is None:
            known = await self.places[platform].join(
                username=username, name=self.cast.people[username]
            )
            self.others[platform, username] = known
        return known


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of the week: when it begins, what it is about, and what is done on it.

    People talk elsewhere at `talk`, before the hub's day begins.
    """

    name: str
    at: str
    talk: str = ""
    title: str
    acts: Sequence[Callable[[Stage], Awaitable[None]]]
