"""The scalars of the API beyond GraphQL's own, and how strictly they are read."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

# RFC 3339: a date, a time to the second or finer, and a zone.
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)

# To PostgreSQL's driver they stand for -infinity and infinity, which are no times to anybody.
_ENDS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

JsonObject = NewType("JsonObject", dict[str, Any])
BigInt = NewType("BigInt", int)
_BIG = 1 << 63


def write_instant(value: datetime) -> str:
    """Write an instant in UTC as PostgreSQL does in JSON; one without a zone is a bug of ours."""
    if value.tzinfo is None:
        raise TypeError("A time without a zone cannot be shown to anybody.")
    whole, _, rest = value.astimezone(UTC).isoformat().partition(".")
    fraction = rest.partition("+")[0].rstrip("0")
    return f"{whole}.{fraction}+00:00" if fraction else whole


def read_instant(value: object) -> datetime:
    """Read an instant of RFC 3339, and refuse a time that does not say where it is that late."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise GraphQLError(
            "A DateTime is written like 2026-03-01T09:30:00Z or 2026-03-01T10:30:00+01:00; "
            "the zone cannot be left out."
        )
    try:
        at = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError("There is no such date, time or zone.") from None
    if at in _ENDS:
        raise GraphQLError("There is no time before the first one, nor after the last.")
    return at


def read_object(value: object) -> JsonObject:
    """Read a JSON object; lists, text and numbers are not objects."""
    if not isinstance(value, dict):
        raise GraphQLError('A JSON value here is an object, such as {} or {"key": 1}.')
    return JsonObject(value)


def read_big(value: object) -> BigInt:
    """Read a whole number of 64 bits, also as text: some clients have no such numbers."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_BIG <= value < _BIG:
        raise GraphQLError("A BigInt is a whole number of 64 bits, or the same as text.")
    return BigInt(value)


# For `StrawberryConfig(scalar_map=SCALARS)`.
SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant of RFC 3339. Answers are in UTC; inputs name a zone.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=write_instant,
        parse_value=read_instant,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of up to 64 bits, as a JSON number. JavaScript reads it "
        "exactly up to 9,007,199,254,740,991; inputs may also be text.",
        parse_value=read_big,
    ),
    JsonObject: strawberry.scalar(
        name="JSON",
        description="A JSON object, for settings whose form belongs to a platform.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        parse_value=read_object,
    ),
}
