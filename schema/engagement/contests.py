"""Contests, as the API shows them: the terms, the comments, the draw, and the proof of it."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.actions import Action
from hub.engagement.contests import models
from hub.engagement.contests.queries import (
    ALTERNATES,
    WINNERS,
    has_open_announcement,
    has_unread,
)
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, named_in, newest_in
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.base.scalars import JsonObject
from schema.content.types import ContentItem
from schema.engagement.types import Message, Person
from schema.publishing.types import Publication
from schema.strategy.types import Brand

LazyContest = Annotated["Contest", strawberry.lazy("schema.engagement.contests")]
LazyPlace = Annotated["ContestPlace", strawberry.lazy("schema.engagement.contests")]

ContestState = models.ContestState
describe(
    ContestState,
    description="Where a contest stands.",
    values={
        "DRAFT": "It is being prepared; nothing is promised.",
        "OPEN": "Its terms are fixed and the seed of its draw is committed to.",
        "CLOSED": "Nothing more can take part; comments are read once more and judged.",
        "FROZEN": "Who takes part is fixed, by a hash.",
        "DRAWN": "The seed is revealed, winners are named.",
        "ANNOUNCED": "A publication has named the winners.",
        "CANCELLED": "There is no draw.",
    },
)
EntryState = models.EntryState
describe(
    EntryState,
    name="ContestEntryState",
    description="Whether a comment takes part in a contest.",
    values={"ELIGIBLE": "It takes part.", "DISQUALIFIED": "It does not; reasons say why."},
)
EntryReason = models.EntryReason
describe(
    EntryReason,
    name="ContestEntryReasonCode",
    description="Why a comment does not take part.",
    values={
        "OUT_OF_WINDOW": "It was written before the opening or after the close.",
        "CONDITION_MISSING": "None of the phrases, or none of the hashtags, stands in it.",
        "TOO_FEW_MENTIONS": "It names fewer accounts than asked for.",
        "WRONG_ANSWER": "None of the right answers stands in it.",
        "PERSON_UNKNOWN": "The platform does not say who wrote it.",
        "PERSON_TOO_NEW": "The hub has known its writer for less time than asked for.",
        "EXCLUDED_PERSON": "Its writer is excluded, or is an account of the brand.",
        "HIDDEN": "It is hidden from others.",
        "DELETED": "It is not at the platform any more.",
        "EDITED_LATE": "Its words were changed after the close.",
        "DUPLICATE_PERSON": "An earlier comment of the person takes part; linked ones are one.",
        "BY_HAND": "A member took it out; the text says why.",
    },
)
Ruling = models.Ruling
describe(
    Ruling,
    name="ContestEntryRuling",
    description="What a member decided about a comment.",
    values={
        "DISQUALIFIED": "It was taken out.",
        "READMITTED": "It takes part although a condition is not met.",
    },
)
PlaceStanding = models.PlaceStanding
describe(
    PlaceStanding,
    name="ContestPlaceStanding",
    description="What somebody who was drawn is now.",
    values={
        "WINNER": "They have won.",
        "ALTERNATE": "They win when a winner before them gives way.",
        "REPLACED": "They had won and gave way.",
    },
)


@strawberry.type(description="The rules of a contest in one language.")
class ContestRules:
    locale: str = strawberry.field(description="The language, as a tag.")
    text: str = strawberry.field(description="The rules, as people read them.")


@strawberry.type(
    description="What a comment must have to take part. Words are compared as a whole, in letters "
    "of any case, with or without accents."
)
class ContestConditions:
    phrases: list[str] = strawberry.field(description="One of these stands in it; empty: any.")
    hashtags: list[str] = strawberry.field(
        description="One of these, without their sign, stands in it; empty: any."
    )
    answers: list[str] = strawberry.field(
        description="One of these stands in it: the right answers; empty: any."
    )
    mentions: int = strawberry.field(
        description="So many different accounts are named, but for the writer's and the brand's."
    )
    known_days: int = strawberry.field(
        description="The hub has known the writer for so many days: a platform does not tell it "
        "how old an account is."
    )
    excluded_handles: list[str] = strawberry.field(
        description="Accounts that cannot take part, beside the brand's own."
    )


@strawberry.type(description="Why a comment does not take part.")
class ContestEntryReason:
    code: EntryReason = strawberry.field(description="Why, for programs.")
    text: str = strawberry.field(description="What a member said about it; may be empty.")


def _rules(facts: Facts, _asking: Asking) -> list[ContestRules]:
    return [
        ContestRules(locale=locale, text=text) for locale, text in sorted(facts["rules"].items())
    ]


def _conditions(facts: Facts, _asking: Asking) -> ContestConditions:
    return ContestConditions(**facts["conditions"])


def _reasons(facts: Facts, _asking: Asking) -> list[ContestEntryReason]:
    return [
        ContestEntryReason(code=EntryReason(one["code"]), text=one["text"])
        for one in facts["reasons"]
    ]


def _contest_state(entry: Any) -> Any:
    return newest_in(models.Contest, "state", lambda contest: contest.c.id == entry.c.contest_id)


@reads(models.ContestSource, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(description="A publication whose comments take part in a contest.")
class ContestSource(Node):
    contest: LazyContest = to_one("The contest.", columns("contest_id"))
    publication: Publication | None = to_one("The publication.", columns("publication_id"))
    read_at: datetime | None = column(
        "When the last reading began that came to the end of its comments; null: none has."
    )


@reads(
    models.ContestEntry,
    permission=Permission.ENGAGEMENT_READ,
    facts={"contest_state": _contest_state},
)
@strawberry.type(description="A comment under a contest; fixed once its list is frozen.")
class ContestEntry(Node):
    contest: LazyContest = to_one("The contest.", columns("contest_id"))
    message: Message | None = to_one("The comment.", columns("message_id"))
    person: Person | None = to_one("Who wrote it; null: nobody knows.", columns("person_id"))
    entrant: str | None = column(
        "The person's name in the list and the proof of this contest, and nowhere else."
    )
    written_at: datetime = column("When it was written.")
    state: EntryState = column("Whether it takes part.")
    reasons: list[ContestEntryReason] = computed(
        "Why it does not take part; empty when it does.",
        needs=("reasons",),
        make=_reasons,
        lasting=True,
    )
    ruling: Ruling | None = column("What a member decided about it; null: nobody did.")
    ruling_reason: str = column("Why, in the member's words; everybody can read it in the proof.")
    ruled_by: Member | None = to_one("Who decided.", columns("ruled_by"))
    available_actions: list[Action] = available_actions("ContestEntry")


@reads(models.ContestPlace, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(description="Somebody who was drawn, winners before alternates.")
class ContestPlace(Node):
    contest: LazyContest = to_one("The contest.", columns("contest_id"))
    entry: ContestEntry | None = to_one("The comment that took part.", columns("entry_id"))
    rank: int = column("The place in the draw, from 1.")
    entrant: str = column("The person's name in the list and the proof.")
    handle: str = column("The account's name when the list was frozen.")
    standing: PlaceStanding = column("Whether they have won, wait, or gave way.")
    replaced_at: datetime | None = column("When they gave way; null: they did not.")
    replaced_reason: str = column("Why they gave way; may be empty.")
    replaces: LazyPlace | None = to_one(
        "Whose place they took; null: nobody's.", columns("replaces_id")
    )


@reads(
    models.Contest,
    permission=Permission.ENGAGEMENT_READ,
    facts={"unread": has_unread, "announcement_open": has_open_announcement},
)
@strawberry.type(
    description="A draw among those who commented, which anybody can check: the seed is committed "
    "to before the close, the list is frozen before the seed is revealed."
)
class Contest(Node):
    brand: Brand | None = to_one("The brand that holds it.", columns("brand_id"))
    name: str = column("What people call it.")
    locale: str = column("The language its winners are announced in.")
    rules: list[ContestRules] = computed(
        "Its rules, by language.", needs=("rules",), make=_rules, lasting=True
    )
    conditions: ContestConditions = computed(
        "What a comment must have.", needs=("conditions",), make=_conditions, lasting=True
    )
    excluded_persons: list[Person] | None = listed(
        "Persons who cannot take part.", named_in("excluded_person_ids", "$[*]")
    )
    opens_at: datetime = column("From when on comments take part.")
    closes_at: datetime = column("Up to when they do; what is written then is too late.")
    winner_count: int = column("How many win.")
    alternate_count: int = column("How many wait for a winner to give way.")
    state: ContestState = column("Where it stands.")
    entropy_source: str = column(
        "A public value that nobody can choose, named at the opening; empty: there is none."
    )
    entropy_value: str | None = column("That value, as it was entered at the draw.")
    commitment: str | None = column(
        "SHA-256 of the seed, hexadecimal: known from the opening on, before anybody can know the "
        "list."
    )
    seed: str | None = column("The seed, hexadecimal; null until the draw reveals it.")
    list_hash: str | None = column("SHA-256 of the frozen list, hexadecimal.")
    proof: JsonObject | None = column(
        "All that is public of it, for `hub contest verify`; null until the list is frozen."
    )
    close_reason: str = column("Why it was closed before its time; empty: it was not.")
    unread_reason: str = column(
        "Why it was frozen although comments were not read; empty: all were."
    )
    cancel_reason: str = column("Why it was cancelled; empty: it was not.")
    announcement: ContentItem | None = to_one(
        "The content that names the winners; null: there is none yet.", columns("item_id")
    )
    sources: list[ContestSource] = listed(
        "The publications whose comments take part.", columns("id", "contest_id")
    )
    entries: Connection[ContestEntry] = paged(
        "Every comment, oldest first.", columns("id", "contest_id"), order=("written_at",)
    )
    winners: list[ContestPlace] = listed("Who has won, as it is now.", WINNERS, order=("rank",))
    alternates: list[ContestPlace] = listed(
        "Who wins when a winner gives way, in this order.", ALTERNATES, order=("rank",)
    )
    places: Connection[ContestPlace] = paged(
        "Everybody who was drawn, in the order of the draw.",
        columns("id", "contest_id"),
        order=("rank",),
    )
    problems: list[Problem] = problems("Contest")
    available_actions: list[Action] = available_actions("Contest")
    opened_at: datetime | None = column("When it was opened.")
    closed_at: datetime | None = column("When it was closed.")
    frozen_at: datetime | None = column("When its list was frozen.")
    drawn_at: datetime | None = column("When it was drawn.")
    announced_at: datetime | None = column("When a publication named its winners.")
    cancelled_at: datetime | None = column("When it was cancelled.")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
