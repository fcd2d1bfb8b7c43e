"""Two answers are the same, or where they first differ; and the walk through many documents."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

import orjson
from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    parse,
    print_ast,
)

from schema.schema import build_schema
from tests.schema.compiled.arguments import Pool
from tests.schema.compiled.documents import Asked, Path, Writer
from tests.schema.compiled.doors import Pair, Reply

#: Who asks how often; the first two see the most.
_CALLERS = {
    "admin": 40,
    "editor": 10,
    "viewer": 12,
    "narrow": 12,
    "narrower": 8,
    "page": 6,
    "elsewhere": 6,
    "browser": 4,
    "nobody": 2,
}
#: With fewer operations run by the compiled path this would compare graphql-core with itself.
SHARE = 0.9
#: What only graphql-core can answer, since the answer is an error.
EXCUSED = frozenset(
    {
        "an error of the request",
        "a null where none may be",
        "arguments that do not fit",
        "nobody in particular",
        "something the caller may not read",
        "variables that do not fit",
    }
)
#: Ids of log lines; everything else in an error is part of the answer.
_PASSING = frozenset({"id"})
_SKIP = DirectiveNode(
    name=NameNode(value="skip"),
    arguments=(ArgumentNode(name=NameNode(value="if"), value=BooleanValueNode(value=True)),),
)


class Differs(AssertionError):
    """The compiled path and graphql-core do not answer alike."""


@dataclass(kw_only=True)
class Tally:
    """What a walk met, so that a test can say that it was worth the way."""

    documents: int = 0
    with_data: int = 0
    with_errors: int = 0
    refused: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, reply: Reply) -> None:
        """Count an answer."""
        self.documents += 1
        errors = reply.body.get("errors", [])
        whole = reply.body.get("data") is not None
        self.with_data += whole
        self.with_errors += bool(whole and errors)
        self.refused += "data" not in reply.body
        self.codes.update({error["extensions"]["code"] for error in errors})

    def merge(self, other: "Tally") -> None:
        """Count what another walk met."""
        self.documents += other.documents
        self.with_data += other.with_data
        self.with_errors += other.with_errors
        self.refused += other.refused
        self.codes.update(other.codes)


def compiled_share(counts: Mapping[str, int] | None) -> float | None:
    """Return how many of the operations that can be compiled were; None where nobody counts."""
    able = {reason: count for reason, count in (counts or {}).items() if reason not in EXCUSED}
    total = sum(able.values())
    return able.get("compiled", 0) / total if total else None


async def walk(pair: Pair, *, seed: int, count: int) -> Tally:
    """Ask both applications for `count` random documents; raise Differs at the first difference."""
    tally = Tally()
    pools = {name: Pool() for name in _CALLERS}
    for number in range(count):
        random = Random(f"{seed}:{number}")
        caller = random.choices(list(_CALLERS), list(_CALLERS.values()))[0]
        asked = _write(random, pair, caller, pools[caller])
        tally.add(await same(pair, asked, caller=caller, pool=pools[caller], seed=seed, at=number))
    return tally


@cache
def the_schema() -> GraphQLSchema:
    """Return the schema documents are written for."""
    return build_schema()._schema


def _write(random: Random, pair: Pair, caller: str, pool: Pool) -> Asked:
    here, there = pair.here, pair.there
    if caller == "elsewhere":
        here, there = there, here
    writer = Writer(the_schema(), random, here=here, there=there, pool=pool)
    if random.random() < 0.08:
        inner = [key[0] for key in pool.by_list if not key[0].startswith("Query.")]
        asked = writer.below(random.choice(inner)) if inner else None
        if asked is not None:
            return asked
    return writer.write()


async def same(
    pair: Pair, asked: Asked, *, caller: str, pool: Pool | None = None, seed: int = 0, at: int = 0
) -> Reply:
    """Ask both; return the reference's answer, or raise Differs with all it takes to repeat it."""
    headers = pair.callers[caller]
    reference = await pair.reference.ask(asked.query, asked.variables, headers)
    compiled = await pair.compiled.ask(asked.query, asked.variables, headers)
    where = difference(compiled, reference)
    if where is not None:
        # What depends on the clock may have changed in between: the reference itself decides.
        again = await pair.reference.ask(asked.query, asked.variables, headers)
        where = difference(compiled, again)
    if where is not None:

        async def ask(root: str) -> tuple[Reply, Reply]:
            query = alone(asked.query, root)
            reference = await pair.reference.ask(query, asked.variables, headers)
            return await pair.compiled.ask(query, asked.variables, headers), reference

        where = await difference_alone(compiled, reference, ask, where)
    if where is not None:
        raise Differs(
            f"seed {seed}, document {at}, as {caller}: {where}\n"
            f"query: {asked.query}\n"
            f"variables: {orjson.dumps(asked.variables).decode()}"
        )
    if pool is not None:
        pool.refused.update(_refused(reference.body))
        for key, cursor in _cursors(reference.body.get("data"), (), asked):
            pool.add(key, cursor)
    return reference


