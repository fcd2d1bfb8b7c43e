"""What PostgreSQL does for a statement the API ran: its plan, as the application role sees it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from hub.kernel.connections import SESSION, Connection

_TINY = frozenset({"clock", "workspaces"})


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A statement with its values."""

    sql: str
    values: Sequence[Any]
    steady: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps of a plan, the outer ones first."""

    steps: Sequence[dict[str, Any]]

    @property
    def kinds(self) -> set[str]:
        """The kinds of its steps, such as Index Scan."""
        return {step["Node Type"] for step in self.steps}

    @property
    def sequential(self) -> list[str]:
        """The tables that are read from end to end, but for those that have one or two rows."""
        return [
            step["Relation Name"]
            for step in self.steps
            if step["Node Type"] == "Seq Scan" and step["Relation Name"] not in _TINY
        ]

    @property
    def conditions(self) -> str:
        """All conditions by which indexes are entered."""
        return " ".join(str(step.get("Index Cond", "")) for step in self.steps)

    def __str__(self) -> str:
        return "\n".join(
            " ".join(
                str(step[name])
                for name in ("Node Type", "Relation Name", "Index Name", "Index Cond", "Sort Key")
                if name in step
            )
            for step in self.steps
        )


@contextmanager
def recorded() -> Iterator[list[Ran]]:
    """Keep every SELECT that readers of this process run in the block, whoever opened them."""
    ran: list[Ran] = []
    original = Connection.run

    async def record(self: Connection, sql: str, values: Sequence[Any]) -> Any:
        ran.append(Ran(sql=sql, values=values, steady=self.steady))
        return await original(self, sql, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "run", record)
        yield ran


class Explainer:
    """Asks for plans as the application, in one workspace."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str, workspace: UUID | str) -> "Explainer":
        """Connect as the application role; policies bind it."""
        connection = await asyncpg.connect(
            url.replace("+asyncpg", ""),
            server_settings={**SESSION, "default_transaction_read_only": "off"},
        )
        await connection.execute("SELECT set_config('hub.workspace_id', $1, false)", str(workspace))
        return cls(connection)

    async def close(self) -> None:
        """Leave."""
        await self._connection.close()

    async def plan(self, ran: Ran, *, avoid: Sequence[str] = ()) -> Plan:
        """Return the plan; `avoid` names ways to be taken only where there is no other."""
        for name in ("seqscan", "sort"):
            await self._connection.execute(
                f"SET enable_{name} = {'off' if name in avoid else 'on'}"
            )
        mode = "force_generic_plan" if ran.steady else "auto"
        await self._connection.execute(f"SET plan_cache_mode = {mode}")
        await self._connection.execute(f"PREPARE probe AS {ran.sql}")
        try:
            given = f"({', '.join(map(_literal, ran.values))})" if ran.values else ""
            text = await self._connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE probe{given}")
        finally:
            await self._connection.execute("DEALLOCATE probe")
        return Plan(steps=list(_steps(orjson.loads(text)[0]["Plan"])))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        inner = ",".join(orjson.dumps(str(one)).decode() for one in value)
        return _literal(f"{{{inner}}}")
    if isinstance(value, bool | int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _steps(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _steps(inner)
