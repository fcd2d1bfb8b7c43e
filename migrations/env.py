"""Runs migrations as the owner of the tables: HUB_MIGRATE_URL, or the connection it is given."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import hub.runtime  # noqa: F401 - it imports every area, and with it every table
from hub.kernel.model import Base

#: The clock is one row, not a table of any area; an index of words is made of functions that only
#: migrations make.
PLAIN_SQL = {"clock", "ix_search_documents_words"}


def run(connection: Connection) -> None:
    """Run the migrations in one transaction on the connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        include_name=lambda name, _kind, _parents: name not in PLAIN_SQL,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_url(url: str) -> None:
    """Connect as the owner and run."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def main() -> None:
    """Use the connection handed over by `hub migrate`, or the owner's address."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    url = os.environ.get("HUB_MIGRATE_URL")
    if url is None:
        message = "HUB_MIGRATE_URL is not set: migrations run as the owner of the tables."
        raise SystemExit(message)
    asyncio.run(run_by_url(url))


main()
