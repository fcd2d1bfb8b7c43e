"""let people sign in, and find what is out by its slug"""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant_functions, grant_tables, protect

revision = "2026_11_22_2005"
down_revision = "2026_11_22_1955"
branch_labels = None
depends_on = None

WORKSPACE_TABLES = ("passwords", "sessions")


# A browser brings a secret before its workspace is known. Only ids come back.
SESSION = """
    CREATE FUNCTION hub_session(wanted bytea)
    RETURNS TABLE (workspace_id uuid, session_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT s.workspace_id, s.id FROM sessions AS s WHERE s.digest = wanted
    $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("members", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_members_address", "members", ["workspace_id", sa.text("lower(email)")], unique=True
    )
    op.create_table(
        "passwords",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_passwords_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_passwords_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passwords")),
        sa.UniqueConstraint("member_id", name=op.f("uq_passwords_member_id")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_passwords_workspace_id_id")),
    )
    op.create_table(
        "sessions",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_sessions_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_sessions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_sessions_workspace_id_id")),
    )
    op.create_index(
        "ix_sessions_member_id", "sessions", ["workspace_id", "member_id", "id"], unique=False
    )
    op.create_table(
        "sign_in_tries",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_in_tries_digest")),
    )
    op.create_index("ix_sign_in_tries_last_at", "sign_in_tries", ["last_at"], unique=False)
    op.create_index("ix_revisions_slug", "revisions", ["workspace_id", "slug"], unique=False)
    op.create_index(
        "ix_publications_out",
        "publications",
        ["workspace_id", sa.text("published_at DESC NULLS LAST"), sa.text("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'PUBLISHED' AND origin = 'CONTENT'"),
    )
    op.create_index(
        "ix_publications_revision_id",
        "publications",
        ["workspace_id", "revision_id"],
        unique=False,
        postgresql_where=sa.text("state = 'PUBLISHED' AND origin = 'CONTENT'"),
    )
    protect(WORKSPACE_TABLES)
    # Tries are counted before it is known whose they are.
    grant_tables(("sign_in_tries",))
    op.execute(SESSION)
    grant_functions(("hub_session(bytea)",))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION hub_session(bytea)")
    op.drop_index(
        "ix_publications_revision_id",
        table_name="publications",
        postgresql_where=sa.text("state = 'PUBLISHED' AND origin = 'CONTENT'"),
    )
    op.drop_index(
        "ix_publications_out",
        table_name="publications",
        postgresql_where=sa.text("state = 'PUBLISHED' AND origin = 'CONTENT'"),
    )
    op.drop_index("ix_revisions_slug", table_name="revisions")
    op.drop_index("ix_sign_in_tries_last_at", table_name="sign_in_tries")
    op.drop_table("sign_in_tries")
    op.drop_index("ix_sessions_member_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("passwords")
    op.drop_index("uq_members_address", table_name="members")
    op.drop_column("members", "removed_at")
