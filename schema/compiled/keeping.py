"""Whole answers of compiled queries, kept as long as nothing they were made of has changed.

Before an answer is given away the log of changes is looked at, so it is as fresh as one that was
just read. What depends on who asks, or on the clock, is never kept: fields and resolvers say so.
"""

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from strawberry.types import ExecutionResult

from hub.kernel.caller import Caller, Permission
from hub.kernel.changes import Standing
from schema.base.documents import Draft
from schema.base.fields import ReadContext
from schema.compiled.running import Looked

# What an entry takes beside its bytes.
_OVERHEAD = 1_000
# One answer may take this part of all there is.
_LARGEST = 8
_VARIABLES = 4_000
# What was out of date so often in a row is left alone for 16 questions, and no longer after that.
_STALE = 6

#: Finds an answer, and notes what it looks at where somebody wants to know.
Anew = Callable[[Looked | None], Awaitable[ExecutionResult]]


class Key(NamedTuple):
    """What an answer is kept under: callers of one workspace who may do the same get the same."""

    mark: bytes
    variables: bytes
    workspace: UUID
    permissions: frozenset[Permission]


@dataclass(slots=True)
class Kept:
    """The `data` of an answer, the tables it was made of, and the tick it was made at, or before.

    `stale` counts how often in a row it was out of date when it was looked at; after `rest` more
    questions it is made anew and looked at again.
    """

    data: orjson.Fragment
    size: int
    standing: Standing
    tick: int
    tables: frozenset[str]
    stale: int = 0
    rest: int = 0

    def follow(self, before: "Kept", *, rested: bool) -> None:
        """Take the place of what was out of date: each time in a row it rests twice as long."""
        if rested:
            self.stale = before.stale
            return
        self.stale = min(before.stale + 1, _STALE)
        self.rest = 1 << self.stale >> 2

    def is_true(self, standing: Standing) -> bool:
        """Say whether nothing has changed that it was made of."""
        return standing is self.standing and standing.unchanged(self.tables, self.tick)


class Answers:
    """The kept answers of one process: at most so many bytes, the longest unused go first."""

    def __init__(self, *, most_bytes: int) -> None:
        self.bytes = 0
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def key(self, draft: Draft, variables: Mapping[str, Any], caller: Caller) -> Key | None:
        """Return what an answer is kept under; None where it is not worth it.

        A statement that asks who the caller is is not kept.
        """
        given = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS) if variables else b""
        if not self._most or len(given) > _VARIABLES:
            return None
        return Key(draft.mark, given, caller.workspace_id, caller.permissions)

    def find(self, key: Hashable) -> Kept | None:
        """Return what is kept, true or not."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Hashable, kept: Kept) -> None:
        """Keep an answer, if there is room for it."""
        self._forget(key)
        if kept.size * _LARGEST > self._most:
            return
        self._kept[key] = kept
        self.bytes += kept.size
        while self.bytes > self._most:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.bytes -= found.size


class Keeper:
    """Gives away what is kept while it is true, and keeps what is found; `counts` says how often.

    `most_bytes` bounds what is kept; with none nothing is.
    """

    def __init__(self, *, most_bytes: int, counts: Counter[str]) -> None:
        self.answers = Answers(most_bytes=most_bytes)
        self._counts = counts

    async def answer(
        self, draft: Draft, variables: Mapping[str, Any], context: ReadContext, anew: Anew
    ) -> ExecutionResult:
        """Answer a query with what is kept or with what `anew` finds."""
        caller = context.caller
        key = self.answers.key(draft, variables, caller)
        if key is None:
            return await anew(None)
        changes, workspace = context.reader.changes, caller.workspace_id
        kept = self.answers.find(key)
        rested = kept is not None and kept.rest > 0
        if kept is not None and rested:
            kept.rest -= 1
            if kept.rest:
                return await anew(None)
        try:
            known = changes.known(workspace) if kept is None else None
            standing = known or await changes.look(workspace)
        except Exception:  # noqa: BLE001 - whatever it is, whoever reads meets it, and says it
            return await anew(None)
        if kept is not None and not rested and kept.is_true(standing):
            kept.stale = 0
            self._counts["kept"] += 1
            return _result(kept.data)
        # What is read from now on is at least as new as this.
        tick = standing.tick
        looked: Looked = []
        result = await anew(looked)
        tables = _together(looked)
        if result.errors or tables is None:
            return result
        data = orjson.dumps(result.data)
        size = len(data) + len(key.variables) + _OVERHEAD
        made = Kept(orjson.Fragment(data), size, standing, tick, tables)
        if kept is not None:
            made.follow(kept, rested=rested)
        self.answers.keep(key, made)
        return _result(made.data)


def _result(data: orjson.Fragment) -> ExecutionResult:
    # What is written as it stands has the shape that was asked for.
    return ExecutionResult(data=cast("dict[str, Any]", data), errors=None)


def _together(looked: Looked) -> frozenset[str] | None:
    """Return all tables that were looked at; None where one answer cannot be kept."""
    tables: set[str] = set()
    for some in looked:
        if some is None:
            return None
        tables |= some
    return frozenset(tables)
