"""What the story knows at any moment: its people, its places, and the ids it was given."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx

from workers.demo.client import Json, Person
from workers.demo.material import Cast, Channel, Item, Picture
from workers.demo.places import Account, Inbox, Network, Receiver

#: Called once for every piece of a phase that is done.
Step = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer somebody gave at the network, and what the brand is to say to it."""

    item: Item
    by: str
    remote_id: str
    reply: str


@dataclass(kw_only=True)
class Stage:
    """Filled by one phase after the other; ids are the API's own."""

    cast: Cast
    items: Sequence[Item]
    http: httpx.AsyncClient
    network: Network
    receiver: Receiver
    people: dict[str, Person]

    brand_id: str = ""
    campaigns: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    written: dict[str, Json] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    others: dict[str, Account] = field(default_factory=dict)
    inbox: Inbox | None = None

    #: What the brand's accounts had posted before the story began.
    earlier_posts: frozenset[str] = frozenset()
    #: The error codes of what was tried although it is forbidden, by what was tried.
    refusals: dict[str, str] = field(default_factory=dict)
    #: Remarks of an approver that led to another revision.
    remarks: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    publications: list[Json] = field(default_factory=list)
    replies: list[Json] = field(default_factory=list)
    #: What each reply answers, by the id of its publication.
    replied: dict[str, Said] = field(default_factory=dict)

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

    def at_network(self) -> list[Json]:
        """Return the publications that people at the network can answer."""
        return [
            publication
            for publication in self.publications
            if self.channel_of(publication).platform == "mastodon"
        ]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of the story that can be watched."""

    name: str
    act: Callable[[Stage, Step], Awaitable[None]]
    steps: Callable[[Stage], int]
