"""From a question to one SELECT: nested rows as JSON, each table in its workspace.

Identifiers come from the tables alone, values are parameters, labels are quoted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

from hub.kernel import fragments
from hub.kernel.fragments import Fragment
from hub.kernel.searching import alone
from hub.kernel.shapes import (
    Condition,
    Edge,
    Elements,
    Entry,
    Form,
    GlobalId,
    Leaf,
    Link,
    Many,
    Mentioned,
    Number,
    One,
    Origin,
    Part,
    Pick,
    Piece,
    Question,
    Test,
    Window,
    Word,
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Compiled SQL, the names of its parameters in their order, and those the shape gives.

    `steady` says that one plan is good for all values: none of them says how many rows fit.
    """

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any] = field(default_factory=dict)
    steady: bool = False


class Written:
    """How many characters of SQL were written since the start of the process."""

    characters = 0


@lru_cache(maxsize=2048)
def compiled(question: Question) -> Statement:
    """Return the one statement that answers the question."""
    writer = _Writer()
    sql = writer.question(question)
    Written.characters += len(sql)
    return Statement(
        sql=sql,
        names=tuple(writer.numbers),
        constants=writer.constants,
        steady=question.where is None or question.window.limit == 1,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table, under its name in the statement."""

    origin: Origin
    name: str


class _Writer:
    """Writes one statement; every table in it gets its own short name.

    Nothing outside can bear the names of what is selected from: no label begins with an at sign.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.constants: dict[str, Any] = {}
        self._own: dict[tuple[Fragment, str], str] = {}
        self._count = count()

    def question(self, question: Question) -> str:
        """Return the whole SELECT."""
        wanted = ["hub_now() AS now"] if question.now else []
        if question.total:
            wanted.append(f"{self._total(question.origin, question.where)} AS total")
        pick = question.pick
        if pick is None:
            return f"SELECT {', '.join(wanted)}"
        if question.form is Form.TEXTS:
            return self._texts(question, pick, wanted)
        rows = self._list(pick, question.window, question.where)
        wanted.append(f"{rows} AS rows")
        return f"SELECT {', '.join(wanted)}"

    def _texts(self, question: Question, pick: Pick, wanted: list[str]) -> str:
        row = self._row(pick.origin)
        text = f"{self._object(pick.entries, row)} AS text"
        place = ", ".join([self._fact(row, name) for name in question.place])
        each = f"{text}, json_build_array({place}) AS place"
        inner = self._windowed(each, row, question.window, question.where)
        found = self._name()
        wanted.append(f"array_agg({found}.text) AS rows, json_agg({found}.place) AS places")
        return _select(", ".join(wanted), inner, found)

    def _name(self) -> str:
        return f'"@{next(self._count)}"'

    def _row(self, origin: Origin) -> _Row:
        return _Row(origin, f"t{next(self._count)}")

    def _parameter(self, name: str) -> str:
        number = self.numbers.get(name)
        if number is None:
            number = self.numbers[name] = len(self.numbers) + 1
        return f"${number}"

    def _fill(
        self,
        fragment: Fragment,
        row: _Row,
        above: _Row | None = None,
        given: Sequence[str | None] = (),
    ) -> str:
        """Put rows and parameters into the open places of a fragment."""
        over = above.name if above else ""
        if not fragment.names:
            return fragment.text.format(row.name, over)
        names = [self._named(fragment, name, given) for name in fragment.names]
        return fragment.text.format(row.name, over, *map(self._parameter, names))

    def _named(self, fragment: Fragment, name: str | int, given: Sequence[str | None]) -> str:
        if isinstance(name, int):
            found = given[name]
            if found is None:
                raise ValueError("A parameter without a name.")
            return found
        if name not in fragment.constants:
            return name
        key = fragment, name
        if key not in self._own:
            self._own[key] = own = f"~{len(self._own)}"
            self.constants[own] = fragment.constants[name]
        return self._own[key]

    def _fact(self, row: _Row, name: str) -> str:
        return self._fill(fragments.fact(row.origin, name), row)

    def _columns(self, entries: Iterable[Entry], row: _Row) -> str:
        return ", ".join(
            [f"{self._entry(entry, row)} AS {_quoted(entry.label)}" for entry in entries]
        )

    def _entry(self, entry: Entry, row: _Row) -> str:
        match entry:
            case Leaf(narrow=True):
                return self._fill(fragments.fact(row.origin, entry.fact, narrow=True), row)
            case Leaf():
                return self._fact(row, entry.fact)
            case GlobalId():
                return self._fill(fragments.global_id(row.origin, entry.fact, entry.kind), row)
            case Word():
                return _word(entry)
            case One():
                return self._one(entry, row)
            case Many():
                return self._list(entry.pick, entry.window, entry.where, entry.link, row)
            case Number():
                return self._total(entry.origin, entry.where, entry.link, row)
            case Part():
                return self._object(entry.entries, row)
            case Elements():
                return self._elements(entry, row)

    def _object(self, entries: Iterable[Entry], row: _Row) -> str:
        """Return an object of entries of this very row."""
        columns = self._columns(entries, row)
        name = self._name()
        return f"({_select(f'row_to_json({name})', f'SELECT {columns}', name)})"

    def _one(self, one: One, above: _Row) -> str:
        row = self._row(one.pick.origin)
        columns = self._columns(one.pick.entries, row)
        inner = f"SELECT {columns} {self._from(row, None, one.link, above)}"
        name = self._name()
        return f"({_select(f'row_to_json({name})', inner, name)})"

    def _list(
        self,
        pick: Pick,
        window: Window,
        where: Condition | None,
        link: Link | None = None,
        above: _Row | None = None,
    ) -> str:
        row = self._row(pick.origin)
        inner = self._windowed(self._columns(pick.entries, row), row, window, where, link, above)
        name = self._name()
        together = f"coalesce(json_agg({name}), '[]'::json)"
        return f"({_select(together, inner, name)})"

    def _elements(self, entry: Elements, row: _Row) -> str:
        fact, each, name = self._fact(row, entry.fact), self._name(), self._name()
        columns = ", ".join(
            [f"{self._of_element(one, each)} AS {_quoted(one.label)}" for one in entry.entries]
        )
        inner = _in_order(columns, f"jsonb_array_elements({fact})", f"{each}(element, place)", each)
        found = f"({_select(f'json_agg({name})', inner, name)})"
        found = f"coalesce({found}, '[]'::json)"
        if row.origin.certain(entry.fact):
            return found
        return f"CASE WHEN {fact} IS NOT NULL THEN {found} END"

    def _of_element(self, entry: Piece | Mentioned | Word, element: str) -> str:
        match entry:
            case Piece():
                return f"{element}.element ->> {_literal(entry.name)}"
            case Mentioned():
                return self._mentioned(entry, element)
            case Word():
                return _word(entry)

    def _mentioned(self, entry: Mentioned, element: str) -> str:
        """Return the rows that are mentioned: each looked up by its id, or the planner joins."""
        row = self._row(entry.pick.origin)
        ids, item, name = self._name(), self._name(), self._name()
        columns = self._columns(entry.pick.entries, row)
        one = f"SELECT {columns} {self._from(row, None, None, None)}"
        one = f"{one} AND {row.name}.id = CAST({ids}.id AS UUID)"
        found = f"({_select(f'row_to_json({item})', one, item)})"
        several = f"jsonb_array_elements_text({element}.element -> {_literal(entry.name)})"
        inner = _in_order(f"{found} AS item", several, f"{ids}(id, place)", ids)
        together = f"json_agg({name}.item) FILTER (WHERE {name}.item IS NOT NULL)"
        return f"coalesce(({_select(together, inner, name)}), '[]'::json)"

    def _total(
        self,
        origin: Origin,
        where: Condition | None,
        link: Link | None = None,
        above: _Row | None = None,
    ) -> str:
        return f"(SELECT count(*) {self._from(self._row(origin), where, link, above)})"

    def _windowed(
        self,
        columns: str,
        row: _Row,
        window: Window,
        where: Condition | None,
        link: Link | None = None,
        above: _Row | None = None,
    ) -> str:
        """Return the rows of a window, in its order."""
        searched = self._searched(row, window, where) if link is None else None
        found = self._from(row, None if searched else where, link, above)
        if searched:
            found = f"{found} AND {searched}"
        for edge, later in ((window.after, True), (window.before, False)):
            if edge is not None:
                found = f"{found} AND {self._beyond(row, window, edge, later=later)}"
        if window.distinct:
            on = ", ".join([self._fact(row, name) for name in window.distinct])
            columns = f"DISTINCT ON ({on}) {columns}"
        order = ", ".join(
            [
                self._fill(fragments.ordered(row.origin, name, backwards=window.backwards), row)
                for name in window.order
            ]
        )
        return f"SELECT {columns} {found} ORDER BY {order} LIMIT {window.limit:d}"

    def _searched(self, row: _Row, window: Window, where: Condition | None) -> str | None:
        test = alone(where)
        fragment = None if test is None else fragments.searched(row.origin, window, test)
        if test is None or fragment is None:
            return None
        ends = [None if end is None else end.parameters[0] for end in (window.after, window.before)]
        return self._fill(fragment, row, None, (test.parameter, *ends))

    def _beyond(self, row: _Row, window: Window, edge: Edge, *, later: bool) -> str:
        nulls = tuple([parameter is None for parameter in edge.parameters])
        fragment = fragments.beyond(row.origin, window.order, nulls, later=later)
        return self._fill(fragment, row, None, edge.parameters)

    def _from(
        self, row: _Row, where: Condition | None, link: Link | None, above: _Row | None
    ) -> str:
        origin = row.origin
        found = f"FROM {fragments.table(origin)} AS {row.name} WHERE "
        found += self._fill(fragments.counted(origin), row)
        if link is not None and above is not None:
            linked = self._fill(fragments.linked(link, above.origin, origin), row, above)
            found = f"{found} AND {linked}"
        return found if where is None else f"{found} AND {self._condition(where, row)}"

    def _condition(self, condition: Condition, row: _Row) -> str:
        if isinstance(condition, Test):
            fragment = fragments.tested(
                row.origin, condition.origin, condition.fact, condition.how, condition.via
            )
            return self._fill(fragment, row, None, (condition.parameter,))
        parts = [self._condition(part, row) for part in condition.parts]
        if condition.how == "or":
            return f"({' OR '.join(parts)})" if parts else "false"
        together = " AND ".join(parts) or "true"
        # A condition on a null is unknown; "not" means "not known to be so".
        return together if condition.how == "and" else f"NOT coalesce({together}, false)"


def _select(wanted: str, inner: str, name: str) -> str:
    return f"SELECT {wanted} FROM ({inner}) AS {name}"  # noqa: S608 - names are quoted, values are parameters


def _in_order(wanted: str, several: str, named: str, name: str) -> str:
    # Of an array PostgreSQL expects ten values, of these functions a hundred: lists in lists would
    # seem to cost so much that it would not care how the rows around them are found.
    source = f"unnest(ARRAY(SELECT {several})) WITH ORDINALITY AS {named}"
    return f"SELECT {wanted} FROM {source} ORDER BY {name}.place"  # noqa: S608 - as above


def _quoted(label: str) -> str:
    """Return a label as a name of SQL: clients choose labels, and a quote must not end one."""
    return '"' + label.replace('"', '""') + '"'


def _word(entry: Word) -> str:
    return "NULL" if entry.word is None else f"{_literal(entry.word)}::text"


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
