"""Freezing who takes part, drawing, and replacing winners."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from hub.engagement.contests import draw
from hub.engagement.contests.announcing import take_back
from hub.engagement.contests.draw import Entrant
from hub.engagement.contests.entries import Judged, judged, unread
from hub.engagement.contests.events import ContestDrawn, ContestFrozen, ContestWinnerReplaced
from hub.engagement.contests.models import (
    Contest,
    ContestEntry,
    ContestPlace,
    ContestState,
    EntryState,
    PlaceStanding,
)
from hub.engagement.contests.operations import require_transition
from hub.engagement.contests.proof import completed
from hub.engagement.contests.proving import frozen_facts, with_draw
from hub.engagement.contests.queries import places_of
from hub.engagement.contests.rules import ENTROPY_MAX, REASON_MAX
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text, require_version, touch
from hub.kernel.errors import Invalid, NotFound, Unavailable, WrongState
from hub.kernel.ids import new_id
from hub.kernel.secrets import SecretBroken
from hub.kernel.work import UnitOfWork

_PATH = ("input", "id")


async def freeze(
    work: UnitOfWork,
    *,
    contest_id: UUID,
    unread_reason: str = "",
    expected_version: int | None = None,
) -> Contest:
    """Fix who takes part, for ever, once all comments were read after the close.

    Where a platform does not let them be read, `unread_reason` says so to everybody.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await get(work, Contest, contest_id, lock=True)
    require_transition(contest, after=ContestState.FROZEN, expected_version=expected_version)
    said = require_text(unread_reason, most=REASON_MAX, path=("input", "unreadReason"), empty=True)
    left = await unread(work, contest=contest)
    if left and not said:
        raise WrongState(
            f"Publications whose comments were not read since the close: {len(left)}. The hub is "
            "at it; try again in a minute, or say why they cannot be read.",
            path=_PATH,
        )
    told = await judged(work, contest=contest)
    entrants = [_entrant(one) for one in told if not one.reasons]
    if not entrants:
        raise WrongState("Nobody takes part. Cancel this contest.", path=_PATH)
    contest.state, contest.frozen_at = ContestState.FROZEN, work.now
    contest.unread_reason = said if left else ""
    contest.entrant_list = draw.listed(entrants)
    contest.list_hash = draw.list_hash(contest.entrant_list)
    contest.proof = completed(await frozen_facts(work, contest, told))
    touch(work, contest)
    await work.flush()
    work.record(
        ContestFrozen(
            subject_id=contest.id,
            list_hash=contest.list_hash,
            entrants=len(entrants),
            unread_reason=contest.unread_reason,
            proof_digest=contest.proof["digest"],
        )
    )
    return contest


def _entrant(one: Judged) -> Entrant:
    # Whoever takes part is known: a comment of nobody has that fault.
    handle = one.comment.who.handle if one.comment.who else ""
    return Entrant(entrant=one.entrant or "", written_at=one.comment.written_at, handle=handle)


