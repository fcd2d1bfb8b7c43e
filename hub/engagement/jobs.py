"""Work that engagement promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class CollectMessages(Job):
    """Ask the platform for answers to one publication."""

    name: ClassVar[str] = "engagement.collect"

    publication_id: UUID

    def key(self) -> str:
        """Return one key per publication."""
        return f"collect:{self.publication_id}"


@dataclass(frozen=True, kw_only=True)
class ReadInbox(Job):
    """Ask the platform who mentioned a channel's account or wrote to it."""

    name: ClassVar[str] = "engagement.read_inbox"

    channel_id: UUID

    def key(self) -> str:
        """Return one key per channel."""
        return f"inbox:{self.channel_id}"


@dataclass(frozen=True, kw_only=True)
class LikeMessage(Job):
    """Give a message the brand's like, or take it back, as the message says."""

    name: ClassVar[str] = "engagement.like"

    message_id: UUID

    def key(self) -> str:
        """Return one key per message."""
        return f"like:{self.message_id}"


@dataclass(frozen=True, kw_only=True)
class WatchTarget(Job):
    """Look whether a conversation was answered in time."""

    name: ClassVar[str] = "engagement.watch_target"

    thread_id: UUID

    def key(self) -> str:
        """Return one key per conversation."""
        return f"target:{self.thread_id}"


@dataclass(frozen=True, kw_only=True)
class WakeThread(Job):
    """End the rest of a conversation when its time has come."""

    name: ClassVar[str] = "engagement.wake"

    thread_id: UUID

    def key(self) -> str:
        """Return one key per conversation."""
        return f"wake:{self.thread_id}"
