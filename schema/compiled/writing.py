"""From a plan to the entries of a statement, and to the patch that finishes what it wrote.

A label that begins with a tilde is no field of the answer: a patch reads it and takes it away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hub.kernel.shapes import (
    Elements,
    Entry,
    GlobalId,
    Leaf,
    Many,
    Mentioned,
    Number,
    One,
    Part,
    Pick,
    Piece,
    Window,
    Word,
)
from schema.base.fields import LIST_MAX, NAMED_MAX, Computed, ReadContext
from schema.base.filters import Terms
from schema.base.paging import reader_of, stable
from schema.base.reading import Shapes
from schema.compiled import patching
from schema.compiled.assembling import Assemble, assembler
from schema.compiled.plans import (
    ConnectionPart,
    ConnectionPlan,
    Id,
    Made,
    Named,
    ObjectPlan,
    Page,
    Related,
    Several,
    Short,
    Text,
    Typename,
    Value,
)
from schema.compiled.running import Patch


@dataclass(slots=True)
class Writer:
    """Writes the entries of one statement. `windows` are those of the lists inside, by slot.

    `placed` are the slots whose page begins or ends at a cursor. With `checked` patches also look
    at what else the text would be searched for: nulls where none may be, and large numbers.
    """

    windows: Sequence[Window]
    placed: frozenset[int]
    context: ReadContext
    checked: bool = False
    terms: Terms = field(default_factory=Terms)

    def pick(self, plan: ObjectPlan, *, also: Iterable[str] = ()) -> tuple[Pick, Patch | None]:
        """Return what SQL writes of each row, and what Python does to it afterwards."""
        entries, patch = self.object(plan)
        hidden = tuple(Leaf(label=f"~{fact}", fact=fact) for fact in also)
        return Pick(origin=plan.source.origin, entries=_distinct((*entries, *hidden))), patch

    def object(self, plan: ObjectPlan) -> tuple[list[Entry], Patch | None]:
        """Return the entries of an object in the order of the answer, and its patch."""
        entries: list[Entry] = []
        hidden: list[Entry] = []
        patches: list[Patch] = []
        for step in plan.steps:
            match step:
                case Value(key=key, fact=fact, large=large):
                    entries.append(Leaf(label=key, fact=fact, narrow=large))
                    if step.names is not None:
                        patches.append(patching.named(key, step.names))
                    if self._doubtful(step):
                        patches.append(patching.present(key))
                case Id(key=key, fact=fact, kind=kind):
                    entries.append(GlobalId(label=key, fact=fact, kind=kind))
                case Typename(key=key, name=name):
                    entries.append(Word(label=key, word=name))
                case Made():
                    entries.append(Word(label=step.key, word=None))
                    more, patch = self._made(plan, step)
                    hidden.extend(more)
                    patches.append(patch)
                case Related(key=key, spec=spec, inner=inner):
                    pick, patch_one = self.pick(inner)
                    entries.append(One(label=key, link=spec.link, pick=pick))
                    if self.checked and step.required:
                        patches.append(patching.present(key))
                    if patch_one is not None:
                        patches.append(patching.inside(key, patch_one))
                case Short(key=key, spec=spec, inner=inner):
                    pick, patch_one = self.pick(inner)
                    window = Window(
                        order=stable(spec.order), limit=LIST_MAX, distinct=spec.distinct
                    )
                    entries.append(Many(label=key, link=spec.link, pick=pick, window=window))
                    if patch_one is not None:
                        patches.append(patching.in_each(key, patch_one))
                case Several():
                    self._several(step, entries, patches)
                case Page():
                    self._page(step, entries, hidden, patches)
        if not hidden:
            return entries, patching.together(patches, ())
        beside = _distinct(hidden)
        entries.extend(beside)
        return entries, patching.together(patches, tuple(entry.label for entry in beside))

    def _several(self, step: Several, entries: list[Entry], patches: list[Patch]) -> None:
        written: list[Piece | Mentioned | Word] = []
        inside: list[Patch] = []
        for part in step.parts:
            match part:
                case Text(key=key, name=name):
                    written.append(Piece(label=key, name=name))
                    inside.extend([patching.present(key)] if self._doubtful(part) else [])
                case Named(key=key, name=name):
                    pick, patch = self.pick(part.inner)
                    written.append(Mentioned(label=key, name=name, pick=pick))
                    inside.extend([patching.in_each(key, patch)] if patch else [])
                case Typename(key=key, name=name):
                    written.append(Word(label=key, word=name))
        entries.append(Elements(label=step.key, fact=step.fact, entries=tuple(written)))
        if self._doubtful(step):
            patches.append(patching.present(step.key))
        each = patching.together(inside, ())
        patches.extend([patching.in_each(step.key, each)] if each else [])

    def _doubtful(self, step: Value | Text | Several) -> bool:
        """Say whether a patch must look at what the text would be searched for."""
        return self.checked and step.required

    def _made(self, plan: ObjectPlan, step: Made) -> tuple[list[Entry], Patch]:
        spec = step.spec
        origin = plan.source.origin
        hidden: list[Entry] = [Leaf(label=f"~{fact}", fact=fact) for fact in spec.needs]
        facts = tuple((fact, f"~{fact}", reader_of(origin.python(fact))) for fact in spec.needs)
        if isinstance(spec, Computed):
            return hidden, patching.computed(step, spec, facts)
        if step.inner is None:
            return hidden, patching.embedded(step, spec, facts, None)
        rows = Shapes(self.terms, self.context).pick(step.inner)
        hidden.append(
            Many(
                label=f"~@{step.key}",
                link=spec.link,
                pick=rows,
                window=Window(order=("id",), limit=NAMED_MAX),
            )
        )
        return hidden, patching.embedded(step, spec, facts, f"~@{step.key}")

    def _page(
        self, step: Page, entries: list[Entry], hidden: list[Entry], patches: list[Patch]
    ) -> None:
        window = self.windows[step.slot]
        plan = step.connection
        if not plan.placed and not window.backwards and step.slot not in self.placed:
            written, patch = self._written(step, window)
            entries.append(Part(label=step.key, entries=tuple(written)))
            if patch is not None:
                patches.append(patching.inside(step.key, patch))
            return
        entries.append(Word(label=step.key, word=None))
        rows, total = f"~#{step.slot}", f"~#{step.slot}n"
        if plan.listed:
            pick, assemble = self.items(plan, step.order)
            more = Window(
                order=window.order,
                limit=window.limit + 1,
                after=window.after,
                before=window.before,
                backwards=window.backwards,
            )
            hidden.append(Many(label=rows, link=step.spec.link, pick=pick, window=more))
        else:
            assemble = assembler(plan, step.order)
        if plan.counted:
            origin = plan.source.origin
            hidden.append(Number(label=total, link=step.spec.link, origin=origin))
        hidden.append(Leaf(label="~id", fact="id"))
        patches.append(patching.paged(step, rows, total, assemble))

    def _written(self, step: Page, window: Window) -> tuple[list[Entry], Patch | None]:
        """Return the entries of a connection without cursors: SQL writes all of it."""
        plan, link = step.connection, step.spec.link
        origin = plan.source.origin
        entries: list[Entry] = []
        patches: list[Patch] = []
        for part in plan.parts:
            match part.name:
                case "totalCount":
                    entries.append(Number(label=part.key, link=link, origin=origin))
                case "nodes" if part.item is not None:
                    pick, patch = self.pick(plan.items[part.item])
                    entries.append(Many(label=part.key, link=link, pick=pick, window=window))
                    patches.extend([patching.in_each(part.key, patch)] if patch else [])
                case "edges":
                    pick, patch = self._edges(plan, part)
                    entries.append(Many(label=part.key, link=link, pick=pick, window=window))
                    patches.extend([patching.in_each(part.key, patch)] if patch else [])
                case _:
                    entries.append(Word(label=part.key, word=plan.typename))
        return entries, patching.together(patches, ())

    def _edges(self, plan: ConnectionPlan, part: ConnectionPart) -> tuple[Pick, Patch | None]:
        entries: list[Entry] = []
        patches: list[Patch] = []
        for inner in part.inner:
            if inner.item is None:
                entries.append(Word(label=inner.key, word=plan.edge))
                continue
            written, patch = self.object(plan.items[inner.item])
            entries.append(Part(label=inner.key, entries=tuple(written)))
            patches.extend([patching.inside(inner.key, patch)] if patch else [])
        return Pick(origin=plan.source.origin, entries=tuple(entries)), patching.together(
            patches, ()
        )

    def items(self, plan: ConnectionPlan, order: tuple[str, ...]) -> tuple[Pick, Assemble]:
        """Return the rows of a connection that Python puts together, and how it does."""
        entries: list[Entry] = []
        patches: list[Patch] = []
        for number, item in enumerate(plan.items):
            written, patch = self.object(item)
            entries.append(Part(label=f"~s{number}", entries=tuple(written or _EMPTY)))
            patches.extend([patching.inside(f"~s{number}", patch)] if patch else [])
        place = [
            Leaf(label=f"~{name.removeprefix('-')}", fact=name.removeprefix("-")) for name in order
        ]
        pick = Pick(origin=plan.source.origin, entries=_distinct((*entries, *place)))
        return pick, assembler(plan, order, patching.together(patches, ()))


_EMPTY = (Word(label="~", word=None),)


def _distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple({entry.label: entry for entry in entries}.values())
