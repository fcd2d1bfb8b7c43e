"""Two workspaces with rows of every type, in states and with values that find mistakes."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.models import Member, Role, Workspace
from hub.analytics.models import Measurement
from hub.audit.models import EventRow
from hub.automation import models as automation
from hub.channels.models import Channel, ChannelState
from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import EditionContent, EditionPart, Guarantee, MediaFacts
from hub.content.models import (
    Asset,
    AssetState,
    AssetUpload,
    ContentItem,
    Edition,
    EditionOrigin,
    Rendition,
    Revision,
    Variant,
)
from hub.engagement.models import Direction, Message, Person, Thread
from hub.kernel.caller import ActorKind
from hub.kernel.model import Base
from hub.publishing.models import (
    Amendment,
    AmendmentKind,
    AmendmentState,
    Attempt,
    HoldReason,
    Publication,
    PublicationState,
    Standing,
)
from hub.review.models import Approval, Decision, Review, ReviewState, ReviewTarget, Verdict
from hub.strategy.models import Brand, Campaign
from tests.schema.compiled.values import NOON, Values

LOCALES = ("en", "fr", "fr-CA", "de")
PLATFORM_KEYS = tuple(PLATFORMS)
METRICS = ("likes", "replies", "views")
_ALMOST = timedelta(seconds=1)


@dataclass(kw_only=True)
class Workspaceful:
    """What one workspace holds: its ids by the type's name in GraphQL, and words found there."""

    id: UUID
    slug: str
    ids: dict[str, list[UUID]]
    words: dict[str, list[str]] = field(default_factory=dict)


async def fill(engine: AsyncEngine, *, seed: int) -> tuple[Workspaceful, Workspaceful]:
    """Fill two workspaces, the second with less; every run with a seed makes the same rows."""
    values = Values(seed)
    first = _Filler(values, slug="first", items=22)
    second = _Filler(values, slug="second", items=6)
    for filler in (first, second):
        filler.make()
    await _write(engine, [first.rows, second.rows])
    return first.known(), second.known()


async def _write(engine: AsyncEngine, several: Sequence[Mapping[Any, list[Any]]]) -> None:
    async with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            for rows in several:
                if rows.get(table):
                    await connection.execute(insert(table), rows[table])
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))


