"""Each party's community: what people write and see there, looked at beside the hub."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Any, Protocol

import httpx

from tests.targets.amendment_cases import Moderated
from tests.targets.misago_cases import THREADS, place_of
from tests.targets.misago_server import CATEGORY, HELD_CATEGORY, HOST, NEWCOMER
from tests.targets.newsroom import Json, expect, until
from tests.targets.outlets import OnBluesky, OnMisago, OnWordPress


@dataclass(frozen=True, kw_only=True)
class Film:
    """A video as somebody without an account gets it: its type, its words, and where it is."""

    mime: str
    alt: str
    data: bytes | None = None


class Community(Moderated, Protocol):
    """A channel with people around it, and what a stranger finds there."""

    @property
    def likes(self) -> bool:
        """Whether people can like an answer there."""

    @property
    def takes_down(self) -> bool:
        """Whether the hub's account can take down what others wrote."""

    @property
    def sanctions(self) -> bool:
        """Whether the hub's account can mute and block somebody there."""

    @property
    def films(self) -> bool:
        """Whether videos can be shown there."""

    @property
    def handle(self) -> str:
        """How the hub calls its account there."""

    def connect(self) -> Json:
        """Connect the hub's account and return the channel."""

    def lead(self, publication: Json, words: str, link: str) -> str:
        """Let the reader answer with words that lead somewhere; return the id of the answer."""

    def below(self, publication: Json) -> list[str]:
        """Return what a stranger can read below a publication, whoever wrote it."""

    def likers(self, publication: Json, message: Json) -> list[str]:
        """Return by their names who likes an answer."""

    def is_gone(self, message: Json) -> bool:
        """Say whether an answer was taken down, as the server itself knows."""

    def restricted(self) -> dict[str, bool]:
        """Return by kind whether the reader is under a sanction, as the server knows."""

    def shown_film(self, publication: Json) -> Film | None:
        """Return the video of a publication as a stranger gets it; None where there are none."""


class Approving(Community, Protocol):
    """A place where what people write may have to wait for approval."""

    def holding(self) -> AbstractContextManager[Community]:
        """Give a place, connected, where what the reader writes waits while the block runs."""


@dataclass(frozen=True)
class BlueskyCommunity(OnBluesky):
    """People on the network; strangers ask its index."""

    likes: bool = True
    takes_down: bool = False
    sanctions: bool = True
    films: bool = True

    def connect(self) -> Json:
        """Log the hub's account in."""
        self.stage.channel = self.stage.connect(self.stage.account)
        return self.stage.channel

    def lead(self, publication: Json, words: str, link: str) -> str:
        """Mark the words with a link."""
        feature = {"$type": "app.bsky.richtext.facet#link", "uri": link}
        seen = publication["remoteId"]
        post = until("the index knows the post", lambda: self.stage.view(seen), bool)
        uri = self.stage.reader.answer(post, words, facets=[_marked(words, feature)])
        until("the index knows the answer", lambda: self.stage.view(uri), bool)
        return uri

    def below(self, publication: Json) -> list[str]:
        """Ask as the app does: what the thread's gate hides is not among it."""
        asked = {"anchor": publication["remoteId"], "below": 10, "branchingFactor": 100}
        seen = self.stage.network.stranger("app.bsky.unspecced.getPostThreadV2", **asked)
        return [
            one["value"]["post"]["record"]["text"] for one in seen["thread"] if one["depth"] > 0
        ]

    def is_hidden(self, publication: Json, message: Json) -> bool:
        """Say whether it has moved to where the app keeps what is hidden."""
        asked = {"anchor": publication["remoteId"]}
        other = self.stage.network.stranger("app.bsky.unspecced.getPostThreadOtherV2", **asked)
        hidden = [one["uri"] for one in other["thread"] if one["value"]["hiddenByThreadgate"]]
        gate = super().is_hidden(publication, message)
        return gate and message["remoteId"] in hidden

    def likers(self, publication: Json, message: Json) -> list[str]:  # noqa: ARG002  the shape of the community
        """Ask the index."""
        listed = self.stage.network.stranger("app.bsky.feed.getLikes", uri=message["remoteId"])
        return [f"@{one['actor']['handle']}" for one in listed["likes"]]

    def is_gone(self, message: Json) -> bool:
        """Say whether the index does not know it any more."""
        return not self.stage.view(message["remoteId"])

    def restricted(self) -> dict[str, bool]:
        """Ask both sides: a mute is known to us alone, a block to those who are blocked."""
        hub, reader = self.stage.account, self.stage.reader
        ours = hub.ask("app.bsky.actor.getProfile", actor=reader.did)["viewer"]
        theirs = reader.ask("app.bsky.actor.getProfile", actor=hub.did)["viewer"]
        return {"MUTE": bool(ours["muted"]), "BLOCK": bool(theirs["blockedBy"])}

    def shown_film(self, publication: Json) -> Film:
        """Ask the index for the post, and the account's server for the file."""
        post = until("the index knows it", lambda: self.stage.view(publication["remoteId"]), bool)
        stored = post["record"]["embed"]["video"]
        got = self.stage.network.http.get(
            "/xrpc/com.atproto.sync.getBlob",
            params={"did": self.stage.account.did, "cid": stored["ref"]["$link"]},
        )
        shown = post["embed"]
        return Film(mime=stored["mimeType"], alt=shown["alt"], data=got.raise_for_status().content)

    def elsewhere(self, words: str, *, mentioning: bool = False) -> str:
        """Let the reader write a post of their own; return its address once it is known."""
        record: Json = {"text": words}
        if mentioning:
            handle = f"@{self.stage.account.handle}"
            record["text"] = f"{handle} {words}"
            feature = {
                "$type": "app.bsky.richtext.facet#mention",
                "did": self.stage.account.did,
            }
            record["facets"] = [_marked(handle, feature)]
        uri = str(self.stage.reader.write("app.bsky.feed.post", record)["uri"])
        until("the index knows it", lambda: self.stage.view(uri), bool)
        return uri

    def answers_to(self, uri: str) -> list[str]:
        """Return what a stranger reads below any post."""
        return self.below({"remoteId": uri})


