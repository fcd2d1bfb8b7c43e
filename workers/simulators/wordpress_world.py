"""What a simulated WordPress site remembers, and the rules it keeps."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import count
from typing import Any

#: How soon one may comment again who is no moderator (wp_throttle_comment_flood).
FLOOD = timedelta(seconds=15)
#: The column of a comment (wp_get_comment_fields_max_lengths).
COMMENT_BYTES = 65_525
SLUG_MAX = 200
IMAGES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
VIDEOS = {"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm"}
_AUTHOR = frozenset(
    {
        *("read", "edit_posts", "delete_posts", "publish_posts", "upload_files"),
        *("edit_published_posts", "delete_published_posts"),
    }
)
_EDITOR = _AUTHOR | {
    *("edit_others_posts", "delete_others_posts", "read_private_posts"),
    *("manage_categories", "moderate_comments", "unfiltered_html"),
}
#: Roles and their rights, as a running WordPress 6.1.9 lists them.
ROLES: Mapping[str, frozenset[str]] = {
    "administrator": _EDITOR | {"manage_options"},
    "editor": _EDITOR,
    "author": _AUTHOR,
    "contributor": frozenset({"read", "edit_posts", "delete_posts"}),
    "subscriber": frozenset({"read"}),
    # Whoever gives no password, or one that is not right.
    "stranger": frozenset(),
}


class Refusal(Exception):
    """The site says no, with the code, the status and the words of the real one."""

    def __init__(self, status: int, code: str, said: str, **data: Any) -> None:
        super().__init__(said)
        self.status = status
        self.code = code
        self.said = said
        self.data = data


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody with a login and an application password."""

    id: int
    login: str
    role: str
    password: str

    def may(self, right: str) -> bool:
        """Say whether the role has a right."""
        return right in ROLES[self.role]


STRANGER = User(id=0, login="", role="stranger", password="")


@dataclass(kw_only=True)
class Media:
    """An upload."""

    id: int
    author: int
    slug: str
    file: str
    data: bytes
    alt: str = ""


@dataclass(kw_only=True)
class Term:
    """A category or a tag; its name is kept as HTML."""

    id: int
    taxonomy: str
    name: str


@dataclass(kw_only=True)
class Post:
    """A post in any state; `was_public` stays."""

    id: int
    author: int
    date: datetime
    slug: str
    status: str = "draft"
    title: str = ""
    content: str = ""
    excerpt: str = ""
    comment_status: str = "open"
    featured_media: int = 0
    categories: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    modified: datetime | None = None
    was_public: bool = False
    was_trashed: bool = False


@dataclass(kw_only=True)
class Comment:
    """A comment, or an answer to one."""

    id: int
    post: int
    parent: int
    author: int
    name: str
    content: str
    date: datetime
    status: str = "approved"


