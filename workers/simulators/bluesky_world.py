"""What a simulated AT Protocol network remembers, and the rules its servers keep."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hub.language import counters

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
BLOCK = "app.bsky.graph.block"
REPOST = "app.bsky.feed.repost"
GATE = "app.bsky.feed.threadgate"
ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=90)
LOGIN_WINDOW = timedelta(minutes=5)
LOGINS = 30
HIDDEN_MAX = 300
BLOB_MAX = 5 * 1024 * 1024
IMAGE_MAX = 2_000_000
VIDEO_MAX = 100_000_000
TID = re.compile("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"

Json = Mapping[str, Any]


class Refusal(Exception):
    """The server says no, with the status and the words of the real one."""

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.code = code
        self.said = said


def invalid(said: str) -> Refusal:
    """Return the refusal of a request that is wrong: 400 InvalidRequest."""
    return Refusal(400, "InvalidRequest", said)


@dataclass(kw_only=True)
class Account:
    """Somebody on the network."""

    did: str
    username: str
    handle: str
    name: str
    app_password: str
    logins: list[datetime] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a session is proved by."""

    did: str
    kind: str
    expires_at: datetime


@dataclass(kw_only=True)
class Record:
    """One record of a repository; `number` is its place among all that were ever stored."""

    number: int
    did: str
    collection: str
    rkey: str
    cid: str
    value: Json
    indexed_at: datetime
    deleted: bool = False
    labels: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        """Return the record's address."""
        return f"at://{self.did}/{self.collection}/{self.rkey}"


