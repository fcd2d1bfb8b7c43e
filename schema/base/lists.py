"""Lists at the root of the API: one line says a list's type, filter, orders and description."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any

import strawberry

from schema.base.enums import describe
from schema.base.fields import LASTING
from schema.base.paging import After, Before, First, Last, PageArguments
from schema.base.reading import Info, read_connection


def ordering(name: str, description: str, values: Mapping[str, tuple[str, str]]) -> Any:
    """Make the enum of a list's orders: by name, the fact (a minus descends) and a description.

    Rows without a value come last in every order, and equal ones stand by their id.
    """
    facts = {value: fact for value, (fact, _) in values.items()}
    made: Any = Enum(name, facts)  # type: ignore[misc]  # no type is known before it runs
    texts = {value: text for value, (_, text) in values.items()}
    describe(made, description=description, values=texts)
    return made


def all_of(
    description: str,
    kind: str,
    *,
    filters: Any,
    orders: Any,
    order: tuple[str, ...],
    fixed: Sequence[Any] = (),
) -> Any:
    """Make a root field that reads all objects of a type, by pages.

    `order` is the order when none is asked for; `fixed` are filters that always hold.
    """

    async def resolve(
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        filter: Any = strawberry.UNSET,  # noqa: A002 - its name in the API
        order_by: Any = strawberry.UNSET,
    ) -> Any:
        return await read_connection(
            info,
            kind,
            page=PageArguments.of(first=first, after=after, last=last, before=before),
            filters=(*fixed, filter or None),
            order=tuple(one.value for one in order_by or ()) or order,
        )

    resolve.__annotations__["filter"] = Annotated[
        filters | None, strawberry.argument(description="Only those for which this holds.")
    ]
    resolve.__annotations__["order_by"] = Annotated[
        list[orders] | None,
        strawberry.argument(
            description="The order; a later one decides where an earlier is equal."
        ),
    ]
    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description, metadata={LASTING: True})