async def difference_alone(
    one: Reply, other: Reply, ask: Callable[[str], Awaitable[tuple[Reply, Reply]]], where: str
) -> str | None:
    """Return where two lost answers differ in what each of their errors says when asked alone.

    Where several fields of the root end the whole answer, the first to fail is the one that is
    told of, and which is first is a matter of speed. `ask` asks for one of these fields, as both
    were asked; answers that are not lost differ where they do.
    """
    if not (_is_lost(one.body) and _is_lost(other.body)):
        return where
    errors = [error for reply in (one, other) for error in reply.body["errors"]]
    if not all(error.get("path") for error in errors):
        return where
    for root in sorted({error["path"][0] for error in errors}):
        where_alone = difference(*await ask(root))
        if where_alone is not None:
            return f"{root} alone: {where_alone}"
    return None


def alone(query: str, root: str) -> str:
    """Skip every field of the root but one; all else stays, so that the document stays valid."""
    document = parse(query)
    definitions = [
        _only(one, root) if isinstance(one, OperationDefinitionNode) else one
        for one in document.definitions
    ]
    return print_ast(replace(document, definitions=tuple(definitions)))


def _only(operation: OperationDefinitionNode, root: str) -> OperationDefinitionNode:
    chosen = tuple(_skipped(one, root) for one in operation.selection_set.selections)
    return replace(operation, selection_set=replace(operation.selection_set, selections=chosen))


def _skipped(chosen: SelectionNode, root: str) -> SelectionNode:
    if not isinstance(chosen, FieldNode) or (chosen.alias or chosen.name).value == root:
        return chosen
    asked = [one for one in chosen.directives or () if one.name.value != "skip"]
    return replace(chosen, directives=(*asked, _SKIP))


def difference(compiled: Reply, reference: Reply) -> str | None:
    """Return where two answers first differ, and how; None where they are the same.

    The order of errors is no part of the answer, that of keys is.
    """
    if compiled.status != reference.status:
        return f"status {compiled.status} instead of {reference.status}"
    one, other = _comparable(compiled.body), _comparable(reference.body)
    if _is_lost(one) and _is_lost(other):
        one, other = _shared_errors(one, other)
    return _differs(one, other, "$")


def _is_lost(body: dict[str, Any]) -> bool:
    return body.get("data", ...) is None and bool(body.get("errors"))


def _shared_errors(one: dict[str, Any], other: dict[str, Any]) -> tuple[Any, Any]:
    """Leave out errors that only one has, where the other's are all among its own.

    An error where no null may be ends the whole answer; whether graphql-core has heard by then
    what else went wrong beside it depends on which field was quicker.
    """
    several = [[orjson.dumps(error) for error in body["errors"]] for body in (one, other)]
    fewer, more = sorted(several, key=len)
    if not set(fewer) <= set(more):
        return one, other
    kept = [orjson.loads(error) for error in fewer]
    return {**one, "errors": kept}, {**other, "errors": kept}


def _comparable(body: dict[str, Any]) -> dict[str, Any]:
    if "errors" not in body:
        return body
    errors = [_error(error) for error in body["errors"]]
    errors.sort(key=lambda error: orjson.dumps(error, option=orjson.OPT_SORT_KEYS))
    return {**body, "errors": errors}


def _error(error: dict[str, Any]) -> dict[str, Any]:
    extensions = error.get("extensions", {})
    shown = {name: value for name, value in extensions.items() if name not in _PASSING}
    message = error["message"]
    if "id" in extensions:
        message = message.replace(extensions["id"], "…")
    return {**error, "message": message, "extensions": shown}


def _differs(compiled: Any, reference: Any, path: str) -> str | None:
    if type(compiled) is not type(reference):
        return f"{path}: {_shown(compiled)} instead of {_shown(reference)}"
    if isinstance(reference, dict):
        if list(compiled) != list(reference):
            return f"{path}: keys {list(compiled)} instead of {list(reference)}"
        pairs = ((f"{path}.{name}", compiled[name], reference[name]) for name in reference)
    elif isinstance(reference, list):
        if len(compiled) != len(reference):
            return f"{path}: {len(compiled)} items instead of {len(reference)}"
        pairs = (
            (f"{path}[{number}]", one, other)
            for number, (one, other) in enumerate(zip(compiled, reference, strict=True))
        )
    else:
        same = compiled == reference
        return None if same else f"{path}: {_shown(compiled)} instead of {_shown(reference)}"
    found = (_differs(one, other, where) for where, one, other in pairs)
    return next((one for one in found if one is not None), None)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}…"


def _refused(body: dict[str, Any]) -> Iterator[str]:
    for error in body.get("errors", ()):
        path = error.get("path", ())
        if error["extensions"]["code"] == "FORBIDDEN" and len(path) == 1:
            yield path[0]


def _cursors(value: Any, path: Path, asked: Asked) -> Iterator[tuple[tuple[str, str], str]]:
    """Find the cursors of an answer and the lists they are of."""
    if isinstance(value, list):
        for one in value:
            yield from _cursors(one, path, asked)
    if not isinstance(value, dict):
        return
    key = asked.lists.get(path)
    if key is not None:
        for one in _named(value):
            yield key, one
    for name, inner in value.items():
        yield from _cursors(inner, (*path, name), asked)


def _named(connection: dict[str, Any]) -> Iterator[str]:
    inside = [connection.get("pageInfo"), *(connection.get("edges") or ())]
    for one in inside:
        for name in ("cursor", "startCursor", "endCursor"):
            found = one.get(name) if isinstance(one, dict) else None
            if isinstance(found, str):
                yield found
