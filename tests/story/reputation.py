"""Reputation: what is said elsewhere, a burst of it, and a bad day that is met and ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.story.publishing import publications, publish
from tests.story.stage import Company, Story

SATURDAY = datetime(2030, 3, 9, 15, tzinfo=UTC)
#: When a contest closes, and what was put off goes out.
SUNDAY = datetime(2030, 3, 10, 17, tzinfo=UTC)
INCIDENT = """id state severity owner{name} monitor{name} statements{locale text}
  timeline(first:20){nodes{kind}}"""
BAD = "L'atelier m'a rendu mon vélo cassé, c'est une honte, je suis furieux."
GOOD = "L'atelier a réparé mon vélo, merci, c'est super."


async def listen(story: Story) -> None:
    """Begin to listen: to the press, and to what is found at the network."""
    atelier, town = story.atelier, story.town
    town.site.publish("presse", [])
    tried = await atelier.editor.ask(
        """{monitorTest(query:{any:["atelier"] none:["atelier d'écriture"]},
             texts:["À L'ATELIER !","Un atelier d'écriture","Rien"]){found terms}}"""
    )
    assert [(one["found"], one["terms"]) for one in tried] == [
        (True, ["atelier"]),
        (False, []),
        (False, []),
    ]
    monitor = await atelier.manager.do(
        "monitorCreate",
        "monitor{id sources{kind}}",
        brandId=atelier.kept["brand"],
        name="L'atelier",
        query={
            "any": ["atelier"],
            "none": ["atelier d'écriture"],
            "languages": ["fr", "en"],
        },
        feeds=[f"{town.site.base}/feeds/presse"],
        channelIds=[atelier.kept["mastodon"]],
        alarms={"volume": {"hours": 6}, "sentiment": {"hours": 6}},
        opensIncident=True,
    )
    assert sorted(one["kind"] for one in monitor["sources"]) == ["FEED", "SEARCH"]
    atelier.kept["monitor"] = monitor["id"]
    await town.settle()


async def play(story: Story) -> None:
    """Tell how the brand gets through a bad day."""
    await _what_is_said(story)
    await _the_burst(story)
    await _a_mention_joins_the_inbox(story)
    await _the_pause(story)
    await _its_end(story)


async def _what_is_said(story: Story) -> None:
    """Two articles a day, kept once, with their language and how they sound."""
    atelier, town = story.atelier, story.town
    town.site.publish("presse", _quiet())
    tess = await town.visitor("tess")
    await tess.say("The atelier is not good at all: awful service. 😡")
    await town.until(SATURDAY - timedelta(hours=1))
    found = await _mentions(atelier, kindIn=["FEED"])
    assert len(found) == 10
    assert {(one["language"], one["sentimentLabel"]) for one in found} == {("fr", "POSITIVE")}
    (post,) = await _mentions(atelier, kindIn=["SEARCH"])
    assert (post["language"], post["sentimentLabel"], post["matches"]) == (
        "en",
        "NEGATIVE",
        [{"terms": ["atelier"]}],
    )
    atelier.kept["mention"] = post["id"]
    assert await atelier.viewer.count("alerts") == 0
    assert await story.lighthouse.admin.count("mentions") == 0
    assert await story.lighthouse.admin.unseen(post["id"])


def _quiet() -> list[tuple[datetime, str, str]]:
    return [
        (SATURDAY - timedelta(days=day, hours=hour), f"L'atelier {day}-{hour}", GOOD)
        for day in range(1, 6)
        for hour in (1, 2)
    ]


async def _mentions(atelier: Company, **given: Any) -> list[Any]:
    found = await atelier.viewer.ask(
        """query($f:MentionFilter){mentions(first:100,filter:$f){
             nodes{id text kind language sentimentLabel matches{terms}}}}""",
        f=given,
    )
    return list(found["nodes"])


async def _the_burst(story: Story) -> None:
    atelier, town = story.atelier, story.town
    burst = [
        (SATURDAY + timedelta(minutes=number), f"Scandale à l'atelier {number}", BAD)
        for number in range(20)
    ]
    town.site.publish("presse", [*_quiet(), *burst])
    await town.until(SATURDAY + timedelta(minutes=50))
    alerts = await atelier.viewer.page(
        "alerts", "kind count total expected probability incident{id} baseline{count total}"
    )
    assert [(one["kind"], one["count"], one["total"]) for one in alerts] == [
        ("SENTIMENT", 20, 20),
        ("VOLUME", 20, 20),
    ]
    assert all(one["probability"] < 0.001 for one in alerts)
    assert [
        [(window["count"], window["total"]) for window in one["baseline"]] for one in alerts
    ] == [
        [(1, 11)],
        [(3, 3), (2, 2), (2, 2), (2, 2), (2, 2)],
    ]
    (incident,) = await atelier.viewer.page("incidents", INCIDENT)
    assert {one["incident"]["id"] for one in alerts} == {incident["id"]}
    assert (incident["state"], incident["owner"], incident["monitor"]) == (
        "OPEN",
        None,
        {"name": "L'atelier"},
    )
    atelier.kept["incident"] = incident["id"]
    assert await story.lighthouse.admin.unseen(incident["id"])
    assert await story.lighthouse.admin.count("incidents") == 0


async def _a_mention_joins_the_inbox(story: Story) -> None:
    atelier = story.atelier
    joined = await atelier.editor.do(
        "mentionToInbox",
        "mention{state thread{kind state messages{nodes{text}}}}",
        id=atelier.kept["mention"],
    )
    assert joined == {
        "state": "SEEN",
        "thread": {
            "kind": "POST",
            "state": "NEW",
            "messages": {"nodes": [{"text": "The atelier is not good at all: awful service. 😡"}]},
        },
    }


async def _the_pause(story: Story) -> None:
    """Nothing goes out for the brand, but answers to people; the other company goes on."""
    atelier, lighthouse, town, kept = (
        story.atelier,
        story.lighthouse,
        story.town,
        story.atelier.kept,
    )
    soon = await town.now() + timedelta(hours=2)
    items = {}
    for name in ("first", "second", "third"):
        items[name], _ = await publish(
            story, atelier, "mastodon", text=f"Le {name} texte.", at=soon
        )
    theirs, _ = await publish(story, lighthouse, "bluesky", text="Sunday, at noon.", at=soon)
    owned = await atelier.manager.do(
        "incidentUpdate",
        "incident{owner{name} severity}",
        id=kept["incident"],
        ownerId=atelier.manager.id,
        severity="MAJOR",
    )
    assert owned == {"owner": {"name": "Manager of atelier"}, "severity": "MAJOR"}
    for locale, text in (("fr", "Nous regardons."), ("en", "We are looking into it.")):
        await atelier.manager.do(
            "incidentStatementSet", "incident{id}", id=kept["incident"], locale=locale, text=text
        )
    draft = await atelier.manager.do(
        "incidentStatementDraft",
        "contentItem{id title publications(first:1){nodes{id}}}",
        id=kept["incident"],
        locale="fr",
    )
    assert draft["publications"]["nodes"] == []
    paused = await atelier.approver.do(
        "pauseStart",
        "pause{id publications(first:9){totalCount}} inFlight{id}",
        scope="BRAND",
        subjectId=kept["brand"],
        reason="Un vélo mal réparé",
        incidentId=kept["incident"],
    )
    assert paused["inFlight"] == []
    before = len(await town.posts("mastodon"))
    asked = await _ask_us(story)
    await town.until(soon)
    # An alarm is silent for a while after it has rung.
    assert await atelier.viewer.count("alerts") == 2
    for item in items.values():
        (one,) = await publications(atelier, item)
        assert (one["state"], one["holdReason"], one["sentHash"]) == ("HELD", "PAUSED", None)
    sent = (await town.posts("mastodon"))[before:]
    assert [(one["text"], one["in_reply_to_id"]) for one in sent] == [("Nous regardons.", asked)]
    (one,) = await publications(lighthouse, theirs)
    assert one["state"] == "PUBLISHED"
    kept.update(pause=paused["pause"]["id"], held=items)


async def _ask_us(story: Story) -> str:
    """Let somebody ask below the post, and answer them although the brand is paused."""
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    uma = await town.visitor("uma")
    asked = await uma.answer(kept["posts"]["Réseau"], "Que se passe-t-il ?")
    await atelier.editor.do(
        "publicationCollect", "publication{id}", id=kept["publications"]["Réseau"]
    )
    await town.settle()
    (message,) = (
        await atelier.editor.ask(
            '{messages(first:5,filter:{textContains:"Que se passe"}){nodes{id}}}'
        )
    )["nodes"]
    await atelier.editor.do(
        "messageReply", "publication{id}", messageId=message["id"], text="Nous regardons."
    )
    await town.settle()
    return asked


async def afterwards(story: Story) -> None:
    """Tell what became of the text that was put off: it went out at its new time, once."""
    town, kept = story.town, story.atelier.kept
    sent = [one["text"] for one in (await town.posts("mastodon"))[kept["rescheduled"] :]]
    assert [one for one in sent if "texte" in one] == ["Le first texte.", "Le third texte."]
    (out,) = await publications(story.atelier, kept["held"]["third"])
    assert (out["state"], out["sentHash"]) == ("PUBLISHED", out["approvedHash"])


async def _its_end(story: Story) -> None:
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    held = {
        name: (await publications(atelier, item))[0]["id"] for name, item in kept["held"].items()
    }
    before = len(await town.posts("mastodon"))
    ended = await atelier.approver.do(
        "pauseEnd",
        "pause{running outcomes{publication{id} decision code}}",
        id=kept["pause"],
        decisions=[
            {"publicationId": held["first"], "decision": "RELEASE"},
            {"publicationId": held["second"], "decision": "CANCEL"},
            {"publicationId": held["third"], "decision": "RESCHEDULE", "at": SUNDAY.isoformat()},
        ],
    )
    assert ended["running"] is False
    assert {
        one["publication"]["id"]: (one["decision"], one["code"]) for one in ended["outcomes"]
    } == {
        held["first"]: ("RELEASE", ""),
        held["second"]: ("CANCEL", ""),
        held["third"]: ("RESCHEDULE", ""),
    }
    await town.settle()
    assert [one["text"] for one in (await town.posts("mastodon"))[before:]] == ["Le first texte."]
    kept["rescheduled"] = before
    (cancelled,) = await publications(atelier, kept["held"]["second"])
    assert (cancelled["state"], cancelled["sentHash"]) == ("CANCELLED", None)
    closed = await atelier.manager.do(
        "incidentUpdate", f"incident{{{INCIDENT}}}", id=kept["incident"], state="RESOLVED"
    )
    assert closed["state"] == "RESOLVED"
    assert [one["kind"] for one in closed["timeline"]["nodes"]] == [
        "OPENED",
        "ALERT",
        "ALERT",
        "CHANGED",
        "STATEMENT",
        "STATEMENT",
        "STATEMENT",
        "PAUSED",
        "RESUMED",
        "CHANGED",
    ]