class World:
    """One site."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.offset = timedelta()
        self.zone = timedelta(hours=2)
        self.flood = True
        self.moderation = False
        self.maintenance = False
        self.users: dict[int, User] = {}
        self.media: dict[int, Media] = {}
        self.terms: dict[int, Term] = {}
        self.posts: dict[int, Post] = {}
        self.comments: dict[int, Comment] = {}
        self._clock = clock
        # Posts and pictures share their numbers; comments, users and terms have their own.
        self._post_ids, self._comment_ids = count(1), count(1)
        self._user_ids, self._term_ids = count(1), count(2)
        self.terms[1] = Term(id=1, taxonomy="categories", name="Uncategorized")

    def now(self) -> datetime:
        """Return the site's time."""
        return (self._clock().astimezone(UTC) + self.offset).replace(microsecond=0)

    def join(self, login: str, *, role: str = "editor") -> User:
        """Create a user with an application password, or return the one of that name."""
        known = next((one for one in self.users.values() if one.login == login), None)
        if known is not None:
            return known
        words = [secrets.token_hex(2) for _ in range(6)]
        user = User(id=next(self._user_ids), login=login, role=role, password=" ".join(words))
        self.users[user.id] = user
        return user

    def holder(self, login: str, password: str) -> User | None:
        """Return who an application password belongs to; its spaces are decoration."""
        bare = password.replace(" ", "")
        return next(
            (
                one
                for one in self.users.values()
                if one.login == login
                and secrets.compare_digest(one.password.replace(" ", "").encode(), bare.encode())
            ),
            None,
        )

    def upload(self, user: User, filename: str, data: bytes) -> Media:
        """Keep a picture under its name, or that name and a number."""
        if not user.may("upload_files"):
            raise _forbidden("rest_cannot_create", "create posts as this user")
        if not data:
            raise Refusal(400, "rest_upload_no_data", "No data supplied.")
        stem, _, ending = filename.rpartition(".")
        if not (_is_picture(data) if ending in IMAGES else _is_video(data) and ending in VIDEOS):
            # Seen on a running WordPress 6.1.9: a file it does not like is a 500.
            raise Refusal(
                500,
                "rest_upload_sideload_error",
                "Sorry, you are not allowed to upload this file type.",
            )
        slug = _free(slugged(stem), {one.slug for one in self.media.values()}, first=1)
        media = Media(
            id=next(self._post_ids), author=user.id, slug=slug, file=f"{slug}.{ending}", data=data
        )
        self.media[media.id] = media
        return media

    def new_term(self, user: User, taxonomy: str, name: str) -> Term:
        """Make a category or a tag, or say which one has that name."""
        right = "manage_categories" if taxonomy == "categories" else "edit_posts"
        if not user.may(right):
            raise _forbidden("rest_cannot_create", "create terms in this taxonomy")
        # Seen on a running WordPress 6.1.9: tags are stripped, and "&" is kept as "&amp;".
        kept = escape(re.sub(r"<[^>]*>", "", name).strip(), quote=False)
        for term in self.terms.values():
            if term.taxonomy == taxonomy and term.name.casefold() == kept.casefold():
                raise Refusal(
                    400,
                    "term_exists",
                    "A term with the name provided already exists in this taxonomy.",
                    term_id=term.id,
                )
        term = Term(id=next(self._term_ids), taxonomy=taxonomy, name=kept)
        self.terms[term.id] = term
        return term

    def new_post(self, user: User, wish: Mapping[str, object]) -> Post:
        """Store a post, or refuse it."""
        if not user.may("edit_posts"):
            raise _forbidden("rest_cannot_create", "create posts as this user")
        if not any(wish.get(name) for name in ("title", "content", "excerpt")):
            raise Refusal(400, "empty_content", "Content, title, and excerpt are empty.")
        self._require_status(user, wish.get("status", "draft"))
        post = Post(id=next(self._post_ids), author=user.id, date=self.now(), slug="")
        self._write(user, post, {"slug": "", "status": "draft", **wish})
        self.posts[post.id] = post
        return post

    def edit_post(self, user: User, post: Post, wish: Mapping[str, object]) -> None:
        """Change a post: the same again changes nothing but when it was changed."""
        self.require_own(user, post, "edit")
        if "status" in wish:
            self._require_status(user, wish["status"])
        self._write(user, post, wish)

    def _require_status(self, user: User, status: object) -> None:
        if status not in {"publish", "future", "draft", "pending", "private"}:
            raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): status")
        if status == "publish" and not user.may("publish_posts"):
            raise _forbidden("rest_cannot_publish", "publish posts in this post type")

    def _write(self, user: User, post: Post, wish: Mapping[str, object]) -> None:
        for name in ("title", "content", "excerpt"):
            if name in wish:
                setattr(post, name, filtered(user, str(wish[name])))
        for name in ("comment_status", "featured_media", "categories", "tags"):
            if name in wish:
                setattr(post, name, wish[name])
        if "slug" in wish:
            wanted = slugged(str(wish["slug"])) or slugged(post.title) or str(post.id)
            others = {one.slug for one in self.posts.values() if one.id != post.id}
            post.slug = _free(wanted[:SLUG_MAX], others)
        was, post.status = post.status, str(wish.get("status", post.status))
        if post.status == "publish" and was != "publish":
            # A draft has no date of its own: it gets one when it comes out, and keeps it.
            post.date = post.date if post.was_public else self.now()
            post.was_public = True
            post.categories = post.categories or [1]
        post.modified = self.now()

    def trash_post(self, user: User, post: Post) -> None:
        """Put a post into the bin, which renames it; it answers 410 the second time."""
        self.require_own(user, post, "delete")
        if post.status == "trash":
            raise Refusal(410, "rest_already_trashed", "The post has already been deleted.")
        post.status, post.slug = "trash", f"{post.slug}__trashed"
        for comment in self.comments.values():
            if comment.post == post.id and comment.status != "trash":
                comment.status = "post-trashed"

    def require_own(self, user: User, post: Post, act: str) -> None:
        """Refuse to touch what is another user's, unless the role may."""
        if post.author != user.id and not user.may(f"{act}_others_posts"):
            raise _forbidden(f"rest_cannot_{act}", f"{act} this post")

    def new_comment(self, user: User, wish: Mapping[str, object]) -> Comment:
        """Store a comment: closed, doubled or hasty ones are refused."""
        post = self.posts.get(_number(wish.get("post")))
        if post is None:
            raise _forbidden(
                "rest_comment_invalid_post_id", "create this comment without a post", known=True
            )
        if post.status == "trash":
            raise _forbidden("rest_comment_trash_post", "create a comment on this post", known=True)
        if post.status == "draft":
            raise _forbidden("rest_comment_draft_post", "create a comment on this post", known=True)
        if post.comment_status != "open":
            raise Refusal(403, "rest_comment_closed", "Sorry, comments are closed for this item.")
        content = filtered(user, str(wish.get("content", "")))
        if not content.strip():
            raise Refusal(400, "rest_comment_content_invalid", "Invalid comment content.")
        if len(content.encode()) > COMMENT_BYTES:
            raise Refusal(
                400,
                "comment_content_column_length",
                "Comment field exceeds maximum length allowed.",
            )
        parent = _number(wish.get("parent"))
        self._require_new(user, post, parent, content)
        moderates = user.may("moderate_comments") or post.author == user.id
        return self.keep_comment(
            post, parent, content, user=user, held=self.moderation and not moderates
        )

    def _require_new(self, user: User, post: Post, parent: int, content: str) -> None:
        now = self.now()
        for one in self.comments.values():
            if one.author != user.id or one.status == "trash":
                continue
            if (one.post, one.parent, one.content) == (post.id, parent, content):
                raise Refusal(
                    409,
                    "comment_duplicate",
                    "Duplicate comment detected; it looks as though "
                    "you&#8217;ve already said that!",
                )
            hasty = now - one.date < FLOOD and not user.may("moderate_comments")
            if self.flood and hasty:
                raise Refusal(
                    400, "comment_flood", "You are posting comments too quickly. Slow down."
                )

    def keep_comment(
        self, post: Post, parent: int, content: str, *, user: User, held: bool = False
    ) -> Comment:
        """Store a comment whatever it says; the parent may be one that is gone."""
        comment = Comment(
            id=next(self._comment_ids),
            post=post.id,
            parent=parent,
            author=user.id,
            name=user.login,
            content=content,
            date=self.now(),
            status="hold" if held else "approved",
        )
        self.comments[comment.id] = comment
        return comment

    def set_comment_status(self, comment: Comment, status: str) -> None:
        """Hold or approve a comment; "approved" said of an approved one fails, as there."""
        if status == comment.status == "approved":
            raise Refusal(500, "rest_comment_failed_edit", "Updating comment status failed.")
        comment.status = "approved" if status in {"approve", "approved", "1"} else status

    def listed_comments(self) -> Iterator[Comment]:
        """Yield every comment, oldest first."""
        return iter(list(self.comments.values()))


def _forbidden(code: str, act: str, *, known: bool = True) -> Refusal:
    return Refusal(403 if known else 401, code, f"Sorry, you are not allowed to {act}.")


def slugged(words: str) -> str:
    """Return what sanitize_title makes of words, for plain letters."""
    return re.sub(r"[^a-z0-9_-]+", "-", words.lower()).strip("-")


def _free(wanted: str, taken: set[str], *, first: int = 2) -> str:
    """Return a name nobody has: wp_unique_post_slug appends -2, files get -1."""
    if wanted not in taken:
        return wanted
    return next(name for n in count(first) if (name := f"{wanted}-{n}") not in taken)


def filtered(user: User, html: str) -> str:
    """Return what kses leaves of HTML: all of it for an editor, no scripts for anybody else."""
    if user.may("unfiltered_html"):
        return html
    without = re.sub(r"</?script[^>]*>", "", html)
    return re.sub(r'\s+on\w+="[^"]*"', "", without)


def _is_picture(data: bytes) -> bool:
    return data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"))


def _is_video(data: bytes) -> bool:
    return data[4:8] == b"ftyp" or data.startswith(b"\x1a\x45\xdf\xa3")


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else 0
