"""Misago's answers read into the hub's words, and posts compared: pure, no network."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from hub.channels.platforms.base import Capability, Limits
from hub.channels.platforms.misago import LIMITS, PLATFORM
from hub.language.markup import to_html, to_text
from workers.connectors.misago_wire import remote_id
from workers.connectors.port import Ref, RemoteMessage, RemotePerson

Json = Mapping[str, Any]

#: Threads of at most so many pages are read whole every time.
SMALL_PAGES = 5
#: Pages of a longer thread that are read again although they were read before.
OVERLAP_PAGES = 3


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a thread: the thread itself, its posts, and where the page stands in it."""

    thread: Json
    posts: Sequence[Json]
    number: int
    pages: int
    count: int


def page_of(answer: Json) -> Page:
    """Read a page of a thread; KeyError, TypeError or ValueError when it is not one."""
    listed = answer["post_set"]
    # Events ("closed by …") stand between the posts and have numbers of their own.
    posts = [post for post in listed["results"] if not post["is_event"]]
    return Page(
        thread=answer,
        posts=posts,
        number=int(listed["page"]),
        pages=int(listed["pages"]),
        count=int(listed["count"]),
    )


def written_at(post: Json) -> datetime:
    """Return when a post was written; KeyError or ValueError when it does not say, with a zone."""
    return moment(post["posted_on"])


def moment(said: str) -> datetime:
    """Read a time; ValueError when it has no zone."""
    at = datetime.fromisoformat(said)
    if at.tzinfo is None:
        raise ValueError("A time without a zone.")
    return at


def ref_of(post: Json, *, thread: int, base: str, opened: str = "") -> Ref:
    """Return the reference of a post; `opened` is the path of the thread that it opens."""
    extra: dict[str, Any] = {"thread": thread}
    if opened:
        extra["opens"] = True
    return Ref(
        remote_id=remote_id(int(post["id"])),
        url=f"{base}{opened or post['url']['index']}",
        published_at=written_at(post),
        extra=extra,
    )


def opening_of(page: Page, *, base: str) -> Ref:
    """Return the reference of the post that opens the thread, by the first page of it."""
    return ref_of(
        page.posts[0],
        thread=int(page.thread["id"]),
        base=base,
        opened=str(page.thread["url"]["index"]),
    )


def is_own(post: Json, account_id: str) -> bool:
    """Say whether the account itself wrote the post; the author of one may have left for good."""
    return str((post.get("poster") or {}).get("id") or "") == account_id


def is_hidden(page: Page, post: Json) -> bool:
    """Say whether other people cannot see a post: hidden, or waiting for approval."""
    flags = ("is_hidden", "is_unapproved")
    return any(place.get(flag) for place in (page.thread, post) for flag in flags)


def message_of(post: Json, *, root: Ref, thread: int, base: str) -> RemoteMessage:
    """Return an answer as a message; a thread is flat, so every one answers its first post."""
    html = post["content"]
    return RemoteMessage(
        remote_id=remote_id(int(post["id"])),
        parent_remote_id=root.remote_id,
        root_remote_id=root.remote_id,
        person=_person(post, base),
        text=to_text(html),
        html=html,
        url=f"{base}{post['url']['index']}",
        published_at=written_at(post),
        raw=post,
        # It is let through in another way than one that was hidden is shown again.
        extra={"thread": thread, **({"waits": True} if post.get("is_unapproved") else {})},
        hidden=bool(post.get("is_hidden") or post.get("is_unapproved")),
    )


def _person(post: Json, base: str) -> RemotePerson:
    poster = post.get("poster")
    name = str(post["poster_name"])
    if not poster:
        return RemotePerson(remote_id=f"name:{name}", handle=name, name=name)
    return RemotePerson(
        remote_id=str(poster["id"]),
        handle=str(poster["username"]),
        name=str(poster.get("real_name") or poster["username"]),
        url=f"{base}{poster.get('url') or ''}",
    )


def reads_the_same(post: Json, text: str, source: str | None) -> bool:
    """Say whether a post says what was sent: by its source where that may be seen.

    Without it what readers see is compared, without what a forum changes when it makes HTML.
    """
    if source is not None:
        return _lines(source) == _lines(text)
    return folded(to_text(post.get("content") or "")) == folded(to_text(to_html(text)))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def folded(text: str) -> str:
    """Return the letters and digits of a text: a forum drops the scheme of a link it shows."""
    text = re.sub(r"https?://", "", unicodedata.normalize("NFC", text))
    return re.sub(r"[\W_]+", "", text).casefold()


