"""A team that looks after a community: two reviewers in a row, an inbox, rules, and listeners."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Seen, expect, until
from tests.targets.receiver import Inbox, Receiver

#: The two steps of every review of the team.
FIRST, SECOND = "Rédaction", "Juridique"
#: What an endpoint of the team wants to hear.
HEARD = (
    "publication.published",
    "message.*",
    "moderation_action.*",
    "sanction.in_force",
    "sanction.lifted",
    "thread.assigned",
    "thread.target_missed",
)
#: How often the hub reads what has reached an account, and a little more.
INBOX_PACE = timedelta(seconds=62)
#: After so long a look is asked for again.
AGAIN_SECONDS = 10.0
#: How long the first answer to what is usual and what is urgent may take.
NORMAL_MINUTES, URGENT_MINUTES = 240, 1
REPLIES = {
    "fr": "Bonjour {person}, merci de nous le dire. Nous faisons mieux demain.",
    "en": "Hello {person}, thank you. See you soon at our place.",
}
ACTIONS = """moderationActions(first: 5) { nodes {
    id kind state reason problem ruleName spans { text }
} }"""
MESSAGE = f"""
    id remoteId direction text language sentimentLabel hidden held liked likeUnderWay deletedAt
    person {{ id handle name }} availableActions {ACTIONS}
"""
THREAD = f"""
    id kind state priority tags overdue firstReplyDueAt firstRepliedAt assignee {{ id }}
    messages(first: 20) {{ nodes {{ {MESSAGE} }} }}
"""
SANCTION = "id kind place state reason problem availableActions"


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something that was done, of which whoever listens must hear: an event and its subject."""

    event: str
    subject: str


