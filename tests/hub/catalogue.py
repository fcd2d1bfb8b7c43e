"""Every operation of every area: who may do it, which ids it takes, and a call that is right."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access import operations as access
from hub.access.models import Role
from hub.analytics import exports, reports
from hub.analytics import operations as analytics
from hub.analytics.models import ExportFormat, ExportKind
from hub.analytics.queries import EVERYTHING, Scope, ScopeKind
from hub.audit.models import EventRow
from hub.automation import delivering, importing
from hub.automation import operations as automation
from hub.automation.delivering import Came
from hub.automation.models import AttemptOutcome, Delivery, DeliveryState
from hub.channels import operations as channels
from hub.channels.operations import Checked
from hub.channels.platforms.base import Capability, Guarantee
from hub.channels.platforms.mastodon import LIMITS
from hub.content import assets
from hub.content import operations as content
from hub.content.models import Asset, AssetState, AssetUpload
from hub.content.rules import Part, VariantWords, Words
from hub.engagement import operations as engagement
from hub.engagement import persons, saved_replies, service_targets, threads
from hub.engagement.contests import announcing, drawing, entries
from hub.engagement.contests import operations as contests
from hub.engagement.contests.models import (
    ContestEntry,
    ContestPlace,
)
from hub.engagement.models import Message, Note, Person, Priority, Thread
from hub.engagement.moderation import deciding, sanctioning
from hub.engagement.moderation import operations as moderation
from hub.engagement.moderation.models import (
    ActionKind,
    ActionState,
    ModerationAction,
    SanctionKind,
)
from hub.engagement.moderation.operations import Draft
from hub.engagement.operations import Received
from hub.kernel.ids import new_id
from hub.kernel.work import Hub, UnitOfWork
from hub.publishing import amendments, claiming, pauses, plans, sending
from hub.publishing import operations as publishing
from hub.publishing.models import HoldReason, PauseScope, Publication
from hub.publishing.plans import NewEntry
from hub.reputation import incidents, judging, watching
from hub.reputation import operations as reputation
from hub.reputation.models import Alert, AlertKind, Mention, MentionState, MonitorSource
from hub.reputation.rules import Query
from hub.review import operations as review
from hub.review import remarks, workflows
from hub.review.models import Verdict
from hub.review.operations import Target
from hub.review.rules import StepWords
from hub.strategy import guides
from hub.strategy import operations as strategy
from hub.strategy.models import GoalMetric
from hub.strategy.voice import Bounds, Guide
from tests.conftest import Database
from tests.factories import (
    World,
    a_channel,
    a_publication,
    a_world,
    an_item,
    approve,
    in_review,
)
from tests.hub.traces import put


@dataclass(frozen=True, kw_only=True)
class Ids:
    """One of everything."""

    brand: UUID
    campaign: UUID
    guide: UUID
    audience: UUID
    pillar: UUID
    goal: UUID
    channel: UUID
    item: UUID
    approved_item: UUID
    review: UUID
    workflow: UUID
    remark: UUID
    publication: UUID
    published: UUID
    edition: UUID
    message: UUID
    thread: UUID
    person: UUID
    other_person: UUID
    note: UUID
    saved_reply: UUID
    service_target: UUID
    member: UUID
    token: UUID
    asset: UUID
    upload: UUID
    trigger: UUID
    endpoint: UUID
    delivery: UUID
    draft_contest: UUID
    open_contest: UUID
    closed_contest: UUID
    drawn_contest: UUID
    entry: UUID
    out_entry: UUID
    place: UUID
    moderation_rule: UUID
    moderation_action: UUID
    sanction: UUID
    export: UUID
    report: UUID
    pause: UUID
    monitor: UUID
    source: UUID
    mention: UUID
    alert: UUID
    incident: UUID

    def unknown(self, *names: str) -> "Ids":
        """Return the same with ids nobody has."""
        return replace(self, **{name: new_id() for name in names})


Call = Callable[[UnitOfWork, Ids], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """An operation, the roles that may do it ("" for what only the hub itself does), its ids."""

    roles: str
    ids: Sequence[str]
    call: Call


ALL = "ADMIN MANAGER EDITOR APPROVER VIEWER"
WRITERS = "ADMIN MANAGER EDITOR APPROVER"
DECIDERS = "ADMIN MANAGER APPROVER"
MANAGERS = "ADMIN MANAGER"
ADMINS = "ADMIN"

_WORDS = Words(title="Title", parts=(Part(text="Text"),))
_SPAM: list[dict[str, Any]] = [{"kind": "WORDS", "phrases": ["spam"]}]
_MASTODON: dict[str, Any] = {
    "platform": "mastodon",
    "name": "Name",
    "settings": {"base_url": "https://social.example"},
    "credentials": {"access_token": "x"},
}
_GOAL: dict[str, Any] = {
    "name": "G",
    "metric": GoalMetric.LIKES,
    "target": 1,
    "starts_on": date(2030, 1, 1),
    "deadline": date(2030, 1, 2),
}
_FOUND = Checked(
    remote_id="r",
    handle="h",
    url="",
    dialect="",
    guarantee=Guarantee.SEARCH,
    capabilities=frozenset(),
    limits=LIMITS,
)


_EXPORT: dict[str, Any] = {"kind": ExportKind.MEASUREMENTS, "format": ExportFormat.CSV}
_REPORT: dict[str, Any] = {
    "first_day": date(2026, 3, 1),
    "last_day": date(2026, 3, 31),
    "time_zone": "Europe/Paris",
    "locale": "fr",
}


def _to_publication(name: str) -> Call:
    async def call(work: UnitOfWork, ids: Ids) -> object:
        return await getattr(publishing, name)(work, publication_id=ids.publication)

    return call


def _to_automation(name: str, kind: str) -> Call:
    async def call(work: UnitOfWork, ids: Ids) -> object:
        return await getattr(automation, name)(work, **{f"{kind}_id": getattr(ids, kind)})

    return call


def _to_strategy(name: str, kind: str, changes: dict[str, Any] | None = None) -> Call:
    async def call(work: UnitOfWork, ids: Ids) -> object:
        given = {} if changes is None else {"changes": changes}
        return await getattr(strategy, name)(work, **{f"{kind}_id": getattr(ids, kind)}, **given)

    return call


CASES: dict[str, Case] = {
    "access.add_member": Case(
        roles=ADMINS,
        ids=(),
        call=lambda work, _ids: access.add_member(
            work, name="N", email="n@n.example", role=Role.VIEWER
        ),
    ),
    "access.issue_token": Case(
        roles=ADMINS,
        ids=("member",),
        call=lambda work, ids: access.issue_token(work, member_id=ids.member, label="x"),
    ),
    "access.tokens": Case(roles=ADMINS, ids=(), call=lambda work, _ids: access.tokens(work)),
    "access.revoke_token": Case(
        roles=ADMINS,
        ids=("token",),
        call=lambda work, ids: access.revoke_token(work, token_id=ids.token),
    ),
    "access.set_notices": Case(
        roles=ADMINS,
        ids=("member",),
        call=lambda work, ids: access.set_notices(
            work, member_id=ids.member, changes={"locale": "fr"}
        ),
    ),
    "access.remove_member": Case(
        roles=ADMINS,
        ids=("member",),
        call=lambda work, ids: access.remove_member(work, member_id=ids.member),
    ),
    "access.set_password": Case(
        roles=ADMINS,
        ids=("member",),
        call=lambda work, ids: access.set_password(
            work, member_id=ids.member, password="correct horse battery"
        ),
    ),
    "access.revoke_sessions": Case(
        roles=ADMINS,
        ids=("member",),
        call=lambda work, ids: access.revoke_sessions(work, member_id=ids.member),
    ),
    "strategy.create_brand": Case(
        roles=MANAGERS,
        ids=(),
        call=lambda work, _ids: strategy.create_brand(work, slug="new", name="N", locales=["en"]),
    ),
    "strategy.update_brand": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: strategy.update_brand(
            work, brand_id=ids.brand, changes={"name": "N"}
        ),
    ),
    "strategy.create_campaign": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: strategy.create_campaign(work, brand_id=ids.brand, name="N"),
    ),
    "strategy.update_campaign": Case(
        roles=MANAGERS,
        ids=("campaign",),
        call=lambda work, ids: strategy.update_campaign(
            work, campaign_id=ids.campaign, changes={"name": "N"}
        ),
    ),
    "strategy.create_audience": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: strategy.create_audience(work, brand_id=ids.brand, name="N"),
    ),
    "strategy.create_pillar": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: strategy.create_pillar(work, brand_id=ids.brand, name="N"),
    ),
    "strategy.create_goal": Case(
        roles=MANAGERS,
        ids=("brand", "campaign"),
        call=lambda work, ids: strategy.create_goal(
            work, brand_id=ids.brand, campaign_id=ids.campaign, **_GOAL
        ),
    ),
    **{
        f"strategy.update_{kind}": Case(
            roles=MANAGERS, ids=(kind,), call=_to_strategy(f"update_{kind}", kind, {"name": "N"})
        )
        for kind in ("audience", "pillar", "goal")
    },
    **{
        f"strategy.delete_{kind}": Case(
            roles=MANAGERS, ids=(kind,), call=_to_strategy(f"delete_{kind}", kind)
        )
        for kind in ("audience", "pillar", "goal")
    },
    "guides.set_guide": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: guides.set_guide(
            work, brand_id=ids.brand, locale="en", guide=Guide()
        ),
    ),
    "guides.delete_guide": Case(
        roles=MANAGERS,
        ids=("guide",),
        call=lambda work, ids: guides.delete_guide(work, guide_id=ids.guide),
    ),
    "guides.check": Case(
        roles=ALL,
        ids=("brand",),
        call=lambda work, ids: guides.check(work, brand_id=ids.brand, locale="fr", text="x"),
    ),
    "plans.set_plan": Case(
        roles=MANAGERS,
        ids=("campaign", "channel", "pillar"),
        call=lambda work, ids: plans.set_plan(
            work,
            campaign_id=ids.campaign,
            entries=[
                NewEntry(
                    planned=1,
                    channel_id=ids.channel,
                    pillar_id=ids.pillar,
                    starts_on=date(2030, 1, 1),
                    ends_on=date(2030, 1, 2),
                )
            ],
        ),
    ),
    "channels.connect": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: channels.connect(work, brand_id=ids.brand, **_MASTODON),
    ),
    "channels.update": Case(
        roles=MANAGERS,
        ids=("channel",),
        call=lambda work, ids: channels.update(work, channel_id=ids.channel, changes={"name": "N"}),
    ),
    "channels.check": Case(
        roles=MANAGERS,
        ids=("channel",),
        call=lambda work, ids: channels.check(work, channel_id=ids.channel),
    ),
    "channels.set_enabled": Case(
        roles=MANAGERS,
        ids=("channel",),
        call=lambda work, ids: channels.set_enabled(work, channel_id=ids.channel, enabled=False),
    ),
    "content.create_item": Case(
        roles=WRITERS,
        ids=("brand", "campaign", "pillar", "audience", "channel", "asset"),
        call=lambda work, ids: content.create_item(
            work,
            brand_id=ids.brand,
            campaign_id=ids.campaign,
            pillar_id=ids.pillar,
            audience_ids=[ids.audience],
            words=Words(title="T", parts=(Part(text="x", media=(ids.asset,)),)),
            locale="en",
            variants=[VariantWords(channel_id=ids.channel, words=Words(), settings={})],
        ),
    ),
    "content.revise_item": Case(
        roles=WRITERS,
        ids=("item", "campaign", "pillar", "audience", "channel", "asset"),
        call=lambda work, ids: content.revise_item(
            work,
            item_id=ids.item,
            campaign_id=ids.campaign,
            pillar_id=ids.pillar,
            audience_ids=[ids.audience],
            words=Words(parts=(Part(text="x", media=(ids.asset,)),)),
            variants=[VariantWords(channel_id=ids.channel, words=Words(), settings={})],
        ),
    ),
    "content.unsaved": Case(
        roles=ALL,
        ids=("item", "channel", "asset"),
        call=lambda work, ids: content.unsaved(
            work,
            item_id=ids.item,
            words=Words(parts=(Part(text="x", media=(ids.asset,)),)),
            locale=None,
            slug=None,
            variants=[VariantWords(channel_id=ids.channel, words=Words(), settings={})],
        ),
    ),
    "content.archive_item": Case(
        roles=WRITERS,
        ids=("item",),
        call=lambda work, ids: content.archive_item(work, item_id=ids.item),
    ),
    "assets.create_upload": Case(
        roles=WRITERS,
        ids=(),
        call=lambda work, _ids: assets.create_upload(
            work, filename="a.png", mime="image/png", size=1
        ),
    ),
    "assets.create_asset": Case(
        roles=WRITERS,
        ids=("upload", "brand"),
        call=lambda work, ids: assets.create_asset(work, upload_id=ids.upload, brand_id=ids.brand),
    ),
    "assets.update_asset": Case(
        roles=WRITERS,
        ids=("asset",),
        call=lambda work, ids: assets.update_asset(work, asset_id=ids.asset, filename="b.png"),
    ),
    "review.submit": Case(
        roles=WRITERS,
        ids=("approved_item", "channel"),
        call=lambda work, ids: review.submit(
            work, item_id=ids.approved_item, targets=[Target(channel_id=ids.channel)]
        ),
    ),
    "review.decide": Case(
        roles=DECIDERS,
        ids=("review",),
        call=lambda work, ids: review.decide(
            work, review_id=ids.review, verdict=Verdict.REQUEST_CHANGES
        ),
    ),
    "review.cancel": Case(
        roles=WRITERS,
        ids=("review",),
        call=lambda work, ids: review.cancel(work, review_id=ids.review),
    ),
    "workflows.create": Case(
        roles=MANAGERS,
        ids=("brand",),
        call=lambda work, ids: workflows.create(
            work, name="W", steps=[StepWords(name="S")], brand_id=ids.brand
        ),
    ),
    "workflows.update": Case(
        roles=MANAGERS,
        ids=("workflow",),
        call=lambda work, ids: workflows.update(
            work, workflow_id=ids.workflow, changes={"name": "X"}
        ),
    ),
    "workflows.archive": Case(
        roles=MANAGERS,
        ids=("workflow",),
        call=lambda work, ids: workflows.archive(work, workflow_id=ids.workflow),
    ),
    "remarks.add": Case(
        roles=WRITERS,
        ids=("item",),
        call=lambda work, ids: remarks.add(work, item_id=ids.item, text="R"),
    ),
    "remarks.change": Case(
        roles=WRITERS,
        ids=("remark",),
        call=lambda work, ids: remarks.change(work, remark_id=ids.remark, changes={"text": "X"}),
    ),
    "remarks.resolve": Case(
        roles=WRITERS,
        ids=("remark",),
        call=lambda work, ids: remarks.resolve(work, remark_id=ids.remark),
    ),
    "remarks.reopen": Case(
        roles=WRITERS,
        ids=("remark",),
        call=lambda work, ids: remarks.reopen(work, remark_id=ids.remark),
    ),
    "remarks.delete": Case(
        roles=WRITERS,
        ids=("remark",),
        call=lambda work, ids: remarks.delete(work, remark_id=ids.remark),
    ),
    "publishing.schedule": Case(
        roles=WRITERS,
        ids=("approved_item", "channel"),
        call=lambda work, ids: publishing.schedule(
            work, item_id=ids.approved_item, channel_id=ids.channel
        ),
    ),
    "publishing.reschedule": Case(
        roles=WRITERS,
        ids=("publication",),
        call=lambda work, ids: publishing.reschedule(
            work, publication_id=ids.publication, scheduled_for=None
        ),
    ),
    **{
        f"publishing.{name}": Case(
            roles=WRITERS,
            ids=("publication",),
            call=_to_publication(name),
        )
        for name in ("cancel", "resume", "retry", "confirm", "abandon")
    },
    "engagement.collect_now": Case(
        roles=ALL,
        ids=("published",),
        call=lambda work, ids: engagement.collect_now(work, publication_id=ids.published),
    ),
    "engagement.reply": Case(
        roles=WRITERS,
        ids=("message",),
        call=lambda work, ids: engagement.reply(work, message_id=ids.message, text="x"),
    ),
    "engagement.set_hidden": Case(
        roles=WRITERS,
        ids=("message",),
        call=lambda work, ids: engagement.set_hidden(work, message_id=ids.message, hidden=True),
    ),
    "engagement.set_liked": Case(
        roles=WRITERS,
        ids=("message",),
        call=lambda work, ids: engagement.set_liked(work, message_id=ids.message, liked=True),
    ),
    "engagement.open_for_mention": Case(
        roles=WRITERS,
        ids=("channel",),
        call=lambda work, ids: engagement.open_for_mention(
            work, channel_id=ids.channel, post=_answer(datetime(2030, 1, 1, tzinfo=UTC), "post")
        ),
    ),
    "threads.update_thread": Case(
        roles=WRITERS,
        ids=("thread", "member"),
        call=lambda work, ids: threads.update_thread(
            work, thread_id=ids.thread, changes={"assignee_id": ids.member}
        ),
    ),
    "threads.update_threads": Case(
        roles=WRITERS,
        ids=("thread", "member"),
        call=lambda work, ids: threads.update_threads(
            work, thread_ids=[ids.thread], changes={"assignee_id": ids.member}
        ),
    ),
    "threads.snooze_thread": Case(
        roles=WRITERS,
        ids=("thread",),
        call=lambda work, ids: threads.snooze_thread(
            work, thread_id=ids.thread, until=datetime(2100, 1, 1, tzinfo=UTC)
        ),
    ),
    "threads.add_thread_note": Case(
        roles=WRITERS,
        ids=("thread",),
        call=lambda work, ids: threads.add_thread_note(work, thread_id=ids.thread, text="x"),
    ),
    "threads.add_person_note": Case(
        roles=WRITERS,
        ids=("person",),
        call=lambda work, ids: threads.add_person_note(work, person_id=ids.person, text="x"),
    ),
    "threads.update_note": Case(
        roles=WRITERS,
        ids=("note",),
        call=lambda work, ids: threads.update_note(work, note_id=ids.note, text="y"),
    ),
    "threads.delete_note": Case(
        roles=WRITERS,
        ids=("note",),
        call=lambda work, ids: threads.delete_note(work, note_id=ids.note),
    ),
    "persons.link_persons": Case(
        roles=WRITERS,
        ids=("person", "other_person"),
        call=lambda work, ids: persons.link_persons(
            work, person_id=ids.person, other_id=ids.other_person
        ),
    ),
    "persons.unlink_person": Case(
        roles=WRITERS,
        ids=("person",),
        call=lambda work, ids: persons.unlink_person(work, person_id=ids.person),
    ),
    "persons.update_person": Case(
        roles=WRITERS,
        ids=("person",),
        call=lambda work, ids: persons.update_person(
            work, person_id=ids.person, changes={"tags": ["x"]}
        ),
    ),
    "saved_replies.create_saved_reply": Case(
        roles=WRITERS,
        ids=("brand",),
        call=lambda work, ids: saved_replies.create_saved_reply(
            work, brand_id=ids.brand, locale="fr", name="N", text="Bonjour"
        ),
    ),
    "saved_replies.update_saved_reply": Case(
        roles=WRITERS,
        ids=("saved_reply",),
        call=lambda work, ids: saved_replies.update_saved_reply(
            work, saved_reply_id=ids.saved_reply, changes={"text": "y"}
        ),
    ),
    "saved_replies.delete_saved_reply": Case(
        roles=WRITERS,
        ids=("saved_reply",),
        call=lambda work, ids: saved_replies.delete_saved_reply(
            work, saved_reply_id=ids.saved_reply
        ),
    ),
    "saved_replies.render_saved_reply": Case(
        roles=ALL,
        ids=("saved_reply", "message"),
        call=lambda work, ids: saved_replies.render_saved_reply(
            work, saved_reply_id=ids.saved_reply, message_id=ids.message
        ),
    ),
    "service_targets.set_service_target": Case(
        roles=MANAGERS,
        ids=("brand", "channel"),
        call=lambda work, ids: service_targets.set_service_target(
            work,
            brand_id=ids.brand,
            channel_id=ids.channel,
            timezone="UTC",
            minutes={Priority.NORMAL: 60},
        ),
    ),
    "service_targets.delete_service_target": Case(
        roles=MANAGERS,
        ids=("service_target",),
        call=lambda work, ids: service_targets.delete_service_target(
            work, target_id=ids.service_target
        ),
    ),
    "amendments.edit": Case(
        roles=WRITERS,
        ids=("published",),
        call=lambda work, ids: amendments.edit(work, publication_id=ids.published),
    ),
    "amendments.withdraw": Case(
        roles=WRITERS,
        ids=("published",),
        call=lambda work, ids: amendments.withdraw(work, publication_id=ids.published),
    ),
    "amendments.read_back": Case(
        roles=ALL,
        ids=("published",),
        call=lambda work, ids: amendments.read_back(work, publication_id=ids.published),
    ),
    "analytics.measure_now": Case(
        roles=ALL,
        ids=("published",),
        call=lambda work, ids: analytics.measure_now(work, publication_id=ids.published),
    ),
    "exports.create": Case(
        roles=ALL,
        ids=("channel",),
        call=lambda work, ids: exports.create(
            work, **_EXPORT, scope=Scope(kind=ScopeKind.CHANNEL, id=ids.channel)
        ),
    ),
    "exports.cancel": Case(
        roles=ALL,
        ids=("export",),
        call=lambda work, ids: exports.cancel(work, export_id=ids.export),
    ),
    "reports.create": Case(
        roles=ALL,
        ids=("campaign",),
        call=lambda work, ids: reports.create(work, campaign_id=ids.campaign, **_REPORT),
    ),
    "automation.create_trigger": Case(
        roles=MANAGERS, ids=(), call=lambda work, _ids: automation.create_trigger(work, name="N")
    ),
    "automation.update_trigger": Case(
        roles=MANAGERS,
        ids=("trigger",),
        call=lambda work, ids: automation.update_trigger(
            work, trigger_id=ids.trigger, changes={"name": "N"}
        ),
    ),
    "importing.import_content": Case(
        roles=WRITERS,
        ids=(),
        call=lambda work, _ids: importing.import_content(
            work, rows=[{"externalReference": "new", "brand": "none", "text": "x"}]
        ),
    ),
    "automation.create_endpoint": Case(
        roles=MANAGERS,
        ids=(),
        call=lambda work, _ids: automation.create_endpoint(
            work, url="https://hook.example/in", events=["*"]
        ),
    ),
    "automation.update_endpoint": Case(
        roles=MANAGERS,
        ids=("endpoint",),
        call=lambda work, ids: automation.update_endpoint(
            work, endpoint_id=ids.endpoint, changes={"description": "D"}
        ),
    ),
    "automation.replay_endpoint": Case(
        roles=MANAGERS,
        ids=("endpoint",),
        call=lambda work, ids: automation.replay_endpoint(
            work, endpoint_id=ids.endpoint, from_sequence=1
        ),
    ),
    "automation.replay_delivery": Case(
        roles=MANAGERS,
        ids=("delivery",),
        call=lambda work, ids: automation.replay_delivery(work, delivery_id=ids.delivery),
    ),
    **{
        f"automation.{name}": Case(roles=MANAGERS, ids=(kind,), call=_to_automation(name, kind))
        for name, kind in (
            ("rotate_trigger_secret", "trigger"),
            ("delete_trigger", "trigger"),
            ("rotate_endpoint_secret", "endpoint"),
            ("delete_endpoint", "endpoint"),
            ("send_test", "endpoint"),
        )
    },
    "delivering.begin": Case(
        roles="",
        ids=("endpoint",),
        call=lambda work, ids: delivering.begin(work, endpoint_id=ids.endpoint),
    ),
    "delivering.settle": Case(
        roles="",
        ids=("endpoint", "delivery"),
        call=lambda work, ids: delivering.settle(
            work,
            endpoint_id=ids.endpoint,
            call=delivering.Call(
                delivery_id=ids.delivery, number=0, url="", headers={}, body=b"", secrets=()
            ),
            came=Came(outcome=AttemptOutcome.DELIVERED),
        ),
    ),
    # What workers and reactions do; they act in one workspace as well.
    "amendments.set_hidden": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: amendments.set_hidden(
            work,
            publication_id=ids.published,
            message_id=ids.message,
            target={"remote_id": "m"},
            hidden=True,
        ),
    ),
    "amendments.wanted_hidden": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: amendments.wanted_hidden(
            work, publication_id=ids.published, message_id=ids.message
        ),
    ),
    "engagement.note_hidden": Case(
        roles="",
        ids=("message",),
        call=lambda work, ids: engagement.note_hidden(work, message_id=ids.message, hidden=True),
    ),
    "moderation.create_rule": Case(
        roles=WRITERS,
        ids=("brand", "channel", "member", "saved_reply"),
        call=lambda work, ids: moderation.create_rule(
            work,
            draft=Draft(
                brand_id=ids.brand,
                name="R",
                conditions=_SPAM,
                actions=[
                    {"kind": "ASSIGN", "assignee_id": ids.member},
                    {"kind": "REPLY", "saved_reply_id": ids.saved_reply},
                ],
                channel_ids=[ids.channel],
            ),
        ),
    ),
    "moderation.update_rule": Case(
        roles=WRITERS,
        ids=("moderation_rule", "channel"),
        call=lambda work, ids: moderation.update_rule(
            work, rule_id=ids.moderation_rule, changes={"channel_ids": [ids.channel]}
        ),
    ),
    "moderation.delete_rule": Case(
        roles=WRITERS,
        ids=("moderation_rule",),
        call=lambda work, ids: moderation.delete_rule(work, rule_id=ids.moderation_rule),
    ),
    "moderation.reorder_rules": Case(
        roles=WRITERS,
        ids=("brand", "moderation_rule"),
        call=lambda work, ids: moderation.reorder_rules(
            work, brand_id=ids.brand, rule_ids=[ids.moderation_rule]
        ),
    ),
    "moderation.dry_run": Case(
        roles=ALL,
        ids=("moderation_rule",),
        call=lambda work, ids: moderation.dry_run(work, rule_id=ids.moderation_rule),
    ),
    "deciding.release_message": Case(
        roles=WRITERS,
        ids=("message",),
        call=lambda work, ids: deciding.release_message(work, message_id=ids.message),
    ),
    "deciding.undo_action": Case(
        roles=WRITERS,
        ids=("moderation_action",),
        call=lambda work, ids: deciding.undo_action(work, action_id=ids.moderation_action),
    ),
    "sanctioning.create_sanction": Case(
        roles=WRITERS,
        ids=("person",),
        call=lambda work, ids: sanctioning.create_sanction(
            work, person_id=ids.person, kind=SanctionKind.MUTE, reason="x"
        ),
    ),
    "sanctioning.lift_sanction": Case(
        roles=WRITERS,
        ids=("sanction",),
        call=lambda work, ids: sanctioning.lift_sanction(work, sanction_id=ids.sanction),
    ),
    "contests.create": Case(
        roles=WRITERS,
        ids=("brand", "published", "person"),
        call=lambda work, ids: contests.create(
            work,
            brand_id=ids.brand,
            name="C",
            publication_ids=[ids.published],
            excluded_person_ids=[ids.person],
            opens_at=work.now,
            closes_at=work.now + timedelta(days=1),
        ),
    ),
    "contests.update": Case(
        roles=WRITERS,
        ids=("draft_contest", "publication", "person"),
        call=lambda work, ids: contests.update(
            work,
            contest_id=ids.draft_contest,
            changes={"publication_ids": [ids.publication], "excluded_person_ids": [ids.person]},
        ),
    ),
    "contests.open_contest": Case(
        roles=WRITERS,
        ids=("draft_contest",),
        call=lambda work, ids: contests.open_contest(work, contest_id=ids.draft_contest),
    ),
    "contests.close": Case(
        roles=WRITERS,
        ids=("open_contest",),
        call=lambda work, ids: contests.close(work, contest_id=ids.open_contest, reason="x"),
    ),
    "contests.cancel": Case(
        roles=WRITERS,
        ids=("draft_contest",),
        call=lambda work, ids: contests.cancel(work, contest_id=ids.draft_contest, reason="x"),
    ),
    "contests.close_when_due": Case(
        roles="",
        ids=("open_contest",),
        call=lambda work, ids: contests.close_when_due(work, contest_id=ids.open_contest),
    ),
    "entries.disqualify": Case(
        roles=WRITERS,
        ids=("entry",),
        call=lambda work, ids: entries.disqualify(work, entry_id=ids.entry, reason="x"),
    ),
    "entries.readmit": Case(
        roles=WRITERS,
        ids=("out_entry",),
        call=lambda work, ids: entries.readmit(work, entry_id=ids.out_entry, reason="x"),
    ),
    "entries.comments_changed": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: entries.comments_changed(work, publication_id=ids.published),
    ),
    "entries.note_read": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: entries.note_read(
            work, publication_id=ids.published, began_at=work.now
        ),
    ),
    "entries.read_out": Case(
        roles="",
        ids=("closed_contest",),
        call=lambda work, ids: entries.read_out(work, contest_id=ids.closed_contest),
    ),
    "entries.judge_all": Case(
        roles="",
        ids=("open_contest",),
        call=lambda work, ids: entries.judge_all(work, contest_id=ids.open_contest),
    ),
    "drawing.freeze": Case(
        roles=WRITERS,
        ids=("closed_contest",),
        call=lambda work, ids: drawing.freeze(
            work, contest_id=ids.closed_contest, unread_reason="x"
        ),
    ),
    "drawing.draw_winners": Case(
        roles=WRITERS,
        ids=("open_contest",),
        call=lambda work, ids: drawing.draw_winners(work, contest_id=ids.open_contest),
    ),
    "drawing.replace_winner": Case(
        roles=WRITERS,
        ids=("drawn_contest", "place"),
        call=lambda work, ids: drawing.replace_winner(
            work, contest_id=ids.drawn_contest, place_id=ids.place, reason="x"
        ),
    ),
    "announcing.announce": Case(
        roles=WRITERS,
        ids=("drawn_contest",),
        call=lambda work, ids: announcing.announce(work, contest_id=ids.drawn_contest),
    ),
    "announcing.note_published": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: announcing.note_published(work, publication_id=ids.published),
    ),
    "analytics.begin_measuring": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: analytics.begin_measuring(work, publication_id=ids.published),
    ),
    "analytics.record": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: analytics.record(
            work, publication_id=ids.published, counters={"likes": 9}, approximate=False
        ),
    ),
    "analytics.record_channel": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: analytics.record_channel(
            work, channel_id=ids.channel, counters={"FOLLOWERS": 9}
        ),
    ),
    "exports.begin": Case(
        roles="",
        ids=("export",),
        call=lambda work, ids: exports.begin(work, export_id=ids.export),
    ),
    "exports.finish": Case(
        roles="",
        ids=("export",),
        call=lambda work, ids: exports.finish(work, export_id=ids.export, storage_key="x", size=1),
    ),
    "exports.fail": Case(
        roles="",
        ids=("export",),
        call=lambda work, ids: exports.fail(work, export_id=ids.export, problem="x"),
    ),
    "exports.expire": Case(
        roles="",
        ids=("export",),
        call=lambda work, ids: exports.expire(work, export_id=ids.export),
    ),
    "reports.finish": Case(
        roles="",
        ids=("report",),
        call=lambda work, ids: reports.finish(work, report_id=ids.report),
    ),
    "reports.fail": Case(
        roles="",
        ids=("report",),
        call=lambda work, ids: reports.fail(work, report_id=ids.report, problem="x"),
    ),
    "analytics.latest": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: analytics.latest(work, publication_id=ids.published),
    ),
    "channels.access": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: channels.access(work, channel_id=ids.channel),
    ),
    "channels.settle_check": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: channels.settle_check(work, channel_id=ids.channel, found=_FOUND),
    ),
    "channels.settle_failed_check": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: channels.settle_failed_check(
            work, channel_id=ids.channel, message="x", needs_auth=True
        ),
    ),
    "channels.hold_for_rate": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: channels.hold_for_rate(
            work, channel_id=ids.channel, until=work.clock
        ),
    ),
    "content.edition_content": Case(
        roles="",
        ids=("edition",),
        call=lambda work, ids: content.edition_content(work, edition_id=ids.edition),
    ),
    "assets.expected_upload": Case(
        roles="",
        ids=("upload",),
        call=lambda work, ids: assets.expected_upload(work, upload_id=ids.upload),
    ),
    "assets.receive_upload": Case(
        roles="",
        ids=("upload",),
        call=lambda work, ids: assets.receive_upload(work, upload_id=ids.upload, storage_key="x"),
    ),
    "assets.processing": Case(
        roles="",
        ids=("asset",),
        call=lambda work, ids: assets.processing(work, asset_id=ids.asset),
    ),
    "assets.settle_refused": Case(
        roles="",
        ids=("asset",),
        call=lambda work, ids: assets.settle_refused(
            work, asset_id=ids.asset, reason="X", message="x"
        ),
    ),
    "assets.leftover": Case(
        roles="",
        ids=("asset",),
        call=lambda work, ids: assets.leftover(work, asset_id=ids.asset),
    ),
    "assets.discardable": Case(
        roles="",
        ids=("upload",),
        call=lambda work, ids: assets.discardable(work, upload_id=ids.upload),
    ),
    "review.prepare": Case(
        roles="",
        ids=("review",),
        call=lambda work, ids: review.prepare(work, review_id=ids.review),
    ),
    "review.supersede": Case(
        roles="",
        ids=("item",),
        call=lambda work, ids: review.supersede(work, item_id=ids.item),
    ),
    "review.targets_of": Case(
        roles="",
        ids=("review",),
        call=lambda work, ids: review.targets_of(work, review_id=ids.review),
    ),
    "pauses.start": Case(
        roles=DECIDERS,
        ids=("brand",),
        call=lambda work, ids: pauses.start(
            work, scope=PauseScope.BRAND, subject_id=ids.brand, reason="x"
        ),
    ),
    "pauses.end": Case(
        roles=DECIDERS,
        ids=("pause",),
        call=lambda work, ids: pauses.end(work, pause_id=ids.pause),
    ),
    "reputation.create_monitor": Case(
        roles=WRITERS,
        ids=("brand",),
        call=lambda work, ids: reputation.create_monitor(
            work,
            brand_id=ids.brand,
            name="N",
            query=Query(any=("lighthouse",)),
            feeds=["https://news.example/feed"],
        ),
    ),
    "reputation.update_monitor": Case(
        roles=WRITERS,
        ids=("monitor",),
        call=lambda work, ids: reputation.update_monitor(
            work, monitor_id=ids.monitor, changes={"name": "N"}
        ),
    ),
    "reputation.update_mention": Case(
        roles=WRITERS,
        ids=("mention",),
        call=lambda work, ids: reputation.update_mention(
            work, mention_id=ids.mention, changes={"state": MentionState.DONE}
        ),
    ),
    "reputation.bring_to_inbox": Case(
        roles=WRITERS,
        ids=("mention",),
        call=lambda work, ids: reputation.bring_to_inbox(work, mention_id=ids.mention),
    ),
    "reputation.acknowledge_alert": Case(
        roles=WRITERS,
        ids=("alert",),
        call=lambda work, ids: reputation.acknowledge_alert(work, alert_id=ids.alert),
    ),
    "incidents.open_incident": Case(
        roles=WRITERS,
        ids=("brand", "mention", "alert"),
        call=lambda work, ids: incidents.open_incident(
            work,
            brand_id=ids.brand,
            title="T",
            mention_ids=[ids.mention],
            alert_ids=[ids.alert],
        ),
    ),
    "incidents.update_incident": Case(
        roles=WRITERS,
        ids=("incident", "member"),
        call=lambda work, ids: incidents.update_incident(
            work, incident_id=ids.incident, changes={"owner_id": ids.member}
        ),
    ),
    "incidents.note": Case(
        roles=WRITERS,
        ids=("incident",),
        call=lambda work, ids: incidents.note(work, incident_id=ids.incident, text="x"),
    ),
    "incidents.link": Case(
        roles=WRITERS,
        ids=("incident", "mention", "alert"),
        call=lambda work, ids: incidents.link(
            work,
            incident_id=ids.incident,
            mention_ids=[ids.mention],
            alert_ids=[ids.alert],
        ),
    ),
    "incidents.set_statement": Case(
        roles=WRITERS,
        ids=("incident",),
        call=lambda work, ids: incidents.set_statement(
            work, incident_id=ids.incident, locale="fr", text="x"
        ),
    ),
    "incidents.draft_statement": Case(
        roles=WRITERS,
        ids=("incident",),
        call=lambda work, ids: incidents.draft_statement(
            work, incident_id=ids.incident, locale="en"
        ),
    ),
    "watching.looking": Case(
        roles="",
        ids=("source",),
        call=lambda work, ids: watching.looking(work, source_id=ids.source),
    ),
    "judging.judge": Case(
        roles="",
        ids=("monitor",),
        call=lambda work, ids: judging.judge(work, monitor_id=ids.monitor),
    ),
    "publishing.hold": Case(
        roles="",
        ids=("publication",),
        call=lambda work, ids: publishing.hold(
            work,
            reason=HoldReason.PROBLEM,
            problem="x",
            where=[Publication.id == ids.publication],
        ),
    ),
    "publishing.schedule_approved": Case(
        roles="",
        ids=("review",),
        call=lambda work, ids: publishing.schedule_approved(work, review_id=ids.review),
    ),
    "publishing.resume_paused": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: publishing.resume_paused(work, channel_id=ids.channel),
    ),
    "publishing.in_flight": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: publishing.in_flight(work, channel_id=ids.channel),
    ),
    "claiming.claim": Case(
        roles="",
        ids=("publication",),
        call=lambda work, ids: claiming.claim(work, publication_id=ids.publication, worker="x"),
    ),
    "sending.give_up": Case(
        roles="",
        ids=("publication",),
        call=lambda work, ids: sending.give_up(work, publication_id=ids.publication, problem="x"),
    ),
    "engagement.begin_watching": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: engagement.begin_watching(work, publication_id=ids.published),
    ),
    "engagement.looking": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: engagement.looking(
            work,
            publication_id=ids.published,
            capability=Capability.MESSAGES,
        ),
    ),
    "engagement.receive": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: engagement.receive(
            work, publication_id=ids.published, messages=(), cursor="c"
        ),
    ),
    "engagement.receive_inbox": Case(
        roles="",
        ids=("channel",),
        call=lambda work, ids: engagement.receive_inbox(
            work, channel_id=ids.channel, messages=(), cursor="c"
        ),
    ),
    "engagement.note_reply_sent": Case(
        roles="",
        ids=("published",),
        call=lambda work, ids: engagement.note_reply_sent(work, publication_id=ids.published),
    ),
}


async def one_of_everything(hub: Hub, database: Database, *, slug: str) -> tuple[World, Ids]:
    """Make a workspace with one of everything in it, each in a state where much can be done."""
    world = await a_world(hub, slug=slug)
    channel_id = await a_channel(world)
    item_id = await an_item(world, text="in review")
    approved_item = await an_item(world, text="approved")
    await approve(
        world,
        review_id=await in_review(world, item_id=approved_item, channel_ids=[channel_id]),
    )
    waiting = await a_publication(world, channel_id=channel_id, text="waiting")
    published = await a_publication(world, channel_id=channel_id, text="published")
    await put(
        database,
        "publications",
        published.id,
        state="PUBLISHED",
        remote_id="1",
        sent_hash=published.approved_hash,
        published_at=published.created_at,
        due_at=None,
    )
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    asset, upload = _picture(world), _upload(world)
    async with hub.unit_of_work(world.system) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="C")
        guide = await guides.set_guide(
            work, brand_id=world.brand_id, locale="fr", guide=Guide(hashtags=Bounds(most=9))
        )
        audience = await strategy.create_audience(work, brand_id=world.brand_id, name="A")
        pillar = await strategy.create_pillar(work, brand_id=world.brand_id, name="P")
        goal = await strategy.create_goal(work, brand_id=world.brand_id, **_GOAL)
        member = await access.add_member(work, name="M", email="m@m.example", role=Role.VIEWER)
        token, _ = await access.issue_token(work, member_id=member.id, label="x")
        work.session.add_all([asset, upload])
    async with hub.unit_of_work(world.system) as work:
        await engagement.receive(
            work, publication_id=published.id, messages=[_answer(published.created_at)], cursor=""
        )
        message = await work.one(select(Message.id))
        thread = await work.one(select(Thread.id))
        person = await work.one(select(Person.id))
    workflow, remark = await _reviewing(world, item_id)
    trigger, endpoint, delivery = await _automation(world)
    async with hub.unit_of_work(world.system) as work:
        export = await exports.create(work, **_EXPORT, scope=EVERYTHING)
        report = await reports.create(work, campaign_id=campaign.id, **_REPORT)
        work.promises.clear()
    assert message is not None
    assert thread is not None
    assert person is not None
    held = await _contests(world, published, database)
    around = await _around(world, thread, person, channel_id)
    moderated = await _moderation(world, message, around["other_person"])
    trigger, endpoint, delivery = await _automation(world)
    return world, Ids(
        brand=world.brand_id,
        campaign=campaign.id,
        guide=guide.id,
        audience=audience.id,
        pillar=pillar.id,
        goal=goal.id,
        channel=channel_id,
        item=item_id,
        approved_item=approved_item,
        review=review_id,
        workflow=workflow,
        remark=remark,
        publication=waiting.id,
        published=published.id,
        edition=waiting.edition_id,
        message=message,
        thread=thread,
        person=person,
        **around,
        member=member.id,
        token=token.id,
        asset=asset.id,
        upload=upload.id,
        trigger=trigger,
        endpoint=endpoint,
        delivery=delivery,
        **held,
        **moderated,
        export=export.id,
        report=report.id,
        **await _reputation(world, campaign.id, channel_id),
    )


async def _moderation(world: World, message_id: UUID, person_id: UUID) -> dict[str, UUID]:
    """Make a rule that is not tried, a message that waits, and a sanction."""
    async with world.hub.unit_of_work(world.editor) as work:
        rule = await moderation.create_rule(
            work,
            draft=Draft(
                brand_id=world.brand_id,
                name="R",
                conditions=_SPAM,
                actions=[{"kind": "HOLD"}],
                enabled=False,
            ),
        )
        sanction = await sanctioning.create_sanction(
            work, person_id=person_id, kind=SanctionKind.MUTE, reason="x"
        )
        work.promises.clear()
    async with world.hub.unit_of_work(world.system) as work:
        message = await work.one(select(Message).where(Message.id == message_id))
        assert message is not None
        message.held = True
        action = ModerationAction(
            id=new_id(),
            workspace_id=world.workspace_id,
            message_id=message.id,
            channel_id=message.channel_id,
            rule_id=rule.id,
            kind=ActionKind.HOLD,
            reason="x",
            spans=[],
            given={},
            before={},
            state=ActionState.DONE,
        )
        work.session.add(action)
    return {
        "moderation_rule": rule.id,
        "moderation_action": action.id,
        "sanction": sanction.id,
    }


async def _contests(world: World, published: Publication, database: Database) -> dict[str, UUID]:
    """Make a contest that is prepared, two that are judged, and one that is drawn."""
    held = {}
    for name in ("draft_contest", "open_contest", "closed_contest", "drawn_contest"):
        async with world.hub.unit_of_work(world.editor) as work:
            made = await contests.create(
                work,
                brand_id=world.brand_id,
                name=name,
                rules=[("en", "Comment.")],
                publication_ids=[published.id],
                opens_at=published.created_at,
                closes_at=work.now + timedelta(days=1),
            )
            held[name] = made.id
    for name in ("open_contest", "closed_contest", "drawn_contest"):
        async with world.hub.unit_of_work(world.editor) as work:
            await contests.open_contest(work, contest_id=held[name])
        async with world.hub.unit_of_work(world.system) as work:
            await entries.judge_all(work, contest_id=held[name])
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(ContestEntry).order_by(ContestEntry.contest_id))
        by_contest = {row.contest_id: row for row in rows}
        await entries.disqualify(work, entry_id=by_contest[held["closed_contest"]].id, reason="x")
    for name in ("closed_contest", "drawn_contest"):
        async with world.hub.unit_of_work(world.editor) as work:
            await contests.close(work, contest_id=held[name], reason="x")
    async with world.hub.unit_of_work(world.editor) as work:
        await drawing.freeze(work, contest_id=held["drawn_contest"], unread_reason="x")
    async with world.hub.unit_of_work(world.editor) as work:
        await drawing.draw_winners(work, contest_id=held["drawn_contest"])
        place = await work.one(select(ContestPlace.id))
    assert place is not None
    return {
        **held,
        "entry": by_contest[held["open_contest"]].id,
        "out_entry": by_contest[held["closed_contest"]].id,
        "place": place,
    }


async def _reviewing(world: World, item_id: UUID) -> tuple[UUID, UUID]:
    async with world.hub.unit_of_work(world.callers[Role.ADMIN]) as work:
        workflow = await workflows.create(work, name="W", steps=[StepWords(name="S")])
        remark = await remarks.add(work, item_id=item_id, text="R")
    return workflow.id, remark.id


async def _reputation(world: World, campaign_id: UUID, channel_id: UUID) -> dict[str, UUID]:
    """Watch, find something, be alarmed by it, and pause a campaign in which nothing goes out."""
    async with world.hub.unit_of_work(world.manager) as work:
        monitor = await reputation.create_monitor(
            work,
            brand_id=world.brand_id,
            name="M",
            query=Query(any=("lighthouse",)),
            feeds=["https://news.example/feed"],
        )
        work.promises.clear()
        incident = await incidents.open_incident(work, brand_id=world.brand_id, title="I")
        await incidents.set_statement(work, incident_id=incident.id, locale="en", text="S")
        pause, _ = await pauses.start(
            work, scope=PauseScope.CAMPAIGN, subject_id=campaign_id, reason="R"
        )
    async with world.hub.unit_of_work(world.system) as work:
        source = await work.one(select(MonitorSource.id))
        assert source is not None
        looked = await watching.looking(work, source_id=source)
        assert isinstance(looked, watching.Looking)
        said = watching.Said(
            identity="x", platform="feed", text="A lighthouse", url="", published_at=None
        )
        await watching.settle_look(work, looked=looked, said=[said])
        found = await work.one(select(Mention))
        assert found is not None
        mention = found.id
        # As if it had been found at a network, where it can be answered.
        found.channel_id = channel_id
        found.remote = {
            "remote_id": "m",
            "parent_remote_id": "",
            "person_remote_id": "p",
            "extra": {},
        }
        alert = Alert(
            id=new_id(),
            workspace_id=world.workspace_id,
            monitor_id=monitor.id,
            kind=AlertKind.VOLUME,
            starts_at=work.now,
            ends_at=work.now,
            count=1,
            total=1,
            expected=0.0,
            probability=0.0,
            baseline=[],
        )
        work.promises.clear()
        work.session.add(alert)
    return {
        "pause": pause.id,
        "monitor": monitor.id,
        "source": source,
        "mention": mention,
        "alert": alert.id,
        "incident": incident.id,
    }


async def _automation(world: World) -> tuple[UUID, UUID, UUID]:
    async with world.hub.unit_of_work(world.manager) as work:
        trigger, _ = await automation.create_trigger(work, name="T")
        endpoint, _ = await automation.create_endpoint(
            work, url="https://hook.example/in", events=["*"]
        )
    async with world.hub.unit_of_work(world.system) as work:
        event = await work.one(select(EventRow).order_by(EventRow.id).limit(1))
        assert event is not None
        delivery = Delivery(
            id=new_id(),
            workspace_id=world.workspace_id,
            endpoint_id=endpoint.id,
            event_id=event.id,
            event_name=event.name,
            sequence=1,
            state=DeliveryState.PENDING,
            promised_at=work.now,
            next_at=work.now,
        )
        work.session.add(delivery)
    return trigger.id, endpoint.id, delivery.id


async def _around(world: World, thread: UUID, person: UUID, channel_id: UUID) -> dict[str, UUID]:
    """Make what is kept about conversations and persons; three accounts, two of them linked."""
    others = [
        Person(
            id=new_id(),
            workspace_id=world.workspace_id,
            channel_id=channel_id,
            remote_id=f"p{number}",
            handle="",
            name="",
            url="",
        )
        for number in range(2)
    ]
    async with world.hub.unit_of_work(world.system) as work:
        work.session.add_all(others)
        await work.session.flush()
        await persons.link_persons(work, person_id=person, other_id=others[0].id)
        # By nobody: whoever is no administrator is refused.
        note = Note(
            id=new_id(), workspace_id=world.workspace_id, thread_id=thread, text="x", version=1
        )
        work.session.add(note)
    async with world.hub.unit_of_work(world.manager) as work:
        saved = await saved_replies.create_saved_reply(
            work, brand_id=world.brand_id, locale="en", name="N", text="Hi"
        )
        target = await service_targets.set_service_target(
            work, brand_id=world.brand_id, timezone="UTC", minutes={Priority.NORMAL: 60}
        )
    return {
        "other_person": others[1].id,
        "note": note.id,
        "saved_reply": saved.id,
        "service_target": target.id,
    }


def _answer(when: datetime, remote_id: str = "m") -> Received:
    return Received(
        remote_id=remote_id,
        parent_remote_id="1",
        person_remote_id="p",
        person_handle="@p",
        person_name="P",
        person_url="",
        text="x",
        html="x",
        url="",
        written_at=when,
    )


def _picture(world: World) -> Asset:
    return Asset(
        id=new_id(),
        workspace_id=world.workspace_id,
        filename="a.png",
        state=AssetState.READY,
        mime="image/png",
        size=1,
        width=1,
        height=1,
        sha256="0" * 64,
        storage_key="x",
        alt={},
    )


def _upload(world: World) -> AssetUpload:
    return AssetUpload(
        id=new_id(),
        workspace_id=world.workspace_id,
        filename="a.png",
        mime="image/png",
        size=1,
        storage_key="x",
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
        received_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
