"""What a team does for its community: written once, and played where people really comment."""

import time
from datetime import datetime

from tests.targets import names
from tests.targets.campaign import Figure, Told
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, Text, expect, until
from tests.targets.team import FIRST, SECOND
from tests.targets.town import PRAISE, Play, Town, calls, commented, published, refused
from tests.videos import an_mp4

COMPLAINT = "Je suis très déçue, la soupe était froide et le service était trop lent."
FILM_ALT = "Fog over the harbour"
#: The longest that people may have to wait, in seconds, on two cores that do much else.
INBOX_BAR, ANSWER_BAR = 30.0, 30.0


def moved_in(town: Town) -> str:
    """The channel is ready, and offers what the platform can do with answers and with people."""
    town.team.move_in()
    channel = town.place.connect()
    expect("the state", (channel["state"], channel["stateMessage"]), ("READY", ""))
    can = set(channel["capabilities"])
    place = town.place
    offered = {
        "LIKE": place.likes,
        "DELETE_MESSAGES": place.takes_down,
        "MUTE": place.sanctions,
        "BLOCK": place.sanctions,
        "HIDE": True,
        "REPLY": True,
    }
    expect("what is offered", {one: one in can for one in offered}, offered)
    return f"may {', '.join(sorted(name for name, on in offered.items() if on))}"


def two_steps(town: Town) -> str:
    """Nothing goes out after one approval, nor while the remark is open, nor the former words."""
    place, team = town.place, town.team
    rash = Text(title=a_text("Rash title."), parts=[a_text("Salut les gens,")], locale="fr")
    item = team.written(rash)
    review = team.submitted(item, [place.channel_id])
    remark = team.do(
        "reviewRemarkAdd",
        {
            "contentItemId": item,
            "field": "parts.0.text",
            "start": 6,
            "end": 14,
            "blocking": True,
            "text": "Plus poli, merci.",
        },
        "remark { id anchor { quote outdated } }",
        role="approver",
    )["remark"]
    expect("the remark is on", remark["anchor"], {"quote": "les gens", "outdated": False})
    expect("approving it", refused(lambda: team.decide(review)).codes, ["REMARKS_OPEN"])
    team.decide(review, verdict="REQUEST_CHANGES")
    text = Text(title=rash.title, parts=[a_text("Bonjour à tous,")], locale="fr")
    team.revised(item, text)
    read = "remarks(first: 5) { nodes { anchor { quote outdated } resolvedAt } }"
    (kept,) = team.read("ContentItem", item, read)["remarks"]["nodes"]
    expect("the remark now", kept["anchor"], {"quote": "les gens", "outdated": True})
    team.do("reviewRemarkResolve", {"id": remark["id"]}, "remark { resolvedAt }")
    second = team.decide(team.submitted(item, [place.channel_id]))
    expect("the open step", second["openStep"]["name"], SECOND)
    before = calls(town)
    early = refused(lambda: team.schedule(item, place.channel_id))
    expect("publishing after one step", early.codes, ["NOT_APPROVED"])
    expect("calls that change something", calls(town) - before, 0)
    expect("the end", team.decide(second, role="manager")["state"], "APPROVED")
    publication = team.settled(team.schedule(item, place.channel_id))
    expect("how often it is out", len(place.found(text.parts[0])), 1)
    expect("the former words", place.found(rash.parts[0]), [])
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    return f"{FIRST}, then {SECOND}; the remark was on “{remark['anchor']['quote']}”"


def answered(town: Town) -> Told:
    """One comment in English, one in French; who wrote it, and strangers, read the answer."""
    place, team = town.place, town.team
    publication = published(town, "The new menu is out.")
    praise, good, _ = commented(town, publication, PRAISE)
    complaint, bad, took = commented(town, publication, COMPLAINT)
    read = {
        one["id"]: (one["language"], one["sentimentLabel"])
        for one in team.conversation(publication["id"])["messages"]["nodes"]
    }
    wanted = {good["id"]: ("en", "POSITIVE"), bad["id"]: ("fr", "NEGATIVE")}
    expect("language and mood", read, wanted)

    (thread,) = team.threads(publicationIn=[publication["id"]], stateIn=["NEW"], unassigned=True)
    expect("when it must be answered", thread["firstReplyDueAt"] is not None, wanted=True)
    taken = {"id": thread["id"], "assigneeId": team.manager}
    team.do("threadAssign", taken, "thread { id }")
    team.note("thread.assigned", thread["id"])
    (mine,) = team.threads(publicationIn=[publication["id"]], stateIn=["OPEN"])
    expect("whose it is", mine["assignee"], {"id": team.manager})

    since = time.monotonic()
    words, sent = team.answer(bad, "fr")
    until(
        "others can read the answer", lambda: place.below(publication), lambda all_: words in all_
    )
    seen = time.monotonic() - since
    expect("what others read", sorted(place.below(publication)), sorted([praise, complaint, words]))
    expect("whom it speaks to", bad["person"]["name"] in words, wanted=True)
    thread = until(
        "the answer is in the conversation",
        lambda: team.thread(thread["id"]),
        lambda found: len(found["messages"]["nodes"]) == 3,
    )
    (own,) = [one for one in thread["messages"]["nodes"] if one["direction"] == "OUTBOUND"]
    expect("the answer", (own["text"], own["remoteId"]), (words, sent["remoteId"]))
    expect("answered in time", (bool(thread["firstRepliedAt"]), thread["overdue"]), (True, False))
    saved = team.read("SavedReply", team.replies["fr"], "usedCount")
    expect("how often the words were used", saved, {"usedCount": 1})
    team.do("threadUpdate", {"id": thread["id"], "state": "DONE"}, "thread { id }")
    commented(town, publication, PRAISE)
    expect("a further comment opens it", team.thread(thread["id"])["state"], "OPEN")
    return Told(
        figures=(
            Figure(name="a comment is in the inbox", value=took, bar=INBOX_BAR),
            Figure(name="an answer is read by strangers", value=seen, bar=ANSWER_BAR),
        )
    )


