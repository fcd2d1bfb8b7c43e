"""How to talk to Mastodon and the servers that speak its API."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO, ClassVar
from urllib.parse import quote
from uuid import uuid5

from hub.channels.platforms.base import Capability, Guarantee
from hub.channels.platforms.mastodon import PLATFORM
from workers.connectors import mastodon_posts as posts
from workers.connectors import mastodon_search as searching
from workers.connectors import mastodon_wire as wire
from workers.connectors.counting import by_others
from workers.connectors.errors import Gone, NeedsAuth, OutcomeUnknown, Rejected
from workers.connectors.errors import Unsupported as CannotDo
from workers.connectors.http import Answer, Http, understood
from workers.connectors.mastodon_failures import failure
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
from workers.connectors.uploads import body_of, seconds_for

POLL_AFTER = timedelta(seconds=2)
# A post may carry a time a little before the call: two clocks are never the same.
CLOCK_SKEW = timedelta(seconds=60)
LIST_LIMIT = 40
LIST_PAGES = 10
METRICS_BATCH = 20
# What a token that may only write cannot do.
READING = frozenset(
    {
        Capability.METRICS,
        Capability.AUDIENCE,
        Capability.MESSAGES,
        Capability.READ_BACK,
        Capability.SEARCH_MENTIONS,
        Capability.NOTIFICATIONS,
        Capability.DIRECT_MESSAGES,
    }
)
# A conversation is cut off here (documentation of Mastodon, methods/statuses, context).
CONTEXT_MAX = 4096


class Mastodon:
    """One class for Mastodon, GoToSocial and Pleroma; `Account.dialect` tells them apart."""

    platform: ClassVar[str] = PLATFORM.key

    def __init__(self, http: Http) -> None:
        self._http = http

    async def check(self, account: Account) -> Identity:
        """Ask the server what it accepts and whose token this is.

        A token without a read scope cannot be asked whose it is: then `remote_id` and `handle`
        are empty, `name` is the application's, and the channel is BLIND. The first post tells
        the account in its reference (`extra["account_id"]`).
        """
        instance = await self._instance(account)
        dialect = posts.dialect_of(instance)
        owner = await self._owner(account)
        readable = bool(owner) and await self._may_list(account, str(owner["id"]))
        return Identity(
            remote_id=str(owner.get("id", "")),
            handle=_handle(owner, instance),
            name=owner.get("display_name") or owner.get("username") or await self._app(account),
            url=owner.get("url") or account.settings["base_url"],
            dialect=dialect,
            guarantee=_guarantee(dialect, readable=readable),
            capabilities=PLATFORM.capabilities - (frozenset() if readable else READING),
            limits=posts.limits_of(instance, dialect),
            counters=posts.audience_of(owner),
        )

    def plan(self, sending: Sending) -> Step | None:
        """Return the next upload, then the next wait, then the next post."""
        uploaded = sending.checkpoint.get("media", {})
        pictures = list(wire.pictures_of(sending))
        for part, index, media in pictures:
            if wire.slot(part, index, media) not in uploaded:
                return Step(
                    kind=StepKind.UPLOAD, key=f"upload:{part}.{index}", part=part, media=index
                )
        for part, index, media in pictures:
            if not uploaded[wire.slot(part, index, media)]["ready"]:
                return Step(kind=StepKind.WAIT, key=f"wait:{part}.{index}", part=part, media=index)
        part = len(sending.part_refs())
        if part == len(sending.edition.parts):
            return None
        return Step(kind=StepKind.COMMIT, key=f"commit:{part}", part=part)

    def wire_digest(self, sending: Sending, step: Step) -> str:
        """Return the SHA-256 (hex) of the body of the post."""
        return hashlib.sha256(wire.bytes_of(sending, step)).hexdigest()

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone | StepPending:
        """Do one step at the server."""
        match step.kind:
            case StepKind.UPLOAD:
                return await self._upload(sending, step, media)
            case StepKind.WAIT:
                return await self._wait(sending, step)
            case _:
                return await self._commit(sending, step)

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:
        """List the account's own posts back to `since` and compare text, pictures and parent.

        Servers change a text when they turn it into HTML, so it is compared without what they
        change. An absence is strong only when the listing reached back past `since`.
        """
        account = sending.account
        if not account.identity:
            return Unsupported()
        earliest = since - CLOCK_SKEW
        try:
            with reading():
                listed, whole = await self._list_back_to(account, earliest)
        except CannotDo:
            return Unsupported()
        known = {ref.remote_id for ref in sending.part_refs()}
        fresh = [status for status in listed if str(status["id"]) not in known]
        found = [
            posts.ref_of(status)
            for status in posts.matching(fresh, wire.body_of(sending, step), earliest)
        ]
        if len(found) > 1:
            return Several(refs=found)
        return Found(ref=found[0]) if found else NotFound(strong=whole)

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:
        """Return likes, shares and others' replies, many posts per request where it can be."""
        by_id = {ref.remote_id: ref for ref in refs}
        ids = list(by_id)
        measured: list[Measured] = []
        parents: list[str] = []
        for start in range(0, len(ids), METRICS_BATCH):
            with reading():
                statuses = await self._statuses(account, ids[start : start + METRICS_BATCH])
            with understood():
                known = [status for status in statuses if str(status["id"]) in by_id]
                measured += [posts.measured_of(one, by_id[str(one["id"])]) for one in known]
                parents += [posts.answers_to(one) for one in known]
        return by_others(measured, parents)

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:
        """Return every answer below the posts, other people's only; there is no cursor to keep.

        An answer below two of the posts (a thread of our own) is reported once, under the first.
        """
        messages: dict[str, RemoteMessage] = {}
        whole = True
        for ref in refs:
            with reading():
                below = await self._descendants(account, ref)
            whole = whole and below is not None and len(below) < CONTEXT_MAX
            for status in below or ():
                if posts.is_own(status, account.identity):
                    continue
                with understood():
                    message = posts.message_of(status, ref)
                messages.setdefault(message.remote_id, message)
        return Page(messages=tuple(messages.values()), cursor=cursor, whole=whole)

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:
        """Return the mentions after the last one that was seen, at first the newest few.

        What is visible to nobody but those it mentions is how people write privately there.
        """
        since = [("min_id", cursor)] if cursor else []
        params = [("types[]", "mention"), ("limit", str(LIST_LIMIT)), *since]
        with reading():
            answer = await self._call(account, "GET", "/api/v1/notifications", params=params)
        listed = _objects(answer)
        with understood():
            return Page(
                messages=posts.mentions_in(listed),
                # The newest comes first, whatever ids look like on this server.
                cursor=str(listed[0]["id"]) if listed else cursor,
                more=bool(cursor) and len(listed) >= LIST_LIMIT,
            )

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:
        """Add a post to the account's favourites, or take it out."""
        act = "favourite" if liked else "unfavourite"
        await self._call(account, "POST", f"{_post(message.remote_id)}/{act}")

    async def search_mentions(self, account: Account, terms: Sequence[str], cursor: str) -> Page:
        """Return other people's public posts that have one of the terms."""

        async def ask(path: str, params: Iterable[tuple[str, str]]) -> Answer:
            with reading():
                return await self._call(account, "GET", path, params=params)

        return await searching.search(ask, account, terms, cursor)

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:
        """Mute or block an account, or end that (Mastodon documentation, methods/accounts)."""
        act = how.value.lower() if on else f"un{how.value.lower()}"
        try:
            await self._call(account, "POST", f"/api/v1/accounts/{_segment(person)}/{act}")
        except Gone:
            # Nobody is left to be let go.
            if on:
                raise

    async def delete(self, account: Account, ref: Ref) -> None:
        """Delete a post; one that is gone already is a success."""
        try:
            await self._call(account, "DELETE", _post(ref.remote_id))
        except Gone:
            return

    async def read_back(self, sending: Sending, part: int) -> Seen:
        """Look whether the post still reads as it was sent."""
        ref = sending.part_refs()[part]
        with reading():
            status = await self._status(sending.account, ref.remote_id)
        if status is None:
            return Seen(found=False)
        with understood():
            return posts.seen(status, sent=sending.edition, part=part)

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:  # noqa: ARG002  the shape of the port
        """No server of this kind lets one account hide another's answer."""
        raise CannotDo("Mastodon cannot hide what others write; block or report them there.")

    async def _instance(self, account: Account) -> dict[str, Any]:
        try:
            answer = await self._call(account, "GET", "/api/v2/instance")
        except Gone as error:
            raise CannotDo("This server does not speak Mastodon's API, version 2.") from error
        return answer.json_object()

    async def _owner(self, account: Account) -> Mapping[str, Any]:
        try:
            with reading():
                answer = await self._call(account, "GET", "/api/v1/accounts/verify_credentials")
        except CannotDo:
            return {}
        owner = answer.json_object()
        if "id" not in owner:
            raise OutcomeUnknown(f"{answer.host} did not say whose token this is.")
        return owner

    async def _app(self, account: Account) -> str:
        # Even this asks for a read scope before Mastodon 4.3; the refusal proves the token valid.
        try:
            with reading():
                answer = await self._call(account, "GET", "/api/v1/apps/verify_credentials")
        except CannotDo:
            return ""
        return str(answer.json_object().get("name") or "")

    async def _may_list(self, account: Account, account_id: str) -> bool:
        try:
            with reading():
                await self._call(account, "GET", _own_posts(account_id), params=[("limit", "1")])
        except CannotDo:
            return False
        return True

    async def _upload(self, sending: Sending, step: Step, media: Media) -> StepDone:
        facts = sending.edition.parts[step.part].media[step.media]
        name = f"{facts.sha256[:16]}.{facts.mime.rpartition('/')[2]}"
        async with body_of(media, facts) as data:
            answer = await self._call(
                sending.account,
                "POST",
                "/api/v2/media",
                form={"description": facts.alt} if facts.alt else None,
                files={"file": (name, data, facts.mime)},
                deadline=seconds_for(facts),
            )
        uploaded = {"id": _id(answer), "ready": answer.status == 200}
        return StepDone(checkpoint=wire.with_media(sending, step, uploaded))

    async def _wait(self, sending: Sending, step: Step) -> StepDone | StepPending:
        known = sending.checkpoint["media"][wire.slot_of(sending, step)]
        answer = await self._call(sending.account, "GET", f"/api/v1/media/{_segment(known['id'])}")
        if answer.status == 206:
            return StepPending(checkpoint=sending.checkpoint, poll_after=POLL_AFTER)
        return StepDone(checkpoint=wire.with_media(sending, step, {**known, "ready": True}))

    async def _commit(self, sending: Sending, step: Step) -> StepDone:
        amended = sending.amends[step.part] if sending.amends else None
        # Mastodon keeps it for an hour; GoToSocial accepts it and never looks at it.
        key = {"Idempotency-Key": str(uuid5(sending.idempotency_key, step.key))}
        answer = await self._call(
            sending.account,
            "PUT" if amended else "POST",
            _post(amended.remote_id) if amended else "/api/v1/statuses",
            headers={"Content-Type": "application/json", **({} if amended else key)},
            content=wire.bytes_of(sending, step),
        )
        with understood():
            ref = posts.ref_of(answer.json_object())
        parts = [*sending.checkpoint.get("parts", []), ref.to_json()]
        return StepDone(checkpoint={**sending.checkpoint, "parts": parts}, ref=ref)

    async def _list_back_to(
        self, account: Account, earliest: datetime
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return own posts, newest first, and whether the list reaches back to `earliest`."""
        listed: list[dict[str, Any]] = []
        params = [("limit", str(LIST_LIMIT)), ("exclude_reblogs", "true")]
        for _ in range(LIST_PAGES):
            older = [("max_id", str(listed[-1]["id"]))] if listed else []
            answer = await self._call(
                account, "GET", _own_posts(account.identity), params=[*params, *older]
            )
            page = _objects(answer)
            listed += page
            with understood():
                ends = not page or min(map(posts.created_at, page)) < earliest
            if ends:
                return listed, True
        return listed, False

    async def _statuses(self, account: Account, ids: Sequence[str]) -> list[dict[str, Any]]:
        try:
            answer = await self._call(
                account, "GET", "/api/v1/statuses", params=[("id[]", known) for known in ids]
            )
        except (Gone, Rejected):
            # Servers before Mastodon 4.3 and other dialects have no such list.
            return [status for known in ids if (status := await self._status(account, known))]
        return _objects(answer)

    async def _status(self, account: Account, remote_id: str) -> dict[str, Any] | None:
        try:
            answer = await self._call(account, "GET", _post(remote_id))
        except Gone:
            return None
        return answer.json_object()

    async def _descendants(self, account: Account, ref: Ref) -> list[dict[str, Any]] | None:
        path = f"/api/v1/statuses/{_segment(ref.remote_id)}/context"
        try:
            answer = await self._call(account, "GET", path)
        except Gone:
            return None
        with understood():
            return list(answer.json_object()["descendants"])

    async def _call(
        self,
        account: Account,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Iterable[tuple[str, str]] = (),
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes | BinaryIO, str]] | None = None,
        deadline: float | None = None,
    ) -> Answer:
        token = account.secrets["access_token"]
        answer = await self._http.send(
            method,
            f"{account.settings['base_url']}{path}",
            headers={**(headers or {}), "Authorization": f"Bearer {token}"},
            params=params,
            content=content,
            form=form,
            files=files,
            deadline=deadline,
            secrets=(token,),
        )
        if answer.ok:
            return answer
        raise failure(answer)


@contextmanager
def reading() -> Iterator[None]:
    """Turn a missing scope into "cannot do": such a token is valid, it only may not look."""
    try:
        yield
    except NeedsAuth as error:
        if error.code != "SCOPE":
            raise
        raise CannotDo("The token may not read.", status=error.status) from error


def _guarantee(dialect: str, *, readable: bool) -> Guarantee:
    if not readable:
        return Guarantee.BLIND
    return Guarantee.SEARCH if dialect == "gotosocial" else Guarantee.REPLAY


def _handle(owner: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    if not owner:
        return ""
    return f"@{owner.get('username', '')}@{instance.get('domain', '')}"


def _post(remote_id: str) -> str:
    return f"/api/v1/statuses/{_segment(remote_id)}"


def _own_posts(account_id: str) -> str:
    return f"/api/v1/accounts/{_segment(account_id)}/statuses"


def _segment(remote_id: str) -> str:
    return quote(remote_id, safe="")


def _id(answer: Answer) -> str:
    known = answer.json_object().get("id")
    if known is None:
        raise OutcomeUnknown(f"{answer.host} answered {answer.status} without an id.")
    return str(known)


def _objects(answer: Answer) -> list[dict[str, Any]]:
    listed = answer.json()
    if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
        return listed
    raise OutcomeUnknown(f"{answer.host} answered with JSON of an unknown shape.")
