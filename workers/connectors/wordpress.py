"""How to talk to a WordPress site: a post is drafted, and publishing the draft is the commit."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar

from hub.channels.platforms.base import Capability, Guarantee
from hub.channels.platforms.wordpress import PLATFORM
from workers.connectors import wordpress_comments as comments
from workers.connectors import wordpress_posts as posts
from workers.connectors import wordpress_wire as wire
from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    OutcomeUnknown,
    Rejected,
    Transient,
    Unsupported,
)
from workers.connectors.http import Http, understood
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
)
from workers.connectors.uploads import body_of, seconds_for
from workers.connectors.wordpress_failures import complaint, existing_term, failure
from workers.connectors.wordpress_site import Site, objects

# A comment may carry a time a little before the call: two clocks are never the same.
CLOCK_SKEW = timedelta(seconds=60)
LIST_LIMIT = 100
LIST_PAGES = 10
ME = (("context", "edit"), ("_fields", "id,name,slug,link,capabilities"))


class WordPress:
    """One class for every site: what a site allows is what its user may do there."""

    platform: ClassVar[str] = PLATFORM.key

    def __init__(self, http: Http) -> None:
        self._site = Site(http)

    async def check(self, account: Account) -> Identity:
        """Ask the site who the credentials belong to and what they may do.

        NeedsAuth when they may not publish: what a contributor sends waits for somebody else,
        and what was approved here must not wait for another approval there.
        """
        try:
            answer = await self._site.call(account, "GET", "users/me", params=ME)
        except Gone as error:
            raise Unsupported("This address does not answer as a WordPress site does.") from error
        user = answer.json_object()
        with understood():
            number, granted = int(user["id"]), dict(user["capabilities"])
        if not granted.get("publish_posts"):
            raise NeedsAuth(
                f"{answer.host} does not let this user publish posts; an author or editor can.",
                code="SCOPE",
            )
        return Identity(
            remote_id=str(number),
            handle=str(user.get("slug") or ""),
            name=str(user.get("name") or user.get("slug") or ""),
            url=str(user.get("link") or account.settings["base_url"]),
            dialect="wordpress",
            guarantee=Guarantee.IDENTITY,
            capabilities=posts.capabilities_of(user),
            limits=posts.limits_of(user),
        )

    def plan(self, sending: Sending) -> Step | None:
        """Return the next of pictures, descriptions, terms, draft and commit."""
        return wire.next_step(sending)

    def wire_digest(self, sending: Sending, step: Step) -> str:  # noqa: ARG002  the shape of the port
        """Return the SHA-256 (hex) of the body of the commit: all that becomes public."""
        return hashlib.sha256(wire.bytes_of(sending)).hexdigest()

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone:
        """Do one step at the site; what prepares looks first whether it is there already."""
        name, _, number = step.key.partition(":")
        match name:
            case "upload":
                return await self._upload(sending, int(number), media)
            case "describe":
                return await self._describe(sending, int(number))
            case "term":
                return await self._term(sending, int(number))
            case "draft":
                return await self._draft(sending)
            case "parent":
                return await self._parent(sending)
            case _:
                return await self._commit(sending)

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:  # noqa: ARG002  the shape of the port
        """Look whether the draft is public, or whether the reply is among our own comments."""
        if sending.amends:
            return await self._amended(sending)
        if wire.is_reply(sending):
            return await self._own_reply(sending, since - CLOCK_SKEW)
        found = await self._site.find(sending.account, wire.target_of(sending), posts.POST_FIELDS)
        if found is None or found.get("status") != "publish":
            return NotFound(strong=True)
        with understood():
            return Found(ref=posts.ref_of(found))

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:
        """Return the number of comments below each post, or of answers to each comment."""
        measured = []
        for ref in refs:
            kind, _, number = ref.remote_id.partition("/")
            if await self._site.find(account, ref.remote_id, "id,status", public=True) is None:
                continue
            below = "parent" if kind == wire.COMMENTS else "post"
            asked = [(below, number), ("per_page", "1"), ("_fields", "id")]
            answer = await self._site.call(account, "GET", wire.COMMENTS, params=asked)
            with understood():
                replies = int(answer.headers["x-wp-total"])
            measured.append(Measured(ref=ref, counters={"REPLIES": replies}))
        return measured

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:
        """Return one page of what others wrote below the posts, from the oldest to the newest.

        Every look begins again with the oldest: a comment that is approved late keeps its old
        number and its old date, so nothing but a whole walk finds it. What waits for approval
        comes last, as far as this user may see it.
        """
        walk = comments.Walk.read(cursor, refs)
        if walk is None:
            return Page(messages=(), cursor="")
        asked = [*walk.params(refs), ("_fields", posts.COMMENT_FIELDS)]
        try:
            answer = await self._site.call(account, "GET", wire.COMMENTS, params=asked)
            listed = objects(answer)
        except OutcomeUnknown:
            # Comments may be long enough that a hundred of them are more than can be read.
            smaller = walk.slower()
            if smaller is None:
                raise
            return Page(messages=(), cursor=smaller.written(), more=True)
        with understood():
            root = refs[walk.ref]
            messages = _of_others(listed, root, account)
            said = answer.headers.get("x-wp-total")
            total = int(said) if said else None
            seen = [int(comment["id"]) for comment in listed]
            following = walk.after(seen, refs, total=total)
        if following is None or following.ref != walk.ref:
            messages += await self._waiting(account, root)
        return Page(
            messages=messages,
            cursor=following.written() if following else "",
            more=following is not None,
        )

    async def _waiting(self, account: Account, root: Ref) -> list[RemoteMessage]:
        """Return the newest comments that wait for approval."""
        asked = [*comments.waiting(root), ("_fields", posts.COMMENT_FIELDS)]
        listed = await self._site.list(account, wire.COMMENTS, asked)
        with understood():
            return _of_others(listed, root, account)

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:  # noqa: ARG002  the shape of the port
        """Nobody writes to an account of a site; comments come with what they are below."""
        raise Unsupported("A site brings comments only.")

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:  # noqa: ARG002  the shape of the port
        """Comments of WordPress have no likes."""
        raise Unsupported("A site has no likes.")

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:  # noqa: ARG002  the shape of the port
        """A site has comments of anybody; there is nobody to mute."""
        raise Unsupported("A site cannot mute or block those who comment.")

    async def delete(self, account: Account, ref: Ref) -> None:
        """Put a post or a comment into the site's bin; one that is gone already is a success."""
        try:
            await self._site.call(account, "DELETE", wire.route_of(ref.remote_id))
        except Gone as error:
            if error.code:
                return
            # A page that is not WordPress' own says nothing about the post.
            raise Transient(error.message, status=error.status) from error

    async def read_back(self, sending: Sending, part: int) -> Seen:
        """Look whether the post or the comment still reads as it was sent."""
        remote = sending.part_refs()[part].remote_id
        reply = wire.is_comment(remote)
        fields = "id,status,link,content" if reply else "id,status,link,title.raw,content.raw"
        found = await self._site.find(sending.account, remote, fields)
        if found is None:
            return Seen(found=False)
        with understood():
            judge = posts.seen_comment if reply else posts.seen_post
            return judge(found, sending)

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:  # noqa: ARG002  the shape of the port
        """Hold a comment back, or approve it again.

        The word is "approve": "approved", said of what is approved already, is answered with 500.
        """
        wanted = {"status": "hold" if hidden else "approve"}
        await self._site.call(account, "POST", wire.route_of(message.remote_id), body=wanted)

    async def _upload(self, sending: Sending, number: int, media: Media) -> StepDone:
        picture = wire.pictures_of(sending)[number]
        asked = [("slug", wire.media_name(picture, sending.account)), ("_fields", "id,source_url")]
        found = await self._site.list(sending.account, "media", asked)
        if not found:
            name = wire.file_name(picture, sending.account)
            async with body_of(media, picture) as data:
                answer = await self._site.call(
                    sending.account,
                    "POST",
                    "media",
                    params=[("_fields", "id,source_url")],
                    headers={
                        "Content-Type": picture.mime,
                        "Content-Disposition": f'attachment; filename="{name}"',
                    },
                    content=data,
                    deadline=seconds_for(picture),
                )
            found = [answer.json_object()]
        with understood():
            known = {"id": int(found[0]["id"]), "url": str(found[0]["source_url"])}
        return StepDone(checkpoint=wire.with_media(sending, number, {**known, "described": False}))

    async def _describe(self, sending: Sending, number: int) -> StepDone:
        picture = wire.pictures_of(sending)[number]
        known = sending.checkpoint["media"][wire.slot(number, picture)]
        await self._site.call(
            sending.account, "POST", f"media/{known['id']}", body={"alt_text": picture.alt}
        )
        return StepDone(checkpoint=wire.with_media(sending, number, {**known, "described": True}))

    async def _term(self, sending: Sending, index: int) -> StepDone:
        taxonomy, name = wire.terms_of(sending)[index]
        # Names are kept as HTML, and searched as they are kept.
        asked = [
            ("search", escape(name, quote=False)),
            ("per_page", str(LIST_LIMIT)),
            ("_fields", "id,name"),
        ]
        listed = await self._site.list(sending.account, taxonomy, asked)
        with understood():
            known = posts.term_id(listed, name)
        number = known if known is not None else await self._new_term(sending, taxonomy, name)
        return StepDone(checkpoint=wire.with_term(sending, taxonomy, name, number))

    async def _new_term(self, sending: Sending, taxonomy: str, name: str) -> int:
        answer = await self._site.ask(sending.account, "POST", taxonomy, body={"name": name})
        if (existing := existing_term(answer)) is not None:
            return existing
        if answer.status == 403 and complaint(answer)[0]:
            raise Rejected(
                f"{answer.host} has no {taxonomy} named {name!r}, and this user may not make one.",
                status=answer.status,
                code="TERM_MISSING",
            )
        if not answer.ok:
            raise failure(answer)
        with understood():
            return int(answer.json_object()["id"])

    async def _draft(self, sending: Sending) -> StepDone:
        account, body = sending.account, wire.draft_of(sending)
        found = await self._drafted(sending)
        if found is None:
            answer = await self._site.call(account, "POST", wire.POSTS, body=body)
            with understood():
                made = answer.json_object()
                found, slug = int(made["id"]), made["slug"]
            if slug != body["slug"]:
                found = await self._older(sending, found)
        return StepDone(checkpoint={**sending.checkpoint, "draft": found})

    async def _older(self, sending: Sending, made: int) -> int:
        """Return the draft an earlier try made after all, and take the one just made away."""
        older = await self._drafted(sending)
        if older is None or older == made:
            # The site has its own idea of addresses.
            return made
        route = wire.remote_id(wire.POSTS, made)
        await self._site.call(sending.account, "DELETE", route, params=[("force", "true")])
        return older

    async def _drafted(self, sending: Sending) -> int | None:
        asked = [
            ("slug", wire.slug_of(sending)),
            ("status", "any"),
            ("context", "edit"),
            ("_fields", posts.POST_FIELDS),
        ]
        listed = await self._site.list(sending.account, wire.POSTS, asked)
        with understood():
            return min((int(post["id"]) for post in listed), default=None)

    async def _parent(self, sending: Sending) -> StepDone:
        """Find out which post the reply belongs to: WordPress accepts answers to what is gone."""
        answered = sending.in_reply_to.remote_id if sending.in_reply_to else ""
        if not wire.is_comment(answered):
            with understood():
                known = {"post": int(answered.removeprefix(f"{wire.POSTS}/")), "comment": 0}
            return StepDone(checkpoint={**sending.checkpoint, "parent": known})
        found = await self._site.find(sending.account, answered, "id,post,status", public=True)
        if found is None:
            raise Gone("The comment this answers waits for approval, or is not there any more.")
        with understood():
            known = {"post": int(found["post"]), "comment": int(found["id"])}
        return StepDone(checkpoint={**sending.checkpoint, "parent": known})

    async def _commit(self, sending: Sending) -> StepDone:
        reply = wire.is_reply(sending)
        fields = posts.COMMENT_FIELDS if reply else posts.POST_FIELDS
        answer = await self._site.call(
            sending.account,
            "POST",
            wire.target_of(sending),
            params=[("_fields", fields)],
            headers={"Content-Type": "application/json"},
            content=wire.bytes_of(sending),
        )
        with understood():
            written = answer.json_object()
            ref = posts.comment_ref_of(written) if reply else posts.ref_of(written)
            status = str(written["status"])
        if status in {"trash", "spam"}:
            raise Gone(f"{answer.host} keeps this out of sight: its state is {status}.")
        if not reply and not sending.amends and status != "publish":
            raise Rejected(
                f"{answer.host} did not publish the post: its state is {status}.", code="HELD"
            )
        return StepDone(checkpoint=wire.with_part(sending, ref), ref=ref)

    async def _amended(self, sending: Sending) -> Lookup:
        """Say whether the new words are there already; writing them again is harmless."""
        ref = sending.amends[0]
        out = {**sending.checkpoint, "parts": [ref.to_json()]}
        shown = await self.read_back(replace(sending, checkpoint=out), 0)
        if shown.found and not shown.changed:
            return Found(ref=ref)
        return NotFound(strong=True)

    async def _own_reply(self, sending: Sending, earliest: datetime) -> Lookup:
        parent = sending.checkpoint["parent"]
        listed: list[dict[str, Any]] = []
        for page in range(1, LIST_PAGES + 1):
            asked = [
                ("post", str(parent["post"])),
                ("parent", str(parent["comment"])),
                # Held ones too: what waits for a moderator has been sent.
                ("status", "all"),
                ("author", sending.account.identity),
                ("orderby", "id"),
                ("per_page", str(LIST_LIMIT)),
                ("page", str(page)),
                ("_fields", posts.COMMENT_FIELDS),
            ]
            found = await self._site.list(sending.account, wire.COMMENTS, asked)
            listed += found
            if len(found) < LIST_LIMIT:
                return _lookup(listed, sending, earliest, whole=True)
        return _lookup(listed, sending, earliest, whole=False)


def _of_others(
    listed: Sequence[dict[str, Any]], root: Ref, account: Account
) -> list[RemoteMessage]:
    return [
        posts.message_of(comment, root)
        for comment in listed
        if str(comment["author"]) != account.identity
    ]


def _lookup(
    listed: Sequence[dict[str, Any]], sending: Sending, earliest: datetime, *, whole: bool
) -> Lookup:
    with understood():
        found = [
            posts.comment_ref_of(comment) for comment in posts.matching(listed, sending, earliest)
        ]
    if len(found) > 1:
        return Several(refs=found)
    return Found(ref=found[0]) if found else NotFound(strong=whole)
