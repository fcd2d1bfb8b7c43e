"""Building the hub: settings in, a running hub out, everything closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError

import hub.access.models
import hub.automation.models
import hub.kernel.changes
import hub.kernel.idempotency
import hub.kernel.jobs
import hub.kernel.searching  # noqa: F401 - these tables, and no reaction, must be known to migrations
from hub.kernel.log import logger
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.reactions import KEEP, REACTIONS


@asynccontextmanager
async def open_hub(settings: Settings, *, pool: int | None = None) -> AsyncIterator[Hub]:
    """Open the hub on the running event loop; close its connections when the block ends.

    Raises RoleTooPowerful rather than run as a role that no policy binds.
    """
    opened = Hub(settings, reactions=REACTIONS, keep=KEEP, pool=pool)
    try:
        try:
            await opened.require_bound_role()
        except (DBAPIError, OSError, TimeoutError) as error:
            # It may come up later; until then every use says so.
            logger(__name__).warning("the database does not answer", error=str(error))
        yield opened
    finally:
        await opened.close()
