"""What people say elsewhere on the network of Bluesky: mentions, and what a monitor finds."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.targets import names
from tests.targets.communities import BlueskyCommunity
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, expect, until
from tests.targets.team import INBOX_PACE, Team, message_in
from tests.targets.town import Play, Town

NOTIFICATIONS = "/xrpc/app.bsky.notification.listNotifications"
ASKED = "When do you open again? We liked the soup very much."
SAID = "Quelle honte, la soupe du marché était vraiment horrible hier soir"
MENTION = """
    id text language sentimentLabel authorHandle state kind
    matches { terms } thread { id kind } availableActions
"""


def _place(town: Town) -> BlueskyCommunity:
    if isinstance(town.place, BlueskyCommunity):
        return town.place
    raise Broken("Only on Bluesky can people be heard elsewhere.")


def mentioned(town: Town) -> None:
    """The hub reads what has reached the account, once, and its answer hangs below the post."""
    place, team = _place(town), town.team
    uri = place.elsewhere(a_text(ASKED), mentioning=True)
    thread = team.heard(place.channel_id, uri)
    message = message_in(thread, uri)
    team.note("message.received", message["id"])
    expect("the state", (thread["state"], message["language"]), ("NEW", "en"))
    expect("who wrote it", message["person"]["handle"], place.stage.reader.handle)
    words, _ = team.answer(message, "en")
    until("others can read the answer", lambda: place.answers_to(uri), lambda seen: seen == [words])
    expect("whose turn it is", team.thread(thread["id"])["state"], "WAITING")
    before = len(place.proxy.seen("GET", NOTIFICATIONS))
    team.clock.reach(team.clock.now() + INBOX_PACE)
    until(
        "all is read again",
        lambda: [call.status for call in place.proxy.seen("GET", NOTIFICATIONS)[before:]],
        any,
    )
    again = team.thread(thread["id"])
    came = [one["direction"] for one in again["messages"]["nodes"]]
    expect("read again", sorted(came), ["INBOUND", "OUTBOUND"])


def found(town: Town) -> str:
    """Two posts that do not name the account: one before the monitor was there, one after."""
    place, team = _place(town), town.team
    word = f"soupe{uuid4().hex[:8]}"
    first = f"{SAID} {word}"
    uri = place.elsewhere(first)
    given = {
        "brandId": team.brand,
        "name": "Soupe",
        "query": {"any": [word]},
        "channelIds": [place.channel_id],
    }
    fields = "monitor { id sources { id dueAt problem } }"
    made = team.do("monitorCreate", given, fields, role="manager")["monitor"]["id"]
    (mention,) = until("it is found", lambda: _mentions(team, made), bool)
    expect("the words", (mention["text"], mention["kind"]), (first, "SEARCH"))
    expect(
        "language and mood", (mention["language"], mention["sentimentLabel"]), ("fr", "NEGATIVE")
    )
    expect("who said it", mention["authorHandle"], place.stage.reader.handle)
    expect("why", [one["terms"] for one in mention["matches"]], [[word]])

    place.elsewhere(f"Merci beaucoup, {word} était délicieuse et le service charmant")
    (source,) = team.read("Monitor", made, "sources { dueAt problem }")["sources"]
    expect("what is wrong", source["problem"], "")
    team.clock.reach(datetime.fromisoformat(source["dueAt"]))
    both = until("the next is found", lambda: _mentions(team, made), lambda seen: len(seen) > 1)
    expect("the moods", [one["sentimentLabel"] for one in both], ["POSITIVE", "NEGATIVE"])

    brought = team.do("mentionToInbox", {"id": mention["id"]}, f"mention {{ {MENTION} }}")
    thread = team.thread(brought["mention"]["thread"]["id"])
    message = message_in(thread, uri)
    expect("the conversation", (thread["kind"], message["text"]), ("POST", first))
    words, _ = team.answer(message, "fr")
    until("others can read the answer", lambda: place.answers_to(uri), lambda seen: seen == [words])
    return f"found by {word}: one before the monitor was made, one after"


def _mentions(team: Team, monitor: str) -> list[Json]:
    document = f"""query Found($filter: MentionFilter) {{
        mentions(first: 3, filter: $filter, orderBy: [PUBLISHED_AT_DESC]) {{
            nodes {{ {MENTION} }}
        }} }}"""
    wanted: dict[str, Any] = {"filter": {"monitorIn": [monitor]}}
    return list(team.ask(document, wanted, role="manager")["mentions"]["nodes"])


PLAYS: dict[str, Play] = {names.MENTIONED: mentioned, names.FOUND: found}
