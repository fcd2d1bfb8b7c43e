"""What is said is watched, and a bad day is met, by a client."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.access.models import Role
from hub.kernel.ids import new_id
from hub.reputation import watching
from hub.reputation.models import Mention, MonitorSource
from hub.reputation.watching import Looking, Said
from schema.base.node import from_global_id
from tests.factories import a_channel, a_publication
from tests.schema.client.api import Desk, gid
from tests.schema.client.rows import change

MONITOR = (
    "monitor{id name enabled opensIncident version availableActions "
    "query{all any none hashtags handles languages} sources{kind url problem lastCheckedAt} "
    "volumeAlarm{hours atLeast sensitivity cooldownHours} sentimentAlarm{hours}}"
)
INCIDENT = (
    "incident{id title state severity owner{name} resolvedAt version availableActions "
    "statements{locale text contentItem{title}} timeline(first:20){nodes{kind text member{name}}} "
    "mentions(first:5){nodes{text}} pauses(first:5){nodes{scope reason running}}}"
)


async def a_monitor(desk: Desk, **given: Any) -> dict[str, Any]:
    answer = await desk.manager.do(
        "monitorCreate",
        MONITOR,
        **{
            "brandId": desk.brand,
            "name": "Le phare",
            "query": {"any": ["phare"], "languages": ["fr-FR"]},
            "feeds": ["https://news.example/feed"],
            **given,
        },
    )
    assert answer.payload["errors"] == []
    return dict(answer.payload["monitor"])


async def find(desk: Desk, *texts: str) -> None:
    """Let a worker find these texts."""
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        source = await work.one(select(MonitorSource.id).order_by(MonitorSource.id).limit(1))
        assert source is not None
        looked = await watching.looking(work, source_id=source)
        assert isinstance(looked, Looking)
        said = [
            Said(identity=text, platform="feed", text=text, url="", published_at=work.now)
            for text in texts
        ]
        await watching.settle_look(work, looked=looked, said=said)


async def mentions(desk: Desk, **given: Any) -> list[dict[str, Any]]:
    answer = await desk.manager.ask(
        "query($f:MentionFilter){mentions(filter:$f,first:20){nodes{id text state sentimentLabel "
        "language version matches{terms monitor{name}}}}}",
        f=given,
    )
    assert answer.errors == []
    return list(answer.data["mentions"]["nodes"])


async def test_a_monitor_is_made_changed_and_answered_as_it_is_read(desk: Desk) -> None:
    made = await a_monitor(desk, alarms={"volume": {"hours": 3}}, opensIncident=True)

    assert made["query"] == {
        "all": [],
        "any": ["phare"],
        "none": [],
        "hashtags": [],
        "handles": [],
        "languages": ["fr"],
    }
    assert made["sources"] == [
        {
            "kind": "FEED",
            "url": "https://news.example/feed",
            "problem": "",
            "lastCheckedAt": None,
        }
    ]
    assert made["volumeAlarm"] == {
        "hours": 3,
        "atLeast": 5,
        "sensitivity": "NORMAL",
        "cooldownHours": 12,
    }
    assert made["sentimentAlarm"] is None
    assert made["availableActions"] == ["MONITOR_UPDATE"]

    changed = await desk.manager.do(
        "monitorUpdate",
        MONITOR,
        id=made["id"],
        enabled=False,
        feeds=["https://other.example/feed"],
        expectedVersion=1,
    )

    monitor = changed.payload["monitor"]
    assert (monitor["enabled"], monitor["version"], monitor["name"]) == (False, 2, "Le phare")
    assert [one["url"] for one in monitor["sources"]] == ["https://other.example/feed"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"query": {}}, {"code": "INVALID", "path": ["input", "query"]}),
        ({"query": {"any": ["le"]}}, {"code": "INVALID", "path": ["input", "query", "any", "0"]}),
        ({"feeds": []}, {"code": "INVALID", "path": ["input", "feeds"]}),
        (
            {"feeds": ["file:///etc/passwd"]},
            {"code": "INVALID", "path": ["input", "feeds", "0"]},
        ),
        (
            {"feeds": ["https://ada:secret@news.example/"]},
            {"code": "INVALID", "path": ["input", "feeds", "0"]},
        ),
        (
            {"channelIds": [gid("Channel", new_id())]},
            {"code": "NOT_FOUND", "path": ["input", "channelIds", "0"]},
        ),
        (
            {"alarms": {"volume": {"hours": 100}}},
            {"code": "INVALID", "path": ["input", "alarms", "volume", "hours"]},
        ),
    ],
)
async def test_a_monitor_that_cannot_be_is_refused_and_nothing_is_made(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    answer = await desk.manager.do(
        "monitorCreate",
        MONITOR,
        **{
            "brandId": desk.brand,
            "name": "M",
            "query": {"any": ["phare"]},
            "feeds": ["https://news.example/feed"],
            **given,
        },
    )

    assert answer.refusal == error
    assert (await desk.manager.ask("{monitors{totalCount}}")).data["monitors"]["totalCount"] == 0


async def test_a_channel_that_cannot_be_searched_is_no_source(desk: Desk) -> None:
    feed = await a_channel(desk.world, platform_key="feed")
    answer = await desk.manager.do(
        "monitorCreate",
        MONITOR,
        brandId=desk.brand,
        name="M",
        query={"any": ["phare"]},
        channelIds=[gid("Channel", feed)],
    )

    assert answer.refusal == {"code": "UNSUPPORTED", "path": ["input", "channelIds", "0"]}


async def test_a_query_is_tried_before_a_monitor_is_made(desk: Desk) -> None:
    await a_monitor(desk)
    await find(desk, "Le phare est fermé depuis hier")
    ask = (
        'query($q:MonitorQueryInput!){monitorTest(query:$q,texts:["Un phare","rien"],'
        "lastMentions:5){text found terms mentionId}}"
    )

    tried = await desk.manager.ask(ask, q={"any": ["phare"]})
    refused = await desk.manager.ask(ask, q={"any": ["et"]})

    (mention,) = await mentions(desk)
    assert tried.data["monitorTest"] == [
        {"text": "Un phare", "found": True, "terms": ["phare"], "mentionId": None},
        {"text": "rien", "found": False, "terms": [], "mentionId": None},
        {
            "text": "Le phare est fermé depuis hier",
            "found": True,
            "terms": ["phare"],
            "mentionId": mention["id"],
        },
    ]
    assert refused.codes == ["INVALID"]


async def test_mentions_are_found_by_what_they_say_counted_and_dealt_with(desk: Desk) -> None:
    monitor = await a_monitor(desk)
    await find(
        desk,
        "Le phare est magnifique, merci beaucoup à toute l'équipe !",
        "Je déteste ce phare, quelle honte, c'est horrible",
        "Le boulanger est ouvert demain matin",
    )

    found = {one["text"][:8]: one for one in await mentions(desk, monitorIn=[monitor["id"]])}
    assert {text: one["sentimentLabel"] for text, one in found.items()} == {
        "Le phare": "POSITIVE",
        "Je détes": "NEGATIVE",
    }
    bad = found["Je détes"]
    assert (bad["sentimentLabel"], bad["language"]) == ("NEGATIVE", "fr")
    assert bad["matches"] == [{"terms": ["phare"], "monitor": {"name": "Le phare"}}]
    assert [one["id"] for one in await mentions(desk, search="honte")] == [bad["id"]]
    assert [one["id"] for one in await mentions(desk, sentimentLabelIn=["NEGATIVE"])] == [bad["id"]]

    changed = await desk.editor.do(
        "mentionUpdate",
        "mention{state sentimentLabel version}",
        id=bad["id"],
        state="IGNORED",
        sentimentLabel="NEUTRAL",
        expectedVersion=1,
    )
    assert changed.payload["mention"] == {
        "state": "IGNORED",
        "sentimentLabel": "NEUTRAL",
        "version": 2,
    }
    now = await desk.world.hub.now()
    counted = await desk.manager.ask(
        "query($s:DateTime!,$u:DateTime!,$m:[ID!]){mentionCounts(since:$s,until:$u,monitorIn:$m)"
        "{day total negative neutral positive unrated}}",
        s=(now - timedelta(hours=1)).isoformat(),
        u=(now + timedelta(hours=1)).isoformat(),
        m=[monitor["id"]],
    )
    assert [
        {name: one[name] for name in one if name != "day"} for one in counted.data["mentionCounts"]
    ] == [{"total": 1, "negative": 0, "neutral": 0, "positive": 1, "unrated": 0}]


async def test_a_mention_becomes_a_conversation_once_and_an_article_never(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)
    await a_monitor(desk)
    await find(desk, "Le phare est <beau>", "Le phare, dans le journal")
    post, article = sorted(await mentions(desk), key=lambda one: len(one["text"]))
    remote = {"remote_id": "9", "parent_remote_id": "", "person_remote_id": "p", "extra": {}}
    mention_id = from_global_id(post["id"], "Mention")[1]
    await change(desk.world, Mention, mention_id, channel_id=channel_id, remote=remote)
    wanted = "mention{state availableActions thread{kind state messages{nodes{text html}}}}"

    first = await desk.editor.do("mentionToInbox", wanted, id=post["id"])
    again = await desk.editor.do("mentionToInbox", wanted, id=post["id"])
    refused = await desk.editor.do("mentionToInbox", wanted, id=article["id"])
    viewer = await desk.as_(Role.VIEWER).do("mentionToInbox", wanted, id=post["id"])

    assert first.payload["errors"] == []
    assert first.payload["mention"] == {
        "state": "SEEN",
        "availableActions": ["MENTION_UPDATE"],
        "thread": {
            "kind": "POST",
            "state": "NEW",
            "messages": {
                "nodes": [
                    {"text": "Le phare est <beau>", "html": "<p>Le phare est &lt;beau&gt;</p>"}
                ]
            },
        },
    }
    assert [one["code"] for one in again.payload["errors"]] == ["WRONG_STATE"]
    assert [one["code"] for one in refused.payload["errors"]] == ["UNSUPPORTED"]
    assert [one["code"] for one in viewer.payload["errors"]] == ["FORBIDDEN"]


async def test_a_bad_day_is_met_from_its_opening_to_its_end(desk: Desk) -> None:
    await a_monitor(desk)
    await find(desk, "Je déteste ce phare, quelle honte")
    (mention,) = await mentions(desk)
    channel = await a_channel(desk.world)
    waiting = await a_publication(desk.world, channel_id=channel)

    opened = await desk.editor.do(
        "incidentOpen",
        INCIDENT,
        brandId=desk.brand,
        title="Le phare est en panne",
        severity="MAJOR",
        mentionIds=[mention["id"]],
    )
    incident = opened.payload["incident"]
    assert (incident["state"], incident["severity"]) == ("OPEN", "MAJOR")
    assert incident["mentions"]["nodes"] == [{"text": "Je déteste ce phare, quelle honte"}]
    assert "INCIDENT_STATEMENT_DRAFT" not in incident["availableActions"]

    paused = await desk.approver.do(
        "pauseStart",
        "pause{id running availableActions publications(first:5){nodes{id}}} inFlight{id}",
        scope="BRAND",
        subjectId=desk.brand,
        reason="Le phare est en panne",
        incidentId=incident["id"],
    )
    pause = paused.payload["pause"]
    assert pause["availableActions"] == ["PAUSE_END"]
    assert pause["publications"]["nodes"] == [{"id": gid("Publication", waiting.id)}]
    assert paused.payload["inFlight"] == []

    for locale, text in (("fr", "Nous cherchons la panne."), ("en", "We are looking into it.")):
        await desk.editor.do(
            "incidentStatementSet", INCIDENT, id=incident["id"], locale=locale, text=text
        )
    drafted = await desk.editor.do(
        "incidentStatementDraft",
        f"{INCIDENT} contentItem{{title locale currentRevision{{parts{{text}}}}}}",
        id=incident["id"],
        locale="fr",
    )
    again = await desk.editor.do("incidentStatementDraft", INCIDENT, id=incident["id"], locale="fr")
    assert drafted.payload["contentItem"] == {
        "title": "Le phare est en panne",
        "locale": "fr",
        "currentRevision": {"parts": [{"text": "Nous cherchons la panne."}]},
    }
    assert again.refusal["code"] == "WRONG_STATE"

    ended = await desk.approver.do(
        "pauseEnd",
        "pause{running outcomes{publication{id state} decision code message}}",
        id=pause["id"],
        decisions=[{"publicationId": gid("Publication", waiting.id), "decision": "CANCEL"}],
    )
    assert ended.payload["pause"] == {
        "running": False,
        "outcomes": [
            {
                "publication": {"id": gid("Publication", waiting.id), "state": "CANCELLED"},
                "decision": "CANCEL",
                "code": "",
                "message": "",
            }
        ],
    }
    await desk.editor.do("incidentNote", INCIDENT, id=incident["id"], text="Réparé à 15 h.")
    closed = await desk.editor.do("incidentUpdate", INCIDENT, id=incident["id"], state="RESOLVED")

    told = closed.payload["incident"]
    assert told["resolvedAt"] is not None
    assert [(one["kind"], one["text"]) for one in told["timeline"]["nodes"]] == [
        ("OPENED", "Le phare est en panne"),
        ("MENTIONS", "A mention was added."),
        ("PAUSED", "Le phare est en panne"),
        ("STATEMENT", "fr: Nous cherchons la panne."),
        ("STATEMENT", "en: We are looking into it."),
        ("STATEMENT", "fr: a draft was made."),
        ("RESUMED", "0 released, 0 still held, 1 cancelled"),
        ("NOTE", "Réparé à 15 h."),
        ("CHANGED", "state RESOLVED"),
    ]
    assert told["pauses"]["nodes"] == [
        {"scope": "BRAND", "reason": "Le phare est en panne", "running": False}
    ]


async def test_who_may_not_pause_is_told_so_and_nothing_stops(desk: Desk) -> None:
    answer = await desk.editor.do("pauseStart", "pause{id}", scope="WORKSPACE", reason="x")

    assert answer.refusal == {"code": "FORBIDDEN", "path": []}
    assert (await desk.manager.ask("{pauses{totalCount}}")).data["pauses"]["totalCount"] == 0


async def test_another_workspaces_incident_is_one_nobody_knows(desk: Desk, stranger: Desk) -> None:
    opened = await stranger.manager.do("incidentOpen", INCIDENT, brandId=stranger.brand, title="T")
    for id_ in (opened.payload["incident"]["id"], gid("Incident", new_id())):
        answer = await desk.manager.do(
            "pauseStart", "pause{id}", scope="WORKSPACE", reason="x", incidentId=id_
        )
        assert answer.refusal == {"code": "NOT_FOUND", "path": ["input", "incidentId"]}


async def test_a_viewer_reads_and_changes_nothing(desk: Desk) -> None:
    made = await a_monitor(desk)
    viewer = desk.as_(Role.VIEWER)

    assert (await viewer.ask("{monitors{nodes{name}}}")).data["monitors"]["nodes"] == [
        {"name": "Le phare"}
    ]
    refused = await viewer.do("monitorUpdate", MONITOR, id=made["id"], enabled=False)
    assert refused.refusal == {"code": "FORBIDDEN", "path": []}
