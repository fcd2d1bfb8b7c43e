"""Voice guides, as the API shows and takes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from hub.strategy import models, voice
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.perform import Given

if TYPE_CHECKING:
    from schema.strategy.types import Brand

VoiceSeverity = voice.VoiceSeverity
describe(
    VoiceSeverity,
    description="Whether a rule stops what breaks it.",
    values={
        "BLOCKING": "What breaks it can be neither submitted nor approved.",
        "ADVISING": "What breaks it is told, and may go out.",
    },
)
DisclosureWhen = voice.DisclosureWhen
describe(
    DisclosureWhen,
    description="When a disclosure must be there.",
    values={
        "ALWAYS": "In every content.",
        "TAGGED": "In contents with a tag.",
        "PAID": "In contents of campaigns somebody pays for.",
    },
)


@strawberry.type(description="A word or phrase that a brand does not say.")
class BannedWord:
    phrase: str = strawberry.field(description="The word or phrase, found in any case.")
    suggestion: str = strawberry.field(description="What to say instead; may be empty.")
    reason: str = strawberry.field(description="Why; may be empty.")
    severity: VoiceSeverity = strawberry.field(description="Whether it stops what has it.")


@strawberry.type(description="Texts one of which must be there.")
class RequiredDisclosure:
    alternatives: list[str] = strawberry.field(
        description='The texts, such as "#ad" and "Publicité".'
    )
    when: DisclosureWhen = strawberry.field(description="When one of them must be there.")
    tag: str = strawberry.field(description="The tag, where it is needed with one.")
    severity: VoiceSeverity = strawberry.field(description="Whether it stops what lacks it.")


@strawberry.type(description="A way to write that a brand replaces by another.")
class PreferredSpelling:
    from_: str = strawberry.field(name="from", description="What is not written.")
    to: str = strawberry.field(description="What is written instead.")
    severity: VoiceSeverity = strawberry.field(description="Whether it stops what has it.")


@strawberry.type(description="How many there are at least and at most.")
class VoiceBounds:
    least: int | None = strawberry.field(description="At least; null: any number.")
    most: int | None = strawberry.field(description="At most; null: any number.")
    severity: VoiceSeverity = strawberry.field(description="Whether it stops what is outside.")


def _guide(facts: Mapping[str, Any], name: str) -> voice.Guide:
    empty: dict[str, Any] = {
        one: [] for one in ("banned_words", "required_disclosures", "preferred_spellings")
    }
    return voice.Guide.from_json({**empty, "hashtags": None, "emoji": None, name: facts[name]})


def _banned(facts: Facts, _asking: Asking) -> list[BannedWord]:
    return [BannedWord(**one.__dict__) for one in _guide(facts, "banned_words").banned_words]


def _disclosures(facts: Facts, _asking: Asking) -> list[RequiredDisclosure]:
    found = _guide(facts, "required_disclosures").required_disclosures
    return [
        RequiredDisclosure(**{**one.__dict__, "alternatives": list(one.alternatives)})
        for one in found
    ]


def _spellings(facts: Facts, _asking: Asking) -> list[PreferredSpelling]:
    return [
        PreferredSpelling(from_=one.wrong, to=one.right, severity=one.severity)
        for one in _guide(facts, "preferred_spellings").preferred_spellings
    ]


def _hashtags(facts: Facts, _asking: Asking) -> VoiceBounds | None:
    bounds = _guide(facts, "hashtags").hashtags
    return None if bounds is None else VoiceBounds(**bounds.__dict__)


def _emoji(facts: Facts, _asking: Asking) -> VoiceBounds | None:
    bounds = _guide(facts, "emoji").emoji
    return None if bounds is None else VoiceBounds(**bounds.__dict__)


@reads(models.VoiceGuide, permission=Permission.STRATEGY_READ)
@strawberry.type(
    description="How a brand speaks in one language. What it asks of words is among the `problems` "
    "of contents and editions, with codes that begin with VOICE_."
)
class VoiceGuide(Node):
    brand: Annotated["Brand", strawberry.lazy("schema.strategy.types")] = to_one(
        "The brand that speaks.", columns("brand_id")
    )
    locale: str = column("The language, or the language of a region before that of all others.")
    tone_do: list[str] = column("What it sounds like, for people.")
    tone_dont: list[str] = column("What it does not sound like, for people.")
    banned_words: list[BannedWord] = computed(
        "What it does not say.", needs=("banned_words",), make=_banned, lasting=True
    )
    required_disclosures: list[RequiredDisclosure] = computed(
        "What must be said.", needs=("required_disclosures",), make=_disclosures, lasting=True
    )
    preferred_spellings: list[PreferredSpelling] = computed(
        "What it writes in its own way.",
        needs=("preferred_spellings",),
        make=_spellings,
        lasting=True,
    )
    hashtags: VoiceBounds | None = computed(
        "How many hashtags a text has; null: any number.",
        needs=("hashtags",),
        make=_hashtags,
        lasting=True,
    )
    emoji: VoiceBounds | None = computed(
        "How many emoji a text has; null: any number.",
        needs=("emoji",),
        make=_emoji,
        lasting=True,
    )
    problems: list[Problem] = problems("VoiceGuide")
    available_actions: list[Action] = available_actions("VoiceGuide")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@strawberry.input(description="A word or phrase that a brand does not say.")
class BannedWordInput(Given):
    phrase: str = strawberry.field(
        description="The word or phrase; case and accents make no difference."
    )
    suggestion: str = strawberry.field(default="", description="What to say instead.")
    reason: str = strawberry.field(default="", description="Why, for those who write.")
    severity: VoiceSeverity = strawberry.field(
        default=VoiceSeverity.BLOCKING, description="Whether it stops what has it."
    )


@strawberry.input(description="Texts one of which must be there.")
class RequiredDisclosureInput(Given):
    alternatives: list[str] = strawberry.field(
        description='The texts, such as "#ad" and "Publicité". One with # is also found as a tag.'
    )
    when: DisclosureWhen = strawberry.field(
        default=DisclosureWhen.ALWAYS, description="When one of them must be there."
    )
    tag: str = strawberry.field(default="", description="The tag, with TAGGED.")
    severity: VoiceSeverity = strawberry.field(
        default=VoiceSeverity.BLOCKING, description="Whether it stops what lacks it."
    )


@strawberry.input(description="A way to write that a brand replaces by another.")
class PreferredSpellingInput(Given):
    from_: str = strawberry.field(name="from", description="What is not written.")
    to: str = strawberry.field(description="What is written instead, exactly.")
    severity: VoiceSeverity = strawberry.field(
        default=VoiceSeverity.ADVISING, description="Whether it stops what has it."
    )


@strawberry.input(description="How many there are at least and at most.")
class VoiceBoundsInput(Given):
    least: int | None = strawberry.field(default=strawberry.UNSET, description="At least.")
    most: int | None = strawberry.field(default=strawberry.UNSET, description="At most.")
    severity: VoiceSeverity = strawberry.field(
        default=VoiceSeverity.ADVISING, description="Whether it stops what is outside."
    )


@strawberry.input(
    description="All of how a brand speaks in one language; what was said before is gone."
)
class VoiceGuideSetInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand that speaks.")
    locale: str = strawberry.field(
        description='The language as a tag: "fr" holds for "fr-CA", too, unless it has its own.'
    )
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    tone_do: list[str] = strawberry.field(
        default_factory=list, description="What it sounds like, for people."
    )
    tone_dont: list[str] = strawberry.field(
        default_factory=list, description="What it does not sound like, for people."
    )
    banned_words: list[BannedWordInput] = strawberry.field(
        default_factory=list, description="What it does not say."
    )
    required_disclosures: list[RequiredDisclosureInput] = strawberry.field(
        default_factory=list, description="What must be said."
    )
    preferred_spellings: list[PreferredSpellingInput] = strawberry.field(
        default_factory=list, description="What it writes in its own way."
    )
    hashtags: VoiceBoundsInput | None = strawberry.field(
        default=strawberry.UNSET, description="How many hashtags a text has; null: any number."
    )
    emoji: VoiceBoundsInput | None = strawberry.field(
        default=strawberry.UNSET, description="How many emoji a text has; null: any number."
    )


def guide_of(given: VoiceGuideSetInput) -> voice.Guide:
    """Return the rules of an input as the hub knows them."""
    return voice.Guide(
        banned_words=tuple(voice.BannedWord(**one.__dict__) for one in given.banned_words),
        required_disclosures=tuple(
            voice.Disclosure(**{**one.__dict__, "alternatives": tuple(one.alternatives)})
            for one in given.required_disclosures
        ),
        preferred_spellings=_spelt(given.preferred_spellings),
        hashtags=_bounds(given.hashtags),
        emoji=_bounds(given.emoji),
    )


def _spelt(given: Sequence[PreferredSpellingInput]) -> tuple[voice.Spelling, ...]:
    return tuple(
        voice.Spelling(wrong=one.from_, right=one.to, severity=one.severity) for one in given
    )


def _bounds(given: VoiceBoundsInput | None) -> voice.Bounds | None:
    return None if given is None else voice.Bounds(**given.__dict__)
