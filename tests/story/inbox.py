"""The inbox: what people write on every channel, who takes care of it, and how soon."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.story.stage import Company, Story

WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")
FIVE = datetime(2030, 3, 6, 16, tzinfo=UTC)
THREADS = """id kind state priority tags overdue firstReplyDueAt channel{name}
  person{id name handle} messages(first:9){nodes{id text language sentimentLabel direction}}"""


async def play(story: Story) -> None:
    """Tell how people are answered."""
    await _promise(story.atelier)
    await _they_write(story)
    await _somebody_takes_it(story)
    await _answers(story)
    await _likes_and_hides(story)
    await _too_late(story)
    await _one_human_being(story)


async def _promise(atelier: Company) -> None:
    target = await atelier.manager.do(
        "serviceTargetSet",
        "serviceTarget{firstReplyMinutes{priority minutes}}",
        brandId=atelier.kept["brand"],
        timeZone="Europe/Paris",
        firstReplyMinutes=[
            {"priority": "NORMAL", "minutes": 240},
            {"priority": "URGENT", "minutes": 30},
        ],
        hours=[{"weekday": day, "opensAt": "09:00", "closesAt": "17:30"} for day in WEEK],
        holidays=["2030-03-07"],
    )
    assert len(target["firstReplyMinutes"]) == 2
    # What an inbox holds before the first look is nobody's case.


async def _they_write(story: Story) -> None:
    """At five in the afternoon: half an hour of work is left, and tomorrow is a holiday."""
    town, posts = story.town, story.atelier.kept["posts"]
    await town.at(FIVE)
    ada, bob = await town.visitor("ada"), await town.visitor("bob")
    await ada.answer(posts["Réseau"], "C'est génial, merci beaucoup ! 😍")
    await bob.answer(posts["Réseau"], "Vous êtes nuls, je suis très déçu.")
    await town.answered("wordpress", "carole", posts["Blog"], "Peut-on venir avec deux vélos ?")
    await town.answered("misago", "denis", posts["Forum"], "Et les trottinettes ?")
    await ada.say("@ourmastodon Je peux vous parler en privé ?", visibility="direct")
    await bob.say("J'ai vu @ourmastodon au marché, très décevant.")
    await town.later(minutes=2)
    for known in story.atelier.kept["publications"].values():
        await story.atelier.editor.do("publicationCollect", "publication{id}", id=known)
    await town.settle()


async def threads(company: Company, **given: Any) -> dict[str, Any]:
    """Return the conversations in which somebody spoke, by what kind they are and where."""
    found = await company.editor.ask(
        f"query($f:ThreadFilter){{threads(first:50,filter:$f){{nodes{{{THREADS}}}}}}}", f=given
    )
    spoken = [one for one in found["nodes"] if one["messages"]["nodes"]]
    return {f"{one['kind']} {one['channel']['name']}": one for one in spoken}


async def _somebody_takes_it(story: Story) -> None:
    atelier = story.atelier
    found = await threads(atelier)
    assert {
        where: [one["text"] for one in thread["messages"]["nodes"]]
        for where, thread in found.items()
    } == {
        "COMMENTS Réseau": [
            "C'est génial, merci beaucoup ! 😍",
            "Vous êtes nuls, je suis très déçu.",
        ],
        "COMMENTS Blog": ["Peut-on venir avec deux vélos ?"],
        "COMMENTS Forum": ["Et les trottinettes ?"],
        "DIRECT Réseau": ["@ourmastodon Je peux vous parler en privé ?"],
        "POST Réseau": ["J'ai vu @ourmastodon au marché, très décevant."],
    }
    comments = found["COMMENTS Réseau"]
    assert [(one["language"], one["sentimentLabel"]) for one in comments["messages"]["nodes"]] == [
        ("fr", "POSITIVE"),
        ("fr", "NEGATIVE"),
    ]
    # Half an hour was left on Wednesday, Thursday is a holiday: half past twelve on Friday.
    assert {thread["firstReplyDueAt"][:16] for thread in found.values()} == {"2030-03-08T11:30"}
    assert {thread["state"] for thread in found.values()} == {"NEW"}
    counts = await atelier.editor.ask(
        "{inboxCounts{new open waiting done mine unassigned overdue}}"
    )
    assert counts == {
        "new": 5,
        "open": 0,
        "waiting": 0,
        # Under the film nobody has said anything.
        "done": 1,
        "mine": 0,
        "unassigned": 5,
        "overdue": 0,
    }
    taken = await atelier.editor.do(
        "threadAssign",
        "thread{state assignee{name}}",
        id=comments["id"],
        assigneeId=atelier.editor.id,
    )
    assert taken == {"state": "OPEN", "assignee": {"name": "Editor of atelier"}}
    changed = await atelier.editor.do(
        "threadUpdate",
        "thread{priority tags firstReplyDueAt}",
        id=comments["id"],
        priority="URGENT",
        tags=["Vélo", "vélo"],
    )
    assert changed["firstReplyDueAt"][:16] == "2030-03-08T08:00"
    assert (changed["priority"], changed["tags"]) == ("URGENT", ["vélo"])
    await atelier.editor.do(
        "threadNoteAdd", "note{id}", threadId=comments["id"], text="Bob est un client fidèle."
    )
    noted = await atelier.viewer.node(comments["id"], "Thread", "notes{nodes{text author{name}}}")
    assert noted["notes"]["nodes"] == [
        {"text": "Bob est un client fidèle.", "author": {"name": "Editor of atelier"}}
    ]
    assert list(await threads(atelier, mine=True, tag="vélo")) == ["COMMENTS Réseau"]
    assert await story.lighthouse.admin.unseen(comments["id"])
    theirs = await story.lighthouse.admin.page("threads", "channel{name}")
    assert {one["channel"]["name"] for one in theirs} == {"Network"}


async def _answers(story: Story) -> None:
    """Answers are publications: sent once, in private where the question was private."""
    atelier, town = story.atelier, story.town
    found = await threads(atelier)
    saved = await atelier.manager.do(
        "savedReplyCreate",
        "savedReply{id}",
        brandId=atelier.kept["brand"],
        locale="fr",
        name="Merci",
        text="Merci {person}, à samedi chez {brand} !",
    )
    ada = found["COMMENTS Réseau"]["messages"]["nodes"][0]
    words = await atelier.editor.ask(
        "query($r:ID!,$m:ID!){savedReplyRender(id:$r,messageId:$m){text problems{code}}}",
        r=saved["id"],
        m=ada["id"],
    )
    assert words == {"text": "Merci Ada, à samedi chez L'Atelier !", "problems": []}
    refused = await atelier.editor.refused(
        "messageReply", messageId=ada["id"], text="C'est pas cher."
    )
    assert refused == ("INVALID", "text")
    assert await atelier.viewer.refused("messageReply", messageId=ada["id"], text="Moi") == (
        "FORBIDDEN",
        "",
    )
    before = {place: len(await town.posts(place)) for place in ("mastodon", "wordpress", "misago")}
    for where, text, reply in (
        ("COMMENTS Réseau", words["text"], saved["id"]),
        ("DIRECT Réseau", "Bien sûr, écris-nous ici.", None),
        ("COMMENTS Blog", "Oui, avec deux vélos.", None),
        ("COMMENTS Forum", "Les trottinettes aussi.", None),
    ):
        message = found[where]["messages"]["nodes"][0]["id"]
        given = {"savedReplyId": reply} if reply else {}
        await atelier.editor.do(
            "messageReply", "publication{id state}", messageId=message, text=text, **given
        )
    await town.settle()
    sent = {place: (await town.posts(place))[number:] for place, number in before.items()}
    assert {one["text"]: one["visibility"] for one in sent["mastodon"]} == {
        "Merci Ada, à samedi chez L'Atelier !": "public",
        "@ada Bien sûr, écris-nous ici.": "direct",
    }
    assert [(one["text"], one["in_reply_to_id"]) for one in sent["wordpress"]] == [
        ("Oui, avec deux vélos.", "comments/1")
    ]
    assert [one["text"] for one in sent["misago"]] == ["Les trottinettes aussi."]
    (used,) = await atelier.viewer.page("savedReplies", "usedCount")
    assert used == {"usedCount": 1}
    found = await threads(atelier)
    # Comments stay open for what others say; in private it is their turn.
    assert {where: one["state"] for where, one in found.items()} == {
        "COMMENTS Réseau": "OPEN",
        "COMMENTS Blog": "OPEN",
        "COMMENTS Forum": "OPEN",
        "DIRECT Réseau": "WAITING",
        "POST Réseau": "NEW",
    }


async def _likes_and_hides(story: Story) -> None:
    atelier, town = story.atelier, story.town
    found = await threads(atelier)
    question = found["DIRECT Réseau"]["messages"]["nodes"][0]["id"]
    comment = found["COMMENTS Blog"]["messages"]["nodes"][0]["id"]
    await atelier.editor.do("messageLike", "message{likeUnderWay}", messageId=question)
    await atelier.editor.do("messageHide", "message{underWay}", messageId=comment)
    await town.settle()
    seen = await atelier.viewer.ask(
        "query($i:[ID!]!){nodes(ids:$i){...on Message{liked hidden}}}", i=[question, comment]
    )
    assert seen == [{"liked": True, "hidden": False}, {"liked": False, "hidden": True}]
    (theirs,) = await town.posts("wordpress", "carole")
    assert theirs["status"] == "hold"
    await atelier.editor.do("messageUnhide", "message{underWay}", messageId=comment)
    await town.settle()
    (theirs,) = await town.posts("wordpress", "carole")
    assert theirs["status"] == "approved"


async def _too_late(story: Story) -> None:
    """The mention nobody answered: it is late when its time is over, and told once."""
    atelier, town = story.atelier, story.town
    since = await atelier.admin.last_sequence()
    assert await threads(atelier, overdue=True) == {}
    due = datetime.fromisoformat((await threads(atelier))["POST Réseau"]["firstReplyDueAt"])
    await town.until(due + timedelta(minutes=1))
    assert list(await threads(atelier, overdue=True)) == ["POST Réseau"]
    told = await atelier.admin.happened(after=since)
    assert told.count("thread.target_missed") == 1


async def _one_human_being(story: Story) -> None:
    atelier = story.atelier
    persons = {
        one["handle"]: one["id"] for one in await atelier.viewer.page("persons", "id handle")
    }
    assert persons.keys() == {"ada", "bob", "carole", "denis"}
    linked = await atelier.editor.do(
        "personLink",
        "person{accounts{handle channel{name}} history(first:5){nodes{text channel{name}}}}",
        personId=persons["ada"],
        otherId=persons["carole"],
    )
    assert linked == {
        "accounts": [
            {"handle": "ada", "channel": {"name": "Réseau"}},
            {"handle": "carole", "channel": {"name": "Blog"}},
        ],
        "history": {
            "nodes": [
                {
                    "text": "@ourmastodon Je peux vous parler en privé ?",
                    "channel": {"name": "Réseau"},
                },
                {"text": "C'est génial, merci beaucoup ! 😍", "channel": {"name": "Réseau"}},
                {"text": "Peut-on venir avec deux vélos ?", "channel": {"name": "Blog"}},
            ]
        },
    }
    atelier.kept["persons"] = persons
