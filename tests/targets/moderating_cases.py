"""What rules and sanctions do: seen in the hub with its reason, and at the server by strangers."""

import time
from dataclasses import replace

from tests.targets import names
from tests.targets.campaign import Figure, Told
from tests.targets.communities import Approving, MisagoCommunity, WordPressCommunity
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, expect, until
from tests.targets.town import PRAISE, Play, Town, calls, commented, published

NASTY, DISGUISED = "Quelle ARN4QUE, surtout ne payez rien ici !", "ARN4QUE"
OFFER, LURE = "Win big money at our casino tonight, everybody is welcome", "casino"
LINK = "https://shop.example/soup"
LINKED = "Look what I have found for you"
REASON = "Insultes répétées"
FREE = {"MUTE": False, "BLOCK": False}
#: The longest that people may have to read it, in seconds, on two cores that do much else.
HIDDEN_BAR = 30.0


def hides(town: Town) -> Told:
    """The rule is tried first; then only the nasty one disappears, and comes back."""
    place, team = town.place, town.team
    publication = published(town, "Samedi, neuf heures, au marché.", locale="fr")
    kind, _, _ = commented(town, publication, PRAISE)
    old, former, _ = commented(town, publication, NASTY)
    condition: Json = {"kind": "WORDS", "phrases": ["arnaque", "scam*"], "strength": "HARD"}
    actions: tuple[Json, ...] = ({"kind": "HIDE"}, {"kind": "TAG", "tags": ["spam"]})
    trial = team.ask(
        """query Trial($rule: ModerationRuleCreateInput!) { moderationDryRun(rule: $rule) {
            matched samples { messageId spans { text } } warnings } }""",
        {"rule": team.a_rule("Arnaques", condition, *actions)},
        role="editor",
    )["moderationDryRun"]
    sample = {"messageId": former["id"], "spans": [{"text": DISGUISED}]}
    expect("the trial", trial, {"matched": 1, "samples": [sample], "warnings": []})
    team.rule("Arnaques", condition, *actions)

    text = a_text(NASTY)
    remote_id = place.answer(publication, text)
    since = time.monotonic()
    message = team.came(publication["id"], remote_id)
    action = team.acted(message, kind="HIDE", state="DONE")
    until("others find it hidden", lambda: place.is_hidden(publication, message), bool)
    seen = time.monotonic() - since
    team.note("moderation_action.done", action["id"])
    team.note("message.hidden", message["id"])
    expect("what others read", sorted(place.below(publication)), sorted([kind, old]))
    expect("the matched span", action["spans"], [{"text": DISGUISED}])
    expect("the rule", action["ruleName"], "Arnaques")
    expect("whether there is a reason", bool(action["reason"]), wanted=True)
    thread = team.conversation(publication["id"])
    expect("the tags", thread["tags"], ["spam"])
    hidden = [one["remoteId"] for one in thread["messages"]["nodes"] if one["hidden"]]
    expect("what the hub knows to be hidden", hidden, [remote_id])

    team.collect(publication["id"])
    undone = team.do("moderationActionUndo", {"id": action["id"]}, "moderationAction { state }")
    expect("undone", undone["moderationAction"]["state"], "UNDONE")
    team.note("moderation_action.undone", action["id"])
    until("others read it again", lambda: place.below(publication), lambda seen: text in seen)
    until(
        "the hub knows that it is shown",
        lambda: team.again(message)["hidden"],
        lambda found: found is False,
    )
    team.note("message.shown", message["id"])
    expect("what others read", sorted(place.below(publication)), sorted([kind, old, text]))
    return Told(
        remark=f"{action['reason']} “{DISGUISED}”",
        figures=(Figure(name="a nasty comment is hidden", value=seen, bar=HIDDEN_BAR),),
    )


def takes_down(town: Town) -> str:
    """Where the hub may not, the comment stays, and the action says why."""
    place, team = town.place, town.team
    publication = published(town, "What are you doing tonight?")
    team.rule("Lures", {"kind": "WORDS", "phrases": [LURE]}, {"kind": "DELETE"})
    text = a_text(OFFER)
    remote_id = place.answer(publication, text)
    message = team.came(publication["id"], remote_id)
    state = "DONE" if place.takes_down else "FAILED"
    action = team.acted(message, kind="DELETE", state=state)
    team.note(f"moderation_action.{state.lower()}", action["id"])
    expect("the matched span", action["spans"], [{"text": LURE}])
    expect("whether it is gone there", place.is_gone(message), wanted=place.takes_down)
    expect("what others read", place.below(publication), [] if place.takes_down else [text])
    kept = team.again(message)
    expect("whether the hub knows", kept["deletedAt"] is not None, wanted=place.takes_down)
    if place.takes_down:
        team.note("message.deleted", message["id"])
    return str(action["problem"] or "taken down")


