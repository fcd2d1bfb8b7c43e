"""How a unit of work begins: its workspace, both clocks, and the key it is done under."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.kernel.caller import Caller
from hub.kernel.line import SAID, Line

_ENTER = "set_config('hub.workspace_id', $1, true)"

# The lock comes in a statement before the one that looks for the key: who gets it sees what its
# last holder has committed. The transaction remembers whether it did.
_TAKE = "set_config('hub.key_is_ours', pg_try_advisory_xact_lock($2::bigint)::text, true)"

_MICROSECONDS = "(extract(epoch FROM {clock}) * 1000000)::bigint"
_CLOCKS = ", ".join(_MICROSECONDS.format(clock=one) for one in ("hub_now()", "clock_timestamp()"))
_KEPT = "FROM idempotency_keys WHERE workspace_id = $1 AND actor_id = $2 AND key = $3"

_OPEN = f"SELECT {_ENTER}, set_config('{SAID}', concat_ws(' ', 'hub', {_CLOCKS}), true)"
_OPEN_AND_TAKE = f"SELECT {_ENTER}, {_TAKE}"
_LOOK = f"""SELECT set_config('{SAID}', concat_ws(' ', 'hub', {_CLOCKS},
    current_setting('hub.key_is_ours'), EXISTS (SELECT {_KEPT})), true)"""
_READ = f"SELECT id, created_at, request_hash, outcome {_KEPT}"

_TRUE = frozenset({"t", "true"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class KeyedRequest:
    """A key as the caller sent it, and the hash of the request it came with."""

    key: str
    request_hash: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept under a key."""

    id: UUID
    created_at: datetime
    request_hash: str
    outcome: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A key: whether this transaction holds it, and what an earlier one has kept under it."""

    request: KeyedRequest
    ours: bool
    kept: Kept | None


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Both clocks when the transaction began, and its key."""

    now: datetime
    clock: datetime
    held: Held | None


async def begin(line: Line, caller: Caller, request: KeyedRequest | None) -> Begun:
    """Begin a transaction in the caller's workspace, in one round trip."""
    workspace = caller.workspace_id
    if request is None:
        said = await line.begin((_OPEN, (workspace,)))
        return Begun(now=_instant(said, 1), clock=_instant(said, 2), held=None)
    said = await line.begin(
        (_OPEN_AND_TAKE, (workspace, _lock(caller, request.key))),
        (_LOOK, (workspace, owner(caller), request.key)),
    )
    *_, ours, there = said.split()
    kept = await _kept(line, caller, request) if there in _TRUE else None
    held = Held(request=request, ours=ours in _TRUE, kept=kept)
    return Begun(now=_instant(said, 1), clock=_instant(said, 2), held=held)


async def take(line: Line, caller: Caller, request: KeyedRequest) -> Held:
    """Take a key in a transaction that began without one."""
    sql = "SELECT pg_try_advisory_xact_lock($1) AS ours"
    (row,) = await line.rows(sql, _lock(caller, request.key))
    return Held(request=request, ours=row["ours"], kept=await _kept(line, caller, request))


async def _kept(line: Line, caller: Caller, request: KeyedRequest) -> Kept | None:
    for row in await line.rows(_READ, caller.workspace_id, owner(caller), request.key):
        return Kept(
            id=row["id"],
            created_at=row["created_at"],
            request_hash=row["request_hash"],
            outcome=row["outcome"],
        )
    return None


def _instant(said: str, place: int) -> datetime:
    return _EPOCH + timedelta(microseconds=int(said.split()[place]))


def owner(caller: Caller) -> UUID:
    """Return whose keys the caller's are: the member's, or the workspace's own."""
    return caller.member_id or caller.workspace_id


def _lock(caller: Caller, key: str) -> int:
    name = f"{caller.workspace_id}|{owner(caller)}|{key}"
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
