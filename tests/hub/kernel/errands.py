"""Jobs and events that only tests know."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event
from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Errand(Job):
    """A job that is its own each time it is promised."""

    name: ClassVar[str] = "test.errand"

    subject_id: UUID | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class KeyedErrand(Job):
    """A job that is one while it waits."""

    name: ClassVar[str] = "test.keyed"
    queue: ClassVar[str] = "media"

    subject_id: UUID

    def key(self) -> str:
        return f"errand:{self.subject_id}"


@dataclass(frozen=True, kw_only=True)
class Happened(Event):
    """Something happened."""

    name: ClassVar[str] = "test.happened"
    subject_type: ClassVar[str] = "Test"

    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Followed(Event):
    """Something followed."""

    name: ClassVar[str] = "test.followed"
    subject_type: ClassVar[str] = "Test"
