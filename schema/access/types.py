"""Who belongs to a workspace, as the API shows it."""

from datetime import datetime
from typing import Annotated

import strawberry

from hub.access import models
from hub.kernel.caller import Permission
from hub.kernel.shapes import Link, columns, me, over, within
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, reads, to_one
from schema.base.node import Node

Role = models.Role
describe(
    Role,
    description="What a member is in the workspace.",
    values={
        "ADMIN": "May do everything, members and tokens included.",
        "MANAGER": "Runs brands, campaigns and channels, and everything below.",
        "EDITOR": "Writes, submits, publishes what is approved, answers.",
        "APPROVER": "An editor who also decides on reviews.",
        "VIEWER": "Reads.",
    },
)

describe(
    Permission,
    description="One thing a role or a token can allow.",
    values={
        "WORKSPACE_ADMIN": "Manage the workspace, its members and tokens.",
        "STRATEGY_READ": "Read brands and campaigns.",
        "STRATEGY_WRITE": "Change brands and campaigns.",
        "CHANNELS_READ": "Read channels.",
        "CHANNELS_WRITE": "Connect and change channels.",
        "CONTENT_READ": "Read contents, revisions, editions and assets.",
        "CONTENT_WRITE": "Write contents and upload assets.",
        "REVIEW_READ": "Read reviews and decisions.",
        "REVIEW_SUBMIT": "Ask for reviews.",
        "REVIEW_DECIDE": "Approve, or ask for changes.",
        "REVIEW_REMARK": "Make remarks on contents, and resolve them.",
        "REVIEW_MANAGE": "Make and change workflows.",
        "PUBLISHING_READ": "Read publications and their attempts.",
        "PUBLISHING_WRITE": "Schedule, cancel, hold and retry publications.",
        "ENGAGEMENT_READ": "Read threads, messages and persons.",
        "ENGAGEMENT_REPLY": "Answer and like messages; look after conversations and persons.",
        "ENGAGEMENT_MODERATE": "Hide answers from others, and show them again.",
        "CONTEST_MANAGE": "Run contests: open, judge, freeze, draw, announce.",
        "ANALYTICS_READ": "Read measurements.",
        "AUDIT_READ": "Read the stream of events.",
        "DELIVERY_READ": "Read what is published, as web pages show it.",
        "AUTOMATION_READ": "Read triggers, endpoints and their deliveries.",
        "AUTOMATION_WRITE": "Make and change triggers and endpoints; takes what they do as well.",
    },
)


@reads(models.Workspace, permission=None)
@strawberry.type(description="One client: nothing in it is ever seen from another.")
class Workspace(Node):
    slug: str = column("Short name, for addresses and commands.")
    name: str = column("Full name.")
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.Token, permission=Permission.WORKSPACE_ADMIN)
@strawberry.type(
    description="A token a member acts with. Its secret was shown once and never again."
)
class Token(Node):
    label: str = column("What it is for, in the words of whoever issued it.")
    hint: str = column("The last characters of the secret, to tell tokens apart.")
    scopes: list[Permission] = column("What it is narrowed to; empty: all its member may do.")
    member: Annotated["Member", strawberry.lazy("schema.access.types")] = to_one(
        "Whose token it is.", columns("member_id")
    )
    expires_at: datetime | None = column("When it stops working; null: never.")
    last_used_at: datetime | None = column("When it was last used, about.")
    revoked_at: datetime | None = column("When it was taken back; null: it was not.")
    created_at: datetime = column("When it was issued.")


def _email(facts: Facts, asking: Asking) -> str | None:
    caller = asking.context.caller
    if caller.may(Permission.WORKSPACE_ADMIN) or facts["id"] == caller.member_id:
        return str(facts["email"])
    return None


@reads(
    models.Session,
    permission=None,
    only=lambda session: session.c.member_id == me(),
    facts={"ended": lambda session: session.c.revoked_at.is_not(None) | over(session.c.idle_until)},
)
@strawberry.type(description="You, signed in with a password on one browser.")
class Session(Node):
    agent: str = column("What the browser called itself.")
    address: str = column("Where it was, when you signed in.")
    current: bool = computed(
        "Whether it is the one that asks.",
        needs=("id",),
        make=lambda facts, asking: facts["id"] == asking.context.caller.session_id,
    )
    created_at: datetime = column("When you signed in.")
    used_at: datetime = column("When it was last used, about.")
    idle_until: datetime = column("When it ends, unless it is used before.")
    expires_at: datetime = column("When it ends in any case.")
    revoked_at: datetime | None = column("When it was ended before its time.")


@reads(
    models.Member,
    permission=None,
    facts={"belongs": lambda member: member.c.removed_at.is_(None)},
)
@strawberry.type(description="A person in the workspace.")
class Member(Node):
    name: str = column("What colleagues call them.")
    email: str | None = computed(
        "Their address; null unless it is yours or you manage the workspace.",
        needs=("id", "email"),
        make=_email,
    )
    role: Role = column("What they are in the workspace.")
    locale: str = column("The language they are written to in, as a language tag.")
    email_notices: bool = column("Whether they take notices by mail.")
    tokens: list[Token] | None = listed(
        "Their tokens, newest first; for those who manage the workspace.",
        columns("id", "member_id"),
        order=("-id",),
    )
    removed_at: datetime | None = column("When they left the workspace; null: they belong to it.")
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When they joined.")
    updated_at: datetime = column("When this was last changed.")


def _granted(_facts: Facts, asking: Asking) -> list[Permission]:
    held = asking.context.caller.permissions
    return [permission for permission in Permission if permission in held]


@reads(models.Workspace, permission=None)
@strawberry.type(description="You: who acts with this token, where, and what they may do.")
class Viewer:
    name: str = computed(
        "Your name.", needs=(), make=lambda _facts, asking: asking.context.caller.name
    )
    member: Member | None = to_one(
        "You as a member; null for the hub itself.",
        Link(on=lambda _row, other: (other.c.id == me()) & within(other)),
    )
    workspace: Workspace = to_one("Where you are.", columns("id"))
    permissions: list[Permission] = computed(
        "What you may do: your role, narrowed by your token.", needs=(), make=_granted
    )
