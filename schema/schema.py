"""The one schema: every area adds its fields, in the order of a brand's word in public."""

import sys
from functools import cache
from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.access.mutations import AccessMutations
from schema.access.queries import AccessQueries
from schema.analytics.mutations import AnalyticsMutations
from schema.analytics.queries import AnalyticsQueries
from schema.audit.queries import AuditQueries
from schema.audit.subscriptions import AuditSubscriptions
from schema.automation.imports import ImportMutations
from schema.automation.mutations import AutomationMutations
from schema.automation.queries import AutomationQueries
from schema.base.delivery import keep_to_published
from schema.base.documents import GuardedSchema
from schema.base.fields import LASTING
from schema.base.node import Node
from schema.base.reading import Info, read_each, read_node
from schema.base.scalars import SCALARS
from schema.channels.mutations import ChannelMutations
from schema.channels.queries import ChannelQueries
from schema.content.asset_mutations import AssetMutations
from schema.content.mutations import ContentMutations
from schema.content.previews import PreviewQueries
from schema.content.queries import ContentQueries
from schema.engagement.contest_mutations import ContestMutations
from schema.engagement.contest_queries import ContestQueries
from schema.engagement.moderation_mutations import ModerationMutations
from schema.engagement.moderation_queries import ModerationQueries
from schema.engagement.mutations import EngagementMutations
from schema.engagement.queries import EngagementQueries
from schema.publishing.calendar import CalendarQueries
from schema.publishing.mutations import PublishingMutations
from schema.publishing.pauses import PauseMutations, PauseQueries
from schema.publishing.published import PublishedQueries
from schema.publishing.queries import PublishingQueries
from schema.publishing.subscriptions import PublishingSubscriptions
from schema.reputation.incidents import IncidentMutations
from schema.reputation.mutations import ReputationMutations
from schema.reputation.queries import ReputationQueries
from schema.review.mutations import ReviewMutations
from schema.review.queries import ReviewQueries
from schema.review.remark_mutations import RemarkMutations
from schema.review.workflow_mutations import WorkflowMutations
from schema.strategy.guide_mutations import GuideMutations
from schema.strategy.mutations import StrategyMutations
from schema.strategy.plan_mutations import PlanMutations
from schema.strategy.queries import StrategyQueries

#: What a token for web pages may ask for.
SHOWN = frozenset({"publishedContent", "publishedContents"})


@strawberry.type
class NodeQueries:
    @strawberry.field(
        description="Anything by its id; NOT_FOUND when there is nothing.", metadata={LASTING: True}
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002 - its name in the API
    ) -> Node | None:
        found: Node = await read_node(info, id)
        return found

    @strawberry.field(
        description="Several things by their ids, in their order; null where none is.",
        metadata={LASTING: True},
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="The ids; 100 at most.")
        ],
    ) -> list[Node | None]:
        return await read_each(info, ids)


@strawberry.type(description="Everything that can be asked.")
class Query(
    NodeQueries,
    AccessQueries,
    StrategyQueries,
    ChannelQueries,
    ContentQueries,
    PreviewQueries,
    ReviewQueries,
    PublishingQueries,
    PauseQueries,
    PublishedQueries,
    CalendarQueries,
    EngagementQueries,
    ContestQueries,
    ModerationQueries,
    AnalyticsQueries,
    ReputationQueries,
    AutomationQueries,
    AuditQueries,
):
    """One mixin per area."""


@strawberry.type(description="Everything that can be done; one field is one business act.")
class Mutation(
    AccessMutations,
    StrategyMutations,
    GuideMutations,
    PlanMutations,
    ChannelMutations,
    ContentMutations,
    AssetMutations,
    ReviewMutations,
    WorkflowMutations,
    RemarkMutations,
    PublishingMutations,
    PauseMutations,
    EngagementMutations,
    ContestMutations,
    ModerationMutations,
    AnalyticsMutations,
    ReputationMutations,
    IncidentMutations,
    AutomationMutations,
    ImportMutations,
):
    """One mixin per area."""


@strawberry.type(
    description="Everything that can be followed, over graphql-transport-ws or graphql-sse."
)
class Subscription(PublishingSubscriptions, AuditSubscriptions):
    """One mixin per area."""


@cache
def build_schema() -> GuardedSchema:
    """Build the schema with its scalars; it is the same for the whole process."""
    built = GuardedSchema(
        Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS)
    )
    keep_to_published(built._schema, but_for=SHOWN)  # noqa: SLF001 - it has no public name
    return built


def print_contract() -> str:
    """Return the schema as text, as it is kept in `schema/schema.graphql`."""
    return f"{build_schema().as_str()}\n"


if __name__ == "__main__":
    sys.stdout.write(print_contract())
