"""Asking who one is and who else is there."""

import strawberry

from hub.kernel.errors import Forbidden
from schema.access.types import Member, Role, Session, Token, Viewer
from schema.base.filters import any_of, contains, equal, every_of, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.paging import After, Connection, First, PageArguments
from schema.base.reading import Info, read_by, read_connection

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


@strawberry.input(description="Which members, whatever else is asked.")
class _Belonging:
    belongs: bool | None = equal("Has not left.", "belongs")


@strawberry.input(description="Which sessions, whatever else is asked.")
class _Open:
    ended: bool | None = equal("Was ended.", "ended")


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
        fixed=(_Belonging(belongs=True),),
    )

    @strawberry.field(
        description="Where you are signed in, latest first. Only for who is signed in."
    )
    async def sessions(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Session]:
        if info.context.caller.session_id is None:
            raise Forbidden("Sign in to see your sessions.")
        shown: Connection[Session] = await read_connection(
            info,
            "Session",
            page=PageArguments.of(first=first, after=after),
            filters=(_Open(ended=False),),
            order=("-id",),
        )
        return shown

    tokens: Connection[Token] = all_of(
        "All tokens, for those who manage the workspace.",
        "Token",
        filters=TokenFilter,
        orders=TokenOrder,
        order=("-id",),
    )
