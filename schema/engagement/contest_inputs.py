"""What the mutations about contests are given."""

from datetime import datetime

import strawberry

from hub.engagement.contests.rules import Conditions
from schema.base.perform import Given

_VERSION = "The `version` you read; CONFLICT if it is another by now."


@strawberry.input(description="The rules of a contest in one language.")
class ContestRulesInput(Given):
    locale: str = strawberry.field(description='The language as a tag, such as "fr" or "en-GB".')
    text: str = strawberry.field(description="The rules, as people read them.")


@strawberry.input(
    description="What a comment must have to take part; what is left out is not asked for. Words "
    "are compared as a whole, in letters of any case, with or without accents."
)
class ContestConditionsInput(Given):
    phrases: list[str] = strawberry.field(
        default_factory=list, description="One of these stands in it; 20 at most."
    )
    hashtags: list[str] = strawberry.field(
        default_factory=list, description="One of these stands in it; 20 at most."
    )
    answers: list[str] = strawberry.field(
        default_factory=list, description="One of these right answers stands in it; 20 at most."
    )
    mentions: int = strawberry.field(
        default=0,
        description="So many different accounts are named, but for the writer's and the brand's; "
        "10 at most.",
    )
    known_days: int = strawberry.field(
        default=0, description="The hub has known the writer for so many days."
    )
    excluded_handles: list[str] = strawberry.field(
        default_factory=list,
        description="Accounts that cannot take part, beside the brand's own; 100 at most.",
    )

    def conditions(self) -> Conditions:
        """Return the conditions as the hub knows them."""
        return Conditions.from_json(vars(self))


@strawberry.input(description="A contest to prepare.")
class ContestCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand that holds it.")
    name: str = strawberry.field(description="What people call it.")
    locale: str = strawberry.field(
        default="en", description="The language its winners are announced in."
    )
    rules: list[ContestRulesInput] = strawberry.field(
        default_factory=list, description="Its rules, by language; it needs some to be opened."
    )
    publication_ids: list[strawberry.ID] = strawberry.field(
        description="The publications whose comments take part, 1 to 50."
    )
    opens_at: datetime = strawberry.field(description="From when on comments take part.")
    closes_at: datetime = strawberry.field(description="Up to when they do.")
    winner_count: int = strawberry.field(default=1, description="How many win.")
    alternate_count: int = strawberry.field(
        default=0, description="How many wait for a winner to give way; both together 100 at most."
    )
    conditions: ContestConditionsInput | None = strawberry.field(
        default=strawberry.UNSET, description="What a comment must have; null: nothing."
    )
    excluded_person_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Persons who cannot take part, 100 at most."
    )
    entropy_source: str = strawberry.field(
        default="",
        description="A public value that nobody can choose, and where it will be found, such as "
        '"drand quicknet, round 14000000"; it is then asked for at the draw. Empty: none.',
    )


@strawberry.input(
    description="What to change of a contest that is not open yet; what is left out stays."
)
class ContestUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What people call it."
    )
    locale: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="The language its winners are announced in."
    )
    rules: strawberry.Maybe[list[ContestRulesInput] | None] = strawberry.field(
        default=None, description="All its rules; they replace the former ones."
    )
    publication_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        default=None, description="All its publications; they replace the former ones."
    )
    opens_at: strawberry.Maybe[datetime | None] = strawberry.field(
        default=None, description="From when on comments take part."
    )
    closes_at: strawberry.Maybe[datetime | None] = strawberry.field(
        default=None, description="Up to when they do."
    )
    winner_count: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description="How many win."
    )
    alternate_count: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description="How many wait for a winner to give way."
    )
    conditions: strawberry.Maybe[ContestConditionsInput | None] = strawberry.field(
        default=None, description="All conditions; they replace the former ones."
    )
    excluded_person_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        default=None, description="All persons who cannot take part."
    )
    entropy_source: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="A public value that nobody can choose; empty: none."
    )


@strawberry.input(description="A contest to open.")
class ContestOpenInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)


@strawberry.input(description="A contest to close.")
class ContestCloseInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    reason: str = strawberry.field(
        default="",
        description="Why, for everybody to read; it is needed before the contest's time is over.",
    )


@strawberry.input(description="A closed contest whose list is to be frozen.")
class ContestFreezeInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    unread_reason: str = strawberry.field(
        default="",
        description="Why comments could not be read since the close, for everybody to read; left "
        "out, the list is frozen only once all were.",
    )


@strawberry.input(description="A frozen contest to draw.")
class ContestDrawInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    entropy_value: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The public value that was named when the contest opened; null: none was.",
    )


@strawberry.input(description="A winner who gives way.")
class ContestReplaceWinnerInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    place_id: strawberry.ID = strawberry.field(description="The winner's place.")
    reason: str = strawberry.field(description="Why, for everybody to read.")


@strawberry.input(description="What to say about the winners.")
class ContestAnnounceInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="The content's title; null: the contest's name."
    )
    template: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The words, with {winners}, {contest}, {entrants}, {seed} and {list_hash} to "
        "be filled in; null: the hub's own, in French or English.",
    )
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Their language; null: the contest's."
    )


@strawberry.input(description="A contest to end without a draw.")
class ContestCancelInput(Given):
    id: strawberry.ID = strawberry.field(description="The contest.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    reason: str = strawberry.field(description="Why, for everybody to read.")


@strawberry.input(description="A comment to take out of a contest.")
class ContestEntryDisqualifyInput(Given):
    id: strawberry.ID = strawberry.field(description="The entry.")
    reason: str = strawberry.field(description="Why; everybody can read it in the proof.")


@strawberry.input(description="A comment to let take part after all.")
class ContestEntryReadmitInput(Given):
    id: strawberry.ID = strawberry.field(description="The entry.")
    reason: str = strawberry.field(description="Why; everybody can read it in the proof.")