class World:
    """One network: a server for everybody, and the index of all posts beside it (AppView)."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.offset = timedelta()
        #: Whether the index answers, how deep it follows, and up to which record it has come.
        self.appview = True
        self.depth_max = 1000
        self.indexed_to: int | None = None
        self.accounts: dict[str, Account] = {}
        #: Who mutes whom.
        self.muted: set[tuple[str, str]] = set()
        self.blobs: dict[str, tuple[str, bytes]] = {}
        self.records: dict[str, Record] = {}
        #: Every post that was ever stored, deleted or not.
        self.history: list[Record] = []
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._numbers = count(1)

    def now(self) -> datetime:
        """Return the network's time."""
        return self._clock().astimezone(UTC) + self.offset

    def join(self, username: str) -> Account:
        """Create an account, or return the one of that name."""
        for known in self.accounts.values():
            if known.username == username:
                return known
        did = f"did:plc:{''.join(secrets.choice(_SORTABLE) for _ in range(24))}"
        groups = ("".join(secrets.choice(_SORTABLE) for _ in range(4)) for _ in range(4))
        account = Account(
            did=did,
            username=username,
            handle=f"{username.lower()}.test",
            name=username.title(),
            app_password="-".join(groups),
        )
        self.accounts[did] = account
        return account

    def find(self, name: str) -> Account | None:
        """Return an account by DID or handle."""
        named = (one for one in self.accounts.values() if one.handle == name.lower())
        return self.accounts.get(name) or next(named, None)

    def login(self, identifier: str, password: str) -> Account:
        """Let somebody in, or refuse; thirty times in five minutes at most."""
        account = self.find(identifier)
        if account is not None:
            recent = [at for at in account.logins if self.now() - at < LOGIN_WINDOW]
            account.logins = [*recent, self.now()]
            if len(recent) >= LOGINS:
                raise Refusal(429, "RateLimitExceeded", "Rate Limit Exceeded")
        if account is None or not secrets.compare_digest(account.app_password, password):
            raise Refusal(401, "AuthenticationRequired", "Invalid identifier or password")
        return account

    def token(self, account: Account, kind: str) -> str:
        """Return a fresh token: "access" or "refresh"."""
        life = ACCESS_LIFE if kind == "access" else REFRESH_LIFE
        made = secrets.token_urlsafe(24)
        self._tokens[made] = Token(did=account.did, kind=kind, expires_at=self.now() + life)
        return made

    def holder(self, token: str, kind: str) -> Account:
        """Return whose token this is; a bad one is 400, not 401 (seen on a running PDS 0.5.35)."""
        if not token:
            raise Refusal(401, "AuthMissing", "Authentication Required")
        known = self._tokens.get(token)
        if known is None or known.kind != kind:
            raise Refusal(400, "InvalidToken", "Token could not be verified")
        if known.expires_at <= self.now():
            raise Refusal(400, "ExpiredToken", "Token has expired")
        return self.accounts[known.did]

    def spend(self, token: str) -> None:
        """Make a token worthless: a refresh token can be used once."""
        self._tokens.pop(token, None)

    def forget_tokens(self) -> None:
        """Make every token worthless, as a server does that changes its keys."""
        self._tokens.clear()

    def upload(self, data: bytes, mime: str) -> Json:
        """Keep a blob under the hash of its content."""
        if len(data) > BLOB_MAX:
            raise Refusal(413, "PayloadTooLarge", "request entity too large")
        cid = content_id(data, codec=0x55)
        self.blobs[cid] = (mime, data)
        return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(data)}

    def put(
        self, account: Account, collection: str, rkey: str, value: Json, **swap: str | None
    ) -> tuple[Record, bool]:
        """Store a record under a key; return it and whether anything changed.

        The same record again changes nothing, whatever it was to be swapped with.
        """
        self._check(collection, rkey, value)
        cid = content_id(canonical(value), codec=0x71)
        current = self.living(f"at://{account.did}/{collection}/{rkey}")
        if current is not None and current.cid == cid:
            return current, False
        if "swapRecord" in swap and swap["swapRecord"] != (current.cid if current else None):
            found = current.cid if current else None
            raise Refusal(400, "InvalidSwap", f"Record was at {found}")
        record = Record(
            number=next(self._numbers),
            did=account.did,
            collection=collection,
            rkey=rkey,
            cid=cid,
            value=value,
            indexed_at=self.now(),
        )
        self.records[record.uri] = record
        if collection == POST:
            self.history.append(record)
        return record, True

    def create(self, account: Account, collection: str, value: Json, rkey: str = "") -> Record:
        """Store a new record under a key of the server's own, or under a free one."""
        key = rkey or self.next_rkey()
        if self.living(f"at://{account.did}/{collection}/{key}") is not None:
            # Seen on a running PDS 0.5.35: it looks as if it could be repeated.
            raise Refusal(500, "InternalServerError", "Internal Server Error")
        return self.put(account, collection, key, value)[0]

    def next_rkey(self) -> str:
        """Return a key nobody has had."""
        number = (int(self.now().timestamp() * 1_000_000) + next(self._numbers)) * 1024
        return "".join(_SORTABLE[number >> 5 * place & 31] for place in reversed(range(13)))

    def living(self, uri: str) -> Record | None:
        """Return a record that is there."""
        found = self.records.get(uri)
        return None if found is None or found.deleted else found

    def delete(self, uri: str) -> None:
        """Take a record away; one that is not there is no matter."""
        found = self.living(uri)
        if found is not None:
            found.deleted = True

    def indexed(self, uri: str) -> Record | None:
        """Return a post as the index knows it."""
        found = self.living(uri)
        if found is None or (self.indexed_to is not None and found.number > self.indexed_to):
            return None
        return found

    def of(self, collection: str) -> Iterator[Record]:
        """Yield every record of a kind that the index knows, oldest first."""
        for record in sorted(self.records.values(), key=lambda one: one.number):
            if record.collection == collection and self.indexed(record.uri) is record:
                yield record

    def replies(self, uri: str) -> list[Record]:
        """Return the direct answers to a post."""
        return [
            post
            for post in self.of(POST)
            if post.value.get("reply", {}).get("parent", {}).get("uri") == uri
        ]

    def last_number(self) -> int:
        """Return the number of the newest record."""
        return max((record.number for record in self.records.values()), default=0)

    def _check(self, collection: str, rkey: str, value: Json) -> None:
        if value.get("$type") != collection:
            raise invalid(f"Invalid $type: expected {collection}, got {value.get('$type')}")
        if collection == GATE and len(value.get("hiddenReplies", ())) > HIDDEN_MAX:
            raise self._bad(collection, "array too big (maximum 300) at $.record.hiddenReplies")
        if collection != POST:
            return
        if not TID.fullmatch(rkey):
            raise self._bad(collection, f"Invalid record key: {rkey}")
        self._check_text(value.get("text"))
        if not _is_moment(value.get("createdAt")):
            raise self._bad(collection, "Invalid datetime at $.record.createdAt")
        if len(value.get("tags", ())) > 8:
            raise self._bad(collection, "array too big (maximum 8) at $.record.tags")
        if len(value.get("langs", ())) > 3:
            raise self._bad(collection, "array too big (maximum 3) at $.record.langs")
        self._check_images(value.get("embed", {}))
        self._check_video(value.get("embed", {}))

    def _check_text(self, text: object) -> None:
        if not isinstance(text, str):
            raise self._bad(POST, "Expected string value type at $.record.text")
        size = counters.count(text, counter="bytes")
        if size > 3000:
            raise self._bad(POST, f"string too big (maximum 3000, got {size}) at $.record.text")
        length = counters.count(text, counter="grapheme")
        if length > 300:
            raise self._bad(POST, f"grapheme too big (maximum 300, got {length}) at $.record.text")

    def _check_images(self, embed: Json) -> None:
        images = embed.get("images", ())
        if len(images) > 4:
            raise self._bad(POST, "array too big (maximum 4) at $.record.embed.images")
        for image in images:
            if not isinstance(image.get("alt"), str):
                raise self._bad(POST, "Missing required key at $.record.embed.images[0].alt")
            blob = image["image"]
            known = self.blobs.get(blob["ref"]["$link"])
            if known is None:
                raise Refusal(400, "BlobNotFound", f"Could not find blob: {blob['ref']['$link']}")
            if len(known[1]) > IMAGE_MAX:
                raise Refusal(400, "BlobTooLarge", "This file is too large.")

    def _check_video(self, embed: Json) -> None:
        """Refuse what is no video (lexicon app.bsky.embed.video)."""
        if embed.get("$type") != "app.bsky.embed.video":
            return
        blob = embed.get("video")
        if not isinstance(blob, dict):
            raise self._bad(POST, "Missing required key at $.record.embed.video")
        known = self.blobs.get(blob["ref"]["$link"])
        if known is None:
            raise Refusal(400, "BlobNotFound", f"Could not find blob: {blob['ref']['$link']}")
        if blob.get("mimeType") != "video/mp4" or known[1][4:8] != b"ftyp":
            raise self._bad(POST, "Expected video/mp4 at $.record.embed.video")
        if len(known[1]) > VIDEO_MAX:
            raise Refusal(400, "BlobTooLarge", "This file is too large.")

    def _bad(self, collection: str, said: str) -> Refusal:
        return invalid(f"Invalid {collection} record: {said}")


def content_id(data: bytes, *, codec: int) -> str:
    """Return a CIDv1: the codec and the SHA-256 of the content, in base 32.

    Real servers hash a record's DAG-CBOR; here it is its JSON, which is as good for telling apart.
    """
    raw = bytes([1, codec, 0x12, 0x20]) + hashlib.sha256(data).digest()
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def canonical(value: Json) -> bytes:
    """Return a record's JSON with its keys in order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _is_moment(said: object) -> bool:
    try:
        return datetime.fromisoformat(str(said)).tzinfo is not None
    except ValueError:
        return False
