"""How a unit of work begins: its workspace, both clocks, and the key it is done under."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kernel.caller import Caller
from hub.kernel.line import Line

# Literals, because only a script without parameters is one round trip; both are a UUID or a number.
_ENTER = "SELECT set_config('hub.workspace_id', '{workspace}', true)"

# The lock comes before the snapshot that looks for the key: who gets it sees what its last holder
# has committed. A second round trip would ask for the answer, so the transaction remembers it.
_TAKE = "set_config('hub.key_is_ours', pg_try_advisory_xact_lock({lock})::text, true)"

_CLOCKS = "SELECT hub_now() AS now, clock_timestamp() AS clock"

_CLOCKS_AND_KEY = """
SELECT hub_now() AS now, clock_timestamp() AS clock,
    current_setting('hub.key_is_ours') = 'true' AS ours,
    kept.id, kept.created_at, kept.request_hash, kept.outcome
FROM (VALUES (true)) AS always
LEFT JOIN idempotency_keys AS kept
    ON kept.workspace_id = $1 AND kept.actor_id = $2 AND kept.key = $3
"""


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
    """Begin a transaction in the caller's workspace, in two round trips."""
    script = _ENTER.format(workspace=caller.workspace_id)
    if request is None:
        await line.begin(script)
        (row,) = await line.rows(_CLOCKS)
        return Begun(now=row["now"], clock=row["clock"], held=None)
    await line.begin(f"{script}, {_TAKE.format(lock=_lock(caller, request.key))}")
    return await _look(line, caller, request)


async def take(line: Line, caller: Caller, request: KeyedRequest) -> Held:
    """Take a key in a transaction that began without one."""
    await line.run(f"SELECT {_TAKE.format(lock=_lock(caller, request.key))}")
    begun = await _look(line, caller, request)
    if begun.held is None:
        raise TypeError("A request with a key has one.")
    return begun.held


async def _look(line: Line, caller: Caller, request: KeyedRequest) -> Begun:
    (row,) = await line.rows(_CLOCKS_AND_KEY, caller.workspace_id, owner(caller), request.key)
    kept = None
    if row["id"] is not None:
        kept = Kept(
            id=row["id"],
            created_at=row["created_at"],
            request_hash=row["request_hash"],
            outcome=row["outcome"],
        )
    held = Held(request=request, ours=row["ours"], kept=kept)
    return Begun(now=row["now"], clock=row["clock"], held=held)


def owner(caller: Caller) -> UUID:
    """Return whose keys the caller's are: the member's, or the workspace's own."""
    return caller.member_id or caller.workspace_id


def _lock(caller: Caller, key: str) -> int:
    name = f"{caller.workspace_id}|{owner(caller)}|{key}"
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
