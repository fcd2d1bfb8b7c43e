"""Review: three steps, a remark, changes, and nothing that goes out before the last word."""

from datetime import UTC, datetime
from typing import Any

from tests.story.stage import Company, Member, Story

WEDNESDAY = datetime(2030, 3, 6, 8, tzinfo=UTC)
EDITIONS = "targets{channel{name} edition{id hash parts{text}}}"
STEPS = "steps{name state decisions{member{name} carriedFrom{verdict}}}"


async def play(story: Story) -> None:
    """Tell how a text comes to be approved."""
    await _workflow(story.atelier)
    await _submit(story)
    await _remark(story)
    await _steps(story)
    await _changes(story)
    await _what_its_author_may_not(story)


async def _workflow(atelier: Company) -> None:
    await atelier.approver.do("memberNoticesSet", "member{locale}", locale="fr")
    made = await atelier.manager.do(
        "workflowCreate",
        "workflow{id steps{name mode needed}}",
        name="Trois regards",
        brandId=atelier.kept["brand"],
        keepsApprovals=True,
        steps=[
            {
                "name": "Texte",
                "mode": "N_OF_M",
                "needed": 2,
                "roles": ["APPROVER", "MANAGER", "ADMIN"],
                "dueHours": 24,
                "reminders": [-4],
            },
            {"name": "Ensemble", "mode": "ALL", "roles": ["APPROVER", "MANAGER"]},
            {"name": "Juridique", "memberIds": [atelier.admin.id]},
        ],
    )
    assert [(one["mode"], one["needed"]) for one in made["steps"]] == [
        ("N_OF_M", 2),
        ("ALL", None),
        ("ANY", None),
    ]
    atelier.kept["workflow"] = made["id"]


async def _submit(story: Story) -> None:
    atelier, kept = story.atelier, story.atelier.kept
    review = await atelier.editor.do(
        "reviewSubmit",
        "review{id state}",
        contentItemId=kept["item"],
        targets=[
            {"channelId": kept["mastodon"], "scheduledFor": WEDNESDAY.isoformat()},
            {"channelId": kept["wordpress"], "scheduledFor": WEDNESDAY.isoformat()},
            {"channelId": kept["misago"]},
        ],
        note="Pour mercredi",
        workflowId=kept["workflow"],
    )
    assert review["state"] == "PREPARING"
    kept["review"] = review["id"]
    await story.town.settle()
    assert [await _waiting(member) for member in _members(atelier)] == [1, 1, 1, 0, 0]
    assert await _waiting(story.lighthouse.approver) == 0
    asked = [
        ("admin", "To review: Samedi, on répare"),
        ("approver", "À relire : Samedi, on répare"),
        ("manager", "To review: Samedi, on répare"),
    ]
    assert story.town.mails() == asked
    refused = await atelier.editor.refused(
        "publicationSchedule", contentItemId=kept["item"], channelId=kept["mastodon"]
    )
    assert refused == ("NOT_APPROVED", "contentItemId")


def _members(company: Company) -> list[Member]:
    return [company.admin, company.manager, company.approver, company.editor, company.viewer]


async def _waiting(member: Member) -> int:
    return await member.count("reviewQueue")


async def _remark(story: Story) -> None:
    atelier, kept = story.atelier, story.atelier.kept
    remark = await atelier.approver.do(
        "reviewRemarkAdd",
        "remark{id anchor{quote}}",
        contentItemId=kept["item"],
        field="parts.0.text",
        start=18,
        end=30,
        blocking=True,
        text="« au juste prix » ?",
    )
    assert remark["anchor"] == {"quote": "à petit prix"}
    refused = await atelier.approver.refused("reviewDecide", **await approval(atelier))
    assert refused == ("REMARKS_OPEN", "reviewId")
    await atelier.editor.do(
        "reviewRemarkAdd",
        "remark{id}",
        contentItemId=kept["item"],
        parentId=remark["id"],
        text="C'est dans notre guide.",
    )
    await atelier.editor.do("reviewRemarkResolve", "remark{resolvedAt}", id=remark["id"])
    (thread,) = (
        await atelier.viewer.node(
            kept["item"],
            "ContentItem",
            "remarks(first:5){nodes{blocking resolvedBy{name} answers{text author{name}}}}",
        )
    )["remarks"]["nodes"]
    assert thread == {
        "blocking": True,
        "resolvedBy": {"name": "Editor of atelier"},
        "answers": [{"text": "C'est dans notre guide.", "author": {"name": "Editor of atelier"}}],
    }
    await story.town.settle()
    assert story.town.mails() == [
        ("approver", "Réponse à votre remarque sur : Samedi, on répare"),
        ("editor", "New remark on: Samedi, on répare"),
    ]


