"""The hub's clock, moved forward instead of waited for; leases and rate holds do not feel it."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from hub.embedded.environment import load_or_create_secrets
from hub.embedded.postgres import DATABASE, OWNER
from hub.kernel.clock import set_offset

# A moment must have passed, not just have come.
BEYOND = timedelta(milliseconds=100)


class HubClock:
    """Knows how far a hub's clock is ahead; only ever moves it forward."""

    def __init__(self, data_dir: Path) -> None:
        password = load_or_create_secrets(data_dir).owner_password
        port = json.loads((data_dir / "ports.json").read_text())["postgres"]
        # Only the owner of the tables may move the clock; the application may read it.
        self._owner = f"postgresql+asyncpg://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}"
        self._ahead = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return what time it is for the hub, about."""
        return datetime.now(UTC) + self._ahead

    def reach(self, moment: datetime) -> None:
        """Make it later than a moment, unless it is already."""
        with self._lock:
            needed = moment + BEYOND - datetime.now(UTC)
            if needed > self._ahead:
                asyncio.run(self._set(needed))
                self._ahead = needed

    async def _set(self, ahead: timedelta) -> None:
        engine = create_async_engine(self._owner)
        try:
            async with engine.begin() as connection:
                await set_offset(connection, ahead)
        finally:
            await engine.dispose()
