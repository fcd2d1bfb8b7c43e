"""The tale of the page about reviewing, told with its own documents by clients of the API."""

import re
from pathlib import Path
from typing import Any

import pytest

from hub.access import operations as access
from hub.access.models import Role
from hub.review import operations as review
from schema.base.node import row_id
from tests.factories import a_channel, an_item
from tests.schema.client.api import Api, Desk, gid

PAGE = Path(__file__).parents[3] / "docs" / "duties" / "reviewing.md"
DOCUMENTS = {
    found[1]: found[0]
    for found in (
        (block, re.search(r"(?:mutation|query) (\w+)", block)[1])  # type: ignore[index]  # all have names
        for block in re.findall(r"```graphql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    )
}


async def run(api: Api, name: str, **variables: Any) -> Any:
    """Run a document of the page; return the one field of its answer."""
    answer = await api.ask(DOCUMENTS[name], **variables)
    assert answer.errors == []
    (found,) = answer.data.values()
    return found


async def done(api: Api, name: str, **variables: Any) -> Any:
    """Run a mutation of the page that works; return what it made."""
    found = await run(api, name, **variables)
    assert found.pop("errors") == []
    (made,) = found.values()
    return made


async def prepare(desk: Desk, review_id: str) -> None:
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        await review.prepare(work, review_id=row_id(review_id, "Review"))


async def seen(api: Api) -> list[dict[str, str]]:
    """Return the editions of what is first in the queue."""
    (node, *_) = (await run(api, "Queue"))["nodes"]
    shown = [target["edition"] for target in node["targets"]]
    return [{"editionId": one["id"], "hash": one["hash"]} for one in shown]


async def queued(api: Api) -> int:
    return int((await run(api, "Queue"))["totalCount"])


async def test_a_text_goes_through_two_steps_with_a_remark_and_comes_back(desk: Desk) -> None:
    item = gid("ContentItem", await an_item(desk.world, title="Salut", text="Hello à tous"))
    channel = gid("Channel", await a_channel(desk.world))
    admin = desk.as_(Role.ADMIN)
    lawyer = gid("Member", desk.world.callers[Role.ADMIN].member_id or "")

    workflow = await done(desk.manager, "Workflow", brand=desk.brand, lawyer=lawyer)
    assert [(step["name"], step["needed"]) for step in workflow["steps"]] == [
        ("Rédaction", 2),
        ("Juridique", None),
    ]
    assert workflow["steps"][1]["members"] == [{"name": "Admin of acme"}]
    made = await done(desk.editor, "Submit", item=item, channel=channel)
    assert made["workflow"] == {"name": "Rédaction, puis juridique"}
    await prepare(desk, made["id"])
    assert [await queued(api) for api in (desk.approver, desk.manager, admin, desk.editor)] == [
        *(1, 1, 0, 0)
    ]

    remark = await done(desk.approver, "Remark", item=item)
    assert remark["anchor"] == {"quote": "Hello"}
    editions = await seen(desk.approver)
    held = await run(desk.approver, "Decide", review=made["id"], editions=editions)
    assert [error["code"] for error in held["errors"]] == ["REMARKS_OPEN"]
    assert (await done(desk.editor, "Resolve", remark=remark["id"]))["resolvedBy"] == {
        "name": "Editor of acme"
    }

    one = await done(desk.approver, "Decide", review=made["id"], editions=editions)
    assert (one["state"], one["openStep"]) == ("IN_REVIEW", {"name": "Rédaction"})
    assert await queued(desk.approver) == 0
    two = await done(desk.manager, "Decide", review=made["id"], editions=editions)
    assert two["openStep"] == {"name": "Juridique"}
    assert [await queued(api) for api in (desk.approver, desk.manager, admin)] == [0, 0, 1]
    answer = await admin.do(
        "reviewDecide", "review{state}", reviewId=made["id"], verdict="REQUEST_CHANGES"
    )
    assert answer.payload["review"] == {"state": "CHANGES_REQUESTED"}

    revised = await desk.editor.do(
        "contentItemUpdate", "contentItem{id}", id=item, parts=[{"text": "Oh ! Hello à vous"}]
    )
    assert revised.payload["errors"] == []
    (found,) = (await run(desk.editor, "Remarks", item=item))["remarks"]["nodes"]
    assert found["anchor"] == {
        "field": "parts.0.text",
        "start": 5,
        "end": 10,
        "quote": "Hello",
        "outdated": False,
    }
    assert found["revision"] == {"number": 1}
    again = await done(desk.editor, "Again", item=item, channel=channel)
    assert again["resumedFrom"] == {"id": made["id"]}
    assert [(step["name"], step["state"]) for step in again["steps"]] == [
        ("Rédaction", "DONE"),
        ("Juridique", "WAITING"),
    ]
    carried = again["steps"][0]["decisions"]
    assert [one["member"]["name"] for one in carried] == ["Approver of acme", "Manager of acme"]
    assert {one["editions"][0]["hash"] for one in carried} == {editions[0]["hash"]}
    open_review = (await admin.ask("{reviews(first:1){nodes{id}}}")).data["reviews"]["nodes"][0]
    await prepare(desk, open_review["id"])
    approved = await done(admin, "Decide", review=open_review["id"], editions=await seen(admin))
    assert approved["state"] == "APPROVED"


async def test_everybody_says_how_they_are_told_and_admins_for_others(desk: Desk) -> None:
    assert await done(desk.editor, "Notices") == {"locale": "fr", "emailNotices": True}
    assert await run(desk.editor, "Told") == {"nodes": []}
    editor = gid("Member", desk.world.editor.member_id or "")

    for api, given, error in (
        (desk.editor, {"locale": "??"}, {"code": "INVALID", "path": ["input", "locale"]}),
        (desk.editor, {"locale": None}, {"code": "INVALID", "path": ["input", "locale"]}),
        (desk.approver, {"memberId": editor, "locale": "en"}, {"code": "FORBIDDEN", "path": []}),
        (
            desk.as_(Role.ADMIN),
            {"memberId": "x", "locale": "en"},
            {"code": "NOT_FOUND", "path": ["input", "memberId"]},
        ),
    ):
        assert (await api.do("memberNoticesSet", "member{id}", **given)).refusal == error
    changed = await desk.as_(Role.ADMIN).do(
        "memberNoticesSet", "member{locale emailNotices}", memberId=editor, emailNotices=False
    )
    assert changed.payload["member"] == {"locale": "fr", "emailNotices": False}


async def test_a_review_that_nobody_is_left_for_says_so(desk: Desk) -> None:
    made = await desk.manager.do(
        "workflowCreate",
        "workflow{id version availableActions}",
        name="One",
        steps=[{"name": "One", "roles": ["APPROVER"]}],
    )
    workflow = made.payload["workflow"]
    assert workflow["availableActions"] == ["WORKFLOW_UPDATE", "WORKFLOW_ARCHIVE"]
    begun = await desk.editor.do(
        "reviewSubmit",
        "review{id}",
        contentItemId=gid("ContentItem", await an_item(desk.world)),
        targets=[{"channelId": gid("Channel", await a_channel(desk.world))}],
        workflowId=workflow["id"],
    )
    review_id = begun.payload["review"]["id"]
    await prepare(desk, review_id)
    asked = "query($id:ID!){node(id:$id){... on Review{problems{code severity}}}}"
    before = await desk.editor.ask(asked, id=review_id)
    assert before.data["node"] == {"problems": []}
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        assert desk.world.approver.member_id is not None
        await access.remove_member(work, member_id=desk.world.approver.member_id)

    after = await desk.editor.ask(asked, id=review_id)

    assert after.data["node"] == {"problems": [{"code": "NOBODY_LEFT", "severity": "ERROR"}]}


async def test_a_workflow_is_changed_by_its_version_and_archived(desk: Desk) -> None:
    made = await desk.manager.do(
        "workflowCreate",
        "workflow{id version}",
        name="A",
        platform="mastodon",
        steps=[{"name": "One", "dueHours": 4, "reminders": [-1]}],
    )
    workflow = made.payload["workflow"]
    changed = await desk.manager.do(
        "workflowUpdate",
        "workflow{name platform version steps{number name roles}}",
        id=workflow["id"],
        expectedVersion=1,
        name="B",
        platform=None,
        steps=[{"name": "Un", "roles": ["ADMIN"]}, {"name": "Deux"}],
    )
    assert changed.payload["workflow"] == {
        "name": "B",
        "platform": None,
        "version": 2,
        "steps": [
            {"number": 1, "name": "Un", "roles": ["ADMIN"]},
            {"number": 2, "name": "Deux", "roles": []},
        ],
    }
    stale = await desk.manager.do(
        "workflowUpdate", "workflow{id}", id=workflow["id"], expectedVersion=1, name="C"
    )
    assert stale.refusal["code"] == "CONFLICT"
    wrong = await desk.manager.do(
        "workflowUpdate", "workflow{id}", id=workflow["id"], steps=[{"name": "x", "needed": 2}]
    )
    assert wrong.refusal == {"code": "INVALID", "path": ["input", "steps", "0", "needed"]}
    archived = await desk.manager.do(
        "workflowArchive", "workflow{availableActions}", id=workflow["id"]
    )
    assert archived.payload["workflow"] == {"availableActions": []}
    listed = await desk.editor.ask("{workflows(filter:{archived:true}){nodes{name}}}")
    assert listed.data["workflows"]["nodes"] == [{"name": "B"}]


@pytest.mark.parametrize(
    ("mutation", "kind", "field"),
    [
        ("workflowUpdate", "Workflow", "id"),
        ("workflowArchive", "Workflow", "id"),
        ("reviewRemarkEdit", "Remark", "id"),
        ("reviewRemarkResolve", "Remark", "id"),
        ("reviewRemarkReopen", "Remark", "id"),
        ("reviewRemarkDelete", "Remark", "id"),
    ],
)
async def test_what_belongs_to_another_workspace_does_not_exist(
    desk: Desk, stranger: Desk, mutation: str, kind: str, field: str
) -> None:
    item = gid("ContentItem", await an_item(stranger.world))
    theirs = {
        "Workflow": await stranger.manager.do(
            "workflowCreate", "workflow{id}", name="W", steps=[{"name": "S"}]
        ),
        "Remark": await stranger.manager.do(
            "reviewRemarkAdd", "remark{id}", contentItemId=item, text="x"
        ),
    }[kind]
    foreign = theirs.payload[kind.lower()]["id"]
    shown = "contentItem{id}" if mutation == "reviewRemarkDelete" else f"{kind.lower()}{{id}}"
    api = desk.as_(Role.ADMIN)

    answers = [await api.do(mutation, shown, **{field: one}) for one in (foreign, gid(kind, "x"))]

    assert [answer.refusal for answer in answers] == [
        {"code": "NOT_FOUND", "path": ["input", field]}
    ] * 2