async def approval(company: Company, **more: Any) -> dict[str, Any]:
    """Return the approval of exactly the editions that the review shows now."""
    review = company.kept["review"]
    shown = await company.viewer.node(review, "Review", EDITIONS)
    seen = [
        {"editionId": one["edition"]["id"], "hash": one["edition"]["hash"]}
        for one in shown["targets"]
    ]
    return {"reviewId": review, "verdict": "APPROVE", "editions": seen, **more}


async def _steps(story: Story) -> None:
    atelier = story.atelier
    given = await approval(atelier)
    wrong = [{**one, "hash": "0" * 64} for one in given["editions"]]
    refused = await atelier.approver.refused("reviewDecide", **{**given, "editions": wrong})
    assert refused == ("WRONG_STATE", "editions")
    assert await atelier.editor.refused("reviewDecide", **given) == ("FORBIDDEN", "")
    await atelier.approver.do("reviewDecide", "review{state}", **given)
    assert [await _waiting(member) for member in _members(atelier)] == [1, 1, 0, 0, 0]
    await story.town.later(hours=20)
    # Reminded are those who have not decided yet.
    assert story.town.mails() == [
        ("admin", "Still to review: Samedi, on répare"),
        ("manager", "Still to review: Samedi, on répare"),
    ]
    await atelier.manager.do("reviewDecide", "review{state}", **given)
    for member in (atelier.manager, atelier.approver):
        decided = await member.do("reviewDecide", "review{state openStep{name}}", **given)
    assert decided == {"state": "IN_REVIEW", "openStep": {"name": "Juridique"}}
    assert [await _waiting(member) for member in _members(atelier)] == [1, 0, 0, 0, 0]


async def _changes(story: Story) -> None:
    atelier, kept, town = story.atelier, story.atelier.kept, story.town
    await town.settle()
    town.mails()
    back = await atelier.admin.do(
        "reviewDecide",
        "review{state}",
        reviewId=kept["review"],
        verdict="REQUEST_CHANGES",
        remark="Dire où.",
    )
    assert back["state"] == "CHANGES_REQUESTED"
    await town.settle()
    assert town.mails() == [("editor", "Changes requested: Samedi, on répare")]
    await atelier.editor.do(
        "contentItemUpdate",
        "contentItem{id}",
        id=kept["item"],
        parts=[
            {
                "text": "Samedi, à l'atelier, on répare à petit prix : https://atelier.example/velo",
                "media": [kept["photo"]],
            }
        ],
    )
    again = await atelier.editor.do(
        "reviewSubmit",
        f"review{{id resumedFrom{{id}} {STEPS}}}",
        contentItemId=kept["item"],
        resume=True,
        workflowId=kept["workflow"],
        targets=[
            {"channelId": kept["mastodon"], "scheduledFor": WEDNESDAY.isoformat()},
            {"channelId": kept["wordpress"], "scheduledFor": WEDNESDAY.isoformat()},
            {"channelId": kept["misago"]},
        ],
    )
    assert again["resumedFrom"] == {"id": kept["review"]}
    assert [(one["name"], one["state"]) for one in again["steps"]] == [
        ("Texte", "DONE"),
        ("Ensemble", "DONE"),
        ("Juridique", "WAITING"),
    ]
    assert [one["carriedFrom"] for one in again["steps"][0]["decisions"]] == [
        {"verdict": "APPROVE"},
        {"verdict": "APPROVE"},
    ]
    kept["review"] = again["id"]
    await town.settle()
    assert await atelier.viewer.count("publications") == 0
    given = await approval(atelier)
    approved = await atelier.admin.do("reviewDecide", "review{state}", **given)
    assert approved["state"] == "APPROVED"
    kept["hashes"] = sorted(one["hash"] for one in given["editions"])
    await town.settle()
    assert town.mails() == [
        ("admin", "To review: Samedi, on répare"),
        ("editor", "Approved: Samedi, on répare"),
    ]


async def _what_its_author_may_not(story: Story) -> None:
    """A manager submits what they wrote: they cannot approve it, and nobody else does."""
    atelier, kept, town = story.atelier, story.atelier.kept, story.town
    item = await atelier.manager.do(
        "contentItemCreate",
        "contentItem{id}",
        brandId=kept["brand"],
        title="Jamais",
        externalReference="never",
        locale="fr",
        parts=[{"text": "Ceci ne sort jamais."}],
    )
    kept["never"] = item["id"]
    submitted = await atelier.manager.do(
        "reviewSubmit",
        "review{id}",
        contentItemId=item["id"],
        targets=[{"channelId": kept["mastodon"], "scheduledFor": WEDNESDAY.isoformat()}],
    )
    await town.settle()
    refused = await atelier.manager.refused(
        "reviewDecide", reviewId=submitted["id"], verdict="APPROVE"
    )
    assert refused == ("FOUR_EYES", "reviewId")
    # From here on nobody wants mail any more, and nobody gets any.
    town.mails()
    for company in (atelier, story.lighthouse):
        for member in (company.admin, company.manager, company.editor, company.approver):
            await member.do("memberNoticesSet", "member{emailNotices}", emailNotices=False)