def limits_of(front: str, acl: Json) -> Limits:
    """Return what the front page and the account's rights say is accepted; defaults elsewhere."""
    kilobytes = acl.get("max_attachment_size")
    size = kilobytes * 1024 if isinstance(kilobytes, int) else LIMITS.media_bytes_max
    return replace(
        LIMITS,
        text_max=_setting(front, "post_length_max", LIMITS.text_max),
        title_max=_setting(front, "thread_title_length_max", LIMITS.title_max or 0),
        media_bytes_max=size,
        media_max=LIMITS.media_max if size else 0,
    )


def _setting(front: str, name: str, default: int) -> int:
    # The page carries its settings as JSON for its own scripts; another theme may not.
    found = re.search(rf'"{name}": ?([0-9]{{1,7}})\b', front)
    return int(found[1]) if found and int(found[1]) else default


def capabilities_of(acl: Json, *, category: int, own: Sequence[Json]) -> frozenset[Capability]:
    """Return what the account may do in a category.

    The forum says what the account may do with others' threads; what it may do with its own only
    shows in a thread it has opened. Who may hide threads is taken to be a moderator.
    """
    rights: Json = next((one for one in acl.get("categories", ()) if one["id"] == category), {})
    moderates = bool(rights.get("can_hide_threads"))
    lacking: set[Capability] = set()
    if not acl.get("max_attachment_size"):
        lacking |= {Capability.IMAGE, Capability.ALT_TEXT}
    if not rights.get("can_reply_threads"):
        lacking |= {Capability.REPLY, Capability.THREAD}
    if not moderates:
        lacking.add(Capability.HIDE)
    removes = any(one["acl"].get("can_delete") or one["acl"].get("can_hide") for one in own)
    if not moderates and not removes:
        lacking.add(Capability.DELETE)
    return PLATFORM.capabilities - lacking


def short_name(name: str) -> str:
    """Return the name of a category as addresses have it: small letters and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How far a thread has been read, from its last page to its first.

    Posts that are deleted meanwhile move others to pages before, which are still to come. What
    appears between the pages (approved, shown again, moved here) is found by the next reading:
    it is a whole one when the number of posts is not what the new ones explain.
    """

    pages: int = 1
    seen: int = 0
    count: int = -1
    page: int = 0
    top: int = 0
    fresh: int = 0
    total: int = 0
    grown: bool = False

    @classmethod
    def from_cursor(cls, cursor: str) -> "Reading":
        """Read a cursor; one that is not ours begins anew."""
        try:
            values = orjson.loads(cursor)
            return cls(**values)
        except (orjson.JSONDecodeError, TypeError):
            return cls()

    def to_cursor(self) -> str:
        """Return the cursor, short and the same for the same reading."""
        return orjson.dumps(
            {name: value for name, value in self.__dict__.items() if value != _START[name]},
            option=orjson.OPT_SORT_KEYS,
        ).decode()

    def after(self, page: Page) -> "Reading":
        """Return how far it is with this page read as well; `page` is 0 when it is complete."""
        begins = self.page == 0
        numbers = [int(post["id"]) for post in page.posts]
        top = max([self.top, *numbers])
        total = page.count if begins else self.total
        reading = replace(
            self,
            pages=page.pages if begins else self.pages,
            top=top,
            total=total,
            # Every page begins with the last post of the page before: counted there.
            fresh=self.fresh + sum(number > self.seen for number in numbers[page.number > 1 :]),
            grown=self.grown or page.count > total,
        )
        if page.number > 1 and not reading.may_stop(page, numbers):
            return replace(reading, page=page.number - 1)
        return Reading(pages=reading.pages, seen=top, count=-1 if reading.grown else reading.total)

    def may_stop(self, page: Page, numbers: Sequence[int]) -> bool:
        """Say whether the pages before hold nothing that was not read before."""
        return (
            self.pages > SMALL_PAGES
            and page.number <= self.pages - OVERLAP_PAGES + 1
            and min(numbers, default=0) <= self.seen
            and self.count >= 0
            and self.total == self.count + self.fresh
        )


_START: Mapping[str, Any] = dict(Reading().__dict__)
