"""Looking at tokens without using them."""

from sqlalchemy import func, or_, select

from hub.access.models import Token
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader


async def token_lives(reader: Reader, caller: Caller) -> bool:
    """Say whether the caller's token is neither revoked nor expired by now."""
    if caller.token_id is None:
        return False
    rows = await reader.rows(
        caller,
        select(Token.id).where(
            Token.id == caller.token_id,
            Token.workspace_id == caller.workspace_id,
            Token.revoked_at.is_(None),
            or_(Token.expires_at.is_(None), Token.expires_at > func.clock_timestamp()),
        ),
    )
    return bool(rows)
