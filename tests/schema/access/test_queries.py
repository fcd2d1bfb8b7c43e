"""Who one is, and who else is there."""

from datetime import timedelta

from hub.access.models import Member, Role, Token
from hub.kernel.caller import Caller, Permission
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library


async def test_the_viewer_is_whoever_asks_and_takes_one_statement(
    client: Client, library: Library
) -> None:
    answer = await client.ask(
        "{ viewer { name permissions member { id name email role } workspace { slug name } } }"
    )

    assert answer.errors == []
    assert answer.statements == 1
    permissions = answer.data["viewer"].pop("permissions")
    assert len(permissions) == len(Permission)
    assert answer.data["viewer"] == {
        "name": "Ada of Acme",
        "member": {
            "id": to_global_id("Member", str(library.caller.member_id)),
            "name": "Ada of Acme",
            "email": "ada@acme.example",
            "role": "ADMIN",
        },
        "workspace": {"slug": "acme", "name": "Acme"},
    }


async def test_the_hub_itself_is_no_member(client: Client, library: Library) -> None:
    found = await client.of(Caller.system(library.rows.workspace_id)).data(
        "{ viewer { name member { name } } }"
    )

    assert found["viewer"] == {"name": "hub", "member": None}


async def test_permissions_come_in_the_order_of_the_house(client: Client) -> None:
    few = client.without(*(set(Permission) - {Permission.AUDIT_READ, Permission.CONTENT_READ}))

    found = await few.data("{ viewer { permissions } }")

    assert found["viewer"]["permissions"] == ["CONTENT_READ", "AUDIT_READ"]


async def test_others_do_not_see_a_members_address(client: Client, library: Library) -> None:
    await library.rows.add(Member, name="Ben", email="ben@acme.example", role=Role.EDITOR)

    asked = "{ members { nodes { name email } } }"
    as_admin = await client.data(asked)
    as_other = await client.without(Permission.WORKSPACE_ADMIN).data(asked)

    assert as_admin["members"]["nodes"] == [
        {"name": "Ada of Acme", "email": "ada@acme.example"},
        {"name": "Ben", "email": "ben@acme.example"},
    ]
    assert as_other["members"]["nodes"] == [
        {"name": "Ada of Acme", "email": "ada@acme.example"},
        {"name": "Ben", "email": None},
    ]


async def test_tokens_are_for_those_who_manage_the_workspace(
    client: Client, library: Library, other: Library
) -> None:
    for owner in (library, other):
        await owner.rows.add(
            Token,
            member_id=owner.caller.member_id,
            label="ci",
            digest=owner.rows.workspace_id.bytes,
            hint="x1y2",
            scopes=["content.read"],
            expires_at=NOON + timedelta(days=1),
        )
    asked = "{ tokens { nodes { label hint scopes expiresAt revokedAt member { name } } } }"

    found = await client.data(asked)
    refused = await client.without(Permission.WORKSPACE_ADMIN).ask(asked)
    nested = await client.without(Permission.WORKSPACE_ADMIN).ask(
        "{ members { nodes { name tokens { hint } } } }"
    )

    assert found["tokens"]["nodes"] == [
        {
            "label": "ci",
            "hint": "x1y2",
            "scopes": ["CONTENT_READ"],
            "expiresAt": "2026-03-02T12:00:00.123456+00:00",
            "revokedAt": None,
            "member": {"name": "Ada of Acme"},
        }
    ]
    assert refused.codes == ["FORBIDDEN"]
    assert nested.data["members"]["nodes"] == [{"name": "Ada of Acme", "tokens": None}]
    assert nested.codes == ["FORBIDDEN"]


async def test_members_are_filtered_by_role_and_name(client: Client, library: Library) -> None:
    for name, role in (("Ben", Role.EDITOR), ("Cleo", Role.APPROVER), ("Dan", Role.EDITOR)):
        await library.rows.add(Member, name=name, email=f"{name}@acme.example", role=role)

    found = await client.data(
        """{
          editors: members(filter: {roleIn: [EDITOR]}, orderBy: [NAME_DESC]) { nodes { name } }
          others: members(filter: {not: {roleIn: [EDITOR]}}) { totalCount }
          either: members(filter: {or: [{nameContains: "CLE"}, {roleIn: [ADMIN]}]}) {
            nodes { name } }
          none: members(filter: {or: []}) { totalCount }
          all: members(filter: {and: []}) { totalCount }
        }"""
    )

    assert found == {
        "editors": {"nodes": [{"name": "Dan"}, {"name": "Ben"}]},
        "others": {"totalCount": 2},
        "either": {"nodes": [{"name": "Ada of Acme"}, {"name": "Cleo"}]},
        "none": {"totalCount": 0},
        "all": {"totalCount": 4},
    }
