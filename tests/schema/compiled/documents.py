"""Random valid queries over the real schema: every shape that clients may send, small ones.

An own generator rather than hypothesis-graphql: that one writes literals only, and knows neither
variables nor fragments, directives, merged fields or cursors of earlier answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from hub.kernel.ids import global_id
from tests.schema.compiled.arguments import (
    NOTHING,
    Arguments,
    Pool,
    Variable,
    inside,
    parent_of,
    parenthesised,
    plain,
    settled,
    written,
)
from tests.schema.compiled.data import Workspaceful

Path = tuple[str, ...]

_PAGING = ("first", "after", "last", "before")
#: Root fields by how often they are drawn; those that are not named here once each.
_OFTEN = {
    "contentItems": 5,
    "publications": 5,
    "node": 4,
    "publishedContents": 3,
    "messages": 2,
    "threads": 2,
    "nodes": 2,
    "reviews": 2,
    "events": 2,
    "deliveries": 2,
    "platforms": 0.3,
    "variantPreviews": 0.4,
    "calendar": 0.6,
    "dashboard": 0.3,
    "chartUrl": 0.2,
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: the document, its variables, and where which lists stand in its answer."""

    query: str
    variables: Any
    lists: Mapping[Path, tuple[str, str]]


class Writer:
    """Writes one document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        random: Random,
        *,
        here: Workspaceful,
        there: Workspaceful,
        pool: Pool,
        budget: int = 0,
    ) -> None:
        self._schema = schema
        self._random = random
        self._pool = pool
        self._here = here
        self._arguments = Arguments(random, here, there)
        self._budget = budget or random.choice((2, 3, 4, 5, 6, 8, 10, 14, 20))
        self._numbers = 0
        self._variables: dict[str, tuple[str, Any]] = {}
        self._given: dict[str, Any] = {}
        self._taken: dict[Path, tuple[str, str]] = {}
        self._fragments: dict[str, tuple[str, str]] = {}
        self._lists: dict[Path, tuple[str, str]] = {}
        self._directives = 0
        self._aliases = 0

    def write(self) -> Asked:
        """Return a request."""
        query = self._schema.query_type
        assert query is not None
        names = list(query.fields)
        weights = [_OFTEN.get(name, 1) for name in names]
        count = self._random.choices((1, 2, 3), (86, 10, 4))[0]
        drawn = self._random.choices(names, weights, k=count)
        if self._pool.refused & set(drawn) and self._chance(0.8):
            # Whoever may not read something is told so whatever is asked of it: once is enough.
            drawn = self._random.choices(names, weights, k=count)
        fields = [self._field(query, name, (), 6) for name in drawn]
        body = " ".join([*fields, *(["__typename"] if self._chance(0.1) else [])])
        return Asked(query=self._whole(body), variables=self._sent(), lists=dict(self._lists))

    def _whole(self, body: str) -> str:
        declared = ", ".join(
            f"${name}: {kind}" + ("" if default is NOTHING else f" = {written(default)}")
            for name, (kind, default) in self._variables.items()
        )
        fragments = "".join(
            f" fragment {name} on {kind} {{ {text} }}"
            for name, (kind, text) in self._fragments.items()
        )
        head = f"query Asked({declared}) " if declared else self._random.choice(("", "query "))
        return f"{head}{{ {body} }}{fragments}"

    def _sent(self) -> Any:
        given = {name: plain(value) for name, value in self._given.items()}
        if given and self._chance(0.02):
            # A value that no type takes, or one that is missing.
            name = self._random.choice(list(given))
            if self._chance(0.5):
                del given[name]
            else:
                given[name] = self._random.choice(([[1]], "what?", {"no": 1}, 1.5, None, 2**40))
        if self._chance(0.03):
            given["unknown"] = 1
        return given or (None if self._chance(0.5) else {})

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    # Fields

    def _field(self, parent: Any, name: str, path: Path, depth: int, *, apart: bool = False) -> str:
        """Write a field; `apart` gives it a name that nothing else has."""
        definition: GraphQLField = parent.fields[name]
        self._arguments.kinds.clear()
        arguments, key = self._argued(parent, name, definition)
        answered, alias = self._answered(name, arguments, path, apart=apart or bool(arguments))
        place = (*path, answered)
        kind = get_named_type(definition.type)
        text = f"{alias}{name}{arguments}{self._directive()}"
        if is_leaf_type(kind):
            return text
        if kind.name.endswith("Connection"):
            self._lists[place] = key
        inner = self._selections(kind, place, depth - 1)
        text = f"{text} {{ {inner} }}"
        if self._chance(0.05):
            # The same again, with more or other fields in it: both are merged.
            text += f" {alias}{name}{arguments} {{ {self._selections(kind, place, 1)} }}"
        return text

    def _answered(self, name: str, arguments: str, path: Path, *, apart: bool) -> tuple[str, str]:
        """Return the key in the answer and the alias that makes it."""
        field = (name, arguments)
        free = self._taken.get((*path, name), field) == field
        if apart and (path or (*path, name) in self._taken):
            free = False
        if free and (self._aliases > 20 or not self._chance(0.08)):
            self._taken[*path, name] = field
            return name, ""
        self._aliases += 1
        alias = f"{self._random.choice(('a', 'id', 'title', 'nodes'))}{self._number()}"
        return alias, f"{alias}: "

    def _selections(self, kind: Any, path: Path, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType):
            return self._abstract(kind, path, depth)
        written_down = self._chosen(kind, path, depth)
        if self._chance(0.12):
            written_down.append(
                "__typename" if self._chance(0.7) else f"t{self._number()}: __typename"
            )
        if self._chance(0.1):
            at = self._random.randrange(len(written_down) + 1)
            condition = self._random.choice((f"on {kind.name}", "", *self._above(kind)))
            inner = "__typename" if condition == "on Node" else self._leaves(kind, 2)
            if condition == "on Node":
                inner = self._random.choice(("id", "__typename", "id __typename"))
            written_down.insert(at, f"... {condition}{self._directive()} {{ {inner} }}")
        if self._chance(0.08):
            written_down.insert(0, f"...{self._fragment(kind)}{self._directive()}")
        return " ".join(written_down)

    def _above(self, kind: GraphQLObjectType) -> list[str]:
        return [f"on {one.name}" for one in kind.interfaces]

    def _abstract(self, kind: GraphQLInterfaceType, path: Path, depth: int) -> str:
        parts = self._random.sample(("id", "__typename"), self._random.randint(1, 2))
        possible = list(self._schema.get_possible_types(kind))
        drawn = self._random.sample(possible, self._random.randint(0, 2))
        # Mostly the types of the ids that are asked for, so that there is something to see.
        meant = {one for one in self._arguments.kinds if self._chance(0.85)}
        drawn += [one for one in possible if one.name in meant and one not in drawn]
        for one in drawn:
            names = self._drawn(one, depth)
            inner = " ".join(
                self._field(one, name, (*path, f"on {one.name}"), depth - 1, apart=True)
                for name in names
            )
            parts.append(f"... on {one.name}{self._directive()} {{ {inner or 'id'} }}")
        return " ".join(parts)

    def _chosen(self, kind: GraphQLObjectType, path: Path, depth: int) -> list[str]:
        return [self._field(kind, name, path, depth) for name in self._drawn(kind, depth)]

    def _drawn(self, kind: GraphQLObjectType, depth: int) -> list[str]:
        """Return the fields to select; in connections, those that hold anything."""
        random = self._random
        if kind.name.endswith("Connection"):
            several = random.sample(list(kind.fields), random.choice((1, 1, 2, 3)))
            if not {"edges", "nodes"} & set(several) and self._chance(0.7):
                several.append(random.choice(("edges", "nodes")))
            return several
        if kind.name.endswith("Edge") or kind.name == "PageInfo":
            return random.sample(list(kind.fields), random.randint(1, len(kind.fields)))
        leaves = [name for name, one in kind.fields.items() if _is_leaf(one)]
        others = [name for name in kind.fields if name not in leaves]
        count = min(len(leaves), random.choice((1, 1, 2, 2, 3, 5)))
        deeper = random.choice((0, 0, 1, 1, 2)) if depth > 0 and self._budget > 0 else 0
        drawn = random.sample(leaves, count)
        drawn += random.sample(others, min(len(others), deeper))
        self._budget -= len(drawn)
        random.shuffle(drawn)
        return drawn or [next(iter(kind.fields))]

    def _leaves(self, kind: GraphQLObjectType, count: int) -> str:
        leaves = [name for name, one in kind.fields.items() if _is_leaf(one) and not one.args]
        several = self._random.sample(leaves, min(count, len(leaves)))
        return " ".join(several) or "__typename"

    def _fragment(self, kind: GraphQLObjectType) -> str:
        """Return the name of a fragment on the type, perhaps one that was used before."""
        known = [name for name, (on, _) in self._fragments.items() if on == kind.name]
        if known and self._chance(0.6):
            return self._random.choice(known)
        name = f"F{self._number()}"
        text = self._leaves(kind, 3)
        if self._chance(0.3):
            # Written before this one is known: no fragment comes back to itself.
            text = f"{text} ...{self._fragment(kind)}"
        self._fragments[name] = (kind.name, text)
        return name

    def _directive(self) -> str:
        if self._directives >= 8 or not self._chance(0.05):
            return ""
        self._directives += 1
        value = self._random.random() < 0.5
        name = self._random.choice(("skip", "include"))
        if self._chance(0.5):
            return f" @{name}(if: {str(value).lower()})"
        boolean = GraphQLNonNull(GraphQLBoolean)
        return f" @{name}(if: {written(self._variable(boolean, value))})"

    # Arguments

    def _argued(
        self, parent: Any, name: str, definition: GraphQLField
    ) -> tuple[str, tuple[str, str]]:
        """Return the arguments as text, and the key of the list they make."""
        where = f"{parent.name}.{name}"
        if not definition.args:
            return "", (where, "")
        page = self._page(where, definition)
        if page is not None and self._chance(0.5):
            known = [key for key in self._pool.by_list if key[0] == where]
            if known and parent.name == "Query":
                return self._further(self._random.choice(known), page)
        given: dict[str, Any] = {}
        for argument, wanted in definition.args.items():
            if argument in _PAGING:
                continue
            if is_required_argument(wanted) or self._chance(0.45):
                value = self._arguments.value(wanted.type, argument)
                given[argument] = self._variable(wanted.type, value) if self._chance(0.3) else value
        key = (where, settled(given, self._given, self._variables))
        return parenthesised({**given, **(page or {})}), key

    def _further(self, key: tuple[str, str], page: dict[str, Any]) -> tuple[str, tuple[str, str]]:
        """Ask for more of a list that was seen before."""
        cursor = self._random.choice(self._pool.by_list[key])
        backwards = "last" in page
        page = {name: value for name, value in page.items() if name in {"first", "last"}}
        page["before" if backwards else "after"] = cursor
        if self._chance(0.1):
            page["after" if backwards else "before"] = self._random.choice(self._pool.by_list[key])
        several = ", ".join(part for part in (key[1], inside(page)) if part)
        return f"({several})", key

    def _page(self, where: str, definition: GraphQLField) -> dict[str, Any] | None:
        """Return the paging arguments; None where the field has none."""
        if "first" not in definition.args:
            return None
        random = self._random
        page: dict[str, Any] = {}
        shape = random.choices(("none", "first", "last", "both"), (12, 60, 26, 2))[0]
        if shape == "last" and "last" not in definition.args:
            shape = "first"
        size = random.choices(
            (0, 1, 2, 3, 5, 8, 100, 101, -1, None), (3, 10, 20, 20, 15, 6, 1, 1, 1, 2)
        )
        if shape in {"first", "both"}:
            page["first"] = size[0]
        if shape in {"last", "both"} and "last" in definition.args:
            page["last"] = size[0] or 2
        if self._chance(0.06):
            page[random.choice([one for one in ("after", "before") if one in definition.args])] = (
                self._cursor(where)
            )
        for name, value in page.items():
            if self._chance(0.25):
                page[name] = self._variable(definition.args[name].type, value)
        return page

    def _cursor(self, where: str) -> str | None:
        """Return a cursor, most of this very list, others foreign or damaged."""
        random = self._random
        several = [
            one for key, kept in self._pool.by_list.items() if key[0] == where for one in kept
        ]
        if several and self._chance(0.6):
            return random.choice(several)
        every = [one for kept in self._pool.by_list.values() for one in kept]
        if every and self._chance(0.6):
            found = random.choice(every)
            return found if self._chance(0.5) else found[:-3] + "AAA"
        return random.choice(("", "x", "AAAA", "é", "!", None))

    def _variable(self, kind: GraphQLInputType, value: Any) -> Variable:
        """Declare a variable for a value: given, defaulted, both, or neither."""
        name = f"v{self._number()}"
        default: Any = NOTHING
        needed = isinstance(kind, GraphQLNonNull)
        shape = self._random.choices(
            ("given", "default", "both", "null", "absent"), (70, 12, 10, 5, 3)
        )[0]
        if needed and shape in {"null", "absent"}:
            shape = "given"
        if shape in {"default", "both"} and value is not None:
            default = value
        if shape in {"given", "both"} or (shape == "default" and value is None):
            self._given[name] = value
        if shape == "null":
            self._given[name] = None
        self._variables[name] = (str(kind), default)
        return Variable(name)

    def below(self, where: str) -> Asked | None:
        """Return a request for more of a list inside an object, by a cursor of that very list."""
        kind, _, name = where.partition(".")
        several = [
            one for key, kept in self._pool.by_list.items() if key[0] == where for one in kept
        ]
        if not several:
            return None
        cursor = self._random.choice(several)
        parent = parent_of(cursor)
        if parent is None or kind not in self._here.ids:
            return None
        backwards = self._chance(0.4)
        page = {"last" if backwards else "first": self._random.choice((1, 2, 3))}
        page["before" if backwards else "after"] = cursor  # type: ignore[assignment]  # a text
        object_type = self._schema.get_type(kind)
        assert isinstance(object_type, GraphQLObjectType)
        inner = get_named_type(object_type.fields[name].type)
        place = ("node", name)
        self._lists[place] = (where, "")
        selected = self._selections(inner, place, 2)
        query = (
            f'{{ node(id: "{global_id(kind, parent)}") '
            f"{{ ... on {kind} {{ {name}({inside(page)}) {{ {selected} pageInfo {{ hasNextPage "
            "hasPreviousPage startCursor endCursor } } } } }"
        )
        return Asked(
            query=self._whole(query[2:-2]), variables=self._sent(), lists=dict(self._lists)
        )


def _is_leaf(definition: GraphQLField) -> bool:
    return is_leaf_type(get_named_type(definition.type))
