"""How to talk to a Misago forum: threads, posts in them, and what others answer."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson

from hub.channels.platforms.base import Capability
from hub.channels.platforms.misago import PLATFORM
from hub.language.markup import to_text
from workers.connectors import misago_posts as posts
from workers.connectors import misago_wire as wire
from workers.connectors.errors import (
    Gone,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
)
from workers.connectors.errors import Unsupported as CannotDo
from workers.connectors.http import Answer, Http, understood
from workers.connectors.misago_failures import FLOOD_WAIT
from workers.connectors.misago_session import SIGN_IN, Sessions
from workers.connectors.misago_threads import Threads
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
    Several,
    Step,
    StepDone,
    StepKind,
    StepPending,
    Unsupported,
)

#: A post may carry a time a little before the call: two clocks are never the same.
CLOCK_SKEW = timedelta(seconds=60)


class Misago:
    """Signs in with a name and a password; a thread of parts is a thread and posts in it."""

    platform: ClassVar[str] = PLATFORM.key

    def __init__(self, http: Http) -> None:
        self._sessions = Sessions(http)
        self._threads = Threads(self._sessions)

    async def check(self, account: Account) -> Identity:
        """Sign in anew and ask who this is and what the account may do in the category.

        Rejected when no thread may be opened there.
        """
        session = await self._sessions.sign_in(account)
        user = (await self._sessions.call(account, "GET", SIGN_IN)).json_object()
        category = await self._category(account, str(account.settings["category"]))
        own = await self._threads.own(account)
        base = account.settings["base_url"]
        with understood():
            acl = user["acl"]
            return Identity(
                remote_id=str(int(user["id"])),
                handle=str(user["username"]),
                name=str(user.get("real_name") or user["username"]),
                url=f"{base}{user.get('url') or ''}",
                dialect="misago",
                guarantee=PLATFORM.guarantee,
                capabilities=posts.capabilities_of(
                    acl, category=category, own=[one for one in own if one["category"] == category]
                ),
                limits=posts.limits_of(session.front, acl),
            )

    def plan(self, sending: Sending) -> Step | None:
        """Return the category to look up, the next upload, the next post, and a rest between."""
        uploaded = sending.checkpoint.get("media", {})
        for part, index, _ in wire.pictures_of(sending):
            if wire.slot(part, index) not in uploaded:
                return Step(
                    kind=StepKind.UPLOAD, key=f"upload:{part}.{index}", part=part, media=index
                )
        part = len(sending.part_refs())
        if part == 1 and self._retitles(sending):
            return Step(kind=StepKind.ENRICH, key="title:0")
        if part == len(sending.edition.parts):
            return None
        commit = Step(kind=StepKind.COMMIT, key=f"commit:{part}", part=part)
        if wire.opens_thread(sending, commit) and wire.category_of(sending) is None:
            return Step(kind=StepKind.PREPARE, key="category")
        if part and not sending.amends and sending.checkpoint.get("rested") != part:
            # A second post within three seconds would be refused as a flood.
            return Step(kind=StepKind.WAIT, key=f"rest:{part}", part=part)
        return commit

    def wire_digest(self, sending: Sending, step: Step) -> str:
        """Return the SHA-256 (hex) of the method, the path and the body of the post."""
        line = " ".join(wire.target(sending, step)).encode()
        return hashlib.sha256(line + b"\n" + wire.bytes_of(sending, step)).hexdigest()

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone | StepPending:
        """Do one step at the forum."""
        match step.kind:
            case StepKind.UPLOAD:
                return await self._upload(sending, step, media)
            case StepKind.PREPARE:
                named = str(sending.edition.fields.get("category", ""))
                number = await self._category(sending.account, named)
                return StepDone(checkpoint={**sending.checkpoint, "category": number})
            case StepKind.WAIT:
                rested = {**sending.checkpoint, "rested": step.part}
                return StepPending(checkpoint=rested, poll_after=FLOOD_WAIT)
            case StepKind.ENRICH:
                return await self._retitle(sending)
            case _:
                return await self._commit(sending, step)

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:
        """List what the account wrote back to `since`, and compare the source of each.

        Threads are listed by their last post, with those that wait for approval; a post is looked
        for from the end of its thread. An absence is strong when the list reached back far enough.
        """
        account = sending.account
        if sending.amends:
            return await self._find_amended(sending, step)
        if not account.identity:
            return Unsupported()
        earliest = since - CLOCK_SKEW
        text = wire.text_of(sending, step.part)
        known = {ref.remote_id for ref in sending.part_refs()}
        if wire.opens_thread(sending, step):
            found, whole = await self._threads.opened(
                account, sending.edition.title, wire.category_of(sending), text, earliest
            )
        else:
            thread = wire.thread_of(sending, step)
            found, whole = await self._threads.written(account, thread, text, earliest)
        fresh = [ref for ref in found if ref.remote_id not in known]
        if len(fresh) > 1:
            return Several(refs=fresh)
        return Found(ref=fresh[0]) if fresh else NotFound(strong=whole)

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:
        """Return the likes of each post; a post that opens a thread has the replies of others."""
        found = []
        for ref, place in _placed(refs):
            page, post = await self._threads.find(account, place)
            if page is not None and post is not None:
                found.append((ref, place, page, post))
        measured = []
        for ref, place, page, post in found:
            counters = {"LIKES": int(post.get("likes") or 0)}
            if place.opens:
                ours = sum(one.thread == place.thread for _, one, _, _ in found) - 1
                counters["REPLIES"] = max(int(page.thread.get("replies") or 0) - ours, 0)
            measured.append(Measured(ref=ref, counters=counters))
        return measured

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:
        """Return what others wrote in the thread, a page of it at a time, the last page first.

        A reply of ours stands in a thread that another publication opened: what follows it is
        collected there.
        """
        root = next((ref for ref, place in _placed(refs) if place.opens), None)
        if root is None:
            return Page(messages=(), cursor=cursor)
        try:
            reading = posts.Reading.from_cursor(cursor)
            page = await self._read(account, wire.post_of(root).thread, reading)
        except Gone:
            return Page(messages=(), cursor="")
        with understood():
            messages = self._messages(account, page, root)
            after = reading.after(page)
        return Page(messages=messages, cursor=after.to_cursor(), more=after.page > 0)

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:  # noqa: ARG002  the shape of the port
        """A forum bans accounts by its administrators; an account cannot mute another."""
        raise CannotDo("A forum lets only its administrators ban somebody.")

    async def delete(self, account: Account, ref: Ref) -> None:
        """Take a post down: with its whole thread where it opens one.

        Where the account may not delete, the forum is asked to hide it. Unsupported when it may
        do neither; what is gone already is a success.
        """
        place = wire.post_of(ref)
        path = wire.thread_path(place.thread) if place.opens else place.path
        try:
            await self._sessions.call(account, "DELETE", path)
        except Gone as error:
            if error.code:
                return
            raise Transient(error.message, status=error.status) from error
        except Rejected as error:
            if error.status != 403:
                raise
            try:
                await self._patch(account, path, "is-hidden", value=True)
            except Gone:
                return

    async def read_back(self, sending: Sending, part: int) -> Seen:
        """Look whether the post still says what was sent, and whether others can see it."""
        ref = sending.part_refs()[part]
        place, account = wire.post_of(ref), sending.account
        page, post = await self._threads.find(account, place)
        if page is None or post is None:
            return Seen(found=False)
        source = await self._threads.source(account, place.thread, post)
        with understood():
            same = posts.reads_the_same(post, wire.text_of(sending, part), source)
            titled = not place.opens or page.thread["title"] == sending.edition.title
            attached = len(post.get("attachments") or ())
            return Seen(
                found=True,
                changed=not (same and titled) or attached != len(sending.edition.parts[part].media),
                hidden=posts.is_hidden(page, post),
                text=to_text(post.get("content") or ""),
                url=ref.url,
            )

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:
        """Hide an answer in our thread, or show it again; only moderators of the forum may.

        One that waited for approval when it came is let through as well: twice is once.
        """
        path = _path_of(message, message if message.extra.get("thread") or message.url else root)
        if message.extra.get("waits") and not hidden:
            await self._patch(account, path, "is-unapproved", value=False)
        await self._patch(account, path, "is-hidden", value=hidden)

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:
        """Like a post, or like it no more; the forum's groups may be kept from it."""
        await self._patch(account, _path_of(message, message), "is-liked", value=liked)

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:  # noqa: ARG002  the shape of the port
        """Nothing beyond the answers in our own threads is read from a forum."""
        raise CannotDo("Mentions and private threads of a forum are not collected.")

    async def _read(self, account: Account, thread: int, reading: posts.Reading) -> posts.Page:
        """Return the page that comes next; the last one where a reading begins."""
        if not reading.page:
            return await self._threads.last_page(account, thread, reading.pages)
        try:
            return await self._threads.page(account, thread, reading.page)
        except Gone:
            # So much was deleted that the page is no more: what it held stands before.
            return await self._threads.last_page(account, thread, 1)

    def _messages(self, account: Account, page: posts.Page, root: Ref) -> list[RemoteMessage]:
        thread = wire.post_of(root).thread
        return [
            posts.message_of(post, root=root, thread=thread, base=str(account.settings["base_url"]))
            for post in page.posts
            # What a moderator has hidden comes without its words.
            if post.get("content") is not None and not posts.is_own(post, account.identity)
        ]

    async def _category(self, account: Account, wanted: str) -> int:
        """Return the number of a category in which the account may open threads."""
        try:
            answer = await self._sessions.call(account, "GET", f"{wire.THREADS}editor/")
        except Rejected as error:
            if error.status != 403:
                raise
            raise Rejected(error.message, status=403, code="CATEGORY_REFUSED") from error
        with understood():
            for one in answer.json():
                if wanted in {str(one["id"]), posts.short_name(one["name"])} and one["post"]:
                    return int(one["id"])
        raise Rejected(
            f"This account may open no thread in a category {wanted!r}, or there is none.",
            code="CATEGORY_REFUSED",
        )

    async def _upload(self, sending: Sending, step: Step, media: Media) -> StepDone:
        facts = sending.edition.parts[step.part].media[step.media]
        name = f"{facts.sha256[:16]}.{facts.mime.rpartition('/')[2]}"
        data = await media.read(facts.sha256)
        answer = await self._sessions.call(
            sending.account,
            "POST",
            "/api/attachments/",
            files={"upload": (name, data, facts.mime)},
        )
        with understood():
            said = answer.json_object()
            kept = {"id": int(said["id"]), "url": str(said["url"]["index"])}
        return StepDone(checkpoint=wire.with_media(sending, step, kept))

    async def _commit(self, sending: Sending, step: Step) -> StepDone:
        method, path = wire.target(sending, step)
        account = sending.account
        try:
            answer = await self._sessions.call(
                account, method, path, content=wire.bytes_of(sending, step)
            )
        except Rejected as error:
            if error.code == "FORBIDDEN" and not sending.amends:
                raise await self._why_forbidden(sending, step, error) from error
            raise
        if sending.amends:
            answer.json_object()
            ref = sending.amends[step.part]
        elif wire.opens_thread(sending, step):
            ref = await self._first_post(account, answer)
        else:
            thread = wire.thread_of(sending, step)
            with understood():
                ref = posts.ref_of(
                    answer.json_object(), thread=thread, base=account.settings["base_url"]
                )
        parts = [*sending.checkpoint.get("parts", []), ref.to_json()]
        return StepDone(checkpoint={**sending.checkpoint, "parts": parts}, ref=ref)

    async def _first_post(self, account: Account, answer: Answer) -> Ref:
        """Look up the first post of a thread that was just opened: the answer does not name it."""
        with understood():
            thread = int(answer.json_object()["id"])
        try:
            page = await self._threads.page(account, thread, 1)
        except PlatformError as error:
            raise OutcomeUnknown(
                f"The thread {thread} was opened, but its first post could not be read."
            ) from error
        with understood():
            return posts.opening_of(page, base=str(account.settings["base_url"]))

    async def _why_forbidden(
        self, sending: Sending, step: Step, refused: PlatformError
    ) -> PlatformError:
        """Tell a limit on how often one may post from a place that is closed to the account.

        The forum says both with one status, in its own language. Where posting is allowed, only a
        limit can have been meant: the shortest is taken, and whoever tries again waits longer.
        """
        account = sending.account
        try:
            if wire.opens_thread(sending, step):
                await self._category(account, str(wire.category_of(sending)))
            elif not await self._threads.may_reply(account, wire.thread_of(sending, step)):
                return refused
        except PlatformError:
            return refused
        return RateLimited(
            refused.message, status=refused.status, code="LIMIT", retry_after=FLOOD_WAIT
        )

    def _retitles(self, sending: Sending) -> bool:
        return (
            bool(sending.amends)
            and wire.post_of(sending.amends[0]).opens
            and not sending.checkpoint.get("titled")
        )

    async def _retitle(self, sending: Sending) -> StepDone:
        """Give the thread the title that goes with its first post; the same title is no change."""
        place = wire.post_of(sending.amends[0])
        path = wire.thread_path(place.thread)
        await self._patch(sending.account, path, "title", value=sending.edition.title)
        return StepDone(checkpoint={**sending.checkpoint, "titled": True})

    async def _patch(self, account: Account, path: str, name: str, *, value: object) -> None:
        change: list[Mapping[str, Any]] = [{"op": "replace", "path": name, "value": value}]
        try:
            await self._sessions.call(account, "PATCH", path, content=orjson.dumps(change))
        except Rejected as error:
            # Misago answers 400 to a change that the account may not make.
            raise CannotDo(error.message, status=error.status) from error

    async def _find_amended(self, sending: Sending, step: Step) -> Lookup:
        ref = sending.amends[step.part]
        page, post = await self._threads.find(sending.account, wire.post_of(ref))
        if page is None or post is None:
            return NotFound(strong=True)
        thread = wire.thread_of(sending, step)
        source = await self._threads.source(sending.account, thread, post)
        with understood():
            same = posts.reads_the_same(post, wire.text_of(sending, step.part), source)
        return Found(ref=ref) if same else NotFound(strong=True)


def _path_of(message: Ref, place: Ref) -> str:
    """Return the path of a post, in the thread of another one."""
    thread = wire.post_of(place).thread
    return f"{wire.posts_path(thread)}{message.remote_id.removeprefix('posts/')}/"


def _placed(refs: Sequence[Ref]) -> list[tuple[Ref, wire.Post]]:
    """Return the posts of which it is known where they stand."""
    placed = []
    for ref in refs:
        try:
            placed.append((ref, wire.post_of(ref)))
        except Gone:
            continue
    return placed