def holds(town: Town) -> str:
    """At the platform nothing happens; in the hub it waits, urgently, for one person."""
    place, team = town.place, town.team
    publication = published(town, "Soup of the day?")
    team.rule(
        "Links",
        {"kind": "LINKS", "atLeast": 1},
        {"kind": "HOLD"},
        {"kind": "PRIORITY", "priority": "URGENT"},
        {"kind": "ASSIGN", "assigneeId": team.manager},
        {"kind": "NOTIFY"},
    )
    before = calls(town)
    text = a_text(LINKED)
    message = team.came(publication["id"], place.lead(publication, text, LINK))
    (waiting,) = team.threads(publicationIn=[publication["id"]], held=True)
    expect(
        "how it waits", (waiting["priority"], waiting["assignee"]), ("URGENT", {"id": team.manager})
    )
    action = team.acted(message, kind="HOLD", state="DONE")
    expect("the matched span", action["spans"], [{"text": text}])
    team.note("message.flagged", message["id"])
    team.note("message.held", message["id"])
    team.do("messageRelease", {"messageId": message["id"]}, "message { held }")
    team.note("message.released", message["id"])
    expect("what waits", team.threads(publicationIn=[publication["id"]], held=True), [])
    expect("calls that change something", calls(town) - before, 0)
    expect("what others read", place.below(publication), [text])
    return str(action["reason"])


def waits(town: Town) -> None:
    """Nobody else reads it before somebody at the hub has let it through."""
    place, team = approving(town), town.team
    with place.holding() as there:
        publication = published(replace(town, place=there), "What do you think of it?")
        text, message, _ = commented(replace(town, place=there), publication, PRAISE)
    expect("whether it is hidden", message["hidden"], wanted=True)
    expect("what is offered", "MESSAGE_UNHIDE" in message["availableActions"], wanted=True)
    expect("what others read", there.below(publication), [])
    team.hide(message["id"], hidden=False)
    until("others read it", lambda: there.below(publication), lambda seen: seen == [text])
    until(
        "the hub knows that it is shown",
        lambda: team.again(message)["hidden"],
        lambda found: found is False,
    )
    team.note("message.shown", message["id"])


def approving(town: Town) -> Approving:
    """Return the place of a town where comments may have to wait."""
    if isinstance(town.place, WordPressCommunity | MisagoCommunity):
        return town.place
    raise Broken("Nothing waits for approval here.")


def sanctioned(town: Town) -> str:
    """Seen from both sides at the server; in the hub what a muted person writes waits, too."""
    publication = published(town, "Everybody is welcome.")
    _, message, _ = commented(town, publication, PRAISE)
    for kind in ("MUTE", "BLOCK"):
        _sanctioned(town, publication, message, kind)
    _, after, _ = commented(town, publication, PRAISE)
    expect("whether a comment afterwards waits", after["held"], wanted=False)
    return "muted and blocked there" if town.place.sanctions else "in the hub only"


def _sanctioned(town: Town, publication: Json, message: Json, kind: str) -> None:
    place, team = town.place, town.team
    before = calls(town)
    sanction = team.sanction(message, kind, reason=REASON)
    expect("where it holds", sanction["place"], "PLATFORM" if place.sanctions else "HUB")
    there = {**FREE, kind: place.sanctions}
    until("the server knows", place.restricted, lambda seen: seen == there)
    if not place.sanctions:
        expect("calls that change something", calls(town) - before, 0)
    if kind == "MUTE":
        _, further, _ = commented(town, publication, PRAISE)
        expect("whether a further comment waits", further["held"], wanted=True)
        (action,) = further["moderationActions"]["nodes"]
        expect("why", REASON in action["reason"], wanted=True)
    team.lift(sanction, reason="Excuses acceptées")
    until("the server has let go", place.restricted, lambda seen: seen == FREE)


PLAYS: dict[str, Play] = {
    names.HIDES: hides,
    names.TAKES_DOWN: takes_down,
    names.HOLDS: holds,
    names.SANCTIONED: sanctioned,
}
#: Where people's comments may have to wait for approval.
APPROVING_PLAYS: dict[str, Play] = {names.WAITS: waits}
