"""One root field of a compiled operation: its reads, each planned once and then only run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson

from hub.kernel.shapes import Condition, Form, Group, Leaf, Part, Pick, Question, Test, Window
from hub.kernel.statements import compiled
from schema.base.asked import Asked
from schema.base.fields import LIST_MAX, SOURCES, Asking, ReadContext
from schema.base.filters import Filtering, Terms
from schema.base.paging import (
    PageArguments,
    Place,
    list_identity,
    stable,
    write_cursor,
)
from schema.compiled.assembling import Assemble, connection
from schema.compiled.plans import ConnectionPlan, ObjectPlan
from schema.compiled.reads import (
    NO_PAGES,
    SHAPES,
    AskedPages,
    Field,
    Read,
    Ready,
    asked_pages,
    edge_of,
)
from schema.compiled.running import Declined, Looked, Patch, Row, Run, Shown
from schema.compiled.writing import Writer


class AskedField(Asked):
    """One run of a root field."""

    __slots__ = ("_field", "_looked", "_variables", "context", "field_name")

    def __init__(
        self,
        asked: Field,
        context: ReadContext,
        variables: Mapping[str, Any],
        looked: Looked | None,
    ) -> None:
        self.context = context
        self.field_name = asked.name
        self._field = asked
        self._variables = variables
        self._looked = looked

    def decline(self) -> BaseException:
        """Return what is raised where only the reference has an answer."""
        return Declined("a resolver that reads in its own way")

    async def read_by(self, kind: str, *, under: tuple[str, ...], facts: Mapping[str, Any]) -> Any:
        """Return the one object whose facts have these values, or None."""
        self._require(kind)
        read = self._field.read(kind, under)
        if read is None:
            return None
        origin, plan = read.source.origin, _object(read.plan)
        pages = self._pages(read)
        names = tuple(facts)

        def make() -> Ready:
            tests = tuple(
                Test(fact=fact, how="equal", parameter=f"k{number}", origin=origin)
                for number, fact in enumerate(names)
            )
            return self._single(read, plan, pages, Group(how="and", parts=tests))

        ready = read.remember((names, pages.key), make)
        terms = Terms()
        values = {
            f"k{number}": _storable(terms, value) for number, value in enumerate(facts.values())
        }
        answer = await self._run(ready, values, pages)
        if ready.form is Form.TEXT:
            text: bytes = answer["rows"][1:-1]
            if not text:
                return None
            read.look(text)
            return Shown(orjson.Fragment(text))
        rows = _rows(answer)
        if not rows:
            return None
        return Shown(self._patched(ready, rows, answer, pages)[0])

    async def read_best(
        self,
        kind: str,
        *,
        filters: Iterable[Any],
        order: tuple[str, ...],
        needs: tuple[str, ...],
        choose: Callable[[Sequence[Mapping[str, Any]]], int | None],
    ) -> Any:
        """Return the one of the first objects that `choose` takes by their facts, or None."""
        self._require(kind)
        read = self._field.read(kind)
        if read is None:
            return None
        plan = _object(read.plan)
        pages = self._pages(read)
        terms = Terms()
        where = Filtering(read.source.origin, terms).condition(filters)

        def make() -> Ready:
            writer = self._writer(pages, checked=True)
            pick, patch = writer.pick(plan, also=needs)
            window = Window(order=stable(order), limit=LIST_MAX)
            question = Question(origin=read.source.origin, pick=pick, window=window, where=where)
            return _ready(read, question, writer, patch)

        ready = read.remember((where, order, needs, pages.key), make)
        answer = await self._run(ready, terms.values, pages)
        rows = _rows(answer)
        chosen = choose([{fact: row[f"~{fact}"] for fact in needs} for row in rows])
        if chosen is None:
            return None
        row = rows[chosen]
        shown = self._patched(ready, [row], answer, pages)[0]
        for fact in needs:
            shown.pop(f"~{fact}", None)
        return Shown(shown)

    async def read_many(
        self, kind: str, ids: Sequence[UUID], *, under: tuple[str, ...]
    ) -> list[Any]:
        """Return the objects with these ids, None where there is none."""
        self._require(kind)
        read = self._field.read(kind, under)
        if read is None:
            return [None for _ in ids]
        origin, plan = read.source.origin, _object(read.plan)
        pages = self._pages(read)

        def make() -> Ready:
            writer = self._writer(pages, checked=True)
            entries, patch = writer.object(plan)
            whole = Part(label="~s0", entries=tuple(entries))
            pick = Pick(origin=origin, entries=(Leaf(label="~id", fact="id"), whole))
            test = Test(fact="id", how="in", parameter="k0", origin=origin)
            question = Question(
                origin=origin, pick=pick, window=Window(order=("id",), limit=LIST_MAX), where=test
            )
            return _ready(read, question, writer, patch)

        ready = read.remember(("many", pages.key), make)
        answer = await self._run(ready, {"k0": list(ids)}, pages)
        rows = _rows(answer)
        shown = self._patched(ready, [row["~s0"] for row in rows], answer, pages)
        by_id = {UUID(row["~id"]): Shown(one) for row, one in zip(rows, shown, strict=True)}
        return [by_id.get(one) for one in ids]

    async def read_connection(
        self,
        kind: str,
        *,
        page: PageArguments,
        filters: Iterable[Any],
        order: tuple[str, ...],
        under: tuple[str, ...],
    ) -> Any:
        """Return a page of all objects of a type for which every filter holds."""
        self._require(kind)
        read = self._field.read(kind, under, paged=True)
        if read is None or not isinstance(read.plan, ConnectionPlan):
            raise Declined("nothing selected")
        plan = read.plan
        terms = Terms()
        filtering = Filtering(read.source.origin, terms)
        where = filtering.condition(filters)
        order = stable(order)
        pages = self._pages(read)
        size = page.size(self.context.page_max)
        identity = b""
        if plan.placed or page.after is not None or page.before is not None:
            identity = list_identity(
                str(self.context.caller.workspace_id),
                self.field_name,
                kind,
                filtering.words,
                order,
            )
        values = terms.values
        after = edge_of(
            read.source, order, identity, page.after, "after", "pa", values, nested=False
        )
        before = edge_of(
            read.source, order, identity, page.before, "before", "pb", values, nested=False
        )
        window = Window(
            order=order, limit=size, after=after, before=before, backwards=page.backwards
        )

        ready = read.remember(
            (where, window, pages.key), lambda: self._connection(read, plan, pages, window, where)
        )
        answer = await self._run(ready, values, pages)
        return Shown(self._connected(read, plan, ready, answer, pages, page, identity, size))

    def _connection(
        self,
        read: Read,
        plan: ConnectionPlan,
        pages: AskedPages,
        window: Window,
        where: Condition | None,
    ) -> Ready:
        origin = read.source.origin
        total = plan.counted
        more = replace(window, limit=window.limit + 1)
        writer = self._writer(pages, checked=True)
        pick, assemble = writer.items(plan, window.order)
        values = Question(origin=origin, pick=pick, window=more, where=where, total=total)
        if not plan.listed:
            question = replace(values, pick=None, window=window, now=False)
            return _ready(read, question, writer, None, assemble=assemble)
        if read.checked or len(plan.items) > 1:
            return _ready(read, values, writer, None, assemble=assemble)
        plain = self._writer(pages, checked=False)
        entries, patch = plain.object(plan.items[0]) if plan.items else ([], None)
        if patch is not None:
            return _ready(read, values, writer, None, assemble=assemble)
        item = Pick(origin=origin, entries=tuple(entries)) if entries else pick
        if plan.placed or window.backwards or not plan.items or _edged(plan):
            place = tuple(name.removeprefix("-") for name in window.order)
            question = replace(values, pick=item, form=Form.TEXTS, place=place, now=False)
        else:
            question = replace(values, pick=item, window=window, form=Form.TEXT, now=False)
        return _ready(read, question, plain, None, form=question.form)

    def _connected(
        self,
        read: Read,
        plan: ConnectionPlan,
        ready: Ready,
        answer: Mapping[str, Any],
        pages: AskedPages,
        page: PageArguments,
        identity: bytes,
        size: int,
    ) -> Any:
        total = answer.get("total")
        if ready.assemble is not None:
            run = Run(self._asking(answer), pages.slots)
            return ready.assemble(_rows(answer), total, page, identity, None, run)
        if ready.form is Form.TEXT:
            text = answer["rows"]
            read.look(text)
            shown = orjson.Fragment(text)
            return {
                part.key: shown
                if part.name == "nodes"
                else total
                if part.name == "totalCount"
                else plan.typename
                for part in plan.parts
            }
        texts: list[bytes] = answer["rows"] or []
        places = orjson.loads(answer["places"] or b"[]")
        kept = list(zip(texts[:size], places, strict=False))
        if page.backwards:
            kept.reverse()
        together = b",".join([text for text, _ in kept])
        read.look(together)
        return connection(
            plan,
            kept,
            total=total,
            page=page,
            more=len(texts) > size,
            cursor=lambda row: write_cursor(identity, Place(values=tuple(row[1]))),
            item=lambda row, _number: orjson.Fragment(row[0]),
            nodes=orjson.Fragment(b"[%b]" % together),
        )

    def _single(self, read: Read, plan: ObjectPlan, pages: AskedPages, where: Condition) -> Ready:
        origin = read.source.origin
        window = Window(order=("id",), limit=1)
        if not read.checked:
            writer = self._writer(pages, checked=False)
            pick, patch = writer.pick(plan)
            if patch is None:
                form = Form.TEXT
                question = Question(
                    origin=origin, pick=pick, window=window, where=where, form=form, now=False
                )
                return _ready(read, question, writer, None, form=form)
        writer = self._writer(pages, checked=True)
        pick, patch = writer.pick(plan)
        return _ready(
            read, Question(origin=origin, pick=pick, window=window, where=where), writer, patch
        )

    def _require(self, kind: str) -> None:
        permission = SOURCES[kind].permission
        if permission is not None:
            self.context.caller.require(permission)

    def _writer(self, pages: AskedPages, *, checked: bool) -> Writer:
        return Writer(
            windows=pages.windows,
            placed=pages.placed,
            context=self.context,
            checked=checked,
        )

    def _pages(self, read: Read) -> AskedPages:
        """Read the pages of the lists inside, as the variables say now."""
        if not read.slots:
            return NO_PAGES
        context = self.context
        pages = tuple([slot.read(self._variables) for slot in read.slots])
        key = (context.caller.workspace_id, pages)
        known = read.pages.get(key)
        if known is None:
            known = asked_pages(read.slots, pages, context)
            if len(read.pages) >= SHAPES:
                read.pages.clear()
            read.pages[key] = known
        return known

    async def _run(
        self, ready: Ready, values: Mapping[str, Any], pages: AskedPages
    ) -> Mapping[str, Any]:
        if self._looked is not None:
            self._looked.append(ready.tables)
        given = {**values, **pages.values}
        context = self.context
        answer: Mapping[str, Any] = await context.reader.row(context.caller, ready.statement, given)
        return answer

    def _asking(self, answer: Mapping[str, Any]) -> Asking:
        return Asking(context=self.context, now=cast("datetime", answer.get("now")))

    def _patched(
        self, ready: Ready, rows: Sequence[Row], answer: Mapping[str, Any], pages: AskedPages
    ) -> Sequence[Row]:
        if ready.patch is not None:
            run = Run(self._asking(answer), pages.slots)
            for row in rows:
                ready.patch(row, run)
        return rows


def _ready(
    read: Read,
    question: Question,
    writer: Writer,
    patch: Patch | None,
    *,
    assemble: Assemble | None = None,
    form: Form = Form.VALUES,
) -> Ready:
    if writer.terms.values:
        raise Declined("a value inside a computed field")
    statement = compiled(question)
    return Ready(
        statement=statement,
        tables=read.tables_of(statement),
        patch=patch,
        assemble=assemble,
        form=form,
    )


def _rows(answer: Mapping[str, Any]) -> list[Row]:
    """Return the rows of an answer as values; none where only their number was wanted."""
    written: bytes | None = answer.get("rows")
    rows: list[Row] = orjson.loads(written) if written else []
    return rows


def _object(plan: ObjectPlan | ConnectionPlan) -> ObjectPlan:
    if not isinstance(plan, ObjectPlan):
        raise Declined("a field under several names")
    return plan


def _edged(plan: ConnectionPlan) -> bool:
    return any(part.name == "edges" for part in plan.parts)


def _storable(terms: Terms, value: Any) -> Any:
    return terms.values[terms.name(value)]
