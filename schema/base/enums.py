"""Enums of the hub as enums of the API: a description for the type and for every value."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry


def describe(
    enum: type[Enum], *, description: str, values: Mapping[str, str], name: str | None = None
) -> None:
    """Give an enum its place in the API; `values` describes each value by its name.

    Raises ValueError where a value is not described, or a description has no value.
    """
    if values.keys() != enum.__members__.keys():
        odd = sorted(values.keys() ^ enum.__members__.keys())
        raise ValueError(f"{enum.__name__}: these values and their descriptions differ: {odd}")
    public: Any = strawberry.enum(enum, name=name, description=description)
    for value in public.__strawberry_definition__.values:
        value.description = values[value.name]
