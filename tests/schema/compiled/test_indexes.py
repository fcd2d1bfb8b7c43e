"""Every list is read by an index: the statements the API runs, explained on 20,000 rows.

Plans are made as the application's role, with policies, for the values that were really given.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, get_named_type

from hub.access import operations as access
from hub.kernel.caller import Caller
from hub.kernel.ids import global_id
from hub.kernel.settings import Settings
from hub.runtime import open_hub
from schema.base.fields import KEY, SOURCES, Listed, Paged, ToOne
from tests.conftest import Database, Servers
from tests.schema.compiled.bulk import WORKSPACES, fill_in_bulk
from tests.schema.compiled.comparing import the_schema
from tests.schema.compiled.conftest import a_database, settings_of
from tests.schema.compiled.doors import Door, a_door
from tests.schema.compiled.plans import Explainer, Plan, Ran, recorded

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Orders that no index gives: the rows of the workspace that fit the filter are sorted.
SORTED = frozenset(
    {
        "tokens.LAST_USED_AT_DESC",
        "campaigns.STARTS_ON_ASC",
        "campaigns.STARTS_ON_DESC",
        "campaigns.NAME_ASC",
        "campaigns.NAME_DESC",
        "contentItems.TITLE_ASC",
        "contentItems.TITLE_DESC",
        "assets.FILENAME_ASC",
        "assets.FILENAME_DESC",
        "assets.SIZE_ASC",
        "assets.SIZE_DESC",
        # The index of what is in review holds nothing else: these few are sorted more quickly.
        "reviewQueue.",
        "reviewQueue.DUE_AT_ASC",
        "reviews.UPDATED_AT_ASC",
        "reviews.UPDATED_AT_DESC",
        "publications.SCHEDULED_FOR_ASC",
        "publications.SCHEDULED_FOR_DESC",
        "publications.DUE_AT_ASC",
        "publications.PUBLISHED_AT_ASC",
        "publications.PUBLISHED_AT_DESC",
        "publications.UPDATED_AT_ASC",
        "publications.UPDATED_AT_DESC",
        # The index of what needs attention holds nothing else: a few rows are sorted more quickly.
        "publicationsNeedingAttention.CREATED_AT_ASC",
        "publicationsNeedingAttention.CREATED_AT_DESC",
        "publicationsNeedingAttention.SCHEDULED_FOR_ASC",
        "publicationsNeedingAttention.SCHEDULED_FOR_DESC",
        "publicationsNeedingAttention.DUE_AT_ASC",
        "publicationsNeedingAttention.PUBLISHED_AT_ASC",
        "publicationsNeedingAttention.PUBLISHED_AT_DESC",
        "threads.LAST_MESSAGE_AT_ASC",
        "threads.PRIORITY_DESC",
        "savedReplies.USED_COUNT_DESC",
        "deliveries.NEXT_AT_ASC",
    }
)
#: Filters whose value itself leads an index to the rows; the others look at rows one by one, of
#: the workspace and in the order of the list.
FOUND = {
    "campaigns.brandIn": "brand_id",
    "campaigns.externalReference": "external_reference",
    "channels.brandIn": "brand_id",
    "channels.externalReference": "external_reference",
    "brands.slugIn": "slug",
    "contentItems.brandIn": "brand_id",
    "contentItems.campaignIn": "campaign_id",
    "contentItems.pillarIn": "pillar_id",
    "contentItems.audienceIn": "audience_id",
    "goals.brandIn": "brand_id",
    "goals.campaignIn": "campaign_id",
    "contentItems.externalReference": "external_reference",
    "assets.brandIn": "brand_id",
    "reviews.contentItemIn": "item_id",
    "reviewQueue.contentItemIn": "item_id",
    "workflows.brandIn": "brand_id",
    "publications.channelIn": "channel_id",
    "publications.contentItemIn": "item_id",
    "publications.externalReference": "external_reference",
    "threads.channelIn": "channel_id",
    "threads.publicationIn": "publication_id",
    "threads.assigneeIn": "assignee_id",
    "threads.personIn": "person_id",
    "savedReplies.brandIn": "brand_id",
    "serviceTargets.brandIn": "brand_id",
    "serviceTargets.channelIn": "channel_id",
    "messages.threadIn": "thread_id",
    "reports.campaignIn": "campaign_id",
    "messages.personIn": "person_id",
    "moderationRules.brandIn": "brand_id",
    "moderationActions.messageIn": "message_id",
    "moderationActions.personIn": "person_id",
    "moderationActions.ruleIn": "rule_id",
    "sanctions.personIn": "person_id",
    "contests.brandIn": "brand_id",
    "contestEntries.contestIn": "contest_id",
    "contestEntries.personIn": "person_id",
    "monitors.brandIn": "brand_id",
    "mentions.incidentIn": "incident_id",
    "alerts.monitorIn": "monitor_id",
    "incidents.brandIn": "brand_id",
    "pauses.incidentIn": "incident_id",
    "events.subjectIn": "subject_id",
    "events.afterSequence": "sequence",
}
_RARE: Mapping[str, Any] = {
    "localeIn": ["fr"],
    "languageIn": ["fr"],
    "platformIn": ["feed"],
    "nameIn": ["rare"],
    "eventNameIn": ["rare"],
    "subjectTypeIn": ["Brand"],
    "externalReference": "ref-18",
    "slugIn": ["slug-17"],
    "sha256In": ["none"],
    "tag": "rare",
    "afterSequence": 19_900,
    "archived": True,
    "enabled": False,
    "waitsForMe": True,
    "mine": True,
    "unassigned": True,
    "overdue": True,
    "applied": False,
    "dryRun": True,
    "running": True,
    "acknowledged": False,
    "held": True,
}
_RARE_STATES = {
    "ChannelState": "FAILED",
    "AssetState": "REFUSED",
    "ReviewState": "IN_REVIEW",
    "PublicationState": "HELD",
    "DeliveryState": "PENDING",
    "ExportState": "RUNNING",
    "ExportKind": "CLICKS",
    "ReportState": "MAKING",
    "HoldReason": "MISSED",
    "EditionOrigin": "REPLY",
    "GoalMetric": "QUOTES",
    "MessageDirection": "OUTBOUND",
    "ContestState": "OPEN",
    "ContestEntryState": "DISQUALIFIED",
    "ModerationActionKind": "DELETE",
    "ModerationActionState": "FAILED",
    "SanctionKind": "BLOCK",
    "SanctionState": "FAILED",
    "ThreadKind": "DIRECT",
    "ThreadState": "WAITING",
    "ThreadPriority": "URGENT",
    "SentimentLabel": "NEGATIVE",
    "Role": "ADMIN",
    "NoticeState": "FAILED",
    "NoticeKind": "OVERDUE",
    "ActorKind": "TRIGGER",
    "PauseScope": "BRAND",
    "MonitorSourceKind": "SEARCH",
    "MentionState": "NEW",
    "AlertKind": "SENTIMENT",
    "IncidentState": "OPEN",
    "IncidentSeverity": "CRITICAL",
}
_IDS = {
    "brandIn": ("Brand", "brands"),
    "campaignIn": ("Campaign", "campaigns"),
    "pillarIn": ("Pillar", "pillars"),
    "audienceIn": ("Audience", "audiences"),
    "channelIn": ("Channel", "channels"),
    "contentItemIn": ("ContentItem", "content_items"),
    "publicationIn": ("Publication", "publications"),
    "threadIn": ("Thread", "threads"),
    "personIn": ("Person", "persons"),
    "contestIn": ("Contest", "contests"),
    "messageIn": ("Message", "messages"),
    "ruleIn": ("ModerationRule", "moderation_rules"),
    "endpointIn": ("Endpoint", "endpoints"),
    "workflowIn": ("Workflow", "workflows"),
    "memberIn": ("Member", "members"),
    "assigneeIn": ("Member", "members"),
    "ownerIn": ("Member", "members"),
    "monitorIn": ("Monitor", "monitors"),
    "incidentIn": ("Incident", "incidents"),
    "submittedByIn": ("Member", "members"),
    "subjectIn": ("ContentItem", "content_items"),
    "actorIn": ("Member", "members"),
}


@dataclass(frozen=True, kw_only=True)
class Library:
    """A big workspace, its API with and without compiled reads, and who explains."""

    doors: Mapping[str, Door]
    headers: Mapping[str, str]
    explainer: Explainer
    ids: Mapping[str, str]

    async def plan(self, query: str, door: str, **more: Any) -> Plan:
        """Ask; return the plan of the statement that read."""
        ran, _ = await self.ran(query, door)
        return await self.explainer.plan(ran, **more)

    async def ran(self, query: str, door: str) -> tuple[Ran, Any]:
        """Ask; return the one statement that read, and the data."""
        # Whoever asks is looked up once, and known from then on.
        await self.doors[door].ask("{ __typename }", {}, self.headers)
        with recorded() as statements:
            reply = await self.doors[door].ask(query, {}, self.headers)
        assert "errors" not in reply.body, (query, reply.body)
        assert len(statements) == 1, (query, statements)
        return statements[0], reply.body["data"]


@pytest.fixture(scope="module")
def big_database(servers: Servers) -> Iterator[Database]:
    """A database for the big workspace."""
    with a_database(servers) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def library(
    big_database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Library]:
    """Fill it, and open both doors."""
    ids = await fill_in_bulk(big_database)
    settings = settings_of(big_database, servers, tmp_path_factory.mktemp("data"))
    headers = {"authorization": f"Bearer {await _admin_token(big_database, settings, ids)}"}
    explainer = await Explainer.open(big_database.database_url, WORKSPACES[0])
    async with a_door(settings, compiled=True) as one, a_door(settings, compiled=False) as other:
        yield Library(
            doors={"compiled": one, "reference": other},
            headers=headers,
            explainer=explainer,
            ids=ids,
        )
    await explainer.close()


async def _admin_token(database: Database, settings: Settings, ids: Mapping[str, str]) -> str:
    admin = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    await admin.execute("UPDATE members SET role = 'ADMIN' WHERE id = $1", ids["members"])
    space = await admin.fetchval("SELECT workspace_id FROM members WHERE id = $1", ids["members"])
    await admin.close()
    async with open_hub(settings) as hub, hub.unit_of_work(Caller.system(space)) as work:
        _, secret = await access.issue_token(work, member_id=UUID(ids["members"]), label="test")
    return secret


def _lists() -> dict[str, GraphQLField]:
    query = the_schema().query_type
    assert query is not None
    return {
        name: field
        for name, field in query.fields.items()
        # Sessions are listed for who is signed in, and are a person's own.
        if get_named_type(field.type).name.endswith("Connection") and name != "sessions"
    }


def _orders() -> list[str]:
    return [
        f"{name}.{order}"
        for name, field in _lists().items()
        for order in ("", *_values(field.args.get("orderBy")))
    ]


def _values(argument: Any) -> list[str]:
    return [] if argument is None else list(get_named_type(argument.type).values)


def _filter_fields(field: GraphQLField) -> Mapping[str, Any]:
    kind = get_named_type(field.args["filter"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    found: Mapping[str, Any] = kind.fields
    return found


def _filters() -> list[str]:
    return [
        f"{name}.{one}"
        for name, field in _lists().items()
        for one in _filter_fields(field)
        if one not in {"and", "or", "not"}
    ]


def _relations() -> list[str]:
    found = []
    for kind in SOURCES:
        owner = the_schema().get_type(kind)
        assert isinstance(owner, GraphQLObjectType)
        for name, field in owner.fields.items():
            declared = field.extensions.get("strawberry-definition")
            if isinstance(getattr(declared, "metadata", {}).get(KEY), ToOne | Listed | Paged):
                found.append(f"{kind}.{name}")
    return found


def _asked(name: str, arguments: str) -> str:
    return (
        f"{{ {name}(first: 20{arguments}) "
        "{ nodes { __typename } pageInfo { endCursor hasNextPage } } }"
    )


@pytest.mark.parametrize("door", ["compiled", "reference"])
async def test_lists_come_in_their_order_and_by_their_filters_from_indexes(
    library: Library, door: str
) -> None:
    faults: dict[str, str] = {}
    for order in _orders():
        faults |= await _faults_of_order(library, order, door)
    for one in _filters():
        faults |= await _faults_of_filter(library, one, door)
    assert not faults, "\n\n".join(f"{one}\n{plan}" for one, plan in faults.items())


@pytest.mark.parametrize("door", ["compiled", "reference"])
async def test_relations_are_followed_by_indexes(library: Library, door: str) -> None:
    faults: dict[str, str] = {}
    for relation in _relations():
        plan = await library.plan(_followed(library, relation), door)
        if plan.sequential:
            faults[relation] = str(plan)
    assert not faults, "\n\n".join(f"{one}\n{plan}" for one, plan in faults.items())


async def _faults_of_order(library: Library, order: str, door: str) -> dict[str, str]:
    name, _, wanted = order.partition(".")
    by = f", orderBy: {wanted}" if wanted else ""
    ran, data = await library.ran(_asked(name, by), door)
    if order in SORTED:
        plan = await library.explainer.plan(ran, avoid=["seqscan"])
        bad = plan.sequential or "workspace_id" not in plan.conditions
        return {order: str(plan)} if bad else {}
    first = await library.explainer.plan(ran)
    # A later page must be found as well as the first one is.
    cursor = data[name]["pageInfo"]["endCursor"]
    later = await library.plan(_asked(name, f'{by}, after: "{cursor}"'), door)
    return {
        f"{order} ({which})": str(plan)
        for which, plan in (("first", first), ("later", later))
        if plan.sequential or "Sort" in plan.kinds
    }


async def _faults_of_filter(library: Library, one: str, door: str) -> dict[str, str]:
    name, _, condition = one.partition(".")
    field = _filter_fields(_lists()[name])[condition]
    value = _value(library, condition, get_named_type(field.type).name)
    ran, _ = await library.ran(_asked(name, f", filter: {{ {condition}: {value} }}"), door)
    if one not in FOUND:
        plan = await library.explainer.plan(ran, avoid=["seqscan"])
        return {one: str(plan)} if plan.sequential else {}
    # What finds few rows leads to them: nothing has to be forbidden for that.
    plan = await library.explainer.plan(ran)
    bad = plan.sequential or FOUND[one] not in plan.conditions
    return {one: str(plan)} if bad else {}


def _followed(library: Library, relation: str) -> str:
    kind, _, name = relation.partition(".")
    owner: Any = the_schema().get_type(kind)
    paged = "first" in owner.fields[name].args
    arguments, inner = ("(first: 5)", "{ nodes { id } }") if paged else ("", "{ __typename }")
    selected = f"{name}{arguments} {inner}"
    if kind == "Viewer":
        return f"{{ viewer {{ {selected} }} }}"
    if kind == "PublishedContent":
        return f"{{ publishedContents(first: 5) {{ nodes {{ {selected} }} }} }}"
    id_ = global_id(kind, library.ids[SOURCES[kind].origin.table.name])
    return f'{{ node(id: "{id_}") {{ ... on {kind} {{ {selected} }} }} }}'


def _value(library: Library, name: str, kind: str) -> str:
    if name in _IDS:
        of, table = _IDS[name]
        return f'["{global_id(of, library.ids[table])}"]'
    if kind == "TimeRange":
        return '{ from: "2026-01-05T00:00:00Z", before: "2026-01-05T01:00:00Z" }'
    if kind in _RARE_STATES:
        return f"[{_RARE_STATES[kind]}]"
    if name.endswith("Contains") or name == "search":
        return '"17"'
    value = _RARE[name]
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case list():
            return f'["{value[0]}"]'
    return f'"{value}"'


@pytest.mark.parametrize("door", ["compiled", "reference"])
@pytest.mark.parametrize(
    "query",
    [
        "{ goals(first: 20) { nodes { progress { value } } } }",
        "{ campaigns(first: 20) { nodes { plan { missing entries { entry { id } } } } } }",
        "{ contentItems(first: 20) { nodes { audiences { name } pillar { name } } } }",
    ],
)
async def test_sums_are_made_of_what_indexes_find(library: Library, door: str, query: str) -> None:
    plan = await library.plan(query, door)

    assert not plan.sequential, str(plan)


@pytest.mark.parametrize("scope", ["", "brandId", "campaignId", "channelId", "contentItemId"])
async def test_figures_are_found_by_indexes(library: Library, scope: str) -> None:
    kind, table = _IDS[f"{scope.removesuffix('Id')}In"] if scope else ("", "")
    named = f', scope: {{ {scope}: "{global_id(kind, library.ids[table])}" }}' if scope else ""
    query = (
        f'{{ dashboard(from: "2026-01-02", to: "2026-01-03", timeZone: "Europe/Paris"{named}) '
        "{ engagement { value } topPublications { engagement } channels { followers } } }"
    )
    # Whoever asks is looked up once, and known from then on.
    await library.doors["compiled"].ask("{ __typename }", {}, library.headers)
    with recorded() as statements:
        reply = await library.doors["compiled"].ask(query, {}, library.headers)
    assert "errors" not in reply.body, reply.body
    assert len(statements) == (5 if scope else 4)

    for ran in statements:
        plan = await library.explainer.plan(ran, avoid=["seqscan"])
        assert not plan.sequential, f"{ran.sql}\n{plan}"
        assert "workspace_id" in plan.conditions, f"{ran.sql}\n{plan}"


async def test_series_and_past_posts_are_found_by_indexes(library: Library) -> None:
    span = 'from: "2026-01-02", to: "2026-01-03", timeZone: "UTC"'
    channel = global_id("Channel", library.ids["channels"])
    publication = global_id("Publication", library.ids["publications"])
    query = (
        f'{{ nodes(ids: ["{channel}", "{publication}"]) {{ '
        f'... on Channel {{ followers: series(metric: "FOLLOWERS", by: DAY, {span}) '
        "{ metric } bestTimes { posts } } "
        f'... on Publication {{ likes: series(metric: "LIKES", by: HOUR, {span}) '
        "{ metric } } } }"
    )
    with recorded() as statements:
        reply = await library.doors["reference"].ask(query, {}, library.headers)
    assert "errors" not in reply.body, reply.body
    asked = [ran for ran in statements if "_hours" in ran.sql]
    assert len(asked) == 3

    for ran in asked:
        plan = await library.explainer.plan(ran, avoid=["seqscan"])
        assert not plan.sequential, f"{ran.sql}\n{plan}"