async def draw_winners(
    work: UnitOfWork,
    *,
    contest_id: UUID,
    entropy_value: str | None = None,
    expected_version: int | None = None,
) -> Contest:
    """Reveal the seed and name winners and alternates: what the seed and the frozen list say.

    `entropy_value` is asked for where the contest named a public source of it, and only there.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await get(work, Contest, contest_id, lock=True)
    require_transition(contest, after=ContestState.DRAWN, expected_version=expected_version)
    if contest.state is not ContestState.FROZEN:
        raise WrongState("This contest is drawn already.", path=_PATH)
    value = _entropy(contest, entropy_value)
    seed = _unsealed(work, contest)
    listed, hash_of_list = contest.entrant_list or "", contest.list_hash or ""
    order = draw.ranked(draw.names_in(listed), seed=seed, hash_of_list=hash_of_list, entropy=value)
    contest.state, contest.drawn_at = ContestState.DRAWN, work.now
    contest.seed, contest.entropy_value = seed.hex(), value or None
    touch(work, contest)
    places = await _places(work, contest, order)
    await work.add(*places)
    contest.proof = with_draw(contest, places)
    await work.flush()
    work.record(
        ContestDrawn(
            subject_id=contest.id,
            seed=contest.seed,
            list_hash=hash_of_list,
            entropy_value=value,
            winners=tuple(order[: contest.winner_count]),
            proof_digest=contest.proof["digest"],
        )
    )
    return contest


def _entropy(contest: Contest, given: str | None) -> str:
    path = ("input", "entropyValue")
    if not contest.entropy_source:
        if given is not None:
            raise Invalid(
                "This contest named no public value when it opened, so nothing may be added to "
                "its draw.",
                path=path,
            )
        return ""
    if given is None:
        raise Invalid(
            f"Give the value that was named when it opened: {contest.entropy_source}.", path=path
        )
    return require_text(given, most=ENTROPY_MAX, path=path)


def _unsealed(work: UnitOfWork, contest: Contest) -> bytes:
    try:
        kept = work.vault.open(contest.sealed or b"", row_id=contest.id)
    except SecretBroken as error:
        raise Unavailable(
            "The seed cannot be opened: the hub's secret key is another one than at the opening."
        ) from error
    return bytes.fromhex(kept["seed"])


async def _places(work: UnitOfWork, contest: Contest, order: Sequence[str]) -> list[ContestPlace]:
    handles = {
        line.split("\t")[0]: line.split("\t")[2]
        for line in (contest.entrant_list or "").split("\n")[:-1]
    }
    drawn = order[: contest.winner_count + contest.alternate_count]
    found = await work.session.execute(
        select(ContestEntry.entrant, ContestEntry.id).where(
            ContestEntry.contest_id == contest.id,
            ContestEntry.state == EntryState.ELIGIBLE,
            ContestEntry.entrant.in_(drawn),
        )
    )
    entries = {row.entrant: row.id for row in found}
    return [
        ContestPlace(
            id=new_id(),
            workspace_id=contest.workspace_id,
            contest_id=contest.id,
            entry_id=entries[name],
            rank=rank,
            entrant=name,
            handle=handles[name],
            standing=PlaceStanding.WINNER
            if rank <= contest.winner_count
            else PlaceStanding.ALTERNATE,
        )
        for rank, name in enumerate(drawn, start=1)
    ]


async def replace_winner(
    work: UnitOfWork,
    *,
    contest_id: UUID,
    place_id: UUID,
    reason: str,
    expected_version: int | None = None,
) -> Contest:
    """Let the next alternate win in place of somebody, for a reason that everybody can read.

    Nobody chooses who that is. A text that names the old winners is put away; where it is out
    already, the contest is to be announced once more.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await get(work, Contest, contest_id, lock=True)
    require_version(contest, expected_version)
    if contest.state not in {ContestState.DRAWN, ContestState.ANNOUNCED}:
        raise WrongState("Nobody is drawn yet.", path=_PATH)
    said = require_text(reason, most=REASON_MAX, path=("input", "reason"))
    places = await places_of(work, contest=contest)
    place = next((one for one in places if one.id == place_id), None)
    if place is None:
        raise NotFound("There is nothing with this id.", path=("input", "placeId"))
    if place.standing is not PlaceStanding.WINNER:
        raise WrongState("This is no winner.", path=("input", "placeId"))
    place.standing, place.replaced_at = PlaceStanding.REPLACED, work.now
    place.replaced_reason = said
    successor = next((one for one in places if one.standing is PlaceStanding.ALTERNATE), None)
    if successor is not None:
        successor.standing, successor.replaces_id = PlaceStanding.WINNER, place.id
    await take_back(work, contest=contest)
    touch(work, contest)
    contest.proof = with_draw(contest, places)
    await work.flush()
    work.record(
        ContestWinnerReplaced(
            subject_id=contest.id,
            entrant=place.entrant,
            replaced_by=successor.entrant if successor else None,
            reason=said,
            proof_digest=contest.proof["digest"],
        )
    )
    return contest
