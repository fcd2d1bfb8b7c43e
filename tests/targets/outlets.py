"""What can be seen and done at each party's server without the hub, once something is out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.targets.amendment_cases import Call
from tests.targets.bluesky_cases import Sky
from tests.targets.bluesky_server import POST
from tests.targets.misago_cases import THREADS, Board, place_of
from tests.targets.network_cases import POSTS, Network
from tests.targets.newsroom import Json, Newsroom, until
from tests.targets.proxy import Proxy
from tests.targets.wordpress_cases import Blog, number_of
from tests.targets.wordpress_server import API

Meddling = Sequence[tuple[str, Callable[[Json], None]]]
OTHER = "As somebody liked it better."
#: So many of the newest threads of a forum are searched for words.
NEWEST = 4


@dataclass(frozen=True)
class _Outlet:
    """What all stages have in common."""

    stage: Network | Sky | Blog | Board

    @property
    def news(self) -> Newsroom:
        """The people at the hub."""
        return self.stage.news

    @property
    def proxy(self) -> Proxy:
        """What stands before the server."""
        return self.stage.proxy

    @property
    def channel_id(self) -> str:
        """The hub's channel."""
        return self.stage.channel_id

    @property
    def handle(self) -> str:
        """How the hub calls its account there."""
        return str(self.stage.channel["handle"])


@dataclass(frozen=True)
class OnMastodon(_Outlet):
    """A channel on a Mastodon-compatible server."""

    stage: Network
    edit_call: Call = ("PUT", f"{POSTS}/*")
    withdraw_call: Call = ("DELETE", f"{POSTS}/*")

    def found(self, words: str) -> list[str]:
        """Return the ids of the posts that say this."""
        account = self.stage.account
        posts = account.posts(words.rsplit(maxsplit=1)[-1])
        return [one["id"] for one in posts if account.text_of(one["id"]) == words]

    def title(self, publication: Json) -> None:
        """Posts have none here."""

    @property
    def meddling(self) -> Meddling:
        """Its owner changes the last part, and takes the first one down."""
        return (("CHANGED", self._change), ("GONE", self._delete))

    def _change(self, publication: Json) -> None:
        path = f"{POSTS}/{publication['posts'][-1]['remoteId']}"
        self.stage.account.ask("PUT", path, json={"status": OTHER})

    def _delete(self, publication: Json) -> None:
        self.stage.account.ask("DELETE", f"{POSTS}/{publication['remoteId']}")


@dataclass(frozen=True)
class OnBluesky(_Outlet):
    """A channel on the network of Bluesky."""

    stage: Sky
    edit_call: Call = ("POST", "/xrpc/com.atproto.repo.putRecord")
    withdraw_call: Call = ("POST", "/xrpc/com.atproto.repo.deleteRecord")

    def found(self, words: str) -> list[str]:
        """Return the addresses of the records that say this."""
        return [one["uri"] for one in self.stage.account.records(words)]

    def title(self, publication: Json) -> None:
        """Posts have none here."""

    @property
    def meddling(self) -> Meddling:
        """Another app writes over the last record, and deletes the first."""
        return (("CHANGED", self._change), ("GONE", self._delete))

    def _change(self, publication: Json) -> None:
        uri = publication["posts"][-1]["remoteId"]
        (record,) = [one for one in self.stage.account.records() if one["uri"] == uri]
        body = {**self._named(uri), "record": {**record["value"], "text": OTHER}}
        self.stage.account.tell("com.atproto.repo.putRecord", body)

    def _delete(self, publication: Json) -> None:
        named = self._named(publication["remoteId"])
        self.stage.account.tell("com.atproto.repo.deleteRecord", named)

    def _named(self, uri: str) -> Json:
        return {
            "repo": self.stage.account.did,
            "collection": POST,
            "rkey": uri.rpartition("/")[2],
        }

    def answer(self, publication: Json, words: str) -> str:
        """Answer the first part, and wait for the index; return the address of the answer."""
        uri = publication["remoteId"]
        post = until("the index knows the post", lambda: self.stage.view(uri), bool)
        answer = self.stage.reader.answer(post, words)
        until("the index knows the answer", lambda: self.stage.view(answer), bool)
        return answer

    def is_hidden(self, publication: Json, message: Json) -> bool:
        """Ask the index for the gate of the thread, of which there is one."""
        gate = self.stage.view(publication["remoteId"]).get("threadgate", {})
        return message["remoteId"] in gate.get("record", {}).get("hiddenReplies", [])


