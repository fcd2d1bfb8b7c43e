"""What a simulated Mastodon server remembers, and the rules it keeps."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from workers.simulators.forms import Upload
from workers.simulators.mastodon_text import gotosocial_length, mastodon_length, mentioned

KEY_LIFE = timedelta(hours=1)
OPEN_TO_ALL = frozenset({"public", "unlisted"})
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp")
VIDEOS = ("video/webm", "video/mp4", "video/quicktime", "video/ogg")
VIDEO_LIMIT = 99 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one kind of server differs from the others."""

    name: str
    version: str
    source_url: str
    max_characters: int
    max_media: int
    description_limit: int
    image_limit: int
    url_weight: int
    length: Callable[[str, str], int]
    replays_keys: bool
    lists_by_id: bool
    scopes: str = "read write"


MASTODON = Dialect(
    name="mastodon",
    version="4.4.1",
    source_url="https://github.com/mastodon/mastodon",
    max_characters=500,
    max_media=4,
    description_limit=1500,
    image_limit=16 * 1024 * 1024,
    url_weight=23,
    length=mastodon_length,
    replays_keys=True,
    lists_by_id=True,
)
DIALECTS: Mapping[str, Dialect] = {
    "mastodon": MASTODON,
    "writeonly": replace(MASTODON, scopes="write"),
    "gotosocial": Dialect(
        name="gotosocial",
        version="0.20.1+git-5a1b2c3",
        source_url="https://codeberg.org/superseriousbusiness/gotosocial",
        max_characters=5000,
        max_media=6,
        description_limit=5000,
        image_limit=40 * 1024 * 1024,
        # It advertises this discount and does not give it.
        url_weight=25,
        length=gotosocial_length,
        replays_keys=False,
        lists_by_id=False,
    ),
}


class Refusal(Exception):
    """The server says no, in the words and with the status of the real one."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody with a token."""

    id: str
    username: str
    name: str
    token: str
    scopes: frozenset[str]
    created_at: datetime


@dataclass(kw_only=True)
class Picture:
    """An upload; `polls_left` is how often it will still be said to be processing."""

    id: str
    owner: str
    upload: Upload
    description: str
    polls_left: int
    status_id: str = ""


@dataclass(kw_only=True)
class Status:
    """A post."""

    id: str
    author: str
    created_at: datetime
    text: str = ""
    visibility: str = "public"
    sensitive: bool = False
    warning: str = ""
    language: str = ""
    parent: str = ""
    media: Sequence[str] = ()
    boosted: str = ""
    edited_at: datetime | None = None
    deleted: bool = False
    likes: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a client asks to be posted."""

    text: str
    visibility: str = "public"
    sensitive: bool = False
    warning: str = ""
    language: str = ""
    parent: str = ""
    media: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that happened to an account."""

    id: str
    kind: str
    to: str
    by: str
    status_id: str
    at: datetime


