"""A workspace full of rows, another one beside it, and a client that asks the real schema."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import strawberry
from graphql import GraphQLError, OperationType
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.reading import Reader
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from schema.base.documents import Documents
from schema.base.facts import RequestFacts
from schema.base.limits import Limits
from schema.base.masking import mask
from schema.base.refusals import Refusal
from schema.compiled.compiler import Compiler
from schema.context import Context
from schema.schema import build_schema
from tests.conftest import Database
from tests.schema.library import Library, Rows, a_library


@dataclass(kw_only=True)
class Answer:
    """What came back, and how many statements it took."""

    data: Any
    errors: list[GraphQLError]
    statements: int

    @property
    def path(self) -> list[str]:
        """The input the first error is about."""
        return list((self.errors[0].extensions or {})["path"])

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
        result = await self.schema.execute(
            query, variable_values=variables, context_value=self._context(query, variables)
        )
        statements = self.reader.statements - before
        await self._compare(query, variables, result.data, statements)
        return Answer(
            data=result.data,
            errors=[mask(error) for error in result.errors or ()],
            statements=statements,
        )

    def _context(self, query: str, variables: dict[str, Any]) -> Context:
        facts = RequestFacts(
            idempotency_key=None, query=query, variables=variables, operation_name=None
        )
        return Context(hub=self.hub, reader=self.reader, known=self.caller, facts=facts)

    async def _compare(
        self, query: str, variables: dict[str, Any], data: Any, statements: int
    ) -> None:
        """Ask the compiler too: it gives the same answer with as many statements, or none."""
        before = self.reader.statements
        documents = Documents(self.schema._schema, limits=Limits())
        try:
            draft = documents.read(query, operation_name=None, variables=variables)
            documents.check(draft, suggestions=False)
        except Refusal:
            return
        if draft.operation.operation is not OperationType.QUERY:
            return
        context = self._context(query, variables)
        compiled = await Compiler(self.schema).run(draft, variables, context)
        if compiled is None:
            return
        assert orjson.loads(orjson.dumps(compiled.data)) == orjson.loads(orjson.dumps(data))
        assert self.reader.statements - before == statements

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


@pytest.fixture
async def library(engine: AsyncEngine) -> Library:
    """A filled workspace."""
    return await a_library(Rows(engine=engine))


@pytest.fixture
async def other(engine: AsyncEngine, library: Library) -> Library:
    """Another workspace, filled like the first."""
    return await a_library(Rows(engine=engine), name="Other")


@pytest.fixture
def client(api_schema: strawberry.Schema, hub: Hub, reader: Reader, library: Library) -> Client:
    """Somebody who may do everything in the first workspace."""
    return Client(schema=api_schema, hub=hub, reader=reader, caller=library.caller)