def overdue(town: Town) -> str:
    """What is made urgent has a nearer deadline; when that has passed, the conversation says so."""
    team = town.team
    publication = published(town, "Ask us anything.")
    commented(town, publication, "Is there anybody who can help me, please?")
    thread = team.conversation(publication["id"])
    usual = thread["firstReplyDueAt"]
    team.do("threadUpdate", {"id": thread["id"], "priority": "URGENT"}, "thread { id }")
    urgent = team.thread(thread["id"])
    expect("the deadline is nearer", urgent["firstReplyDueAt"] < usual, wanted=True)
    expect("overdue already", urgent["overdue"], wanted=False)
    team.clock.reach(datetime.fromisoformat(urgent["firstReplyDueAt"]))
    until("it is overdue", lambda: team.thread(thread["id"])["overdue"], bool)
    team.note("thread.target_missed", thread["id"])
    (late,) = team.threads(publicationIn=[publication["id"]], overdue=True)
    expect("which one", late["id"], thread["id"])
    return "URGENT: due sooner, overdue once the hub's clock had passed it"


def liked(town: Town) -> str:
    """The like is seen at the server and taken back; elsewhere it is not offered, nor asked for."""
    place, team = town.place, town.team
    publication = published(town, "Do you like it?")
    _, message, _ = commented(town, publication, PRAISE)
    given = {"messageId": message["id"]}
    if not place.likes:
        before = calls(town)
        vain = refused(lambda: team.do("messageLike", given, "message { id }"))
        expect("the codes", vain.codes, ["UNSUPPORTED"])
        expect("whether it is offered", "MESSAGE_LIKE" in message["availableActions"], wanted=False)
        expect("calls that change something", calls(town) - before, 0)
        return "there are no likes: UNSUPPORTED"
    for wish, wanted in (("messageLike", True), ("messageUnlike", False)):
        team.do(wish, given, "message { id }")
        _is_liked(town, publication, message, wanted=wanted)
        team.note("message.liked" if wanted else "message.unliked", message["id"])
    return f"liked by {place.handle}, and not any more"


def _is_liked(town: Town, publication: Json, message: Json, *, wanted: bool) -> None:
    """Wait until others, and the hub, see that an answer is liked, or is not."""
    place, team = town.place, town.team
    who = [place.handle] if wanted else []
    until("others see it", lambda: place.likers(publication, message), lambda seen: seen == who)
    until(
        "the hub knows that it is done",
        lambda: team.again(message),
        lambda found: (found["liked"], found["likeUnderWay"]) == (wanted, False),
    )


def film(town: Town) -> str:
    """Its bytes arrive as they were, with what it shows; elsewhere it is refused at once."""
    place, team = town.place, town.team
    data = an_mp4()
    shown = team.film(data, alt=FILM_ALT)
    text = Text(title=a_text("A film."), parts=[a_text("Fog.")], pictures=[shown])
    if not place.films:
        before = calls(town)
        item = team.written(text)
        vain = refused(lambda: team.submitted(item, [place.channel_id]))
        expect("the codes", vain.codes, ["INVALID"])
        expect("calls that change something", calls(town) - before, 0)
        return vain.messages[0]
    seen = place.shown_film(team.published(text, place.channel_id))
    if seen is None:
        raise Broken("There is no video.")
    expect("what others get", (seen.mime, seen.alt, seen.data), ("video/mp4", FILM_ALT, data))
    return f"{len(data)} bytes, as they were"


PLAYS: dict[str, Play] = {
    names.MOVED_IN: moved_in,
    names.TWO_STEPS: two_steps,
    names.ANSWERED: answered,
    names.OVERDUE: overdue,
    names.LIKED: liked,
    names.FILM: film,
}
