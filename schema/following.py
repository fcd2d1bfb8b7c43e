"""Following the stream of events of a workspace, for every subscription that does."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from hub.access.queries import token_lives
from hub.audit.queries import Sealed, sealed_after
from hub.kernel.errors import Unauthenticated
from schema.context import Context
from schema.freshness import LOOK_SECONDS

#: How often a follower asks for the end of the stream, which is looked at once for all.
_POLL_SECONDS = LOOK_SECONDS
#: How long a token that was revoked may still listen.
_TOKEN_SECONDS = 4.0


def beginning(context: Context, after: int | None) -> int | None:
    """Return behind which sequence a follower begins; None: with what happens next."""
    # A reader of a stream that comes back repeats its first request, and says what it has seen.
    if context.facts is not None and context.facts.resume_after is not None:
        return context.facts.resume_after
    return after if isinstance(after, int) else None


async def followed(context: Context, after: int | None) -> AsyncIterator[Sequence[Sealed]]:
    """Yield what is sealed, batch by batch, until the token ends."""
    standing = context.standing()
    last = await standing.last() if after is None else after
    checked_at = time.monotonic()
    while True:
        if time.monotonic() - checked_at >= _TOKEN_SECONDS:
            if not await token_lives(context.reader, context.caller):
                raise Unauthenticated("The token is not valid any more.")
            checked_at = time.monotonic()
        more = await standing.last() > last
        events = await sealed_after(context.reader, context.caller, last) if more else ()
        if not events:
            await asyncio.sleep(_POLL_SECONDS)
            continue
        last = events[-1].sequence
        yield events
