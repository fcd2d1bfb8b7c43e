"""Goals and how far they have come, as the API shows them."""

from datetime import date, datetime

import strawberry

from hub.actions import Action
from hub.analytics import rules
from hub.analytics.goals import reached
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from hub.strategy import models
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.strategy.types import Brand, Campaign

GoalMetric = models.GoalMetric
describe(
    GoalMetric,
    description="What a goal counts, of publications that went out in its days and are still out.",
    values={
        "PUBLICATIONS": "The publications themselves.",
        "LIKES": "Likes and favourites.",
        "REPLIES": "Answers and comments.",
        "SHARES": "Shares, boosts and reposts.",
        "QUOTES": "Quotes.",
    },
)
GoalState = rules.GoalState
describe(
    GoalState,
    description="Where a goal stands.",
    values={
        "NOT_STARTED": "Its first day is still to come.",
        "ON_TRACK": "At this pace it will be reached.",
        "BEHIND": "At this pace it will be missed.",
        "REACHED": "It is reached.",
        "MISSED": "Its last day is over, and it was not reached.",
    },
)


@strawberry.type(description="How far a goal has come by now.")
class GoalProgress:
    state: GoalState = strawberry.field(description="Where it stands.")
    value: int = strawberry.field(
        description="What was counted: the newest value of each publication, summed."
    )
    share: float = strawberry.field(description="The same in percent of the target.")
    expected: int = strawberry.field(
        description="What a straight line from its first day to its last would have by now."
    )
    projected: int | None = strawberry.field(
        description="What there will be on its last day at this pace; null before its first."
    )


def _progress(facts: Facts, asking: Asking) -> GoalProgress:
    found = rules.progress(
        value=facts["reached"],
        target=facts["target"],
        starts_on=facts["starts_on"],
        deadline=facts["deadline"],
        now=asking.now,
    )
    return GoalProgress(**found.__dict__)


@reads(models.Goal, permission=Permission.STRATEGY_READ, facts={"reached": reached})
@strawberry.type(description="So much of something by a day.")
class Goal(Node):
    brand: Brand = to_one("The brand whose goal it is.", columns("brand_id"))
    campaign: Campaign | None = to_one(
        "The campaign whose goal it is; null: all of the brand's contents count.",
        columns("campaign_id"),
    )
    name: str = column("What people call it.")
    metric: GoalMetric = column("What is counted.")
    target: int = column("How many there shall be.")
    starts_on: date = column("First day, of UTC.")
    deadline: date = column("Last day, of UTC.")
    progress: GoalProgress = computed(
        "How far it has come by now.",
        needs=("reached", "target", "starts_on", "deadline"),
        make=_progress,
    )
    problems: list[Problem] = problems("Goal")
    available_actions: list[Action] = available_actions("Goal")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
