"""What every table of a workspace needs beside its columns: its policy, and who may use it."""

import os
from collections.abc import Iterable
from typing import Any

from alembic import context, op

#: The application's role: it owns nothing and is bound by the policies below.
DEFAULT_APP_ROLE = "hub_app"

# After a commit the setting is an empty string, not NULL, hence the NULLIF. The sub-select makes
# PostgreSQL evaluate it once per statement instead of once per row.
POLICY = """
    CREATE POLICY workspace ON {table}
    USING (workspace_id = (SELECT NULLIF(current_setting('hub.workspace_id', true), '')::uuid))
"""


def app_role() -> str:
    """Return the application's role: handed over by `hub migrate`, or HUB_APP_ROLE."""
    given: Any = context.config.attributes.get("app_role")
    return str(given or os.environ.get("HUB_APP_ROLE", DEFAULT_APP_ROLE))


def quoted_role() -> str:
    """Return the application's role as SQL writes it."""
    return op.get_bind().dialect.identifier_preparer.quote(app_role())


def protect(tables: Iterable[str]) -> None:
    """Keep tables to their workspace, and let the application use them."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(POLICY.format(table=table))
        grant_tables((table,))


def grant_tables(tables: Iterable[str]) -> None:
    """Let the application read and change tables."""
    for table in tables:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {quoted_role()}")


def grant_functions(functions: Iterable[str]) -> None:
    """Let the application, and nobody else, call functions that run as the owner."""
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {quoted_role()}")
