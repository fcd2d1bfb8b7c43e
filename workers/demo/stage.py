"""What the story knows at any moment: its people, its places, and the ids it was given."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from workers.demo.client import Json, Person
from workers.demo.material import Cast, Channel, Item, Picture
from workers.demo.places import Account, Inbox, Mastodon, Place, Receiver

#: Called once for every piece of a phase that is done.
Step = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer somebody gave somewhere, and what the brand is to say or do to it."""

    item: Item
    channel: Channel
    by: str
    text: str
    remote_id: str
    reply: str
    hide: bool


@dataclass(kw_only=True)
class Stage:
    """Filled by one phase after the other; ids are the API's own."""

    cast: Cast
    items: Sequence[Item]
    http: httpx.AsyncClient
    places: Mapping[str, Place]
    receiver: Receiver
    people: dict[str, Person]

    brand_id: str = ""
    campaigns: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    written: dict[str, Json] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    #: Everybody else, by the platform and their name there.
    others: dict[tuple[str, str], Account] = field(default_factory=dict)
    inbox: Inbox | None = None

    #: What the brand's accounts had posted before the story began, by platform and id.
    earlier_posts: frozenset[tuple[str, str]] = frozenset()
    #: The error codes of what was tried although it is forbidden, by what was tried.
    refusals: dict[str, str] = field(default_factory=dict)
    #: Remarks of an approver that led to another revision.
    remarks: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    publications: list[Json] = field(default_factory=list)
    replies: list[Json] = field(default_factory=list)
    #: What each reply answers, by the id of its publication.
    replied: dict[str, Said] = field(default_factory=dict)
    #: The hashes that were out before a text was corrected, by publication.
    corrected: dict[str, str] = field(default_factory=dict)

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

    @property
    def expected(self) -> int:
        """How many publications there are to be, replies not counted."""
        return sum(len(item.channels) for item in self.items)

    def channel(self, key: str) -> Channel:
        """Return a channel of the cast."""
        return next(channel for channel in self.cast.channels if channel.key == key)

    def channel_of(self, publication: Json) -> Channel:
        """Return the channel of the cast that a publication went to."""
        ids = {given: key for key, given in self.channels.items()}
        return self.channel(ids[publication["channel"]["id"]])

    def item_of(self, publication: Json) -> Item:
        """Return the text that a publication tells."""
        title = publication["revision"]["title"]
        return next(item for item in self.items if item.title == title)

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
        """Return the publications that people can answer where they are."""
        return [
            publication
            for publication in self.publications
            if self.channel_of(publication).platform in self.places
        ]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of the story that can be watched."""

    name: str
    act: Callable[[Stage, Step], Awaitable[None]]
    steps: Callable[[Stage], int]