class _Filler:
    """Makes the rows of one workspace in memory, area by area."""

    def __init__(self, values: Values, *, slug: str, items: int) -> None:
        self.values = values
        self.slug = slug
        self.items = items
        self.workspace = values.id()
        self.rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)

    def known(self) -> Workspaceful:
        """Return what was made."""
        ids = {
            kind: self.ids(model)
            for kind, model in (
                ("Member", Member),
                ("Brand", Brand),
                ("Campaign", Campaign),
                ("Channel", Channel),
                ("Asset", Asset),
                ("Rendition", Rendition),
                ("AssetUpload", AssetUpload),
                ("ContentItem", ContentItem),
                ("Revision", Revision),
                ("Variant", Variant),
                ("Edition", Edition),
                ("Review", Review),
                ("ReviewTarget", ReviewTarget),
                ("Decision", Decision),
                ("Publication", Publication),
                ("Attempt", Attempt),
                ("Amendment", Amendment),
                ("Measurement", Measurement),
                ("Person", Person),
                ("Thread", Thread),
                ("Message", Message),
                ("Event", EventRow),
                ("Trigger", automation.Trigger),
                ("TriggerCall", automation.TriggerCall),
                ("Endpoint", automation.Endpoint),
                ("Delivery", automation.Delivery),
                ("DeliveryAttempt", automation.DeliveryAttempt),
            )
        }
        ids["Workspace"] = ids["Viewer"] = [self.workspace]
        ids["PublishedContent"] = ids["ContentItem"]
        words = {
            "slug": [row["slug"] for row in self._all(Revision)],
            "reference": [
                row["external_reference"]
                for model in (ContentItem, Campaign, Channel, Publication)
                for row in self._all(model)
                if row["external_reference"]
            ],
            "sha256": [row["sha256"] for row in self._all(Asset) if row["sha256"]],
            "title": [row["title"] for row in self._all(ContentItem)],
        }
        return Workspaceful(id=self.workspace, slug=self.slug, ids=ids, words=words)

    def make(self) -> None:
        """Make everything."""
        self.rows[Workspace.__table__].append(
            {"id": self.workspace, "slug": self.slug, "name": f"The {self.slug} one", "version": 1}
        )
        self._people()
        self._strategy()
        self._channels()
        self._assets()
        self._contents()
        self._reviews()
        self._publications()
        self._engagement()
        self._audit()
        self._automation()

    def ids(self, model: type[Base]) -> list[UUID]:
        """Return the ids of the rows of a model, in the order they were made."""
        return [row["id"] for row in self._all(model)]

    def _all(self, model: type[Base]) -> list[dict[str, Any]]:
        return self.rows[model.__table__]

    def _add(self, model: type[Base], **given: Any) -> dict[str, Any]:
        table: Any = model.__table__
        row = {"id": self.values.id(), "workspace_id": self.workspace, **given}
        for name in ("created_at", "updated_at"):
            if name in table.c:
                row.setdefault(name, self.values.time())
        if "version" in table.c:
            row.setdefault("version", self.values.random.randint(1, 9))
        self.rows[table].append(row)
        return row

    def _reference(self) -> str | None:
        return self.values.maybe(f"ref-{self.values.word()}", 0.4)

    def _people(self) -> None:
        for number, role in enumerate((*Role, Role.EDITOR, Role.VIEWER)):
            self._add(
                Member,
                name=self.values.text("Ada"),
                email=f"m{number}@{self.slug}.example",
                role=role,
                removed_at=self.values.time() if number >= len(Role) else None,
            )

    def _strategy(self) -> None:
        for number in range(4):
            self._add(
                Brand,
                slug=f"brand-{number}",
                name=self.values.text("Brand"),
                description=self.values.text(),
                locales=([], ["en"], ["fr", "en"], ["fr-CA", "de"])[number],
            )
        for _ in range(7):
            days = sorted((self.values.day(), self.values.day()))
            self._add(
                Campaign,
                brand_id=self.values.one(self.ids(Brand)),
                name=self.values.text("Campaign"),
                objective=self.values.text(),
                brief=self.values.text(),
                locale=self.values.one(LOCALES),
                starts_on=self.values.maybe(days[0]),
                ends_on=self.values.maybe(days[1]),
                external_reference=self._reference(),
            )

    def _channels(self) -> None:
        for number in range(9):
            key = PLATFORM_KEYS[number % len(PLATFORM_KEYS)]
            known = PLATFORMS[key]
            self._add(
                Channel,
                brand_id=self.values.one(self.ids(Brand)),
                platform=key,
                name=self.values.text("Channel"),
                timezone=self.values.one(("Europe/Paris", "UTC", "America/St_Johns")),
                settings={"base_url": "https://x.example", "url": "https://h.example/a?b=c"}
                | self.values.json(),
                enabled=self.values.chance(0.8),
                state=self.values.one(ChannelState),
                state_message=self.values.text(),
                checked_at=self.values.maybe(self.values.time()),
                remote_id=self.values.word(),
                handle=self.values.text("@brand"),
                url=self.values.text("https://x.example"),
                dialect="",
                guarantee=self.values.one(Guarantee),
                capabilities=self.values.some(sorted(known.capabilities), 9),
                limits=known.limits.to_json(),
                basis="basis",
                public_key=self.values.word(),
                rate_held_until=self.values.maybe(self.values.time(), 0.3),
                external_reference=self._reference(),
            )

    def _assets(self) -> None:
        for number in range(10):
            ready = number % 3 != 0
            asset = self._add(
                Asset,
                brand_id=self.values.maybe(self.values.one(self.ids(Brand))),
                filename=self.values.text("cat.png"),
                state=AssetState.READY
                if ready
                else self.values.one((AssetState.PROCESSING, AssetState.REFUSED)),
                refusal=None if ready else self.values.maybe("NOT_A_PICTURE"),
                refusal_message=None if ready else self.values.maybe(self.values.text()),
                mime="image/png" if ready else None,
                size=self.values.random.randrange(2**31) if ready else None,
                width=4 if ready else None,
                height=3 if ready else None,
                sha256=self.values.hex() if ready else None,
                storage_key=f"{self.workspace}/{self.values.text()}{number}" if ready else None,
                alt=self.values.one(({}, {"fr": "Un « chat »", "en": self.values.text()})),
            )
            for name in self.values.some(("thumbnail", "small", "large"), 3) if ready else ():
                self._add(
                    Rendition,
                    asset_id=asset["id"],
                    name=name,
                    mime="image/webp",
                    size=number,
                    width=2,
                    height=2,
                    sha256=self.values.hex(),
                    storage_key=f"{self.workspace}/{self.values.word()}",
                )
        self._add(
            AssetUpload,
            filename=self.values.text(),
            mime="image/png",
            size=10,
            storage_key="uploads/1",
            expires_at=self.values.time(),
            received_at=None,
            asset_id=None,
            member_id=self.ids(Member)[0],
        )

    def _parts(self) -> list[dict[str, Any]]:
        media = [str(one) for one in self.ids(Asset)]
        return [
            # A picture that is no more, and the same one twice, are shown as far as they can be.
            {
                "text": self.values.text("Part"),
                "media": [*self.values.some([*media, str(UUID(int=1))], 3)],
            }
            for _ in range(self.values.random.randint(0, 3))
        ]

    def _contents(self) -> None:
        for number in range(self.items):
            item = self._add(
                ContentItem,
                brand_id=self.values.one(self.ids(Brand)),
                campaign_id=self.values.maybe(self.values.one(self.ids(Campaign))),
                title=self.values.text("Item"),
                locale=self.values.one(LOCALES),
                current_revision_id=None,
                archived=self.values.chance(0.2),
                external_reference=self._reference(),
            )
            for count in range(1, self.values.random.randint(1, 3) + 1):
                slug = self.values.one(("", f"slug-{number % 7}"))
                item["current_revision_id"] = self._revision(item, count, slug)

    def _revision(self, item: Mapping[str, Any], number: int, slug: str) -> UUID:
        revision: UUID = self._add(
            Revision,
            item_id=item["id"],
            number=number,
            title=self.values.text("Revision"),
            summary=self.values.text(),
            parts=self._parts(),
            link=self.values.text("https://x.example"),
            tags=self.values.some(("news", "été", 'a "tag"', "x\\y"), 3),
            slug=slug,
            locale=self.values.one(LOCALES),
            hash=self.values.hex(),
            author_id=self.values.maybe(self.values.one(self.ids(Member))),
        )["id"]
        for key in self.values.some(PLATFORM_KEYS, 2):
            self._variant(revision, platform=key, channel_id=None)
        for channel in self.values.some(self.ids(Channel), 1):
            self._variant(revision, platform=None, channel_id=channel)
        for channel in self.values.some(self.ids(Channel), 2):
            self._edition(channel, revision)
        return revision

    def _variant(self, revision: UUID, **place: Any) -> None:
        self._add(
            Variant,
            revision_id=revision,
            **place,
            title=self.values.maybe(self.values.text(), 0.4),
            summary=self.values.maybe(self.values.text(), 0.3),
            parts=self.values.maybe(self._parts(), 0.4),
            link=self.values.maybe(self.values.text(), 0.3),
            tags=self.values.maybe(["other"], 0.3),
            settings=self.values.json(),
        )

    def _edition(self, channel: UUID, revision: UUID | None) -> dict[str, Any]:
        content = EditionContent(
            platform=next(row["platform"] for row in self._all(Channel) if row["id"] == channel),
            title=self.values.text("Out"),
            parts=tuple(
                EditionPart(text=self.values.text("Said"), length=count, media=self._media())
                for count in range(self.values.random.randint(1, 3))
            ),
            fields=self._fields(),
        )
        body = content.to_bytes().decode()
        return self._add(
            Edition,
            revision_id=revision,
            channel_id=channel,
            origin=EditionOrigin.REPLY if revision is None else EditionOrigin.CONTENT,
            body=body,
            hash=hashlib.sha256(body.encode()).hexdigest(),
            basis="",
            problems=self._problems(),
        )

    def _fields(self) -> dict[str, Any]:
        known = {
            "visibility": self.values.one(("public", "private", "direct", "unlisted")),
            "html": self.values.one(("<p>a & b</p>", "", 7)),
            "tags": self.values.one((["news"], [], ["été", "news"])),
            "summary": self.values.text(),
            "link": self.values.text(),
        }
        return {name: known[name] for name in self.values.some(known, 5)} | self.values.one(
            ({}, {}, self.values.json())
        )

    def _media(self) -> tuple[MediaFacts, ...]:
        assets = [row for row in self._all(Asset) if row["sha256"]]
        return tuple(
            MediaFacts(
                asset_id=str(row["id"]),
                sha256=row["sha256"],
                mime=row["mime"],
                size=row["size"],
                width=4,
                height=3,
                alt=self.values.text("A cat"),
            )
            for row in self.values.some(assets, 2)
        )

    def _problems(self) -> list[dict[str, Any]]:
        return [
            {
                "code": "TEXT_TOO_LONG",
                "message": self.values.text(),
                "severity": self.values.one(("ERROR", "WARNING")),
                "field": self.values.one(("", "parts.0.text")),
                "limit": self.values.maybe(500),
                "actual": self.values.maybe(501),
            }
            for _ in range(self.values.one((0, 0, 1, 2)))
        ]

    def _reviews(self) -> None:
        for item in self._all(ContentItem):
            is_open = False
            for _ in range(self.values.random.randint(0, 2)):
                state = self.values.one(ReviewState)
                opens = state in {"PREPARING", "IN_REVIEW", "BLOCKED"}
                if opens and is_open:
                    continue
                is_open = is_open or opens
                self._review(item, state)

    def _review(self, item: Mapping[str, Any], state: ReviewState) -> None:
        revisions = [row["id"] for row in self._all(Revision) if row["item_id"] == item["id"]]
        revision = self.values.one(revisions)
        review = self._add(
            Review,
            item_id=item["id"],
            revision_id=revision,
            state=state,
            four_eyes=self.values.chance(0.5),
            submitted_by=self.values.maybe(self.values.one(self.ids(Member))),
            note=self.values.text(),
        )["id"]
        editions = [row for row in self._all(Edition) if row["revision_id"] == revision]
        for channel in self.values.some(self.ids(Channel), 3):
            self._add(
                ReviewTarget,
                review_id=review,
                channel_id=channel,
                scheduled_for=self.values.maybe(self.values.time()),
                edition_id=self.values.maybe(self.values.one([e["id"] for e in editions]))
                if editions
                else None,
            )
        for _ in range(self.values.random.randint(0, 2)):
            self._add(
                Decision,
                review_id=review,
                member_id=self.values.one(self.ids(Member)),
                verdict=self.values.one(Verdict),
                remark=self.values.text(),
                editions={str(one["id"]): one["hash"] for one in self.values.some(editions, 2)},
            )
        for edition in self.values.some(editions, 2):
            self._add(
                Approval,
                edition_id=edition["id"],
                hash=self.values.one((edition["hash"], edition["hash"], "other")),
                review_id=review,
                policy=None,
                member_id=self.values.maybe(self.values.one(self.ids(Member))),
                revoked_at=self.values.maybe(self.values.time(), 0.2),
            )

    def _publications(self) -> None:
        states = [*PublicationState, *[PublicationState.PUBLISHED] * 6]
        for revision in [row for row in self._all(Revision) if self.values.chance(0.8)]:
            self._publication(revision, self.values.one(states))
        for _ in range(3):
            self._publication(None, PublicationState.PUBLISHED)

    def _publication(self, revision: Mapping[str, Any] | None, state: PublicationState) -> None:
        edition = self._edition(
            self.values.one(self.ids(Channel)), None if revision is None else revision["id"]
        )
        out = state in {PublicationState.PUBLISHED, PublicationState.WITHDRAWN}
        refs = [
            {"remote_id": self.values.word(), "url": self.values.maybe(self.values.text())}
            for _ in range(self.values.random.randint(0, 3))
        ]
        publication = self._add(
            Publication,
            edition_id=edition["id"],
            channel_id=edition["channel_id"],
            item_id=None if revision is None else revision["item_id"],
            revision_id=None if revision is None else revision["id"],
            origin=edition["origin"],
            state=state,
            hold_reason=self.values.one(HoldReason) if state is PublicationState.HELD else None,
            problem=self.values.text(),
            scheduled_for=self.values.maybe(self.values.time()),
            due_at=self.values.time()
            if state is PublicationState.SCHEDULED
            else self.values.maybe(self.values.time(), 0.3),
            expires_at=self.values.maybe(self.values.time(), 0.2),
            idempotency_key=self.values.id(),
            approved_hash=edition["hash"],
            sent_hash=edition["hash"] if out else None,
            lease_until=NOON if state is PublicationState.PUBLISHING else None,
            attempts=1,
            checkpoint=self.values.one(({}, {"refs": []})),
            commit_attempted_at=self.values.maybe(self.values.time(), 0.3),
            remote_id=self.values.word() if out else None,
            url=self.values.maybe(self.values.text("https://x.example/1")) if out else None,
            refs=refs if out else [],
            published_at=self.values.maybe(self.values.time(), 0.9) if out else None,
            edited_at=self.values.maybe(self.values.time(), 0.2),
            standing=self.values.maybe(self.values.one(Standing)) if out else None,
            standing_at=self.values.maybe(self.values.time()) if out else None,
            external_reference=self._reference(),
        )["id"]
        self._evidence(publication, out=out)

    def _evidence(self, publication: UUID, *, out: bool) -> None:
        for number in range(1, self.values.random.randint(0, 3) + 1):
            self._add(
                Attempt,
                publication_id=publication,
                number=number,
                fence=number,
                worker=self.values.text("worker"),
                finished_at=self.values.maybe(self.values.time()),
                step=self.values.maybe("commit:0"),
                wire_digest=self.values.maybe(self.values.hex()),
                outcome=self.values.maybe("published"),
                error=self.values.maybe("timeout", 0.2),
                message=self.values.maybe(self.values.text(), 0.3),
                status=self.values.maybe(200),
            )
        for metric in self.values.some(METRICS, 3) if out else ():
            # Three rows of a metric at different times: the latest one counts.
            for hour in range(self.values.random.randint(1, 3)):
                self._add(
                    Measurement,
                    publication_id=publication,
                    metric=metric,
                    value=self.values.one((0, 1, 12, 2**31 - 1)),
                    approximate=self.values.chance(0.3),
                    measured_at=NOON + timedelta(hours=hour, microseconds=120_000),
                )
        for kind in self.values.some(("EDIT", "WITHDRAW"), 2) if out else ():
            self._amendment(publication, AmendmentKind(kind), None)

    def _amendment(self, publication: UUID, kind: AmendmentKind, message: UUID | None) -> None:
        taken = {
            (row["publication_id"], row["message_id"])
            for row in self._all(Amendment)
            if row["state"] is AmendmentState.PENDING
        }
        state = self.values.one(AmendmentState)
        if (publication, message) in taken:
            state = AmendmentState.DONE
        editions = self.ids(Edition)
        edit = kind is AmendmentKind.EDIT
        self._add(
            Amendment,
            publication_id=publication,
            kind=kind,
            state=state,
            edition_id=self.values.one(editions) if edit else None,
            former_edition_id=self.values.maybe(self.values.one(editions)) if edit else None,
            message_id=message,
            reason=self.values.text(),
            requested_by=self.values.maybe(self.values.one(self.ids(Member))),
            due_at=self.values.time() if state is AmendmentState.PENDING else None,
            attempts=self.values.random.randrange(4),
            checkpoint={},
            hash=self.values.maybe(self.values.hex()),
            problem=self.values.text(),
            finished_at=self.values.maybe(self.values.time()),
        )

    def _engagement(self) -> None:
        for channel in self.ids(Channel)[:5]:
            for _ in range(3):
                self._add(
                    Person,
                    channel_id=channel,
                    remote_id=self.values.word(),
                    handle=self.values.text("@someone"),
                    name=self.values.text("Someone"),
                    url=self.values.text(),
                )
        replies = [row["id"] for row in self._all(Publication) if row["item_id"] is None]
        for row in self._all(Publication)[: max(6, self.items * 2 // 3)]:
            self._thread(row, replies)

    def _thread(self, publication: Mapping[str, Any], replies: Sequence[UUID]) -> None:
        channel = publication["channel_id"]
        thread = self._add(
            Thread,
            channel_id=channel,
            publication_id=publication["id"],
            last_message_at=self.values.maybe(self.values.time(), 0.8),
        )["id"]
        persons = [row["id"] for row in self._all(Person) if row["channel_id"] == channel]
        for _ in range(self.values.random.randint(0, 5)):
            inbound = self.values.chance(0.7)
            hidden = inbound and self.values.chance(0.3)
            message = self._add(
                Message,
                thread_id=thread,
                channel_id=channel,
                person_id=self.values.one(persons) if inbound and persons else None,
                publication_id=None if inbound else self.values.maybe(self.values.one(replies)),
                direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
                remote_id=self.values.word(),
                parent_remote_id="",
                text=self.values.text("Nice"),
                html=self.values.text("<p>Nice</p>"),
                url=self.values.text(),
                written_at=self.values.time(),
                hidden=hidden,
                extra={},
            )["id"]
            if hidden:
                kind = self.values.one((AmendmentKind.HIDE, AmendmentKind.UNHIDE))
                self._amendment(publication["id"], kind, message)

    def _audit(self) -> None:
        subjects = (("ContentItem", ContentItem), ("Publication", Publication), ("Brand", Brand))
        for number in range(2 * self.items):
            kind, model = self.values.one(subjects)
            sealed = number < 2 * self.items - 3
            actor = self.values.one(ActorKind)
            self._add(
                EventRow,
                name=self.values.one(("content_item.created", "publication.published", "x.y")),
                subject_type=kind,
                subject_id=self.values.one(self.ids(model)),
                actor_kind=actor,
                actor_id=None if actor is ActorKind.SYSTEM else self.ids(Member)[0],
                actor_name=self.values.text("Ada"),
                data=self.values.json(),
                occurred_at=self.values.time(),
                sequence=number + 1 if sealed else None,
                hash=self.values.hex() if sealed else None,
            )

    def _automation(self) -> None:
        secret = {"key_id": "1", "sealed": b"\x00", "previous_until": self.values.time()}
        for number in range(4):
            trigger = self._add(
                automation.Trigger,
                name=self.values.text("Trigger"),
                action=automation.TriggerAction.PUBLISH,
                public_key=self.values.word(),
                enabled=number != 1,
                last_called_at=self.values.maybe(self.values.time()),
                **secret,
            )["id"]
            for _ in range(self.values.random.randint(0, 4)):
                self._add(
                    automation.TriggerCall,
                    trigger_id=trigger,
                    message_id=self.values.word(),
                    body_hash=self.values.hex(),
                    status=self.values.one((200, 422)),
                    code=self.values.maybe("NOT_FOUND", 0.4),
                    answer={},
                    received_at=self.values.time(),
                )
        for number in range(3):
            self._endpoint(number, secret)

    def _endpoint(self, number: int, secret: Mapping[str, Any]) -> None:
        enabled = number != 1
        endpoint = self._add(
            automation.Endpoint,
            url=self.values.text("https://hook.example"),
            description=self.values.text(),
            events=self.values.some(("publication.*", "content_item.created"), 2),
            enabled=enabled,
            disabled_reason=None if enabled else self.values.one(automation.DisabledReason),
            problem=self.values.text(),
            cursor=number,
            failing_since=self.values.maybe(self.values.time()),
            **secret,
        )["id"]
        events = [row for row in self._all(EventRow) if row["sequence"] is not None]
        for event in self.values.some(events, 12):
            self._delivery(endpoint, event)

    def _delivery(self, endpoint: UUID, event: Mapping[str, Any]) -> None:
        state = self.values.one(automation.DeliveryState)
        pending = state is automation.DeliveryState.PENDING
        delivery = self._add(
            automation.Delivery,
            endpoint_id=endpoint,
            event_id=event["id"],
            event_name=event["name"],
            sequence=event["sequence"],
            state=state,
            aside=self.values.chance(0.2),
            tries=1,
            attempt_count=1,
            promised_at=self.values.time(),
            next_at=self.values.time() if pending else None,
            ended_at=None if pending else self.values.time() + _ALMOST,
        )["id"]
        for number in range(1, self.values.random.randint(0, 2) + 1):
            self._add(
                automation.DeliveryAttempt,
                delivery_id=delivery,
                number=number,
                outcome=self.values.maybe(self.values.one(automation.AttemptOutcome)),
                status=self.values.maybe(200),
                message=self.values.text(),
                finished_at=self.values.maybe(self.values.time()),
            )
