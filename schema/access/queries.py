"""Asking who one is and who else is there."""

import strawberry

from schema.access.types import Member, Role, Token, Viewer
from schema.base.filters import any_of, contains, every_of, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.base.reading import Info, read_by

MemberOrder = ordering(
    "MemberOrder",
    "Orders of members.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
TokenOrder = ordering(
    "TokenOrder",
    "Orders of tokens.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
        "LAST_USED_AT_DESC": ("-last_used_at", "Most recently used first."),
    },
)


@strawberry.input(description="Which members; all conditions hold together.")
class MemberFilter:
    and_: list["MemberFilter"] | None = every_of()
    or_: list["MemberFilter"] | None = some_of()
    not_: "MemberFilter | None" = none_of()
    role_in: list[Role] | None = any_of("Has one of these roles.", "role")
    name_contains: str | None = contains("The name contains this.", "name")


@strawberry.input(description="Which tokens; all conditions hold together.")
class TokenFilter:
    and_: list["TokenFilter"] | None = every_of()
    or_: list["TokenFilter"] | None = some_of()
    not_: "TokenFilter | None" = none_of()
    member_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these members.", "member_id", ids_of="Member"
    )
    label_contains: str | None = contains("The label contains this.", "label")


@strawberry.type
class AccessQueries:
    @strawberry.field(description="You, and what you may do.")
    async def viewer(self, info: Info) -> Viewer:
        found: Viewer = await read_by(info, "Viewer", id=info.context.caller.workspace_id)
        return found

    members: Connection[Member] = all_of(
        "The members of the workspace.",
        "Member",
        filters=MemberFilter,
        orders=MemberOrder,
        order=("name",),
    )
    tokens: Connection[Token] = all_of(
        "All tokens, for those who manage the workspace.",
        "Token",
        filters=TokenFilter,
        orders=TokenOrder,
        order=("-id",),
    )
