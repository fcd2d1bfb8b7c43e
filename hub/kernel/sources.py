"""Which tables a statement reads, and whether its answer depends on them and its values alone."""

import re

from hub.kernel.changes import WATCHED
from hub.kernel.model import Base

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_WORD = re.compile(r"\w+")
_CALL = re.compile(r"(\w+)\s*\(")

#: What stands before a bracket in the statements of reads, and always gives the same for the same.
_STEADY = frozenset(
    """
    all and any array array_agg as by case cast char coalesce count distinct else encode exists
    filter from in is join json json_agg json_build_array json_build_object jsonb_array_elements
    jsonb_array_elements_text jsonb_path_query
    lateral not on or over rtrim select sum then union unnest values when where
    convert_to row_to_json
    """.split()  # noqa: SIM905 - a list of words reads better than one of strings
)
# Those that need no bracket.
_UNSTEADY = frozenset(
    """
    clock current_date current_role current_time current_timestamp current_user localtime
    localtimestamp session_user
    """.split()  # noqa: SIM905 - as above
)
# The hub's time comes along for fields that are computed; those say themselves that they look.
_NOW = "hub_now() AS now"


def tables_of(sql: str) -> frozenset[str] | None:
    """Return the tables a statement reads; None where its answer cannot be kept.

    That is: where it reads a table whose changes nobody notes, or calls what may look at the clock
    or at who asks. It may name a table too many, never one too few.
    """
    plain = _QUOTED.sub(" ", sql.replace(_NOW, "now", 1)).lower()
    words = set(_WORD.findall(plain))
    if not _STEADY.issuperset(_CALL.findall(plain)) or not _UNSTEADY.isdisjoint(words):
        return None
    tables = words & Base.metadata.tables.keys()
    return frozenset(tables) if tables <= WATCHED else None
