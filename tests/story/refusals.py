"""What is refused: each with its code and the input at fault, and nothing is changed by it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.story.automating import Tool, a_tool
from tests.story.moderation import DRY_RUN
from tests.story.stage import Company, Story

HIDES_ALL = [{"kind": "PATTERN", "pattern": "."}]
HIDE = [{"kind": "HIDE"}]


async def play(story: Story) -> None:
    """Tell what nobody gets, however they ask."""
    atelier, lighthouse = story.atelier, story.lighthouse
    closed = await _a_contest(story, closed=True)
    opened = await _a_contest(story, closed=False)
    export = await lighthouse.viewer.do("exportCreate", "export{id}", kind="CLICKS")
    await story.town.settle()
    rule = {"brandId": atelier.kept["brand"], "name": "Règle", "actions": HIDE}
    ran = await atelier.editor.ask(DRY_RUN, r={**rule, "conditions": HIDES_ALL})
    assert ran["warnings"] == ["MATCHES_NEARLY_EVERYTHING"]
    monitor = {
        "brandId": atelier.kept["brand"],
        "name": "Tout",
        "feeds": ["https://news.example/feed"],
    }
    table: list[tuple[str, str, dict[str, Any], tuple[str, str]]] = [
        (
            "a pattern that looks back, which is how patterns run away",
            "moderationRuleCreate",
            {**rule, "conditions": [{"kind": "PATTERN", "pattern": r"(a+)+\1$"}]},
            ("INVALID", "conditions.0.pattern"),
        ),
        (
            "a pattern that is too large to be tried",
            "moderationRuleCreate",
            {**rule, "conditions": [{"kind": "PATTERN", "pattern": "((a{99}){99}){99}"}]},
            ("INVALID", "conditions.0.pattern"),
        ),
        (
            "a rule that would hide everything",
            "moderationRuleCreate",
            {**rule, "conditions": HIDES_ALL},
            ("TOO_BROAD", "conditions"),
        ),
        (
            "a contest that is closed twice",
            "contestClose",
            {"id": closed, "reason": "Encore"},
            ("WRONG_STATE", "id"),
        ),
        ("a draw before the freeze", "contestDraw", {"id": closed}, ("WRONG_STATE", "id")),
        ("a draw before the close", "contestDraw", {"id": opened}, ("WRONG_STATE", "id")),
        (
            "a monitor that matches everything",
            "monitorCreate",
            {**monitor, "query": {"any": ["le"]}},
            ("INVALID", "query.any.0"),
        ),
        (
            "a monitor without a word",
            "monitorCreate",
            {**monitor, "query": {}},
            ("INVALID", "query"),
        ),
        (
            "an export of another workspace",
            "exportCreate",
            {"kind": "MESSAGES", "scope": {"brandId": lighthouse.kept["brand"]}},
            ("NOT_FOUND", "scope.id"),
        ),
        (
            "the end of another workspace's export",
            "exportCancel",
            {"id": export["id"]},
            ("NOT_FOUND", "id"),
        ),
    ]
    tool = await a_tool(story.town, atelier.manager, "PUBLISH", "IMPORT")
    await _imports(atelier, tool)
    await story.town.settle()
    before, sequence = await _all(atelier), await atelier.admin.last_sequence()
    for case, mutation, given, refusal in table:
        assert (case, await atelier.manager.refused(mutation, **given)) == (case, refusal)
    assert await atelier.manager.unseen(export["id"])
    await _tools(tool)
    await story.town.settle()
    assert await _all(atelier) == before
    # A call that was genuine leaves its trace; what was not even that leaves none.
    assert await atelier.admin.happened(after=sequence) == ["trigger.refused"]


async def _imports(atelier: Company, tool: Tool) -> None:
    """A row with an unknown channel stops all of them, at both doors."""
    good = {
        "externalReference": "row",
        "brand": "atelier",
        "locale": "fr",
        "title": "Titre",
        "text": "Texte",
    }
    bad = {**good, "externalReference": "other", "channels": ["nowhere"]}
    before = await atelier.viewer.count("contentItems")
    made = await atelier.manager.do(
        "contentImport",
        "contentImport{applied rows{outcome errors{code path}}}",
        rows=[good, bad],
    )
    assert [one["outcome"] for one in made["rows"]] == ["CREATED", "REFUSED"]
    assert made["applied"] is False
    assert made["rows"][1]["errors"] == [{"code": "NOT_FOUND", "path": ["channels", "0"]}]
    answer = await tool.call(action="IMPORT", rows=[good, bad])
    assert (answer.status_code, answer.json()["code"], answer.json()["path"]) == (
        422,
        "NOT_FOUND",
        ["rows", "1", "channels", "0"],
    )
    assert await atelier.viewer.count("contentItems") == before


async def _tools(tool: Tool) -> None:
    """What a trigger is refused: the words are the same for everything that is not genuine."""
    stale = datetime.now(UTC) - timedelta(minutes=6)
    given: dict[str, Any] = {"action": "PUBLISH", "externalReference": "never"}
    answers = [
        await tool.call(at=stale, **given),
        await tool.call(altered=b'{"action":"PUBLISH","externalReference":"fair"}', **given),
    ]
    assert [one.status_code for one in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "UNAUTHENTICATED"
    early = await tool.call(**given)
    assert (early.status_code, early.json()["code"], early.json()["path"]) == (
        409,
        "NOT_APPROVED",
        ["externalReference"],
    )


async def _a_contest(story: Story, *, closed: bool) -> str:
    atelier, now = story.atelier, await story.town.now()
    made = await atelier.editor.do(
        "contestCreate",
        "contest{id}",
        brandId=atelier.kept["brand"],
        name="Encore un vélo",
        locale="fr",
        rules=[{"locale": "fr", "text": "Un commentaire."}],
        publicationIds=[atelier.kept["contest_publication"]],
        opensAt=now.isoformat(),
        closesAt=(now + timedelta(days=3)).isoformat(),
    )
    await atelier.editor.do("contestOpen", "contest{id}", id=made["id"])
    if closed:
        await atelier.editor.do("contestClose", "contest{id}", id=made["id"], reason="Erreur")
    return str(made["id"])


async def _all(company: Company) -> dict[str, int]:
    """Count what there is."""
    lists = ("contentItems", "publications", "contests", "moderationRules", "monitors", "exports")
    return {name: await company.admin.count(name) for name in lists}
