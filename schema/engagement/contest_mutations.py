"""Running contests, from the terms to the winners' names."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.engagement.contests import announcing, drawing, entries, operations
from hub.kernel.work import UnitOfWork
from schema.base.perform import Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.content.types import ContentItem
from schema.engagement.contest_inputs import (
    ContestAnnounceInput,
    ContestCancelInput,
    ContestCloseInput,
    ContestCreateInput,
    ContestDrawInput,
    ContestEntryDisqualifyInput,
    ContestEntryReadmitInput,
    ContestFreezeInput,
    ContestOpenInput,
    ContestReplaceWinnerInput,
    ContestRulesInput,
    ContestUpdateInput,
)
from schema.engagement.contests import Contest, ContestEntry


@strawberry.type(description="The answer to contestCreate.")
class ContestCreatePayload(Payload):
    contest: Contest | None = result("Contest", "The new contest, a DRAFT.")


@strawberry.type(description="The answer to contestUpdate.")
class ContestUpdatePayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestOpen.")
class ContestOpenPayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestClose.")
class ContestClosePayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestFreeze.")
class ContestFreezePayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestDraw.")
class ContestDrawPayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestReplaceWinner.")
class ContestReplaceWinnerPayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestAnnounce.")
class ContestAnnouncePayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")
    content_item: ContentItem | None = result(
        "ContentItem", "The content that names the winners, to be reviewed."
    )


@strawberry.type(description="The answer to contestCancel.")
class ContestCancelPayload(Payload):
    contest: Contest | None = result("Contest", "The contest as it is now.")


@strawberry.type(description="The answer to contestEntryDisqualify.")
class ContestEntryDisqualifyPayload(Payload):
    contest_entry: ContestEntry | None = result("ContestEntry", "The entry as it is now.")


@strawberry.type(description="The answer to contestEntryReadmit.")
class ContestEntryReadmitPayload(Payload):
    contest_entry: ContestEntry | None = result("ContestEntry", "The entry as it is now.")


def _ids(given: Sequence[strawberry.ID], kind: str, name: str) -> list[UUID]:
    return [wanted(one, kind, name, str(index)) for index, one in enumerate(given)]


def _rules(given: Sequence[ContestRulesInput]) -> list[tuple[str, str]]:
    return [(one.locale, one.text) for one in given]


def _changes(given: ContestUpdateInput) -> dict[str, Any]:
    found = changes(
        given,
        "name",
        "locale",
        "rules",
        "publication_ids",
        "opens_at",
        "closes_at",
        "winner_count",
        "alternate_count",
        "conditions",
        "excluded_person_ids",
        "entropy_source",
    )
    if "rules" in found:
        found["rules"] = _rules(found["rules"])
    if "conditions" in found:
        found["conditions"] = found["conditions"].conditions()
    for name, kind, camel in (
        ("publication_ids", "Publication", "publicationIds"),
        ("excluded_person_ids", "Person", "excludedPersonIds"),
    ):
        if name in found:
            found[name] = _ids(found[name], kind, camel)
    return found


@strawberry.type
class ContestMutations:
    @strawberry.mutation(
        description="Prepare a contest; nothing is promised to anybody until it is opened."
    )
    async def contest_create(
        self,
        info: Info,
        input: Annotated[ContestCreateInput, strawberry.argument(description="The contest.")],  # noqa: A002 - its name in the API
    ) -> ContestCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await operations.create(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                name=input.name,
                locale=input.locale,
                rules=_rules(input.rules),
                publication_ids=_ids(input.publication_ids, "Publication", "publicationIds"),
                opens_at=input.opens_at,
                closes_at=input.closes_at,
                winner_count=input.winner_count,
                alternate_count=input.alternate_count,
                conditions=input.conditions.conditions() if input.conditions else None,
                excluded_person_ids=_ids(input.excluded_person_ids, "Person", "excludedPersonIds"),
                entropy_source=input.entropy_source,
            )
            return {"contest": contest.id}

        return await perform(info, ContestCreatePayload, act)

    @strawberry.mutation(description="Change the terms of a contest that is not open yet.")
    async def contest_update(
        self,
        info: Info,
        input: Annotated[ContestUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> ContestUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await operations.update(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                expected_version=input.expected_version,
                changes=_changes(input),
            )
            return {"contest": contest.id}

        return await perform(info, ContestUpdatePayload, act)

    @strawberry.mutation(
        description="Open a contest: its terms are fixed, and `commitment` binds the hub to a seed "
        "that nobody knows until the draw."
    )
    async def contest_open(
        self,
        info: Info,
        input: Annotated[ContestOpenInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestOpenPayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await operations.open_contest(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                expected_version=input.expected_version,
            )
            return {"contest": contest.id}

        return await perform(info, ContestOpenPayload, act)

    @strawberry.mutation(
        description="Close a contest; by itself it closes at `closesAt`. Comments are then read "
        "once more."
    )
    async def contest_close(
        self,
        info: Info,
        input: Annotated[ContestCloseInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestClosePayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await operations.close(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                reason=input.reason,
                expected_version=input.expected_version,
            )
            return {"contest": contest.id}

        return await perform(info, ContestClosePayload, act)

    @strawberry.mutation(
        description="Fix for ever who takes part, once all comments were read after the close."
    )
    async def contest_freeze(
        self,
        info: Info,
        input: Annotated[ContestFreezeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestFreezePayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await drawing.freeze(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                unread_reason=input.unread_reason,
                expected_version=input.expected_version,
            )
            return {"contest": contest.id}

        return await perform(info, ContestFreezePayload, act)

    @strawberry.mutation(
        description="Reveal the seed and name winners and alternates: what seed and frozen list "
        "say, and nothing else."
    )
    async def contest_draw(
        self,
        info: Info,
        input: Annotated[ContestDrawInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestDrawPayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await drawing.draw_winners(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                entropy_value=input.entropy_value,
                expected_version=input.expected_version,
            )
            return {"contest": contest.id}

        return await perform(info, ContestDrawPayload, act)

    @strawberry.mutation(description="Let the next alternate win in place of a winner.")
    async def contest_replace_winner(
        self,
        info: Info,
        input: Annotated[ContestReplaceWinnerInput, strawberry.argument(description="Who.")],  # noqa: A002 - its name in the API
    ) -> ContestReplaceWinnerPayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await drawing.replace_winner(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                place_id=wanted(input.place_id, "ContestPlace", "placeId"),
                reason=input.reason,
                expected_version=input.expected_version,
            )
            return {"contest": contest.id}

        return await perform(info, ContestReplaceWinnerPayload, act)

    @strawberry.mutation(
        description="Write a content that names the winners; it goes through review like every "
        "other. The contest is ANNOUNCED once it is out."
    )
    async def contest_announce(
        self,
        info: Info,
        input: Annotated[ContestAnnounceInput, strawberry.argument(description="The words.")],  # noqa: A002 - its name in the API
    ) -> ContestAnnouncePayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await announcing.announce(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                title=input.title,
                template=input.template,
                locale=input.locale,
                expected_version=input.expected_version,
            )
            made: dict[str, UUID | Sequence[UUID]] = {"contest": contest.id}
            if contest.item_id is not None:
                made["content_item"] = contest.item_id
            return made

        return await perform(info, ContestAnnouncePayload, act)

    @strawberry.mutation(description="End a contest without a draw; not after it is drawn.")
    async def contest_cancel(
        self,
        info: Info,
        input: Annotated[ContestCancelInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestCancelPayload:
        async def act(work: UnitOfWork) -> Made:
            contest = await operations.cancel(
                work,
                contest_id=wanted(input.id, "Contest", "id"),
                reason=input.reason,
                expected_version=input.expected_version,
            )
            return {"contest": contest.id}

        return await perform(info, ContestCancelPayload, act)

    @strawberry.mutation(description="Take a comment out of a contest, until its list is frozen.")
    async def contest_entry_disqualify(
        self,
        info: Info,
        input: Annotated[ContestEntryDisqualifyInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestEntryDisqualifyPayload:
        async def act(work: UnitOfWork) -> Made:
            entry = await entries.disqualify(
                work,
                entry_id=wanted(input.id, "ContestEntry", "id"),
                reason=input.reason,
            )
            return {"contest_entry": entry.id}

        return await perform(info, ContestEntryDisqualifyPayload, act)

    @strawberry.mutation(
        description="Let a comment take part although a condition is not met, or although it was "
        "taken out by hand; not when it is late, hidden, a second one, or of somebody who "
        "is excluded."
    )
    async def contest_entry_readmit(
        self,
        info: Info,
        input: Annotated[ContestEntryReadmitInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ContestEntryReadmitPayload:
        async def act(work: UnitOfWork) -> Made:
            entry = await entries.readmit(
                work,
                entry_id=wanted(input.id, "ContestEntry", "id"),
                reason=input.reason,
            )
            return {"contest_entry": entry.id}

        return await perform(info, ContestEntryReadmitPayload, act)
