"""What monitors are made of, as it is given."""

import strawberry

from hub.reputation.alarms import Alarm, Alarms
from hub.reputation.rules import Query
from schema.base.perform import Given
from schema.reputation.words import Sensitivity


@strawberry.input(
    description="What to look for: every one of `all`, none of `none`, and at least one of `any`, "
    "`hashtags` and `handles` where there are such. Case and accents make no difference, only "
    "whole words count, several words in one text are an exact phrase, `word*` is a beginning."
)
class MonitorQueryInput:
    all: list[str] = strawberry.field(
        default_factory=list, description="Words and phrases that must all be there."
    )
    any: list[str] = strawberry.field(
        default_factory=list, description="Words and phrases of which one must be there."
    )
    none: list[str] = strawberry.field(
        default_factory=list, description="Words and phrases that must not be there."
    )
    hashtags: list[str] = strawberry.field(
        default_factory=list, description="Hashtags, with or without their sign."
    )
    handles: list[str] = strawberry.field(
        default_factory=list, description="Names of accounts, with or without their sign."
    )
    languages: list[str] = strawberry.field(
        default_factory=list,
        description='Languages that are wanted, such as "fr"; empty: all of them. What nobody can '
        "tell the language of is always wanted.",
    )

    def read(self) -> Query:
        """Return the query as the hub knows it."""
        return Query(**{name: tuple(values) for name, values in vars(self).items()})


@strawberry.input(description="When to raise an alert.")
class AlarmInput(Given):
    hours: int = strawberry.field(
        default=6, description="How long the window is that is looked at; 1 to 72."
    )
    at_least: int = strawberry.field(
        default=5, description="So many mentions it takes at least; 3 or more."
    )
    sensitivity: Sensitivity = strawberry.field(
        default=Sensitivity.NORMAL, description="How unusual it must be."
    )
    cooldown_hours: int = strawberry.field(
        default=12, description="How long it is silent after an alert; 1 to 336."
    )

    def read(self) -> Alarm:
        """Return the rule as the hub knows it."""
        return Alarm(**vars(self))


@strawberry.input(description="What raises alerts; what is left out raises none.")
class AlarmsInput(Given):
    volume: AlarmInput | None = strawberry.field(
        default=strawberry.UNSET, description="Much more is said than usual."
    )
    sentiment: AlarmInput | None = strawberry.field(
        default=strawberry.UNSET, description="People sound much worse than usual."
    )

    def read(self) -> Alarms:
        """Return the rules as the hub knows them."""
        return Alarms(
            volume=None if self.volume is None else self.volume.read(),
            sentiment=None if self.sentiment is None else self.sentiment.read(),
        )
