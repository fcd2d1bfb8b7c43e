import time, statistics, cProfile, pstats
from typing import Any
import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from hub.content.models import *
from hub.channels.models import Channel
from hub.strategy.models import Campaign
from hub.publishing.models import Publication
from hub.analytics.models import Measurement
from tests.schema.library import full_items
from tests.schema.test_reading import LIST

S: Any = None
count = 0
async def q(stmt, one=False):
    global count
    count += 1
    async with AsyncSession(S) as s:
        r = (await s.execute(stmt)).scalars()
        return r.one_or_none() if one else r.all()

@strawberry.type
class C:
    name: str
    handle: str = ""
@strawberry.type
class Ca:
    name: str
    objective: str
@strawberry.type
class M:
    metric: str
    value: int
@strawberry.type
class V:
    title: str | None
    row: strawberry.Private[Any]
    @strawberry.field
    async def channel(self) -> C | None:
        if self.row.channel_id is None: return None
        r = await q(select(Channel).where(Channel.id == self.row.channel_id), True); return C(name=r.name)
@strawberry.type
class P:
    state: str
    row: strawberry.Private[Any]
    @strawberry.field
    async def channel(self) -> C:
        r = await q(select(Channel).where(Channel.id == self.row.channel_id), True); return C(name=r.name, handle=r.handle)
    @strawberry.field
    async def metrics(self) -> list[M]:
        rs = await q(select(Measurement).where(Measurement.publication_id == self.row.id).distinct().order_by(Measurement.metric, Measurement.measured_at.desc()))
        return [M(metric=r.metric, value=r.value) for r in {r.metric: r for r in reversed(rs)}.values()]
@strawberry.type
class I:
    id: str
    title: str
    locale: str
    row: strawberry.Private[Any]
    @strawberry.field
    async def campaign(self) -> Ca:
        r = await q(select(Campaign).where(Campaign.id == self.row.campaign_id), True); return Ca(name=r.name, objective=r.objective)
    @strawberry.field
    async def variants(self) -> list[V]:
        return [V(title=r.title, row=r) for r in await q(select(Variant).where(Variant.revision_id == self.row.current_revision_id))]
    @strawberry.field
    async def publications(self) -> list[P]:
        return [P(state=r.state, row=r) for r in await q(select(Publication).where(Publication.item_id == self.row.id).order_by(Publication.id.desc()).limit(20))]
@strawberry.type
class Query:
    @strawberry.field
    async def items(self) -> list[I]:
        return [I(id=str(r.id), title=r.title, locale=r.locale, row=r) for r in await q(select(ContentItem).order_by(ContentItem.id.desc()).limit(50))]
naive = strawberry.Schema(query=Query)
NAIVE = "{ items { id title locale campaign { name objective } variants { title channel { name } } publications { state channel { name handle } metrics { metric value } } } }"

async def test_bench(client, library, database, reader) -> None:
    global S, count
    await full_items(library, 50)
    S = create_async_engine(database.owner_url, pool_size=5)
    async def ours(): await client.data(LIST, first=50)
    async def theirs():
        r = await naive.execute(NAIVE); assert not r.errors, r.errors
    async def viewer(): await client.data("{ viewer { name } }")
    from sqlalchemy import text as tx
    async def ping(): await reader.rows(library.caller, select(tx("1")))
    for f in (ours, theirs, viewer, ping): await f()
    count = 0
    await theirs(); print("naive statements", count)
    t = {f.__name__: [] for f in (ours, theirs, viewer, ping)}
    for _ in range(15):
        for f in (ours, theirs, viewer, ping):
            a = time.perf_counter(); await f(); t[f.__name__].append((time.perf_counter()-a)*1000)
    print({k: (round(statistics.median(v),2), round(min(v),2)) for k, v in t.items()})
    import hub.kernel.reading as R
    orig = R.Reader.rows
    spent = []
    async def timed(self, *a):
        x = time.perf_counter(); r = await orig(self, *a); spent.append((time.perf_counter()-x)*1000); return r
    R.Reader.rows = timed
    for _ in range(10): await ours()
    R.Reader.rows = orig
    print("in rows()", round(statistics.median(spent),2))
    pr = cProfile.Profile(); pr.enable()
    for _ in range(5): await ours()
    pr.disable(); pstats.Stats(pr).sort_stats("tottime").print_stats(18)
    await S.dispose()