def _marked(words: str, feature: Json) -> Json:
    """Return what marks the first words of a text."""
    return {"index": {"byteStart": 0, "byteEnd": len(words.encode())}, "features": [feature]}


@dataclass(frozen=True)
class WordPressCommunity(OnWordPress):
    """People who comment; strangers ask the site without a password."""

    likes: bool = False
    takes_down: bool = True
    sanctions: bool = False
    films: bool = True

    def connect(self) -> Json:
        """Connect the hub's user."""
        self.stage.channel = self.stage.connect(self.stage.account.credentials)
        return self.stage.channel

    def lead(self, publication: Json, words: str, link: str) -> str:
        """Write the link as HTML, of which a site lets subscribers keep this much."""
        return self.answer(publication, f'<a href="{link}">{words}</a>')

    def below(self, publication: Json) -> list[str]:
        """List the comments of the post."""
        asked = {"post": _number(publication["remoteId"]), "per_page": 100}
        listed = self.stage.server.visitor("comments", params=asked)
        return [_plain(one["content"]["rendered"]) for one in listed]

    def likers(self, publication: Json, message: Json) -> list[str]:  # noqa: ARG002  the shape of the community
        """Comments have no likes."""
        return []

    def is_gone(self, message: Json) -> bool:
        """Ask the administrator whether it is in the bin."""
        found = self.stage.server.admin.ask("GET", message["remoteId"])
        return bool(found["status"] == "trash")

    @contextmanager
    def holding(self) -> Iterator[Community]:
        """Have the site hold every comment, as a site does by itself for those it does not know."""
        self.stage.server.moderate(held=True)
        try:
            yield self
        finally:
            self.stage.server.moderate(held=False)

    def restricted(self) -> dict[str, bool]:
        """A site mutes and blocks nobody."""
        return {"MUTE": False, "BLOCK": False}

    def shown_film(self, publication: Json) -> Film:
        """Follow the address in the words of the post."""
        post = self.stage.server.visitor(publication["remoteId"], params={})
        (tag,) = re.findall(r"<video[^>]*>", post["content"]["rendered"])
        shown = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        got = httpx.get(unescape(shown["src"]), trust_env=False, timeout=10).raise_for_status()
        return Film(
            mime=got.headers["content-type"], alt=unescape(shown["aria-label"]), data=got.content
        )


@dataclass(frozen=True)
class MisagoCommunity(OnMisago):
    """People in a thread; strangers read without signing in."""

    likes: bool = True
    takes_down: bool = False
    sanctions: bool = False
    films: bool = False

    category: str = str(CATEGORY)

    def connect(self) -> Json:
        """Sign the hub's account in."""
        self.stage.channel = self.stage.connect(
            HOST, self.stage.forum.password, category=self.category
        )
        return self.stage.channel

    @contextmanager
    def holding(self) -> Iterator[Community]:
        """Go where a plain member's posts wait for a moderator."""
        beside = replace(self.stage, people=(HOST, NEWCOMER), channel={})
        place = MisagoCommunity(beside, category=HELD_CATEGORY)
        expect("the state", place.connect()["state"], "READY")
        yield place

    def lead(self, publication: Json, words: str, link: str) -> str:
        """Write the link as Markdown."""
        return self.answer(publication, f"[{words}]({link})")

    def below(self, publication: Json) -> list[str]:
        """Read the thread; what is hidden comes without its words."""
        return [_plain(one["content"]) for one in self._seen(publication)[1:] if one["content"]]

    def is_hidden(self, publication: Json, message: Json) -> bool:
        """Look at the post as a stranger, who may know that there is something, but not what."""
        shown = [
            one for one in self._seen(publication) if f"posts/{one['id']}" == message["remoteId"]
        ]
        return not any(one["content"] for one in shown)

    def _seen(self, publication: Json) -> Sequence[dict[str, Any]]:
        return self.stage.forum.stranger().posts(place_of(self.stage, publication)[0])

    def likers(self, publication: Json, message: Json) -> list[str]:
        """Ask the forum as the reader."""
        thread, _ = place_of(self.stage, publication)
        number = _number(message["remoteId"])
        listed = self.stage.reader.ask("GET", f"{THREADS}{thread}/posts/{number}/likes/")
        return [str(one["username"]) for one in listed]

    def is_gone(self, message: Json) -> bool:  # noqa: ARG002  the shape of the community
        """The hub takes nothing of others down here."""
        return False

    def restricted(self) -> dict[str, bool]:
        """Only administrators ban somebody."""
        return {"MUTE": False, "BLOCK": False}

    def shown_film(self, publication: Json) -> None:
        """A forum shows no videos."""


def _number(remote_id: str) -> str:
    return remote_id.rpartition("/")[2]


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()
