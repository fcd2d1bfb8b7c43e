"""A walk over all comments below some posts that misses none while others come and go: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from workers.connectors import wordpress_wire as wire
from workers.connectors.port import Ref

#: The most WordPress gives at once.
PAGE = 100
#: How many of the comments seen last are asked for again.
OVERLAP = 10
#: How many of those that wait for approval are read: the newest.
WAITING = 20
#: The longest comments together are less than an answer may be.
FEW = 2


def below(ref: Ref) -> tuple[str, str]:
    """Return what asks for the comments below a post, or the answers to a comment, of ours."""
    kind, _, number = ref.remote_id.partition("/")
    return "parent" if kind == wire.COMMENTS else "post", number


def waiting(ref: Ref) -> list[tuple[str, str]]:
    """Return what to ask for to see the comments that wait for approval there."""
    return [
        below(ref),
        ("status", "hold"),
        ("orderby", "id"),
        ("order", "desc"),
        ("per_page", str(WAITING)),
    ]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Where a walk is: below which post, how far into its list, and the last comment seen.

    Comments are listed by number, oldest first. New ones come at the end. When some vanish, the
    others move forward and a page would begin beyond the next one; so pages overlap, and a page
    that does not begin with something seen before is a reason to step back.
    """

    ref: int = 0
    offset: int = 0
    last: int = 0
    size: int = PAGE

    @classmethod
    def read(cls, cursor: str, refs: Sequence[Ref]) -> "Walk | None":
        """Return where a cursor points to, the beginning for any other; None without posts."""
        if not refs:
            return None
        try:
            numbers = orjson.loads(cursor)
            walk = cls(ref=numbers[0], offset=numbers[1], last=numbers[2], size=numbers[3])
            usable = walk.ref < len(refs) and walk.offset >= 0 and FEW <= walk.size <= PAGE
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return cls()
        return walk if usable else cls()

    def written(self) -> str:
        """Return the cursor that leads here."""
        return orjson.dumps([self.ref, self.offset, self.last, self.size]).decode()

    def params(self, refs: Sequence[Ref]) -> list[tuple[str, str]]:
        """Return what to ask for."""
        return [
            below(refs[self.ref]),
            ("orderby", "id"),
            ("order", "asc"),
            ("per_page", str(self.size)),
            ("offset", str(self.offset)),
        ]

    def slower(self) -> "Walk | None":
        """Return the same place with few comments at a time; None when it is so already."""
        return replace(self, size=FEW) if self.size > FEW else None

    def after(
        self, listed: Sequence[int], refs: Sequence[Ref], *, total: int | None
    ) -> "Walk | None":
        """Return where to go on after a page of these numbers; None at the end.

        `total` is how many there are, None where something on the way keeps that back.
        """
        if self.offset and (not listed or listed[0] > self.last):
            return replace(self, offset=max(0, self.offset - PAGE // 2), size=PAGE)
        full = len(listed) == self.size
        if listed and (full if total is None else self.offset + self.size < total):
            overlap = min(OVERLAP, self.size // 2)
            return replace(
                self,
                offset=self.offset + self.size - overlap,
                last=max(self.last, listed[-1]),
                # Few at a time only past what was too long.
                size=min(PAGE, self.size * 4),
            )
        following = self.ref + 1
        return Walk(ref=following) if following < len(refs) else None
