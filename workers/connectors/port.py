"""The contract of every connector: what the engine asks, what a connector may answer.

A connector classifies and never decides: it does not retry, sleep, or touch the database.
One call of `perform` is one step at the platform; the engine saves the checkpoint between steps.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, BinaryIO, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from hub.channels.platforms.base import Capability, EditionContent, Guarantee, Limits


@dataclass(frozen=True, kw_only=True)
class Account:
    """One channel as a connector sees it. `secrets` never appears in a log or an error.

    `page` is where the hub itself shows what the channel has published.
    """

    channel_id: UUID
    platform: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    dialect: str = ""
    identity: str = ""
    limits: Limits | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the credentials belong to and what the place allows, as the platform itself says.

    `remote_id` is compared at every check: a new login must never post as somebody else.
    """

    remote_id: str
    handle: str
    name: str
    url: str
    dialect: str
    guarantee: Guarantee
    capabilities: frozenset[Capability]
    limits: Limits
    # Counters of the account as a whole (FOLLOWERS, FOLLOWING, POSTS), where the platform has them.
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A post at the platform. `extra` holds what else is needed to address it (uri, cid, uuid)."""

    remote_id: str
    url: str = ""
    published_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the reference as plain JSON."""
        return {
            "remote_id": self.remote_id,
            "url": self.url,
            "published_at": self.published_at.isoformat() if self.published_at else None,
            "extra": dict(self.extra),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Ref":
        """Read a reference stored by `to_json`."""
        at = stored.get("published_at")
        return cls(
            remote_id=stored["remote_id"],
            url=stored.get("url", ""),
            published_at=datetime.fromisoformat(at) if at else None,
            extra=stored.get("extra", {}),
        )


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One publication on its way: everything fixed at the first claim, and how far it has come.

    `checkpoint` is JSON written only by the engine from `StepDone.checkpoint`: media ids by hash
    under "media", references of parts already out under "parts". `created_at` is frozen.

    With `amends`, the edition takes the place of these posts, one for each of its parts: a COMMIT
    changes the post it stands for, and doing it twice does no more than doing it once.
    """

    publication_id: UUID
    account: Account
    edition: EditionContent
    idempotency_key: UUID
    created_at: datetime
    in_reply_to: Ref | None
    checkpoint: Mapping[str, Any]
    amends: tuple[Ref, ...] = ()

    def part_refs(self) -> list[Ref]:
        """Return the references of the parts that are already out, in order."""
        return [Ref.from_json(stored) for stored in self.checkpoint.get("parts", [])]


class StepKind(StrEnum):
    """What a step does at the platform. Only COMMIT is unrepeatable."""

    UPLOAD = "UPLOAD"
    WAIT = "WAIT"
    PREPARE = "PREPARE"
    COMMIT = "COMMIT"
    ENRICH = "ENRICH"


@dataclass(frozen=True, kw_only=True)
class Step:
    """The next thing to do. `key` names it stably within the publication ("commit:0")."""

    kind: StepKind
    key: str
    part: int = 0
    media: int = 0


@dataclass(frozen=True, kw_only=True)
class StepDone:
    """A step ended. `checkpoint` replaces the stored one; a commit also says what is now out."""

    checkpoint: Mapping[str, Any]
    ref: Ref | None = None


@dataclass(frozen=True, kw_only=True)
class StepPending:
    """The platform is still busy (media processing): ask again after a while, holding no lease."""

    checkpoint: Mapping[str, Any]
    poll_after: timedelta


@dataclass(frozen=True, kw_only=True)
class Found:
    """The post is there."""

    ref: Ref


@dataclass(frozen=True, kw_only=True)
class Several:
    """More than one post fits: only a person can say which is meant."""

    refs: Sequence[Ref]


@dataclass(frozen=True, kw_only=True)
class NotFound:
    """The post is not there. `strong` is certain; a weak answer must be asked again later.

    Where the receiver itself drops repeats by the id the hub chose, a strong answer means:
    sending the same once more is safe.
    """

    strong: bool


@dataclass(frozen=True, kw_only=True)
class Unsupported:
    """This platform cannot be asked."""


Lookup = Found | Several | NotFound | Unsupported


class Media(Protocol):
    """Reads the bytes of approved pictures; refuses bytes whose hash is not the one asked for."""

    async def read(self, sha256: str) -> bytes: ...

    def file(self, sha256: str) -> AbstractAsyncContextManager[BinaryIO]:
        """Give the bytes of an approved video as a file: it may be too large for the memory."""
        ...


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Counters of one post: name (LIKES, REPLIES, SHARES, VIEWS …) to value."""

    ref: Ref
    counters: Mapping[str, int]
    approximate: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How a post stands at the platform now.

    `changed` says that it no longer reads as it was sent, `hidden` that it is still there but
    other people cannot see it; `text` is what it says, as plain text.
    """

    found: bool
    changed: bool = False
    hidden: bool = False
    text: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class RemotePerson:
    """Somebody at the platform."""

    remote_id: str
    handle: str
    name: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoteMessage:
    """What somebody wrote, as plain text and as the platform's own (unsafe) HTML.

    `extra` is kept and given back in the `Ref` of whatever answers or hides it; it is small.
    `hidden` is what waits for approval at the platform, or was hidden there: nobody else sees it.
    `private` is for nobody but the account; `audience` says who can read it, in the platform's own
    word (empty: everybody), and is given back to whoever renders an answer.
    """

    remote_id: str
    parent_remote_id: str
    root_remote_id: str
    person: RemotePerson
    text: str
    html: str
    url: str
    published_at: datetime
    raw: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    edited_at: datetime | None = None
    private: bool = False
    hidden: bool = False
    audience: str = ""
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Messages since a cursor, at least once; `cursor` is where to go on, `more` asks at once.

    `whole` says that there is nothing else below the posts: what was there before is gone.
    """

    messages: Sequence[RemoteMessage]
    cursor: str
    more: bool = False
    whole: bool = False


class Connector(Protocol):
    """How to talk to one platform. Raises only the errors of `workers.connectors.errors`."""

    platform: ClassVar[str]

    async def check(self, account: Account) -> Identity:
        """Ask the platform who we are and what it accepts."""
        ...

    def plan(self, sending: Sending) -> Step | None:
        """Return the next step from the checkpoint alone, or None when everything is out. Pure."""
        ...

    def wire_digest(self, sending: Sending, step: Step) -> str:
        """Return the SHA-256 (hex) of exactly what a COMMIT step will write. Pure."""
        ...

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone | StepPending:
        """Do one step at the platform: one request, no retry, no waiting."""
        ...

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:
        """Look for what an earlier COMMIT of this step may have left at the platform."""
        ...

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:
        """Return the counters of each post that still exists; missing ones are left out."""
        ...

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:
        """Return answers to the given posts since the cursor ("" at first)."""
        ...

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:
        """Return who mentioned the account or wrote to it since the cursor ("" at first: lately).

        Capability NOTIFICATIONS is for what is public, DIRECT_MESSAGES for what is private.
        """
        ...

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:
        """Like a message as the account, or like it no more; doing it twice is once."""
        ...

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:
        """MUTE or BLOCK somebody, by their id there, or do so no more; twice is once."""
        ...

    async def delete(self, account: Account, ref: Ref) -> None:
        """Take a post down; one that is already gone is a success.

        With DELETE_MESSAGES also what somebody else has written below a post of ours.
        """
        ...

    async def read_back(self, sending: Sending, part: int) -> Seen:
        """Look at one post of what went out; `part_refs()` of the sending says where it is.

        The rest of the checkpoint is as it was when the last step was done.
        """
        ...

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:
        """Hide an answer below `root` from others, or show it again; doing it twice is once."""
        ...


@runtime_checkable
class Searching(Protocol):
    """What a connector can do beside where channels have `SEARCH_MENTIONS`."""

    async def search_mentions(self, account: Account, terms: Sequence[str], cursor: str) -> Page:
        """Return public posts of others that have one of the terms, since the cursor ("" at first).

        A term is a word, a phrase, `#hashtag` or `@handle`. `extra` of each has its `uri` in the
        whole network and its `language`, where they are known. More may come than was asked for.
        """
        ...
