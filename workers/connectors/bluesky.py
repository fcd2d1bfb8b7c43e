"""How to talk to Bluesky and the other servers of the AT Protocol.

Everything goes through the account's own server, which passes on what concerns the network; so
tokens are shown to nobody but the server that a person has named.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson

from hub.channels.platforms.base import Capability
from hub.channels.platforms.bluesky import PLATFORM
from workers.connectors import bluesky_inbox as inbox
from workers.connectors import bluesky_posts as posts
from workers.connectors import bluesky_search as searching
from workers.connectors import bluesky_wire as wire
from workers.connectors.bluesky_failures import EXPIRED, SPENT, code_of, failure
from workers.connectors.bluesky_session import Session, Sessions, secrets_of
from workers.connectors.counting import by_others
from workers.connectors.errors import Gone, OutcomeUnknown, PlatformError, Rejected, Transient
from workers.connectors.errors import Unsupported as CannotDo
from workers.connectors.http import ANSWER_BYTES, Answer, Http, understood
from workers.connectors.port import (
    Account,
    Found,
    Identity,
    Lookup,
    Measured,
    Media,
    NotFound,
    Page,
    Ref,
    RemoteMessage,
    Seen,
    Sending,
    Step,
    StepDone,
    StepKind,
)
from workers.connectors.uploads import body_of, seconds_for

GET_RECORD = "com.atproto.repo.getRecord"
PUT_RECORD = "com.atproto.repo.putRecord"
DELETE_RECORD = "com.atproto.repo.deleteRecord"
UPLOAD_BLOB = "com.atproto.repo.uploadBlob"
RESOLVE_HANDLE = "com.atproto.identity.resolveHandle"
GET_POSTS = "app.bsky.feed.getPosts"
GET_THREAD = "app.bsky.feed.getPostThread"
GET_PROFILE = "app.bsky.actor.getProfile"
LIST_NOTIFICATIONS = "app.bsky.notification.listNotifications"
MUTE = "app.bsky.graph.muteActor"
UNMUTE = "app.bsky.graph.unmuteActor"

# Lexicons app.bsky.feed.getPosts and app.bsky.feed.threadgate.
METRICS_BATCH = 25
HIDDEN_MAX = 300
# How deep one request follows a conversation; beyond, it is asked again from there.
DEPTH = 100
FOLLOWED_MAX = 50
# A conversation comes whole: about 1.5 kB for each answer in it.
THREAD_BYTES = 16_000_000


class Bluesky:
    """One class for every server of the network."""

    platform: ClassVar[str] = PLATFORM.key

    def __init__(self, http: Http) -> None:
        self._http = http
        self._sessions = Sessions(http)

    async def check(self, account: Account) -> Identity:
        """Log in anew and ask who we are; the name is left out where the network is not reached."""
        session = await self._sessions.fresh(account)
        profile = await self._profile(account, session)
        app = account.settings["app"]
        return Identity(
            remote_id=session.did,
            handle=f"@{session.handle}",
            name=str(profile.get("displayName") or "") or session.handle,
            url=f"{app}/profile/{session.did}",
            dialect="atproto",
            guarantee=PLATFORM.guarantee,
            capabilities=PLATFORM.capabilities,
            limits=PLATFORM.limits,
            counters=posts.audience_of(profile),
        )

    def plan(self, sending: Sending) -> Step | None:
        """Return the next upload, then who is mentioned and what is answered, then the next post.

        The same picture is uploaded once however often it is shown: the server names it by its
        content.
        """
        uploaded = sending.checkpoint.get("media", {})
        for part, index, facts in wire.pictures_of(sending):
            if facts.sha256 not in uploaded:
                return Step(
                    kind=StepKind.UPLOAD, key=f"upload:{part}.{index}", part=part, media=index
                )
        resolved = sending.checkpoint.get("mentions", {})
        for number, handle in enumerate(wire.handles_of(sending)):
            if handle not in resolved:
                return Step(kind=StepKind.PREPARE, key=f"mention:{number}", media=number)
        if sending.in_reply_to is not None and not wire.parent_of(sending):
            return Step(kind=StepKind.PREPARE, key="parent")
        part = len(sending.part_refs())
        if part == len(sending.edition.parts):
            return None
        return Step(kind=StepKind.COMMIT, key=f"commit:{part}", part=part)

    def wire_digest(self, sending: Sending, step: Step) -> str:
        """Return the SHA-256 (hex) of the body that names and holds the record."""
        return hashlib.sha256(wire.bytes_of(sending, step)).hexdigest()

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone:
        """Do one step at the server."""
        match step.kind:
            case StepKind.UPLOAD:
                return await self._upload(sending, step, media)
            case StepKind.PREPARE if step.key == "parent":
                return await self._look_at_parent(sending)
            case StepKind.PREPARE:
                return await self._resolve(sending, step)
            case _:
                return await self._commit(sending, step)

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:  # noqa: ARG002  the shape of the port
        """Ask the account's server for the record under the key that the commit has chosen.

        The server reads what it has written, so an absence is certain. Another record under the
        key is not ours: the commit will be refused there, and never takes its place.
        """
        key = wire.rkey_of(sending, step)
        stored = await self._record(sending.account, wire.POST, key)
        made = wire.created_at(sending, step.part)
        if stored is None:
            return NotFound(strong=True)
        with understood():
            if not posts.was_made_at(stored["value"], made):
                return NotFound(strong=True)
            return Found(ref=self._ref(sending.account, stored, made))

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:
        """Return likes, reposts, others' replies and quotes, 25 posts per request."""
        by_uri = {ref.remote_id: ref for ref in refs}
        uris = list(by_uri)
        measured: list[Measured] = []
        parents: list[str] = []
        for start in range(0, len(uris), METRICS_BATCH):
            views = await self._views(account, uris[start : start + METRICS_BATCH])
            with understood():
                known = [view for view in views if view["uri"] in by_uri]
                measured += [posts.measured_of(one, by_uri[one["uri"]]) for one in known]
                parents += [posts.answers_to(one) for one in known]
        return by_others(measured, parents)

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:
        """Return every answer below the posts, other people's only; there is no cursor to keep.

        The conversation is read whole. The list of notifications has pages, but it is sorted by
        the time that authors claim: an answer with an early date, or one that reaches the network
        late, slips in behind any cursor. It also leaves out deep answers, and whoever is muted.
        """
        messages: dict[str, RemoteMessage] = {}
        seen: set[str] = set()
        for ref in refs:
            if ref.remote_id in seen:
                continue
            for view in await self._conversation(account, ref.remote_id):
                with understood():
                    seen.add(str(view["uri"]))
                    if posts.author_of(view) == account.identity or view["uri"] == ref.remote_id:
                        continue
                    message = posts.message_of(view, ref, app=account.settings["app"])
                messages.setdefault(message.remote_id, message)
        return Page(messages=tuple(messages.values()), cursor=cursor)

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:
        """Return mentions, answers and quotes back to a day before the last that was seen.

        What reaches the network with an earlier date than that is missed; answers below the hub's
        own posts are not, for those are read from the conversation.
        """
        listed: list[dict[str, Any]] = []
        older = ""
        for _ in range(inbox.PAGES if cursor else 1):
            params = [("limit", str(inbox.LIMIT)), *([("cursor", older)] if older else [])]
            answer = await self._ask(account, LIST_NOTIFICATIONS, params, most=THREAD_BYTES)
            with understood():
                page = list(answer.json_object()["notifications"])
                listed += page
                older = str(answer.json_object().get("cursor") or "")
                if not older or not page or inbox.reaches_back(page, cursor):
                    break
        with understood():
            messages = inbox.messages_of(listed, app=account.settings["app"])
            return Page(messages=messages, cursor=inbox.newest(listed, cursor))

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:
        """Store the account's like of a post under a key of its own, or take it away."""
        view = next(iter(await self._views(account, [message.remote_id])), None)
        if not liked:
            for body in inbox.unlike_bodies(account.identity, message.remote_id, view):
                await self._write(account, DELETE_RECORD, orjson.dumps(body))
            return
        if view is None:
            raise Gone("What is to be liked does not exist any more.")
        if inbox.liked_as(view):
            return
        body = inbox.like_body(account.identity, view, at=datetime.now(UTC))
        await self._write(account, PUT_RECORD, orjson.dumps(body))

    async def search_mentions(self, account: Account, terms: Sequence[str], cursor: str) -> Page:
        """Return other people's public posts that have one of the terms."""

        async def ask(name: str, params: Iterable[tuple[str, str]]) -> Answer:
            return await self._ask(account, name, params)

        return await searching.search(ask, account, terms, cursor)

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:
        """Mute an account, which is private, or block it, which is a public record of ours."""
        if how is Capability.MUTE:
            body = orjson.dumps({"actor": person})
            await self._write(account, MUTE if on else UNMUTE, body)
            return
        profile = (await self._ask(account, GET_PROFILE, [("actor", person)])).json_object()
        if not on:
            for record in inbox.unblock_bodies(account.identity, person, profile):
                await self._write(account, DELETE_RECORD, orjson.dumps(record))
            return
        if inbox.blocked_as(profile):
            return
        record = inbox.block_body(account.identity, person, at=datetime.now(UTC))
        await self._write(account, PUT_RECORD, orjson.dumps(record))

    async def delete(self, account: Account, ref: Ref) -> None:
        """Delete a post; one that is gone already is a success."""
        post = posts.address_of(ref.remote_id)
        body = {"repo": post.repo, "collection": post.collection, "rkey": post.rkey}
        try:
            await self._write(account, DELETE_RECORD, orjson.dumps(body))
        except Gone:
            return

    async def read_back(self, sending: Sending, part: int) -> Seen:
        """Look whether the record still has the text and the pictures or card it was sent with."""
        account, ref = sending.account, sending.part_refs()[part]
        post = posts.address_of(ref.remote_id)
        stored = await self._record(account, post.collection, post.rkey, repo=post.repo)
        if stored is None:
            return Seen(found=False)
        with understood():
            value = stored["value"]
            same = posts.reads_as(
                value,
                text=sending.edition.parts[part].text,
                embed=wire.embed_of(sending, part),
            )
            text = str(value["text"])
        hidden = await self._is_taken_down(account, ref)
        return Seen(found=True, changed=not same, hidden=hidden, text=text, url=ref.url)

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:
        """Hide an answer below a thread of ours: its name goes into the thread's gate.

        The gate is read, changed and put in the place of exactly what was read, so that nothing
        somebody else has hidden meanwhile is lost: then it is Transient, and done again.
        """
        thread = posts.address_of(str(message.extra.get("root_uri") or root.remote_id))
        if thread.repo != account.identity:
            raise CannotDo("Only who began a conversation can hide answers in it.")
        stored = await self._record(account, wire.GATE, thread.rkey)
        gate: Mapping[str, Any] = (stored or {}).get("value") or {
            "$type": wire.GATE,
            "post": str(thread),
            "createdAt": wire.moment(datetime.now(UTC)),
        }
        listed = list(gate.get("hiddenReplies") or ())
        if (message.remote_id in listed) == hidden:
            return
        if hidden and len(listed) >= HIDDEN_MAX:
            raise Rejected(
                f"{HIDDEN_MAX} answers are hidden in this conversation: there is room for no more.",
                code="TOO_MANY_HIDDEN",
            )
        kept = [uri for uri in listed if uri != message.remote_id]
        body = {
            "repo": account.identity,
            "collection": wire.GATE,
            "rkey": thread.rkey,
            "record": {**gate, "hiddenReplies": [*kept, message.remote_id] if hidden else kept},
            "swapRecord": (stored or {}).get("cid"),
        }
        try:
            await self._write(account, PUT_RECORD, orjson.dumps(body))
        except Rejected as error:
            if error.code != "TAKEN":
                raise
            raise Transient("Somebody else has just changed what is hidden here.") from error

    async def _profile(self, account: Account, session: Session) -> Mapping[str, Any]:
        try:
            answer = await self._ask(account, GET_PROFILE, [("actor", session.did)])
            return answer.json_object()
        except PlatformError:
            # The network's index may be away, or new to the account: a name is not worth failing.
            return {}

    async def _upload(self, sending: Sending, step: Step, media: Media) -> StepDone:
        facts = sending.edition.parts[step.part].media[step.media]
        async with body_of(media, facts) as data:
            answer = await self._call(
                sending.account,
                "POST",
                UPLOAD_BLOB,
                headers={"Content-Type": facts.mime},
                content=data,
                deadline=seconds_for(facts),
            )
        with understood():
            blob = answer.json_object()["blob"]
            known = {
                "$type": "blob",
                "ref": {"$link": str(blob["ref"]["$link"])},
                "mimeType": str(blob["mimeType"]),
                "size": int(blob["size"]),
            }
        return StepDone(checkpoint=wire.with_fact(sending, "media", facts.sha256, known))

    async def _resolve(self, sending: Sending, step: Step) -> StepDone:
        handle = wire.handles_of(sending)[step.media]
        try:
            answer = await self._ask(sending.account, RESOLVE_HANDLE, [("handle", handle)])
            did = str(answer.json_object().get("did") or "")
        except (Rejected, Gone):
            did = ""
        return StepDone(checkpoint=wire.with_fact(sending, "mentions", handle, did))

    async def _look_at_parent(self, sending: Sending) -> StepDone:
        answered = sending.in_reply_to.remote_id if sending.in_reply_to else ""
        views = await self._views(sending.account, [answered])
        if not views:
            raise Gone("What is to be answered does not exist any more.")
        with understood():
            parent = posts.parent_of(views[0])
        return StepDone(checkpoint={**sending.checkpoint, "parent": parent})

    async def _commit(self, sending: Sending, step: Step) -> StepDone:
        try:
            answer = await self._write(sending.account, PUT_RECORD, wire.bytes_of(sending, step))
        except Rejected as error:
            if error.code != "MEDIA_GONE" or wire.RENEWED in sending.checkpoint:
                raise
            # Servers throw away uploads that nothing shows for hours. The post was refused for
            # that, so nothing is out: the pictures are uploaded again, once.
            return StepDone(checkpoint={**sending.checkpoint, "media": {}, wire.RENEWED: True})
        with understood():
            stored = answer.json_object()
            ref = self._ref(sending.account, stored, wire.created_at(sending, step.part))
        parts = [*sending.checkpoint.get("parts", []), ref.to_json()]
        return StepDone(checkpoint={**sending.checkpoint, "parts": parts}, ref=ref)

    async def _conversation(self, account: Account, uri: str) -> list[dict[str, Any]]:
        """Return every post of a conversation from one on, following it where it was cut off."""
        views: dict[str, dict[str, Any]] = {}
        waiting, asked = [uri], set[str]()
        while waiting and len(asked) <= FOLLOWED_MAX:
            start = waiting.pop()
            asked.add(start)
            for node in await self._thread(account, start):
                with understood():
                    view = node["post"]
                    views[str(view["uri"])] = view
                    if posts.is_cut_off(node) and view["uri"] not in asked:
                        waiting.append(str(view["uri"]))
        return list(views.values())

    async def _thread(self, account: Account, uri: str) -> list[Mapping[str, Any]]:
        params = [("uri", uri), ("depth", str(DEPTH)), ("parentHeight", "0")]
        try:
            answer = await self._ask(account, GET_THREAD, params, most=THREAD_BYTES)
        except Gone:
            return []
        with understood():
            return list(posts.below(answer.json_object()["thread"]))

    async def _is_taken_down(self, account: Account, ref: Ref) -> bool:
        # The record is there: what the network says about it is only worth a look.
        try:
            views = await self._views(account, [ref.remote_id])
        except PlatformError:
            return False
        return any(posts.is_taken_down(view) for view in views)

    async def _views(self, account: Account, uris: Sequence[str]) -> list[dict[str, Any]]:
        answer = await self._ask(account, GET_POSTS, [("uris", uri) for uri in uris])
        with understood():
            listed = answer.json_object()["posts"]
        if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
            return listed
        raise OutcomeUnknown(f"{answer.host} answered with JSON of an unknown shape.")

    async def _record(
        self, account: Account, collection: str, rkey: str, *, repo: str = ""
    ) -> dict[str, Any] | None:
        params = {"repo": repo or account.identity, "collection": collection, "rkey": rkey}
        try:
            answer = await self._ask(account, GET_RECORD, params.items())
        except Gone:
            return None
        return answer.json_object()

    def _ref(self, account: Account, stored: Mapping[str, Any], at: datetime) -> Ref:
        return posts.ref_of(stored, app=account.settings["app"], published_at=at)

    async def _write(self, account: Account, name: str, content: bytes) -> Answer:
        headers = {"Content-Type": "application/json"}
        return await self._call(account, "POST", name, headers=headers, content=content)

    async def _ask(
        self,
        account: Account,
        name: str,
        params: Iterable[tuple[str, str]],
        *,
        most: int = ANSWER_BYTES,
    ) -> Answer:
        return await self._call(account, "GET", name, params=params, most=most)

    async def _call(self, account: Account, method: str, name: str, **request: Any) -> Answer:
        """Call a method of the server; once more, with another token, where the token was spent.

        A request that is refused for its token was not carried out, so even a commit may be sent
        again then: nothing can have been stored.
        """
        session = await self._sessions.of(account)
        answer = await self._send(account, session, method, name, **request)
        spent = code_of(answer)
        if spent in SPENT:
            session = await self._sessions.renewed(account, session, refreshable=spent == EXPIRED)
            answer = await self._send(account, session, method, name, **request)
        if code_of(answer) == EXPIRED:
            # Another task had renewed it, and the machine has slept since: no sign of a bad key.
            session = await self._sessions.renewed(account, session, refreshable=True)
            answer = await self._send(account, session, method, name, **request)
        if answer.ok:
            return answer
        raise failure(answer)

    async def _send(
        self, account: Account, session: Session, method: str, name: str, **request: Any
    ) -> Answer:
        headers = {
            **request.pop("headers", {}),
            "Authorization": f"Bearer {session.access}",
        }
        return await self._http.send(
            method,
            f"{account.settings['service']}/xrpc/{name}",
            headers=headers,
            secrets=(*secrets_of(account), session.access, session.refresh),
            **request,
        )
