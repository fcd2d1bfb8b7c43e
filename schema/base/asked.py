"""A root field that is asked for by a compiled operation: what its resolver gets for an `Info`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from schema.base.paging import PageArguments


class Asked(ABC):
    """Answers the same questions as `schema.base.reading`, with what is complete already.

    Resolvers do not see the difference: they hand on what they were given.
    """

    context: Any
    field_name: str

    @abstractmethod
    async def read_by(self, kind: str, *, under: tuple[str, ...], facts: Mapping[str, Any]) -> Any:
        """Return the one object whose facts have these values, or None."""

    @abstractmethod
    async def read_best(
        self,
        kind: str,
        *,
        filters: Iterable[Any],
        order: tuple[str, ...],
        needs: tuple[str, ...],
        choose: Callable[[Sequence[Mapping[str, Any]]], int | None],
    ) -> Any:
        """Return the one of the first objects that `choose` takes by their facts, or None."""

    @abstractmethod
    async def read_many(
        self, kind: str, ids: Sequence[UUID], *, under: tuple[str, ...]
    ) -> list[Any]:
        """Return the objects with these ids, None where there is none."""

    @abstractmethod
    async def read_connection(
        self,
        kind: str,
        *,
        page: PageArguments,
        filters: Iterable[Any],
        order: tuple[str, ...],
        under: tuple[str, ...],
    ) -> Any:
        """Return a page of all objects of a type for which every filter holds."""

    @abstractmethod
    def decline(self) -> BaseException:
        """Return what is raised where only the reference has an answer."""