class World:
    """One server: its accounts, pictures, posts and what its keys led to."""

    def __init__(self, dialect: Dialect, clock: Callable[[], datetime]) -> None:
        self.dialect = dialect
        self.media_polls = 0
        self.offset = timedelta()
        self.accounts: dict[str, Account] = {}
        self.pictures: dict[str, Picture] = {}
        self.statuses: dict[str, Status] = {}
        self.notices: list[Notice] = []
        #: Who mutes or blocks whom: (account, "mute" or "block", person).
        self.restricted: set[tuple[str, str, str]] = set()
        self._clock = clock
        self._ids = count(110_000_000_000_000_001)
        self._keys: dict[tuple[str, str], tuple[str, datetime]] = {}

    def now(self) -> datetime:
        """Return the server's time."""
        return self._clock().astimezone(UTC) + self.offset

    def join(self, username: str, *, name: str = "", scopes: str = "") -> Account:
        """Create an account with a token, or return the one of that name."""
        known = self.named(username)
        if known is not None:
            return known
        account = Account(
            id=self._next(),
            username=username,
            name=name or username.title(),
            token=secrets.token_urlsafe(24),
            scopes=frozenset((scopes or self.dialect.scopes).split()),
            created_at=self.now(),
        )
        self.accounts[account.id] = account
        return account

    def named(self, username: str) -> Account | None:
        """Return the account of a user name."""
        return next((one for one in self.accounts.values() if one.username == username), None)

    def holder(self, token: str) -> Account | None:
        """Return the account a token belongs to."""
        return next(
            (one for one in self.accounts.values() if secrets.compare_digest(one.token, token)),
            None,
        )

    def upload(self, account: Account, upload: Upload | None, description: str) -> Picture:
        """Keep a picture, or refuse it."""
        if upload is None:
            raise Refusal(422, "Validation failed: File can't be blank")
        if upload.mime not in (*IMAGES, *VIDEOS) or not _is_what_it_says(upload):
            raise Refusal(422, "Validation failed: File content type is invalid")
        limit = VIDEO_LIMIT if upload.mime in VIDEOS else self.dialect.image_limit
        if len(upload.data) > limit:
            raise Refusal(422, "Validation failed: File file size must be less than the limit")
        self._describable(description)
        picture = Picture(
            id=self._next(),
            owner=account.id,
            upload=upload,
            description=description,
            polls_left=self.media_polls,
        )
        self.pictures[picture.id] = picture
        return picture

    def picture(self, account: Account, picture_id: str) -> Picture:
        """Return an upload of an account that is not yet part of a post."""
        picture = self.pictures.get(picture_id)
        if picture is None or picture.owner != account.id or picture.status_id:
            raise Refusal(404, "Record not found")
        return picture

    def post(self, account: Account, wish: Wish, key: str) -> Status:
        """Store a post, once per key where the dialect keeps keys, or refuse it."""
        earlier = self._replayed(account, key)
        if earlier is not None:
            return earlier
        self._check(account, wish)
        status = Status(id=self._next(), author=account.id, created_at=self.now(), **wish.__dict__)
        self.statuses[status.id] = status
        for picture_id in wish.media:
            self.pictures[picture_id].status_id = status.id
        if key:
            self._keys[account.id, key] = status.id, self.now()
        for username in dict.fromkeys(mentioned(wish.text)):
            self._tell(self.named(username), "mention", account, status)
        return status

    def edit(self, account: Account, status: Status, text: str, warning: str) -> Status:
        """Change the words of a post."""
        self._own(account, status)
        self._measure(text, warning, pictures=len(status.media))
        status.text, status.warning, status.edited_at = text, warning, self.now()
        return status

    def delete(self, account: Account, status: Status) -> None:
        """Take a post down; its answers stay, without a parent."""
        self._own(account, status)
        status.deleted = True
        for other in self.living():
            if other.parent == status.id:
                other.parent = ""
            if other.boosted == status.id:
                other.deleted = True

    def like(self, account: Account, status: Status) -> None:
        """Count a like once per account."""
        if account.id not in status.likes:
            status.likes.add(account.id)
            self._tell(self.accounts[status.author], "favourite", account, status)

    def boost(self, account: Account, status: Status) -> Status:
        """Share a post once per account."""
        for earlier in self.boosts(status):
            if earlier.author == account.id:
                return earlier
        shared = Status(
            id=self._next(), author=account.id, created_at=self.now(), boosted=status.id
        )
        self.statuses[shared.id] = shared
        self._tell(self.accounts[status.author], "reblog", account, status)
        return shared

    def seen(self, viewer: Account | None, status_id: str) -> Status:
        """Return a post the viewer may see; one they may not see does not exist."""
        status = self.statuses.get(status_id)
        if status is None or not self.visible(viewer, status):
            raise Refusal(404, "Record not found")
        return status

    def visible(self, viewer: Account | None, status: Status) -> bool:
        """Say whether somebody, or anybody, may see a post."""
        if status.deleted:
            return False
        if status.visibility in OPEN_TO_ALL:
            return True
        if viewer is None:
            return False
        return viewer.id == status.author or viewer.username in mentioned(status.text)

    def living(self) -> Iterator[Status]:
        """Yield every post that is not deleted, oldest first."""
        return (status for status in list(self.statuses.values()) if not status.deleted)

    def replies(self, status: Status) -> list[Status]:
        """Return the direct answers to a post."""
        return [other for other in self.living() if other.parent == status.id]

    def boosts(self, status: Status) -> list[Status]:
        """Return the shares of a post."""
        return [other for other in self.living() if other.boosted == status.id]

    def descendants(self, status: Status) -> Iterator[Status]:
        """Yield everything below a post, each answer before its own answers."""
        for reply in self.replies(status):
            yield reply
            yield from self.descendants(reply)

    def ancestors(self, status: Status) -> list[Status]:
        """Return what a post answers, the oldest first."""
        parent = self.statuses.get(status.parent)
        return [*self.ancestors(parent), parent] if parent else []

    def _replayed(self, account: Account, key: str) -> Status | None:
        kept = self._keys.get((account.id, key))
        if kept is None or not self.dialect.replays_keys:
            return None
        status_id, at = kept
        return self.seen(account, status_id) if self.now() - at < KEY_LIFE else None

    def _check(self, account: Account, wish: Wish) -> None:
        if wish.visibility not in {"public", "unlisted", "private", "direct"}:
            raise Refusal(422, "Validation failed: Visibility is not included in the list")
        if wish.parent:
            self.seen(account, wish.parent)
        if len(wish.media) > self.dialect.max_media:
            raise Refusal(
                422, f"Validation failed: Cannot attach more than {self.dialect.max_media} files"
            )
        shown = (self.pictures[one] for one in wish.media if one in self.pictures)
        if any(one.upload.mime in VIDEOS for one in shown) and len(wish.media) > 1:
            raise Refusal(
                422,
                "Validation failed: Cannot attach a video to a post that already contains images",
            )
        for picture_id in wish.media:
            if self.picture(account, picture_id).polls_left:
                raise Refusal(
                    422,
                    "Cannot attach files that have not finished processing. Try again in a moment!",
                )
        self._measure(wish.text, wish.warning, pictures=len(wish.media))

    def _measure(self, text: str, warning: str, *, pictures: int) -> None:
        if not text.strip() and not pictures:
            raise Refusal(422, "Validation failed: Text can't be blank")
        limit = self.dialect.max_characters
        if self.dialect.length(text, warning) > limit:
            raise Refusal(422, f"Validation failed: Text character limit of {limit} exceeded")

    def _describable(self, description: str) -> None:
        if len(description) > self.dialect.description_limit:
            raise Refusal(422, "Validation failed: Description is too long")

    def _own(self, account: Account, status: Status) -> None:
        if status.author != account.id:
            raise Refusal(404, "Record not found")

    def _tell(self, to: Account | None, kind: str, by: Account, status: Status) -> None:
        if to is None or to.id == by.id:
            return
        self.notices.append(
            Notice(
                id=self._next(), kind=kind, to=to.id, by=by.id, status_id=status.id, at=self.now()
            )
        )

    def _next(self) -> str:
        return str(next(self._ids))


def _is_what_it_says(upload: Upload) -> bool:
    """Look at the first bytes of a video, as the real one does with the whole file."""
    boxed = upload.mime in {"video/mp4", "video/quicktime"}
    return not boxed or upload.data[4:8] == b"ftyp"
