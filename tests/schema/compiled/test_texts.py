"""SQL made of fragments says what SQLAlchemy says of the same question, all over the schema."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from random import Random
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from hub.kernel.shapes import (
    Condition,
    Edge,
    Elements,
    Entry,
    Form,
    GlobalId,
    Group,
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
    Window,
    Word,
)
from hub.kernel.shapes import (
    Test as Compared,
)
from hub.kernel.statements import compiled
from schema.base.fields import KEY, SOURCES, Embedded, Listed, Paged, ToOne
from schema.base.filters import _KEY as FILTERS
from schema.base.paging import stable
from schema.base.selection import known_fields
from tests.schema.compiled.comparing import the_schema
from tests.schema.compiled.selects import selected

WINDOW = Window(order=("id",), limit=7)

#: What SQLAlchemy gives names to though nobody asks for them.
_UNASKED = re.compile(r" AS (?:coalesce|row_to_json|count|anon)_\d+")
_NUMBERED = re.compile(r"\b([a-z]\w*?)_\d+\b")


def _normal(sql: str, names: tuple[str, ...], constants: Mapping[str, Any]) -> str:
    """Write SQL without what has no meaning: lines, quotes of names, numbers of parameters."""

    def value(found: re.Match[str]) -> str:
        name = names[int(found[1]) - 1]
        return f"<{constants[name]!r}>" if name in constants else f"<{name}>"

    sql = re.sub(r"\$(\d+)", value, sql)
    sql = " ".join(_UNASKED.sub("", sql).split())
    sql = re.sub(r'"@(\d+)"', r"r\1", sql).replace('"', "")
    return _NUMBERED.sub(r"\1_n", sql)


def _both(question: Question) -> tuple[str, str]:
    made = compiled.__wrapped__(question)
    assert set(made.constants) <= set(made.names)
    return _normal(made.sql, made.names, made.constants), _normal(*selected(question))


def _question(origin: Origin, *entries: Entry, **more: Any) -> Question:
    pick = Pick(origin=origin, entries=entries)
    return Question(**{"origin": origin, "pick": pick, "window": WINDOW, **more})


def _facts(origin: Origin) -> list[str]:
    return [*(column.name for column in origin.table.columns), *origin.facts]


def _relations() -> Iterator[tuple[Origin, Link, Origin, tuple[str, ...]]]:
    """Yield every link of every type: from where, how, to where, and in which order."""
    for name, source in SOURCES.items():
        owner = the_schema().get_type(name)
        assert isinstance(owner, GraphQLObjectType)
        for field in owner.fields.values():
            declared = field.extensions.get("strawberry-definition")
            spec = getattr(declared, "metadata", {}).get(KEY)
            if not isinstance(spec, ToOne | Listed | Paged | Embedded):
                continue
            target = get_named_type(field.type)
            if isinstance(spec, Embedded):
                target = the_schema().get_type(spec.target)
            elif isinstance(spec, Paged):
                target = known_fields(target)["nodes"].target
            order = stable(spec.order) if isinstance(spec, Listed | Paged) else ("id",)
            yield source.origin, spec.link, SOURCES[target.name].origin, order


def _conditions() -> Iterator[tuple[Origin, Compared]]:
    """Yield every condition a filter of the schema can make."""
    query = the_schema().query_type
    assert query is not None
    for field in query.fields.values():
        given = field.args.get("filter")
        target = get_named_type(field.type)
        if given is None or not target.name.endswith("Connection"):
            continue
        assert isinstance(target, GraphQLObjectType)
        origin = SOURCES[known_fields(target)["nodes"].target.name].origin
        kind = get_named_type(given.type)
        assert isinstance(kind, GraphQLInputObjectType)
        for one in fields(kind.extensions["strawberry-definition"].origin):
            compares = one.metadata[FILTERS]
            hows = ("from", "before") if compares.how == "between" else (compares.how,)
            if compares.how in {"and", "or", "not"}:
                continue
            via = compares.via
            for how in hows:
                yield (
                    origin,
                    Compared(
                        fact=compares.fact,
                        how=how,
                        parameter="v0",
                        origin=via.origin if via else origin,
                        via=via.link if via else None,
                    ),
                )


def _orders() -> Iterator[tuple[Origin, tuple[str, ...]]]:
    """Yield the orders of all relations, and one by every expression and every kind of column."""
    for origin, order in {(origin, order) for _, _, origin, order in _relations()}:
        yield origin, order
    seen = set()
    for source in SOURCES.values():
        origin = source.origin
        for name in _facts(origin):
            computed = name if name in origin.facts else ""
            kind = (repr(origin.kind(name)), origin.certain(name), computed)
            if kind not in seen:
                seen.add(kind)
                yield origin, stable((name,))
                yield origin, stable((f"-{name}",))


def _places(order: tuple[str, ...], origin: Origin) -> Iterator[tuple[str | None, ...]]:
    """Yield places with a value for every fact, and with none where there may be none."""
    whole = tuple(f"p{number}" for number in range(len(order)))
    yield whole
    for number, name in enumerate(order):
        if not origin.certain(name.removeprefix("-")):
            yield (*whole[:number], None, *whole[number + 1 :])


@pytest.mark.parametrize("kind", list(SOURCES))
def test_every_fact_of_a_type_is_the_same_alone_and_together(kind: str) -> None:
    origin = SOURCES[kind].origin
    for name in _facts(origin):
        leaf = Leaf(label=f"~{name}", fact=name)
        one, other = _both(_question(origin, leaf))
        assert one == other
    numbers = [
        Leaf(label=f"n{name}", fact=name, narrow=True)
        for name in _facts(origin)
        if origin.python(name) is int
    ]
    every = [Leaf(label=name, fact=name) for name in _facts(origin)]
    for form in Form:
        question = _question(origin, *every, *numbers, form=form, place=tuple(_facts(origin)))
        one, other = _both(question)
        assert one == other
        assert kind == "Viewer" or "<workspace>" in one


@pytest.mark.parametrize("kind", list(SOURCES))
def test_global_ids_and_names_of_types_are_the_same(kind: str) -> None:
    origin = SOURCES[kind].origin
    ids = GlobalId(label="id", fact="id", kind=kind)
    one, other = _both(
        _question(
            origin,
            ids,
            Word(label="__typename", word=kind),
            Word(label="later", word=None),
            Part(label="part", entries=(ids, Part(label="again", entries=(ids,)))),
        )
    )
    assert one == other


def test_every_relation_is_the_same_as_a_row_a_list_and_a_number() -> None:
    relations = list(_relations())
    for above, link, origin, order in relations:
        pick = Pick(
            origin=origin, entries=tuple(Leaf(label=name, fact=name) for name in _facts(origin))
        )
        window = Window(order=order, limit=3)
        one, other = _both(
            _question(
                above,
                One(label="one", link=link, pick=pick),
                Many(label="many", link=link, pick=pick, window=window),
                Number(label="number", link=link, origin=origin),
                Part(label="in", entries=(One(label="one", link=link, pick=pick),)),
            )
        )
        assert one == other
    assert len(relations) > 60


def test_every_condition_of_every_filter_is_the_same() -> None:
    conditions = list(_conditions())
    for origin, test in conditions:
        question = _question(origin, Leaf(label="id", fact="id"), where=test, total=True)
        one, other = _both(question)
        assert one == other
        assert "<v0>" in one
    assert {test.how for _, test in conditions} >= {"in", "equal", "contains", "search", "has"}
    assert any(test.via is not None for _, test in conditions)


@pytest.mark.parametrize("backwards", [False, True])
def test_every_order_and_every_place_in_it_is_the_same(*, backwards: bool) -> None:
    for origin, order in _orders():
        for place in _places(order, origin):
            edge = Edge(parameters=place)
            for after, before in ((edge, None), (None, edge)):
                window = Window(
                    order=order, limit=5, after=after, before=before, backwards=backwards
                )
                leaf = Leaf(label="id", fact="id")
                one, other = _both(_question(origin, leaf, window=window, now=False))
                # SQLAlchemy leaves out what cannot hold with all that stands beside it.
                if "WHERE false" not in other:
                    assert one == other


class _Anything:
    """Makes random questions of all that the schema maps."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.links: dict[Origin, list[tuple[Link, Origin, tuple[str, ...]]]] = {}
        for above, link, origin, order in _relations():
            self.links.setdefault(above, []).append((link, origin, order))
        self.tests: dict[Origin, list[Compared]] = {}
        for origin, test in _conditions():
            self.tests.setdefault(origin, []).append(test)

    def question(self) -> Question:
        origin = self.random.choice(list(SOURCES.values())).origin
        return Question(
            origin=origin,
            pick=self._pick(origin, 3) if self.random.random() < 0.9 else None,
            window=self._window(("id",)),
            where=self._condition(origin, 2) if origin in self.tests else None,
            total=True,
            form=self.random.choice(list(Form)),
            place=("id",),
            now=self.random.random() < 0.5,
        )

    def _pick(self, origin: Origin, depth: int) -> Pick:
        return Pick(origin=origin, entries=tuple(self._entries(origin, depth)))

    def _entries(self, origin: Origin, depth: int) -> Iterable[Entry]:
        for number in range(self.random.randint(1, 5)):
            yield self._entry(f"k{number}", origin, depth)

    def _entry(self, label: str, origin: Origin, depth: int) -> Entry:
        links = self.links.get(origin, [])
        chance = self.random.random()
        if depth and links and chance < 0.5:
            link, other, order = self.random.choice(links)
            pick = self._pick(other, depth - 1)
            where = self._condition(other, 1) if other in self.tests and chance < 0.2 else None
            if chance < 0.2:
                return One(label=label, link=link, pick=pick)
            if chance < 0.3:
                return Number(label=label, link=link, origin=other, where=where)
            window = self._window(order)
            return Many(label=label, link=link, pick=pick, window=window, where=where)
        if depth and chance < 0.6:
            return Part(label=label, entries=tuple(self._entries(origin, depth - 1)))
        if chance < 0.7:
            return Word(label=label, word=self.random.choice(["Brand", None]))
        return Leaf(label=label, fact=self.random.choice(_facts(origin)))

    def _window(self, order: tuple[str, ...]) -> Window:
        edge = Edge(parameters=tuple(f"p{number}" for number in range(len(order))))
        return Window(
            order=order,
            limit=self.random.randint(1, 500),
            after=self.random.choice([edge, None]),
            before=self.random.choice([edge, None]),
            backwards=self.random.random() < 0.3,
        )

    def _condition(self, origin: Origin, depth: int) -> Condition:
        if not depth or self.random.random() < 0.4:
            return self.random.choice(self.tests[origin])
        parts = [self._condition(origin, depth - 1) for _ in range(self.random.randint(2, 3))]
        return Group(how=self.random.choice(["and", "or", "not"]), parts=tuple(parts))


