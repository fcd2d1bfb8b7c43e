"""Two clocks: the hub's own, which tests may move, and the bare clock of the database.

`hub_now()` is the database's clock plus an offset that only tests set: due times, windows and
grace read it. The bare clock is for leases, signatures and expiry.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def set_offset(connection: AsyncConnection, offset: timedelta) -> None:
    """Move the hub's clock; needs the owner's connection, the application may only read it."""
    await connection.execute(
        text("UPDATE clock SET shift = make_interval(secs => :seconds)"),
        {"seconds": offset.total_seconds()},
    )
