"""A workspace full of rows, another one beside it, and a client that asks the real schema."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import GraphQLError
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.ids import new_id
from hub.kernel.model import Base
from hub.kernel.reading import Reader
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from schema.base.facts import RequestFacts
from schema.base.masking import mask
from schema.context import Context
from schema.schema import build_schema
from tests.conftest import Database


@dataclass(kw_only=True)
class Rows:
    """Writes rows straight into the tables of one workspace, as their owner."""

    engine: AsyncEngine
    workspace_id: UUID = field(default_factory=new_id)

    async def add(self, model: type[Base], **values: Any) -> UUID:
        """Write one row; return its id."""
        return (await self.add_all(model, [values]))[0]

    async def add_all(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
        """Write several rows; return their ids."""
        table: Any = model.__table__
        mine = {"workspace_id": self.workspace_id} if "workspace_id" in table.c else {}
        complete = [{"id": new_id(), **mine, **row} for row in rows]
        await self._write(table, complete)
        return [row["id"] for row in complete]

    async def _write(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table), list(rows))


@dataclass(kw_only=True)
class Answer:
    """What came back, and how many statements it took."""

    data: Any
    errors: list[GraphQLError]
    statements: int

    @property
    def codes(self) -> list[str]:
        """The codes of the errors, in order."""
        return [str((error.extensions or {}).get("code")) for error in self.errors]


@dataclass(kw_only=True)
class Client:
    """Asks the schema as one caller."""

    schema: strawberry.Schema
    hub: Hub
    reader: Reader
    caller: Caller

    async def ask(self, query: str, **variables: Any) -> Answer:
        """Ask, and count the statements."""
        before = self.reader.statements
        context = Context(
            hub=self.hub,
            reader=self.reader,
            known=self.caller,
            facts=RequestFacts(
                idempotency_key=None, query=query, variables=variables, operation_name=None
            ),
        )
        result = await self.schema.execute(query, variable_values=variables, context_value=context)
        return Answer(
            data=result.data,
            errors=[mask(error) for error in result.errors or ()],
            statements=self.reader.statements - before,
        )

    async def data(self, query: str, **variables: Any) -> Any:
        """Ask for something that must go well."""
        answer = await self.ask(query, **variables)
        assert answer.errors == []
        return answer.data

    def without(self, *permissions: Permission) -> "Client":
        """Return a client that holds all permissions but these."""
        return self.of(
            Caller(
                workspace_id=self.caller.workspace_id,
                kind=ActorKind.MEMBER,
                member_id=self.caller.member_id,
                name=self.caller.name,
                permissions=frozenset(Permission) - set(permissions),
            )
        )

    def of(self, caller: Caller) -> "Client":
        """Return a client for another caller."""
        return Client(schema=self.schema, hub=self.hub, reader=self.reader, caller=caller)


@pytest.fixture(scope="session")
def api_schema() -> strawberry.Schema:
    """The real schema."""
    return build_schema()


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """The owner's own way into the database, past every policy."""
    opened = create_async_engine(database.owner_url, pool_size=1)
    yield opened
    await opened.dispose()


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[Reader]:
    """A reader with its own pool."""
    opened = Reader(settings)
    yield opened
    await opened.close()
