"""Announcing winners: a content like every other, and what follows once it is out."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from hub.content import operations as content
from hub.content.models import ContentItem
from hub.content.rules import Part, Words
from hub.engagement.contests import draw
from hub.engagement.contests.events import ContestAnnounced, ContestAnnouncementWritten
from hub.engagement.contests.models import Contest, ContestState, PlaceStanding
from hub.engagement.contests.operations import require_transition
from hub.engagement.contests.queries import places_of
from hub.engagement.contests.rules import TEMPLATE_MAX, filled, template_for, together
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text, touch
from hub.kernel.errors import WrongState
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.publishing import operations as publishing
from hub.publishing.models import HoldReason, Publication

_TITLE = 300
_PATH = ("input", "id")


async def announce(
    work: UnitOfWork,
    *,
    contest_id: UUID,
    title: str | None = None,
    template: str | None = None,
    locale: str | None = None,
    expected_version: int | None = None,
) -> Contest:
    """Write a content that names the winners; it goes through review like every other.

    The contest is announced once that content is out.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await get(work, Contest, contest_id, lock=True)
    require_transition(contest, after=ContestState.ANNOUNCED, expected_version=expected_version)
    if contest.item_id is not None:
        known = await get(work, ContentItem, contest.item_id)
        if not known.archived:
            raise WrongState(
                "There is a text about the winners already. Archive it to write another.",
                path=_PATH,
            )
    language = require_locale(locale or contest.locale, path=("input", "locale"))
    path = ("input", "template")
    text = require_text(template_for(language, template, path=path), most=TEMPLATE_MAX, path=path)
    values = await _values(work, contest, language)
    written = await content.create_item(
        work,
        brand_id=contest.brand_id,
        words=Words(
            title=require_text(title or contest.name, most=_TITLE, path=("input", "title")),
            parts=(Part(text=filled(text, values, path=path)),),
        ),
        locale=language,
    )
    await work.flush()
    contest.item_id = written.id
    touch(work, contest)
    await work.flush()
    work.record(ContestAnnouncementWritten(subject_id=contest.id, item_id=written.id))
    return contest


async def _values(work: UnitOfWork, contest: Contest, locale: str) -> Mapping[str, str]:
    places = await places_of(work, contest=contest)
    winners = [one.handle for one in places if one.standing is PlaceStanding.WINNER]
    return {
        "contest": contest.name,
        "winners": together(winners, locale=locale),
        "entrants": str(len(draw.names_in(contest.entrant_list or ""))),
        "seed": contest.seed or "",
        "list_hash": contest.list_hash or "",
    }


async def note_published(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Keep that the winners' names are out, where that is what was published; a reaction."""
    item = select(Publication.item_id).where(Publication.id == publication_id).scalar_subquery()
    contest = await work.one(
        select(Contest)
        .where(Contest.item_id == item, Contest.state == ContestState.DRAWN)
        .with_for_update()
    )
    if contest is None:
        return
    contest.state, contest.announced_at = ContestState.ANNOUNCED, work.now
    touch(work, contest)
    work.record(ContestAnnounced(subject_id=contest.id, publication_id=publication_id))


async def take_back(work: UnitOfWork, *, contest: Contest) -> None:
    """Put a text away that names winners who are others now; what is out is announced anew.

    Where it is out on one channel and still to come on another, that one waits for a person.
    """
    item_id, contest.item_id = contest.item_id, None
    if contest.state is ContestState.ANNOUNCED:
        contest.state, contest.announced_at = ContestState.DRAWN, None
        await publishing.hold(
            work,
            reason=HoldReason.PROBLEM,
            problem="It names a winner who was replaced. Announce the contest once more.",
            where=[Publication.item_id == item_id],
        )
    elif item_id is not None:
        await content.archive_item(work, item_id=item_id)
