"""A real site in the place of its simulator, for the cases both must pass."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.targets.proxy import Proxy
from tests.targets.wordpress_server import Person, WordPressServer
from tests.workers.connectors.places import Place

#: What a fault of the simulator is called, and how much of the answer then gets through.
SHARES = {"drop_after": 0.0}
#: The states of a post that was made public and is not in the bin.
PUBLIC = "publish,private"


@dataclass(frozen=True, kw_only=True)
class RealPlace(Place):
    """An account at a real site: the back door leads through its own API."""

    server: WordPressServer
    proxy: Proxy

    async def fault(
        self,
        effect: str,
        *,
        method: str = "POST",
        path: str = "",
        **more: Any,  # noqa: ARG002  the shape of the simulator's
    ) -> None:
        """Lose the next matching answer."""
        route = (path or self.commit_path).removeprefix("/wp-json")
        self.proxy.cut(method, route, share=SHARES[effect])

    async def stored(self) -> list[dict[str, Any]]:
        """Return what this account has in public."""
        return await asyncio.to_thread(self._stored)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Do what the simulator's control routes do."""
        given = dict(more.get("json") or {})
        asked = urlsplit(path)
        act = {
            "accounts": self._join,
            "answer": self._answer,
            "change": self._change,
            "ledger": self._ledger,
            "settings": self._adjust,
        }[asked.path]
        known = parse_qs(asked.query)
        said = await asyncio.to_thread(act, {**given, **{k: v[0] for k, v in known.items()}})
        return httpx.Response(200, json=said, request=httpx.Request(method, self.base))

    def _stored(self) -> list[dict[str, Any]]:
        person = Person(
            name=self.account.secrets["username"],
            id=int(self.account.identity),
            password=self.account.secrets["application_password"],
            http=self.server.admin.http,
        )
        posts = [self._post(post) for post in person.posts(status=PUBLIC)]
        return [*posts, *(self._comment(one) for one in person.comments())]

    def _post(self, post: dict[str, Any]) -> dict[str, Any]:
        ask = self.server.admin.ask
        featured = ask("GET", f"media/{post['featured_media']}") if post["featured_media"] else None
        names = {
            taxonomy: [ask("GET", f"{taxonomy}/{number}")["name"] for number in post[taxonomy]]
            for taxonomy in ("categories", "tags")
        }
        return {
            "id": f"posts/{post['id']}",
            "text": post["content"]["raw"],
            "title": post["title"]["raw"],
            "excerpt": post["excerpt"]["raw"],
            "slug": post["slug"],
            "status": post["status"],
            "deleted": post["status"] == "trash",
            "in_reply_to_id": None,
            "featured": featured["slug"] if featured else None,
            "alt": featured["alt_text"] if featured else None,
            "comment_status": post["comment_status"],
            **names,
        }

    def _comment(self, one: dict[str, Any]) -> dict[str, Any]:
        asked = {"context": "edit"}
        whole = self.server.admin.ask("GET", f"comments/{one['id']}", params=asked)
        above = f"comments/{one['parent']}" if one["parent"] else f"posts/{one['post']}"
        return {
            "id": f"comments/{one['id']}",
            "text": whole["content"]["raw"],
            "deleted": False,
            "in_reply_to_id": above,
            "status": one["status"],
        }

    def _join(self, asked: dict[str, Any]) -> dict[str, Any]:
        person = self.server.person(asked["username"], role=asked.get("role", "editor"))
        return {"username": person.name, "secrets": person.credentials}

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        kind, _, number = asked["post"].partition("/")
        parent = int(number) if kind == "comments" else 0
        post = self.server.admin.ask("GET", f"comments/{parent}")["post"] if parent else int(number)
        numbers = self.server.write_comments(
            self._reader(asked["account"]),
            post=post,
            parent=parent,
            text=asked["text"],
            count=asked.get("count", 1),
            held=asked.get("held", False),
        )
        ids = [f"comments/{one}" for one in numbers]
        return {"id": ids[0], "ids": ids}

    def _reader(self, name: str) -> Person:
        asked = {"slug": name, "context": "edit"}
        found = self.server.admin.ask("GET", "users", params=asked)
        if not found:
            return self.server.person(name, role="subscriber")
        return Person(name=name, id=found[0]["id"], password="", http=self.server.admin.http)

    def _change(self, asked: dict[str, Any]) -> dict[str, Any]:
        route = asked.pop("id")
        if asked.get("status") == "trash":
            self.server.admin.ask("DELETE", route)
        else:
            self.server.admin.ask("POST", route, json=asked)
        return {"id": route}

    def _ledger(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002  one shape for all
        author = int(self.account.identity)
        every = {"author": author, "status": "any,trash", "context": "edit", "per_page": 100}
        listed = self.server.admin.ask("GET", "posts", params=every)
        media = self.server.admin.ask("GET", "media", params={"author": author, "per_page": 100})
        return {
            "statuses": [self._post(post) for post in listed if post["status"] != "draft"],
            "drafts": [
                {"id": f"posts/{post['id']}", "slug": post["slug"]}
                for post in listed
                if post["status"] == "draft"
            ],
            "media": [{"file": one["slug"], "alt": one["alt_text"]} for one in media],
        }

    def _adjust(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "flood" in asked:
            self.server.slow_down(hasty=asked["flood"])
        if "zone_hours" in asked:
            # The names of these zones have the sign of POSIX.
            zone = f"Etc/GMT{-asked['zone_hours']:+d}"
            self.server.admin.ask("POST", "settings", json={"timezone": zone})
        return asked
