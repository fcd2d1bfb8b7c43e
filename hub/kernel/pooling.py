"""Connections that are handed out alive, without a question to the database each time."""

import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

#: A connection used within these seconds is not asked whether it still works. The driver sees at
#: once when the server closes it; only a network that forgets connections is silent, and slow.
TRUSTED_SECONDS = 10.0

_USED = "hub_used_at"


def watch(engine: AsyncEngine) -> None:
    """Replace a connection of the pool that is closed, or that rested and does not answer."""

    def given_back(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    def handed_out(connection: Any, record: Any, _holder: Any) -> None:
        used = record.info.get(_USED)
        if connection.driver_connection.is_closed():
            raise DisconnectionError("The server has closed this connection.")
        if used is not None and time.monotonic() - used > TRUSTED_SECONDS:
            _ask(engine, connection)

    event.listen(engine.sync_engine, "checkin", given_back)
    event.listen(engine.sync_engine, "checkout", handed_out)


def _ask(engine: AsyncEngine, connection: Any) -> None:
    try:
        engine.dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError("This connection does not answer any more.") from error
