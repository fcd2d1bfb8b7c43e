"""The people at the hub: everything they do goes through the public GraphQL API."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from tests.targets.hub_clock import HubClock

WAIT_SECONDS = 90.0
POLL_SECONDS = 0.2
#: States in which nothing more happens by itself.
RESTING = frozenset({"PUBLISHED", "HELD", "FAILED", "CANCELLED", "EXPIRED", "WITHDRAWN"})
#: States in which the hub will go on by itself when the time has come.
WAITING = frozenset({"SCHEDULED", "UNCONFIRMED"})

PUBLICATION = """
    id state holdReason dueAt url remoteId posts { remoteId url } approvedHash sentHash
    problems { code message } availableActions version
    attempts { number step outcome error message status }
    standing standingAt editedAt
    amendments { kind state problem attempts dueAt hash }
    metrics { metric value }
    thread { messages(first: 50) { nodes {
        id direction text remoteId hidden person { handle } availableActions
    } } }
"""
CHANNEL = """
    id name state stateMessage handle dialect guarantee capabilities rateHeldUntil version
    limits { textMax mediaMax } feedUrls { rss atom json }
"""
REVIEW = "id state openStep { number name } targets { edition { id hash parts { text } } }"

Json = dict[str, Any]
Seen = TypeVar("Seen")


class Broken(Exception):
    """A case did not end as it must; says how."""


class Refused(Broken):
    """The hub refused a mutation with typed errors."""

    def __init__(self, name: str, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"{name} was refused: {errors}")
        self.codes = [str(error["code"]) for error in errors]
        self.messages = [str(error["message"]) for error in errors]


def expect(what: str, found: object, wanted: object) -> None:
    """Raise Broken unless something is exactly as it must be."""
    if found != wanted:
        raise Broken(f"{what}: {found!r} instead of {wanted!r}")


@dataclass(frozen=True, kw_only=True)
class Text:
    """What is written: one part, or several for a thread, and the pictures of the first."""

    parts: Sequence[str]
    title: str = ""
    pictures: Sequence[str] = ()
    summary: str = ""
    tags: Sequence[str] = ()
    link: str = ""
    locale: str = "en"


class Newsroom:
    """A manager, an editor and an approver of one brand, each with a token of their own."""

    def __init__(self, *, url: str, tokens: Mapping[str, str], clock: HubClock) -> None:
        self.url, self.tokens, self.clock = url, tokens, clock
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=20)
        self.brand = str(
            self.do(
                "brandCreate",
                {"slug": f"b-{uuid4().hex[:8]}", "name": "Targets", "locales": ["en", "fr"]},
                "brand { id }",
                role="manager",
            )["brand"]["id"]
        )

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def ask(
        self, query: str, variables: Mapping[str, Any], *, role: str, key: str | None = None
    ) -> Json:
        """Send a document; raises Broken when the request as a whole is refused."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = self._http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )
        said: Json = answer.json()
        if said.get("errors"):
            raise Broken(f"The hub answered {answer.status_code}: {said['errors']}")
        return dict(said["data"])

    def do(
        self,
        name: str,
        given: Mapping[str, Any],
        fields: str,
        *,
        role: str = "editor",
        key: str | None = None,
    ) -> Json:
        """Do one mutation and return its payload; raises Refused with the codes of its errors."""
        kind = f"{name[0].upper()}{name[1:]}Input"
        document = (
            f"mutation Do($input: {kind}!) {{ {name}(input: $input) "
            f"{{ errors {{ code message path }} {fields} }} }}"
        )
        payload: Json = self.ask(document, {"input": given}, role=role, key=key)[name]
        if payload["errors"]:
            raise Refused(name, payload["errors"])
        return payload

    def read(self, kind: str, id_: str, fields: str) -> Json:
        """Read one object as the manager sees it."""
        document = f"query Read($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {fields} }} }} }}"
        return dict(self.ask(document, {"id": id_}, role="manager")["node"])

    def connected(
        self,
        platform: str,
        *,
        name: str,
        settings: Mapping[str, Any],
        credentials: Mapping[str, Any] | None = None,
    ) -> Json:
        """Connect a channel and return it once it was checked, whatever that came to."""
        given = {
            "brandId": self.brand,
            "platform": platform,
            "name": name,
            "settings": settings,
            "credentials": credentials or {},
        }
        made = self.do("channelConnect", given, "channel { id }", role="manager")
        return self.checked(made["channel"]["id"])

    def checked(self, channel_id: str) -> Json:
        """Return a channel once it is no longer being checked."""
        return until(
            f"the channel {channel_id} is checked",
            lambda: self.channel(channel_id),
            lambda channel: channel["state"] != "CHECKING",
        )

    def channel(self, channel_id: str) -> Json:
        """Read a channel."""
        return self.read("Channel", channel_id, CHANNEL)

    def new_credentials(self, channel_id: str, credentials: Mapping[str, Any]) -> Json:
        """Give a channel other credentials; return it once it was checked."""
        given = {"id": channel_id, "credentials": credentials}
        self.do("channelUpdate", given, "channel { id }", role="manager")
        return self.checked(channel_id)

    def picture(self, data: bytes, *, mime: str, alt: str) -> str:
        """Upload a picture and return its id once it can be used."""
        given = {"filename": "picture", "mime": mime, "size": len(data)}
        upload = self.do("assetUploadCreate", given, "upload { id url }")["upload"]
        put = self._http.put(upload["url"], content=data, headers={"Content-Type": mime})
        expect("the answer to the upload", put.is_success, wanted=True)
        described = {"uploadId": upload["id"], "alt": [{"locale": "en", "text": alt}]}
        made = self.do("assetCreate", described, "asset { id }")["asset"]["id"]
        asset = until(
            "the picture is processed",
            lambda: self.read("Asset", made, "id state refusalMessage"),
            lambda found: found["state"] != "PROCESSING",
        )
        expect("the state of the picture", asset["state"], "READY")
        return str(made)

    def film(self, data: bytes, *, alt: str) -> str:
        """Upload a video and return its id once it can be used."""
        return self.picture(data, mime="video/mp4", alt=alt)

    def written(self, text: Text) -> str:
        """Write an item down and return its id."""
        given = {"brandId": self.brand, "locale": text.locale, **_words(text)}
        made = self.do("contentItemCreate", given, "contentItem { id }")
        return str(made["contentItem"]["id"])

    def revised(self, item: str, text: Text) -> None:
        """Write an item anew; nobody has approved that yet."""
        self.do("contentItemUpdate", {"id": item, **_words(text)}, "contentItem { id }")

    def approved(self, text: Text, channel_ids: Iterable[str]) -> str:
        """Write an item, have it reviewed for channels, and return its id when it is approved."""
        item = self.written(text)
        self.approve(item, channel_ids)
        return item

    def approve(self, item: str, channel_ids: Iterable[str]) -> None:
        """Have an item reviewed for channels as it is now, and approved."""
        self.decide(self.submitted(item, channel_ids))

    def submitted(self, item: str, channel_ids: Iterable[str]) -> Json:
        """Submit an item as it is now and return the review once somebody can decide."""
        made = self.do("reviewSubmit", _submission(item, channel_ids), "review { id }")
        return self.prepared(made["review"]["id"])

    def prepared(self, review_id: str) -> Json:
        """Return a review once what would go out has been prepared."""
        review = until(
            "the review is prepared",
            lambda: self.read("Review", review_id, REVIEW),
            lambda found: found["state"] != "PREPARING",
        )
        expect("the state of the review", review["state"], "IN_REVIEW")
        return review

    def decide(self, review: Json, *, verdict: str = "APPROVE", role: str = "approver") -> Json:
        """Say what somebody thinks of the editions of a review, and return the review then."""
        seen = [
            {"editionId": target["edition"]["id"], "hash": target["edition"]["hash"]}
            for target in review["targets"]
        ]
        given = {"reviewId": review["id"], "verdict": verdict, "editions": seen}
        decided = self.do("reviewDecide", given, f"review {{ {REVIEW} }}", role=role)
        return dict(decided["review"])

    def refused(self, text: Text, channel_id: str) -> list[str]:
        """Submit a text that must not be accepted; return the codes it is refused with."""
        try:
            item = self.written(text)
            self.do("reviewSubmit", _submission(item, [channel_id]), "review { id }")
        except Refused as error:
            return error.codes
        raise Broken("The text was accepted for review.")

    def schedule(self, item: str, channel_id: str, *, key: str | None = None) -> str:
        """Send an approved item to a channel at once; return the id of the publication."""
        given = {"contentItemId": item, "channelId": channel_id}
        made = self.do("publicationSchedule", given, "publication { id }", role="manager", key=key)
        return str(made["publication"]["id"])

    def sent(self, text: Text, channel_id: str) -> str:
        """Write, approve and schedule a text; return the id of the publication."""
        return self.schedule(self.approved(text, [channel_id]), channel_id)

    def publication(self, publication_id: str) -> Json:
        """Read a publication."""
        return self.read("Publication", publication_id, PUBLICATION)

    def came_to(self, publication_id: str, states: Collection[str]) -> Json:
        """Return a publication as soon as it is in one of these states; the clock stays."""
        return until(
            f"the publication is {' or '.join(states)}",
            lambda: self.publication(publication_id),
            lambda found: found["state"] in states,
        )

    def settled(self, publication_id: str, *, wanted: str = "PUBLISHED") -> Json:
        """Return a publication when nothing more happens by itself; it must be as wanted.

        Whatever the hub would wait for is not waited for: its clock is moved there.
        """

        def look() -> Json:
            found = self.publication(publication_id)
            if found["state"] in WAITING and found["dueAt"] is not None:
                self.clock.reach(datetime.fromisoformat(found["dueAt"]))
            return found

        found = until("the publication is settled", look, _rests)
        if found["state"] != wanted:
            raise Broken(f"It is {found['state']}, not {wanted}: {found['problems']}")
        return found

    def published(self, text: Text, channel_id: str) -> Json:
        """Write, approve and send a text; return the publication when it is out."""
        return self.settled(self.sent(text, channel_id))

    def resume(self, publication_id: str) -> None:
        """Let a held publication go out."""
        self.do("publicationResume", {"id": publication_id}, "publication { id }", role="manager")

    def collect(self, publication_id: str) -> None:
        """Ask for answers and counters at once."""
        self.do("publicationCollect", {"id": publication_id}, "publication { id }", role="manager")

    def edit(self, publication_id: str) -> None:
        """Ask for the newly approved words in the place of those that are out."""
        self.do("publicationEdit", {"id": publication_id}, "publication { id }", role="manager")

    def withdraw(self, publication_id: str) -> None:
        """Ask for something to be taken down."""
        given = {"id": publication_id, "reason": "Not true any more"}
        self.do("publicationWithdraw", given, "publication { id }", role="manager")

    def hide(self, message_id: str, *, hidden: bool = True) -> None:
        """Ask for an answer to be hidden from others, or shown again."""
        name = "messageHide" if hidden else "messageUnhide"
        self.do(name, {"messageId": message_id}, "message { id }", role="manager")

    def amended(self, publication_id: str, *, wanted: str = "DONE") -> Json:
        """Return a publication once all that was asked for is over; the last must be as wanted.

        Whatever the hub would wait for is not waited for: its clock is moved there.
        """

        def look() -> Json:
            found = self.publication(publication_id)
            for one in found["amendments"]:
                if one["attempts"] and one["dueAt"] is not None:
                    self.clock.reach(datetime.fromisoformat(one["dueAt"]))
            return found

        found = until("nothing more is to be changed", look, _is_quiet)
        last = found["amendments"][-1]
        if last["state"] != wanted:
            raise Broken(f"It is {last['state']}, not {wanted}: {last['problem']}")
        return found

    def seen_as(self, publication_id: str, standing: str) -> Json:
        """Have a publication looked at, and return it once it is seen to stand like that."""
        self.do("publicationReadBack", {"id": publication_id}, "publication { id }", role="manager")
        return until(
            f"it is seen as {standing}",
            lambda: self.publication(publication_id),
            lambda found: found["standing"] == standing,
        )


