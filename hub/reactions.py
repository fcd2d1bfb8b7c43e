"""What follows from what: the one table of every consequence in the hub.

A reaction runs in the transaction of the event that caused it, and may refuse it.
"""

from hub.access.events import MemberRemoved
from hub.analytics import operations as analytics
from hub.audit.operations import keep
from hub.channels.events import ChannelDisabled, ChannelEnabled
from hub.content.events import ContentItemArchived, ContentItemRevised, ContentItemUpdated
from hub.content.jobs import CheckVoice
from hub.engagement import operations as engagement
from hub.engagement.contests import announcing as contests
from hub.engagement.contests import entries
from hub.engagement.events import MessageDeleted, MessageEdited, MessageReceived
from hub.engagement.models import Thread
from hub.engagement.moderation import acting as moderation
from hub.engagement.moderation import deciding, doing
from hub.kernel.editing import get
from hub.kernel.work import Reactions, UnitOfWork
from hub.publishing import following, standing
from hub.publishing import operations as publishing
from hub.publishing.editions import is_approved
from hub.publishing.events import (
    AmendmentDone,
    AmendmentFailed,
    AmendmentRequested,
    PublicationPublished,
    PublishingPaused,
    PublishingResumed,
)
from hub.publishing.models import AmendmentKind, HoldReason, Publication
from hub.reputation import incidents
from hub.review import operations as review
from hub.review.events import ChangesRequested, ReviewApproved
from hub.strategy.events import BrandUpdated, CampaignUpdated, VoiceGuideDeleted, VoiceGuideSet
from hub.strategy.models import Campaign


async def _schedule_approved(work: UnitOfWork, happened: ReviewApproved) -> None:
    await publishing.schedule_approved(work, review_id=happened.subject_id)


async def _hold_revoked(work: UnitOfWork, happened: ChangesRequested) -> None:
    if not happened.revoked:
        return
    await publishing.hold(
        work,
        reason=HoldReason.UNAPPROVED,
        problem="The approval was revoked.",
        # What another review has approved as well may still go out.
        where=[Publication.item_id == happened.item_id, ~is_approved()],
    )


async def _supersede_review(work: UnitOfWork, happened: ContentItemRevised) -> None:
    await review.supersede(work, item_id=happened.subject_id)


async def _hold_superseded(work: UnitOfWork, happened: ContentItemRevised) -> None:
    await publishing.hold(
        work,
        reason=HoldReason.SUPERSEDED,
        problem="The text was changed after this revision was approved.",
        where=[
            Publication.item_id == happened.subject_id,
            Publication.revision_id != happened.revision_id,
        ],
    )


async def _hold_archived(work: UnitOfWork, happened: ContentItemArchived) -> None:
    await review.supersede(work, item_id=happened.subject_id)
    await publishing.hold(
        work,
        reason=HoldReason.UNAPPROVED,
        problem="The content was archived.",
        where=[Publication.item_id == happened.subject_id],
    )


async def _hold_paused(work: UnitOfWork, happened: ChannelDisabled) -> None:
    # What is only scheduled stays so: most pauses end before its time comes.
    await publishing.hold(
        work,
        reason=HoldReason.PAUSED,
        problem="The channel is switched off.",
        where=[
            Publication.channel_id == happened.subject_id,
            Publication.due_at <= work.now,
        ],
    )


async def _resume_paused(work: UnitOfWork, happened: ChannelEnabled) -> None:
    await publishing.resume_paused(work, channel_id=happened.subject_id)


async def _check_voice(work: UnitOfWork, happened: VoiceGuideSet | VoiceGuideDeleted) -> None:
    work.promise(CheckVoice(workspace_id=work.caller.workspace_id, brand_id=happened.brand_id))


async def _follow_campaign(work: UnitOfWork, happened: CampaignUpdated) -> None:
    if "utm" in happened.fields:
        await following.hold_stale(work, campaign_id=happened.subject_id)
    if "paid" in happened.fields:
        campaign = await get(work, Campaign, happened.subject_id)
        work.promise(CheckVoice(workspace_id=campaign.workspace_id, brand_id=campaign.brand_id))


async def _follow_brand(work: UnitOfWork, happened: BrandUpdated) -> None:
    if "own_domains" in happened.fields:
        await following.hold_stale(work, brand_id=happened.subject_id)


async def _follow_item(work: UnitOfWork, happened: ContentItemUpdated) -> None:
    if "campaign_id" in happened.fields:
        await following.hold_stale(work, item_id=happened.subject_id)


async def _watch(work: UnitOfWork, happened: PublicationPublished) -> None:
    await engagement.note_reply_sent(work, publication_id=happened.subject_id)
    await engagement.begin_watching(work, publication_id=happened.subject_id)
    await analytics.begin_measuring(work, publication_id=happened.subject_id)
    await standing.begin_reading_back(work, publication_id=happened.subject_id)


async def _announce_contest(work: UnitOfWork, happened: PublicationPublished) -> None:
    await contests.note_published(work, publication_id=happened.subject_id)


async def _judge_again(work: UnitOfWork, happened: MessageEdited | MessageDeleted) -> None:
    thread = await get(work, Thread, happened.thread_id)
    if thread.publication_id is not None:
        await entries.comments_changed(work, publication_id=thread.publication_id)


async def _note_hidden(work: UnitOfWork, happened: AmendmentDone) -> None:
    if happened.message_id is not None:
        hidden = happened.kind is AmendmentKind.HIDE
        await engagement.note_hidden(work, message_id=happened.message_id, hidden=hidden)


async def _go_on_without(work: UnitOfWork, happened: MemberRemoved) -> None:
    await review.reconsider(work, member_id=happened.subject_id)


async def _note_pause(work: UnitOfWork, happened: PublishingPaused) -> None:
    if happened.incident_id is not None:
        await incidents.note_pause(
            work,
            incident_id=happened.incident_id,
            pause_id=happened.subject_id,
            reason=happened.reason,
            in_flight=len(happened.in_flight),
        )


async def _note_resume(work: UnitOfWork, happened: PublishingResumed) -> None:
    if happened.incident_id is not None:
        await incidents.note_resume(
            work,
            incident_id=happened.incident_id,
            pause_id=happened.subject_id,
            told=f"{happened.released} released, {happened.still_held} still held, "
            f"{happened.cancelled} cancelled",
        )


REACTIONS: Reactions = {
    MemberRemoved: [_go_on_without],
    ReviewApproved: [_schedule_approved],
    ChangesRequested: [_hold_revoked],
    ContentItemRevised: [_supersede_review, _hold_superseded],
    ContentItemArchived: [_hold_archived],
    ContentItemUpdated: [_follow_item],
    CampaignUpdated: [_follow_campaign],
    BrandUpdated: [_follow_brand],
    VoiceGuideSet: [_check_voice],
    VoiceGuideDeleted: [_check_voice],
    ChannelDisabled: [_hold_paused],
    ChannelEnabled: [_resume_paused],
    PublicationPublished: [_watch, _announce_contest],
    PublishingPaused: [_note_pause],
    PublishingResumed: [_note_resume],
    AmendmentRequested: [deciding.note_wish],
    AmendmentDone: [_note_hidden, doing.note_amendment],
    AmendmentFailed: [doing.note_amendment],
    MessageReceived: [moderation.moderate],
    MessageEdited: [moderation.moderate, _judge_again],
    MessageDeleted: [_judge_again],
}

#: Every event is kept: audit, feeds, webhooks and subscriptions read this one stream.
KEEP = keep
