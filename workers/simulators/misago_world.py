"""What a simulated Misago forum remembers, and its rules: no HTTP here."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from workers.simulators.forms import Upload
from workers.simulators.misago_words import (
    Refusal,
    forbidden,
    missing,
    text_errors,
    title_errors,
)

POSTS_PER_PAGE, ORPHANS = 18, 6
THREADS_PER_PAGE = 26
ATTACHMENT_KILOBYTES = 4096
PICTURES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"} | {
    "gif": "image/gif",
    "webp": "image/webp",
}


@dataclass(kw_only=True)
class Account:
    """Somebody: a member, an author (may take down their own), or a moderator."""

    id: int
    username: str
    password: str
    role: str
    last_posted: datetime | None = None
    banned: bool = False
    writes: bool = True

    @property
    def moderates(self) -> bool:
        """Whether this one may hide and delete what others wrote."""
        return self.role == "moderator"


@dataclass(kw_only=True)
class Category:
    """A part of the forum; `held` has new posts wait for a moderator."""

    id: int
    name: str
    slug: str
    closed: bool = False
    held: bool = False


@dataclass(kw_only=True)
class Post:
    """A post; an event ("title was changed") is one too, without words."""

    id: int
    thread: int
    author: int
    text: str
    at: datetime
    edits: int = 0
    hidden: bool = False
    unapproved: bool = False
    deleted: bool = False
    event: str = ""
    likes: set[int] = field(default_factory=set)
    pictures: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class Thread:
    """A title and the posts below it."""

    id: int
    category: int
    title: str
    starter: int
    at: datetime
    closed: bool = False
    hidden: bool = False
    deleted: bool = False
    pinned: bool = False

    @property
    def slug(self) -> str:
        """The title as it stands in addresses."""
        return "-".join(re.findall(r"[a-z0-9]+", self.title.lower())) or "thread"


@dataclass(kw_only=True)
class Picture:
    """An upload; `post` is 0 until a post takes it."""

    id: int
    owner: int
    secret: str
    file: Upload
    at: datetime
    post: int = 0

    @property
    def path(self) -> str:
        """Where it is shown."""
        return f"/a/{self.secret}/{self.id}/"


class World:
    """The state of one forum."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._ids = count(1)
        self.offset = timedelta()
        self.flood_seconds = 0.0
        self.floods = 0
        self.language = "en"
        self.csrf_pages = 0
        self.accounts: dict[int, Account] = {}
        self.sessions: dict[str, int] = {}
        self.threads: dict[int, Thread] = {}
        self.posts: dict[int, Post] = {}
        self.pictures: dict[int, Picture] = {}
        self.categories = {
            3: Category(id=3, name="First category", slug="first-category"),
            4: Category(id=4, name="Held for approval", slug="held-for-approval", held=True),
            5: Category(id=5, name="Closed", slug="closed", closed=True),
        }

    def now(self) -> datetime:
        """Return the forum's own time."""
        return self._clock() + self.offset

    def join(self, username: str, *, role: str = "moderator") -> Account:
        """Return the account of that name, made when it is not there yet."""
        known = self.named(username)
        if known is not None:
            return known
        made = Account(
            id=next(self._ids), username=username, password=secrets.token_hex(12), role=role
        )
        self.accounts[made.id] = made
        return made

    def named(self, username: str) -> Account | None:
        """Return the account of a name."""
        return next((one for one in self.accounts.values() if one.username == username), None)

    def sign_in(self, username: str, password: str) -> tuple[Account, str]:
        """Return the account and a session of its own."""
        account = self.named(username)
        if account is None or account.password != password:
            words = "Login or password is incorrect."
            raise Refusal(400, {"detail": words, "code": "invalid_login"})
        if account.banned:
            told = {"message": {"plain": "Go away", "html": "<p>Go away</p>"}, "expires_on": None}
            raise Refusal(400, {"detail": told, "code": "banned"})
        session = secrets.token_hex(16)
        self.sessions[session] = account.id
        return account, session

    def of_session(self, session: str) -> Account | None:
        """Return who a session belongs to; nobody's are no error."""
        return self.accounts.get(self.sessions.get(session, 0))

    def upload(self, account: Account, file: Upload | None) -> Picture:
        """Keep a file for a post to come."""
        if file is None:
            raise Refusal(400, {"detail": "No file has been uploaded."})
        if PICTURES.get(file.name.rpartition(".")[2].lower()) != file.mime:
            raise Refusal(400, {"detail": "You can't upload files of this type."})
        if len(file.data) > ATTACHMENT_KILOBYTES * 1024:
            raise Refusal(400, {"detail": "You can't upload files larger than 4 MB."})
        picture = Picture(
            id=next(self._ids),
            owner=account.id,
            secret=secrets.token_urlsafe(48),
            file=file,
            at=self.now(),
        )
        self.pictures[picture.id] = picture
        return picture

    def open_thread(self, account: Account, asked: Mapping[str, Any]) -> Thread:
        """Open a thread: what is wrong with it comes first, then the flood control."""
        errors = {**title_errors(asked.get("title")), **text_errors(asked.get("post"))}
        category = self.categories.get(asked.get("category") or 0)
        if category is None:
            said = "Selected category doesn't exist or you don't have permission to browse it."
            errors["category"] = [said]
        elif category.closed and not account.moderates:
            said = "This category is closed. You can't start new threads in it."
            errors["category"] = [said]
        if errors or category is None:
            raise Refusal(400, errors)
        self._not_too_quickly(account)
        thread = Thread(
            id=next(self._ids),
            category=category.id,
            title=asked["title"].strip(),
            starter=account.id,
            at=self.now(),
        )
        self.threads[thread.id] = thread
        self.write(account, thread, asked["post"], self._taken(account, asked))
        return thread

    def reply(self, account: Account, thread: Thread, asked: Mapping[str, Any]) -> Post:
        """Add a post to a thread that is open to the account."""
        if not self.may_reply(account, thread):
            raise forbidden("You can't reply to closed threads in this category.")
        errors = text_errors(asked.get("post"))
        if errors:
            raise Refusal(400, errors)
        self._not_too_quickly(account)
        return self.write(account, thread, asked["post"], self._taken(account, asked))

    def write(
        self, account: Account, thread: Thread, text: str, pictures: list[Picture] | None = None
    ) -> Post:
        """Store a post without asking whether it may be."""
        post = Post(
            id=next(self._ids),
            thread=thread.id,
            author=account.id,
            text=text.strip(),
            at=self.now(),
            unapproved=self.categories[thread.category].held and not account.moderates,
            pictures=[picture.id for picture in pictures or ()],
        )
        for picture in pictures or ():
            picture.post = post.id
        self.posts[post.id] = post
        account.last_posted = post.at
        return post

    def edit(self, account: Account, post: Post, asked: Mapping[str, Any]) -> None:
        """Change the words of a post; attachments that are not named again are removed."""
        if post.author != account.id and not account.moderates:
            raise forbidden("You can't edit other users posts in this category.")
        if self.threads[post.thread].closed and not account.moderates:
            raise forbidden("This thread is closed. You can't edit posts in it.")
        errors = text_errors(asked.get("post"))
        if errors:
            raise Refusal(400, errors)
        if "attachments" in asked:
            kept = [one for one in post.pictures if one in asked["attachments"]]
            added = self._taken(account, asked)
            post.pictures = kept + [picture.id for picture in added]
            for picture in added:
                picture.post = post.id
        post.text = str(asked["post"]).strip()
        post.edits += 1

    def retitle(self, account: Account, thread: Thread, title: Any) -> None:
        """Give a thread another title; the same one leaves no trace."""
        if thread.starter != account.id and not account.moderates:
            raise Refusal(400, {"id": thread.id, "detail": ["You can't edit threads."]})
        errors = title_errors(title)
        if errors:
            raise Refusal(400, {"id": thread.id, "detail": errors["title"]})
        if title.strip() != thread.title:
            thread.title = title.strip()
            self._note(account, thread, "changed_title")

    def may_reply(self, account: Account, thread: Thread) -> bool:
        """Say whether somebody may write in a thread."""
        shut = thread.closed or self.categories[thread.category].closed
        return account.writes and (account.moderates or not shut)

    def may_remove(self, account: Account, author: int) -> bool:
        """Say whether somebody may delete and hide what `author` wrote."""
        return account.moderates or (account.role == "author" and account.id == author)

    def remove_thread(self, account: Account, thread: Thread) -> None:
        """Delete a thread with all that is in it."""
        if not self.may_remove(account, thread.starter):
            raise forbidden("You can't delete threads in this category.")
        thread.deleted = True
        for post in self.posts.values():
            post.deleted |= post.thread == thread.id

    def remove_post(self, account: Account, post: Post) -> None:
        """Delete one post; the first goes only with its thread."""
        if not self.may_remove(account, post.author):
            raise forbidden("You can't delete posts in this category.")
        if self.is_first(post):
            raise forbidden("Thread's first post can only be deleted together with thread.")
        post.deleted = True

    def hide(self, account: Account, post: Post, *, hidden: bool) -> None:
        """Hide a post from others, or show it again."""
        if not self.may_remove(account, post.author):
            words = "You can't hide posts in this category."
            raise Refusal(400, {"id": post.id, "detail": [words]})
        if self.is_first(post):
            words = "Thread's first post can only be hidden using the hide thread option."
            raise Refusal(400, {"id": post.id, "detail": [words]})
        post.hidden = hidden

    def approve(self, account: Account, post: Post, *, held: bool) -> None:
        """Let a post through that waits for approval; that cannot be taken back."""
        if not account.moderates or held:
            words = "Content approval can't be reversed."
            if not account.moderates:
                words = "You can't approve posts in this category."
            raise Refusal(400, {"id": post.id, "detail": [words]})
        post.unapproved = False

    def hide_thread(self, account: Account, thread: Thread, *, hidden: bool) -> None:
        """Hide a whole thread: nobody but moderators finds it then."""
        if not self.may_remove(account, thread.starter):
            words = "You can't hide threads in this category."
            raise Refusal(400, {"id": thread.id, "detail": [words]})
        thread.hidden = hidden

    def thread(self, viewer: Account | None, thread_id: int) -> Thread:
        """Return a thread the viewer may see."""
        thread = self.threads.get(thread_id)
        if thread is None or not self.sees(viewer, thread):
            raise missing()
        return thread

    def post(self, viewer: Account | None, thread_id: int, post_id: int) -> Post:
        """Return a post the viewer may see, where it stands."""
        thread = self.thread(viewer, thread_id)
        found = [one for one in self.visible(viewer, thread) if one.id == post_id]
        if not found:
            raise missing()
        return found[0]

    def sees(self, viewer: Account | None, thread: Thread) -> bool:
        """Say whether a thread is for these eyes: hidden and held ones are for few."""
        if thread.deleted:
            return False
        if viewer is not None and viewer.moderates:
            return True
        held = self.first(thread).unapproved
        return not thread.hidden and (
            not held or (viewer is not None and viewer.id == thread.starter)
        )

    def visible(self, viewer: Account | None, thread: Thread) -> list[Post]:
        """Return the posts of a thread that somebody may see, events not among them."""
        return [
            post
            for post in self.living(thread)
            if not post.event
            and (
                not post.unapproved
                or (viewer is not None and (viewer.moderates or viewer.id == post.author))
            )
        ]

    def living(self, thread: Thread) -> Iterator[Post]:
        """Yield the posts and events of a thread that were not deleted, in order."""
        inside = [post for post in self.posts.values() if post.thread == thread.id]
        return (post for post in sorted(inside, key=lambda one: one.id) if not post.deleted)

    def first(self, thread: Thread) -> Post:
        """Return the post that opens a thread, deleted or not."""
        return min(
            (post for post in self.posts.values() if post.thread == thread.id),
            key=lambda post: post.id,
        )

    def is_first(self, post: Post) -> bool:
        """Say whether a post opens its thread."""
        return self.first(self.threads[post.thread]) is post

    def _taken(self, account: Account, asked: Mapping[str, Any]) -> list[Picture]:
        wanted = [self.pictures.get(one) for one in asked.get("attachments") or ()]
        # Whoever names a file of another post or another account is not told: it stays away.
        return [one for one in wanted if one and one.owner == account.id and not one.post]

    def _not_too_quickly(self, account: Account) -> None:
        last = account.last_posted
        quick = last is not None and (self.now() - last).total_seconds() < self.flood_seconds
        if self.floods:
            self.floods -= 1
        elif not quick:
            return
        raise forbidden("You can't post message so quickly after previous one.")

    def _note(self, account: Account, thread: Thread, event: str) -> None:
        post = Post(
            id=next(self._ids),
            thread=thread.id,
            author=account.id,
            text="",
            at=self.now(),
            event=event,
        )
        self.posts[post.id] = post