class Team(Newsroom):
    """A brand of its own: its contents are approved by two, its inbox and rules are its own."""

    def __init__(self, *, beside: Newsroom, receiver: Receiver) -> None:
        super().__init__(url=beside.url, tokens=beside.tokens, clock=beside.clock)
        self.receiver = receiver
        self.noted: list[Noted] = []
        self.replies: dict[str, str] = {}
        self.manager = ""
        self._inbox: Inbox | None = None

    @property
    def inbox(self) -> Inbox:
        """Where the team's endpoint delivers; Broken before it is there."""
        if self._inbox is None:
            raise Broken("There is no endpoint: making it failed.")
        return self._inbox

    def move_in(self) -> None:
        """Make two steps of review, promises, words to answer with, and somebody who listens."""
        found = self.ask("{ viewer { member { id } } }", {}, role="manager")
        self.manager = str(found["viewer"]["member"]["id"])
        steps: Sequence[Json] = (
            {"name": FIRST, "roles": ["APPROVER"]},
            {"name": SECOND, "memberIds": [self.manager]},
        )
        self._manage(
            "workflowCreate",
            {"name": uuid4().hex, "brandId": self.brand, "isDefault": True, "steps": steps},
            "workflow { id }",
        )
        minutes = {"NORMAL": NORMAL_MINUTES, "URGENT": URGENT_MINUTES}
        promised = [{"priority": name, "minutes": most} for name, most in minutes.items()]
        self._manage(
            "serviceTargetSet",
            {"brandId": self.brand, "timeZone": "Europe/Paris", "firstReplyMinutes": promised},
            "serviceTarget { id }",
        )
        for locale, text in REPLIES.items():
            given = {"brandId": self.brand, "locale": locale, "name": locale, "text": text}
            made = self._manage("savedReplyCreate", given, "savedReply { id }")
            self.replies[locale] = str(made["savedReply"]["id"])
        self._listen()

    def _listen(self) -> None:
        inbox = self.receiver.inbox(uuid4().hex)
        given = {"url": self.receiver.url(inbox), "events": HEARD}
        inbox.secret = self._manage("endpointCreate", given, "secret endpoint { id }")["secret"]
        self._inbox = inbox

    def note(self, event: str, subject: str) -> None:
        """Remember what was done: an endpoint must have heard of it in the end."""
        self.noted.append(Noted(event=event, subject=subject))

    def approve(self, item: str, channel_ids: Iterable[str]) -> None:
        """Have an item reviewed as it is now, and approved by one and then the other."""
        self.approve_twice(self.submitted(item, channel_ids))

    def approve_twice(self, review: Json) -> None:
        """Let the approver, and then the manager, approve a review."""
        expect("the first step", review["openStep"]["name"], FIRST)
        after = self.decide(review)
        step = after["openStep"] or {}
        expect("the review", (after["state"], step.get("name")), ("IN_REVIEW", SECOND))
        expect("the end", self.decide(after, role="manager")["state"], "APPROVED")

    def settled(self, publication_id: str, *, wanted: str = "PUBLISHED") -> Json:
        """As for every newsroom; what went out, whoever listens must hear of."""
        found = super().settled(publication_id, wanted=wanted)
        if wanted == "PUBLISHED":
            self.note("publication.published", publication_id)
        return found

    def threads(self, **wanted: Any) -> list[Json]:
        """Return the conversations of the inbox that a filter leaves, the newest first."""
        document = f"""query Inbox($filter: ThreadFilter) {{
            threads(first: 5, filter: $filter, orderBy: [LAST_MESSAGE_AT_DESC]) {{
                nodes {{ {THREAD} }}
            }} }}"""
        found = self.ask(document, {"filter": wanted}, role="editor")
        return list(found["threads"]["nodes"])

    def conversation(self, publication_id: str) -> Json:
        """Return the conversation under a publication, or nothing while there is none."""
        return next(iter(self.threads(publicationIn=[publication_id])), {})

    def heard(self, channel_id: str, remote_id: str) -> Json:
        """Return the conversation about somebody else's post, once it is in the inbox."""
        document = """query Heard($channel: ID!) {
            threads(first: 5, filter: { channelIn: [$channel], kindIn: [POST] }) {
                nodes { id messages(first: 3) { nodes { remoteId } } }
            } }"""

        def look() -> str:
            asked = {"channel": channel_id}
            threads = self.ask(document, asked, role="editor")["threads"]["nodes"]
            return next((one["id"] for one in threads if message_in(one, remote_id)), "")

        def later() -> None:
            self.clock.reach(self.clock.now() + INBOX_PACE)

        return self.thread(self._until(look, ask=later))

    def came(self, publication_id: str, remote_id: str) -> Json:
        """Have the hub look for answers, and return the one that must come."""
        found = self._until(
            lambda: self._known(publication_id, remote_id),
            ask=lambda: self.collect(publication_id),
        )
        self.note("message.received", found["id"])
        return self.again(found)

    def _until(self, look: Callable[[], Seen], *, ask: Callable[[], None]) -> Seen:
        """Ask for a look at the server, and again where that was in vain, until there is more.

        A server that is busy may answer with an error, and the hub waits a minute after that.
        """
        asked = float("-inf")

        def seen() -> Seen:
            nonlocal asked
            if time.monotonic() - asked > AGAIN_SECONDS:
                asked = time.monotonic()
                ask()
            return look()

        return until("it is in the inbox", seen, bool)

    def again(self, message: Json) -> Json:
        """Read a message once more."""
        return self.read("Message", message["id"], MESSAGE)

    def _known(self, publication_id: str, remote_id: str) -> Json:
        # Asked again and again: as little as can be.
        document = """query Known($publication: ID!) {
            threads(first: 1, filter: { publicationIn: [$publication] }) {
                nodes { messages(first: 20) { nodes { id remoteId } } }
            } }"""
        found = self.ask(document, {"publication": publication_id}, role="editor")
        return message_in(next(iter(found["threads"]["nodes"]), {}), remote_id)

    def thread(self, thread_id: str) -> Json:
        """Read a conversation."""
        return self.read("Thread", thread_id, THREAD)

    def answer(self, message: Json, locale: str) -> tuple[str, Json]:
        """Answer with the words kept for a language; return them and what went out."""
        document = """query Words($reply: ID!, $message: ID!) {
            savedReplyRender(id: $reply, messageId: $message) { text problems { code } } }"""
        saved = self.replies[locale]
        asked = {"reply": saved, "message": message["id"]}
        words = self.ask(document, asked, role="editor")["savedReplyRender"]
        expect("what is wrong with the words", words["problems"], [])
        text = a_text(words["text"])
        given = {"messageId": message["id"], "text": text, "savedReplyId": saved}
        made = self.do("messageReply", given, "publication { id }")
        self.note("message.replied", message["id"])
        return text, self.settled(made["publication"]["id"])

    def rule(self, name: str, condition: Json, *actions: Json) -> str:
        """Make a rule of the brand for comments and return its id."""
        given = self.a_rule(name, condition, *actions)
        made = self.do("moderationRuleCreate", given, "moderationRule { id }")
        return str(made["moderationRule"]["id"])

    def a_rule(self, name: str, condition: Json, *actions: Json) -> Json:
        """Return what makes a rule of the brand for comments."""
        return {
            "brandId": self.brand,
            "name": name,
            "threadKinds": ["COMMENTS"],
            "conditions": [condition],
            "actions": list(actions),
            "stop": True,
        }

    def acted(self, message: Json, *, kind: str, state: str) -> Json:
        """Return what a rule has done about a message, once it has come to that."""
        action = until(
            f"it is {kind} {state}",
            lambda: _action(self.read("Message", message["id"], ACTIONS), kind),
            lambda found: found.get("state") == state,
        )
        self.note("moderation_action.taken", action["id"])
        return action

    def sanction(self, message: Json, kind: str, *, reason: str) -> Json:
        """Mute or block who wrote a message; return the sanction once it is in force."""
        given = {"personId": message["person"]["id"], "kind": kind, "reason": reason}
        made = self.do("sanctionCreate", given, "sanction { id }")["sanction"]["id"]
        self.note("sanction.in_force", made)
        return self.stands(made, "IN_FORCE")

    def lift(self, sanction: Json, *, reason: str) -> Json:
        """Lift a sanction and return it once it is lifted."""
        self.do("sanctionLift", {"id": sanction["id"], "reason": reason}, "sanction { id }")
        self.note("sanction.lifted", sanction["id"])
        return self.stands(sanction["id"], "LIFTED")

    def stands(self, sanction_id: str, state: str) -> Json:
        """Return a sanction as soon as it is in a state."""
        return until(
            f"the sanction is {state}",
            lambda: self.read("Sanction", sanction_id, SANCTION),
            lambda found: found["state"] == state,
        )

    def _manage(self, name: str, given: Mapping[str, Any], fields: str) -> Json:
        return self.do(name, given, fields, role="manager")


def message_in(thread: Json, remote_id: str) -> Json:
    """Return a message of a conversation, or nothing."""
    nodes = thread["messages"]["nodes"] if thread else []
    return next((dict(one) for one in nodes if one["remoteId"] == remote_id), {})


def _action(message: Json, kind: str) -> Json:
    nodes = message["moderationActions"]["nodes"]
    return next((dict(one) for one in nodes if one["kind"] == kind), {})