def test_random_questions_are_the_same() -> None:
    made = _Anything(20260301)
    for _ in range(150):
        one, other = _both(made.question())
        # Brackets around one alternative, or around alternatives of alternatives, say nothing.
        assert one.replace("(", "").replace(")", "") == other.replace("(", "").replace(")", "")


def test_a_group_says_how_its_parts_are_taken_together() -> None:
    origin, test = next(_conditions())
    leaf = Leaf(label="id", fact="id")

    def where(condition: Condition) -> str:
        sql = compiled(_question(origin, leaf, where=condition, now=False)).sql
        return sql.partition("WHERE ")[2].partition(" ORDER BY")[0].partition(" AND ")[2]

    plain = where(test)
    either = Group(how="or", parts=(test, test))
    assert where(Group(how="and", parts=(test, either))) == f"{plain} AND ({plain} OR {plain})"
    assert where(Group(how="not", parts=(either,))) == f"NOT coalesce(({plain} OR {plain}), false)"
    assert where(Group(how="or", parts=())) == "false"
    assert where(Group(how="and", parts=())) == "true"
    assert where(Group(how="not", parts=())) == "NOT coalesce(true, false)"


def test_a_label_is_never_more_than_a_name() -> None:
    origin = SOURCES["Brand"].origin
    hostile = 'x" FROM brands; DROP TABLE brands; -- $1 {0} %s'
    leaf = Leaf(label=hostile, fact="name")

    made = compiled(_question(origin, leaf, Part(label=hostile, entries=(leaf,))))

    quoted = '"x"" FROM brands; DROP TABLE brands; -- $1 {0} %s"'
    assert made.sql.count(f" AS {quoted}") == 3
    assert made.sql.replace(quoted, "").count("DROP") == 0
    assert made.names == ("workspace",)