@dataclass(frozen=True)
class OnWordPress(_Outlet):
    """A channel on a WordPress site."""

    stage: Blog
    edit_call: Call = ("POST", f"{API}/posts/*")
    withdraw_call: Call = ("DELETE", f"{API}/posts/*")

    def found(self, words: str) -> list[str]:
        """Return the ids of the public posts with this as a paragraph, and no draft."""
        every = (*self.stage.account.posts(), *self.stage.account.posts(status="draft"))
        return [f"posts/{one['id']}" for one in every if f"<p>{words}</p>" in one["content"]["raw"]]

    def title(self, publication: Json) -> str:
        """Return the title of the post."""
        asked = {"context": "edit"}
        post = self.stage.account.ask("GET", publication["remoteId"], params=asked)
        return str(post["title"]["raw"])

    @property
    def meddling(self) -> Meddling:
        """The administrator changes it, makes it private, and puts it into the bin."""
        ask = self.stage.server.admin.ask
        return (
            ("CHANGED", lambda it: ask("POST", it["remoteId"], json={"content": OTHER})),
            ("HIDDEN", lambda it: ask("POST", it["remoteId"], json={"status": "private"})),
            ("GONE", lambda it: ask("DELETE", it["remoteId"])),
        )

    def answer(self, publication: Json, words: str) -> str:
        """Write a comment and return its id."""
        given = {"post": number_of(publication), "content": words}
        return f"comments/{self.stage.reader.ask('POST', 'comments', json=given)['id']}"

    def is_hidden(self, publication: Json, message: Json) -> bool:
        """Look for the comment below the post, as somebody who is not the site's own."""
        asked = {"post": number_of(publication)}
        listed = self.stage.server.visitor("comments", params=asked)
        return message["remoteId"] not in [f"comments/{one['id']}" for one in listed]


@dataclass(frozen=True)
class OnMisago(_Outlet):
    """A channel on a forum, whose account moderates it."""

    stage: Board
    edit_call: Call = ("PUT", f"{THREADS}*/posts/*/")
    withdraw_call: Call = ("DELETE", f"{THREADS}*/")

    def found(self, words: str) -> list[str]:
        """Return the posts that say this, in the newest threads of the hub's account."""
        who, marker = self.stage.publisher, words.rsplit(maxsplit=1)[-1]
        return [
            f"posts/{post['id']}"
            for thread in who.threads()[-NEWEST:]
            for post in who.posts(thread["id"])
            if marker in (post["content"] or "") and who.source(thread["id"], post["id"]) == words
        ]

    def title(self, publication: Json) -> str:
        """Return the title of the thread."""
        thread, _ = place_of(self.stage, publication)
        return str(self.stage.publisher.ask("GET", f"{THREADS}{thread}/")["title"])

    @property
    def meddling(self) -> Meddling:
        """A moderator changes the last part, hides it, and deletes the thread."""
        return (("CHANGED", self._change), ("HIDDEN", self._hide), ("GONE", self._delete))

    def _last(self, publication: Json) -> str:
        thread, _ = place_of(self.stage, publication)
        number = publication["posts"][-1]["remoteId"].removeprefix("posts/")
        return f"{THREADS}{thread}/posts/{number}/"

    def _change(self, publication: Json) -> None:
        self.stage.publisher.ask("PUT", self._last(publication), json={"post": OTHER})

    def _hide(self, publication: Json) -> None:
        change = [{"op": "replace", "path": "is-hidden", "value": True}]
        self.stage.publisher.ask("PATCH", self._last(publication), json=change)

    def _delete(self, publication: Json) -> None:
        thread, _ = place_of(self.stage, publication)
        self.stage.publisher.ask("DELETE", f"{THREADS}{thread}/")

    def answer(self, publication: Json, words: str) -> str:
        """Write in the thread and return the id of the post."""
        thread, _ = place_of(self.stage, publication)
        return f"posts/{self.stage.reader.write(thread, words)}"

    def is_hidden(self, publication: Json, message: Json) -> bool:
        """Look at the post as the reader, who may know that there is something, but not what."""
        shown = self.stage.reader.posts(place_of(self.stage, publication)[0])
        (post,) = [one for one in shown if f"posts/{one['id']}" == message["remoteId"]]
        return bool(post["is_hidden"])
