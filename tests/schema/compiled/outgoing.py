"""Rows of what goes out and comes back: reviews, publications, answers, events, deliveries."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.access.models import Member
from hub.analytics.models import Measurement
from hub.audit.models import EventRow
from hub.automation import models as automation
from hub.channels.models import Channel
from hub.content.models import (
    ContentItem,
    Edition,
    Revision,
)
from hub.engagement.models import (
    Direction,
    Message,
    Note,
    Person,
    Priority,
    SavedReply,
    SentimentLabel,
    ServiceTarget,
    Thread,
    ThreadKind,
    ThreadState,
)
from hub.kernel.caller import ActorKind
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
from hub.review.models import Review
from hub.strategy.models import Brand
from tests.schema.compiled.reviewing import Reviewing
from tests.schema.compiled.values import NOON

METRICS = ("likes", "replies", "views")
TAGS = ("news", "été", 'a "tag"')
_ALMOST = timedelta(seconds=1)


class Outgoing(Reviewing):
    """Makes what follows from contents."""

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
        groups = [self.values.id() for _ in range(3)]
        for channel in self.ids(Channel)[:5]:
            for _ in range(3):
                self._add(
                    Person,
                    channel_id=channel,
                    remote_id=self.values.word(),
                    handle=self.values.text("@someone"),
                    name=self.values.text("Someone"),
                    url=self.values.text(),
                    group_id=self.values.maybe(self.values.one(groups), 0.5),
                    tags=self.values.some(TAGS, 2),
                )
        replies = [row["id"] for row in self._all(Publication) if row["item_id"] is None]
        for row in self._all(Publication)[: max(6, self.items * 2 // 3)]:
            self._thread(row["channel_id"], row, replies)
        for person in self.values.some(self._all(Person), 8):
            self._thread(person["channel_id"], None, replies, person=person["id"])
        self._helpers()

    def _helpers(self) -> None:
        members = self.ids(Member)
        for number in range(9):
            about = {
                "thread_id": self.values.one(self.ids(Thread)) if number % 2 else None,
                "person_id": None if number % 2 else self.values.one(self.ids(Person)),
            }
            self._add(
                Note,
                author_id=self.values.maybe(self.values.one(members)),
                text=self.values.text("Note"),
                **about,
            )
        for number, brand in enumerate(self.ids(Brand)):
            for locale in ("fr", "en"):
                self._add(
                    SavedReply,
                    brand_id=brand,
                    locale=locale,
                    name=self.values.text("Reply"),
                    text=self.values.text("Bonjour {person}"),
                    used_count=self.values.random.randrange(9),
                )
            channels = [row["id"] for row in self._all(Channel) if row["brand_id"] == brand]
            self._add(
                ServiceTarget,
                brand_id=brand,
                channel_id=channels[0] if channels and number % 2 else None,
                timezone=self.values.one(("Europe/Paris", "UTC")),
                minutes={"NORMAL": 60 + number, "URGENT": 15},
                hours=[{"weekday": "MONDAY", "opens_at": "09:00", "closes_at": f"1{number}:00"}],
                holidays=[f"2026-12-2{number}"],
            )

    def _thread(
        self,
        channel: UUID,
        publication: Mapping[str, Any] | None,
        replies: Sequence[UUID],
        *,
        person: UUID | None = None,
    ) -> None:
        direct = (ThreadKind.DIRECT, ThreadKind.POST)
        # Every second one is late: by chance it might be none, and no change could be seen.
        late = len(self._all(Thread)) % 2 == 0
        due = self.values.time() if late else self.values.maybe(self.values.time())
        thread = self._add(
            Thread,
            channel_id=channel,
            kind=self.values.one(direct) if publication is None else ThreadKind.COMMENTS,
            publication_id=publication["id"] if publication else None,
            remote_id=None if publication else self.values.word(),
            person_id=person,
            url=self.values.text(),
            state=self.values.one(ThreadState),
            assignee_id=self.values.maybe(self.values.one(self.ids(Member)), 0.5),
            priority=self.values.one(Priority),
            tags=self.values.some(TAGS, 2),
            snoozed_until=self.values.maybe(self.values.time(), 0.3),
            opened_at=self.values.maybe(self.values.time()),
            first_reply_due_at=due,
            first_replied_at=self.values.maybe(self.values.time()),
            overdue=late,
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
                edited_at=self.values.maybe(self.values.time(), 0.3),
                deleted_at=self.values.maybe(self.values.time(), 0.2),
                audience=self.values.one(("", "direct")),
                language=self.values.maybe(self.values.one(("fr", "en"))),
                sentiment=self.values.maybe(self.values.random.randint(-100, 100)),
                sentiment_label=self.values.maybe(self.values.one(SentimentLabel)),
                liked=self.values.chance(0.3),
                like_wanted=self.values.maybe(self.values.chance(0.5), 0.3),
                like_problem=self.values.text(),
                hidden=hidden,
                held=inbound and self.values.chance(0.3),
                extra={},
            )["id"]
            if hidden and publication is not None:
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

    def _imports(self) -> None:
        for _ in range(3):
            results = [
                {
                    "row": number,
                    "externalReference": self.values.text("post"),
                    "outcome": self.values.one(automation.RowOutcome).value,
                    "item": self.values.maybe(str(self.values.one(self.ids(ContentItem)))),
                    "review": self.values.maybe(str(self.values.one(self.ids(Review)))),
                    "errors": [{"code": "INVALID", "message": "No.", "path": ["title"]}],
                }
                for number in (1, 2)
            ]
            self._add(
                automation.ContentImport,
                policy=self.values.one(automation.ImportPolicy),
                dry_run=self.values.chance(0.5),
                applied=self.values.chance(0.5),
                created_count=self.values.random.randrange(9),
                updated_count=self.values.random.randrange(9),
                unchanged_count=self.values.random.randrange(9),
                refused_count=self.values.random.randrange(9),
                results=results,
            )

    def _automation(self) -> None:
        self._imports()
        secret = {"key_id": "1", "sealed": b"\x00", "previous_until": self.values.time()}
        for number in range(4):
            trigger = self._add(
                automation.Trigger,
                name=self.values.text("Trigger"),
                actions=self.values.some(tuple(automation.TriggerAction), 2) or ["PUBLISH"],
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
                    action=self.values.maybe(self.values.one(automation.TriggerAction)),
                    item_id=self.values.maybe(self.values.one(self.ids(ContentItem))),
                    review_id=self.values.maybe(self.values.one(self.ids(Review))),
                    import_id=self.values.maybe(
                        self.values.one(self.ids(automation.ContentImport))
                    ),
                    publications=[str(one) for one in self.values.some(self.ids(Publication), 3)],
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