def until(
    what: str,
    look: Callable[[], Seen],
    enough: Callable[[Seen], Any],
    *,
    seconds: float = WAIT_SECONDS,
) -> Seen:
    """Look until it is enough and return what was seen; Broken when it takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if enough(found):
            return found
        if time.monotonic() > deadline:
            raise Broken(f"Waited {seconds:.0f} s in vain until {what}; last seen: {found}")
        time.sleep(POLL_SECONDS)


def _rests(found: Json) -> bool:
    return found["state"] in RESTING or (found["state"] == "UNCONFIRMED" and found["dueAt"] is None)


def _is_quiet(found: Json) -> bool:
    return bool(found["amendments"]) and all(
        one["state"] != "PENDING" for one in found["amendments"]
    )


def _words(text: Text) -> Json:
    """Return what is written of an item, the same for a new one and a revised one."""
    parts: list[Json] = [{"text": part} for part in text.parts]
    parts[0]["media"] = list(text.pictures)
    return {
        "title": text.title or "Untitled",
        "summary": text.summary,
        "tags": list(text.tags),
        "parts": parts,
        **({"link": text.link} if text.link else {}),
    }


def _submission(item: str, channel_ids: Iterable[str]) -> Json:
    return {"contentItemId": item, "targets": [{"channelId": one} for one in channel_ids]}