def test_a_list_of_objects_is_written_from_a_json_list_in_its_order() -> None:
    assets, revisions, variants = (
        SOURCES[name].origin for name in ("Asset", "Revision", "Variant")
    )
    leaf = Leaf(label="id", fact="id")
    parts = Elements(
        label='a"',
        fact="parts",
        entries=(
            Piece(label='b"', name="te'xt"),
            Mentioned(label='c"', name="me'dia", pick=Pick(origin=assets, entries=(leaf,))),
            Word(label="__typename", word="RevisionPart"),
        ),
    )
    written = (
        """coalesce((SELECT json_agg("@2") FROM (SELECT "@1".element ->> 'te''xt' AS "b\"\"", """
        'coalesce((SELECT json_agg("@6".item) FILTER (WHERE "@6".item IS NOT NULL) FROM (SELECT '
        '(SELECT row_to_json("@5") FROM (SELECT t3.id AS "id" FROM assets AS t3 '
        'WHERE t3.workspace_id = $1::UUID AND t3.id = CAST("@4".id AS UUID)) AS "@5") AS item '
        """FROM unnest(ARRAY(SELECT jsonb_array_elements_text("@1".element -> 'me''dia'))) """
        "WITH ORDINALITY "
        """AS "@4"(id, place) ORDER BY "@4".place) AS "@6"), '[]'::json) AS "c\"\"", """
        """'RevisionPart'::text AS "__typename" """
        "FROM unnest(ARRAY(SELECT jsonb_array_elements(t0.parts))) "
        """WITH ORDINALITY AS "@1"(element, place) ORDER BY "@1".place) AS "@2"), '[]'::json)"""
    )

    whole = compiled(_question(revisions, parts, now=False)).sql
    perhaps = compiled(_question(variants, parts, now=False)).sql

    assert f'(SELECT {written} AS "a""" FROM revisions AS t0' in whole
    assert f"(SELECT CASE WHEN t0.parts IS NOT NULL THEN {written} END AS" in perhaps


def test_values_of_an_expression_are_parameters_and_stand_once() -> None:
    origin = SOURCES["Campaign"].origin
    made = compiled(
        _question(
            origin,
            Leaf(label="one", fact="first_day"),
            Leaf(label="two", fact="first_day"),
            Leaf(label="three", fact="last_day"),
        )
    )

    assert made.names == ("~0", "~1", "workspace")
    assert sorted(str(value) for value in made.constants.values()) == ["0001-01-01", "9999-12-31"]
