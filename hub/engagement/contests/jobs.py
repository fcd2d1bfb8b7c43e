"""Work that contests promise."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class CloseContest(Job):
    """Close a contest when its time is over."""

    name: ClassVar[str] = "contest.close"

    contest_id: UUID

    def key(self) -> str:
        """Return one key per contest."""
        return f"contest-close:{self.contest_id}"


@dataclass(frozen=True, kw_only=True)
class ReadContest(Job):
    """Have all comments of a closed contest read once more, until that has worked everywhere."""

    name: ClassVar[str] = "contest.read_comments"

    contest_id: UUID

    def key(self) -> str:
        """Return one key per contest."""
        return f"contest-read:{self.contest_id}"


@dataclass(frozen=True, kw_only=True)
class JudgeContest(Job):
    """Judge the comments of a contest by its conditions."""

    name: ClassVar[str] = "contest.judge"

    contest_id: UUID

    def key(self) -> str:
        """Return one key per contest."""
        return f"contest-judge:{self.contest_id}"
