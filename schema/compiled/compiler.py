"""The door to compiled reads: an operation in, its whole answer out, or nothing at all.

Whatever is in doubt is declined, and graphql-core answers: an error of the execution, a field with
a resolver of its own below the root, something the caller may not read. What was declined for what
it is stays declined; a query that is declined while it runs is simply run again. A mutation is
declined before it runs or never.
"""

import asyncio
import inspect
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from weakref import WeakSet

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationType,
    get_named_type,
    located_error,
)
from strawberry import Schema
from strawberry.types import ExecutionResult
from strawberry.types.field import StrawberryField

from hub.kernel.caller import Caller
from hub.kernel.errors import HubError
from hub.kernel.log import logger
from hub.kernel.statements import Written, compiled
from schema.base.collecting import Collector
from schema.base.delivery import is_for_members
from schema.base.documents import Draft, Known
from schema.base.fields import LASTING, Asking, ReadContext
from schema.base.perform import ANSWERS
from schema.base.selection import known_fields
from schema.compiled.arguments import Arguments, Values, Variables, arguments_of, variables_of
from schema.compiled.asking import AskedField
from schema.compiled.completing import completer, only_shown
from schema.compiled.keeping import Keeper
from schema.compiled.planning import Planner
from schema.compiled.reads import Field
from schema.compiled.running import Complete, Declined, Looked, Run, Shown

#: How many programs one document may have: one per set of permissions and choice of fields.
PROGRAMS = 8
#: How many characters of SQL may be written before all programs are made anew. With its plans and
#: shapes a character takes about 16 bytes, however short the document is that asks for it.
WRITTEN = 2_000_000
_log = logger(__name__)

_INTROSPECTION = ("__schema", "__type")


@dataclass(slots=True, kw_only=True)
class Root:
    """A root field: what it is asked with, its resolver, and what completes its result."""

    key: str
    nodes: Sequence[FieldNode]
    definition: GraphQLField
    asked: Field
    arguments: Arguments
    resolve: Callable[..., Any]
    info: str | None
    complete: Complete
    lasting: bool


@dataclass(slots=True)
class Program:
    """An operation, compiled for callers of one set of permissions."""

    roots: Sequence[Root] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    declined: str | None = None


class Compiler:
    """Compiles and runs the operations of one schema.

    `counts` says how many were answered ("compiled"), how many of them with what was kept
    ("kept"), and how many were declined for which reason. `keep_bytes` bounds what is kept.
    """

    def __init__(self, schema: Schema, *, keep_bytes: int = 0) -> None:
        self._strawberry = schema
        # The compiled schema has no public name in strawberry; its own servers use this one.
        self._schema = schema._schema  # noqa: SLF001 - see above
        self.counts: Counter[str] = Counter()
        self.keeper = Keeper(most_bytes=keep_bytes, counts=self.counts) if keep_bytes else None
        self._known: WeakSet[Known] = WeakSet()
        self._written = Written.characters

    async def run(
        self, draft: Draft, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult | None:
        """Return the answer to an operation that was found valid, or None: the reference has it."""
        try:
            result = await self._run(draft, variables, context)
        except Declined as declined:
            self.counts[declined.reason] += 1
            return None
        self.counts["compiled"] += 1
        return result

    async def _run(
        self, draft: Draft, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult:
        operation = draft.operation
        if operation.operation is OperationType.SUBSCRIPTION:
            raise Declined("a subscription")
        caller: Caller | None = context.known
        if caller is None:
            raise Declined("nobody in particular")
        if self.keeper is None or operation.operation is OperationType.MUTATION:
            return await self._anew(draft, variables, context, None)
        return await self.keeper.answer(
            draft,
            variables,
            context,
            lambda looked: self._anew(draft, variables, context, looked),
        )

    async def _anew(
        self, draft: Draft, variables: Mapping[str, Any], context: Any, looked: Looked | None
    ) -> ExecutionResult:
        given = self._variables(draft)(variables)
        program = self._program(draft, given, context.caller)
        if program.declined is not None:
            raise Declined(program.declined)
        if draft.operation.operation is OperationType.MUTATION:
            return await self._mutate(program, given, context)
        return await self._query(program, given, context, looked)

    def _variables(self, draft: Draft) -> Variables:
        known: OrderedDict[Any, Any] = draft.known.programs
        name = _name(draft)
        variables: Variables | None = known.get(name)
        if variables is None:
            variables = known[name] = variables_of(self._schema, draft.operation)
        return variables

    def _program(self, draft: Draft, given: Values, caller: Caller) -> Program:
        if Written.characters - self._written > WRITTEN:
            self._forget()
        programs: OrderedDict[Any, Program] = draft.known.programs
        # In another operation of the document a variable of that name may be anything.
        choices = tuple([given.get(one) is True for one in draft.known.choosing])
        key = (_name(draft), choices, caller.permissions, caller.sees_only_published)
        program = programs.get(key)
        if program is None:
            program = self._compiled(draft, given, caller)
            programs[key] = program
            self._known.add(draft.known)
            while len(programs) > PROGRAMS:
                programs.popitem(last=False)
        return program

    def _forget(self) -> None:
        """Throw away all programs: who asks for ever new shapes would fill the memory with them."""
        for known in self._known:
            known.programs.clear()
        self._known.clear()
        compiled.cache_clear()
        self._written = Written.characters

    def _compiled(self, draft: Draft, given: Values, caller: Caller) -> Program:
        try:
            return self._compile(draft, given, caller)
        except Declined as declined:
            return Program(declined=declined.reason)
        except Exception:  # noqa: BLE001 - whatever it is, the reference can answer
            # A fault of ours: the answer is found the other way, and somebody should hear of it.
            _log.exception("an operation could not be compiled", operation=_name(draft))
            return Program(declined="a fault of the compiler")

    def _compile(self, draft: Draft, given: Values, caller: Caller) -> Program:
        operation = draft.operation
        parent = self._schema.get_root_type(operation.operation)
        if parent is None:
            raise Declined("a root that is not there")
        fragments = {
            definition.name.value: definition
            for definition in draft.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        collector = Collector(self._schema, fragments, given)
        roots = []
        words = {}
        chosen = collector.selected(parent, [operation.selection_set.selections])
        for key, nodes in chosen.items():
            name = nodes[0].name.value
            if name in _INTROSPECTION:
                raise Declined("introspection")
            if name == "__typename":
                words[key] = parent.name
                continue
            root = self._root(parent, key, nodes, collector, caller)
            if operation.operation is OperationType.MUTATION:
                _plan_answer(root)
                root.complete = _completer(root.definition, nodes, collector)
            roots.append(root)
        return Program(roots=roots, words={key: words.get(key, "") for key in chosen})

    def _root(
        self,
        parent: GraphQLObjectType,
        key: str,
        nodes: Sequence[FieldNode],
        collector: Collector,
        caller: Caller,
    ) -> Root:
        definition = parent.fields[nodes[0].name.value]
        if caller.sees_only_published and is_for_members(definition):
            raise Declined("something the caller may not read")
        declared: StrawberryField = definition.extensions["strawberry-definition"]
        resolver = declared.base_resolver
        if resolver is None or declared.extensions:
            raise Declined("a field with a resolver of its own")
        target = get_named_type(definition.type)
        info = resolver.info_parameter
        function = cast("Callable[..., Any]", resolver.wrapped_func)
        if resolver.self_parameter is not None:
            function = _without_self(function)
        return Root(
            key=key,
            nodes=nodes,
            definition=definition,
            asked=Field(
                name=nodes[0].name.value,
                nodes=nodes,
                target=target,
                planner=lambda: Planner(collector, caller),
            ),
            arguments=arguments_of(self._strawberry, definition, declared, nodes[0]),
            resolve=function,
            info=info.name if info else None,
            complete=_when_needed(definition, nodes, collector),
            lasting=bool(declared.metadata.get(LASTING)),
        )

    async def _query(
        self, program: Program, given: Values, context: ReadContext, looked: Looked | None
    ) -> ExecutionResult:
        roots = program.roots
        if looked is not None and not all(root.lasting for root in roots):
            looked.append(None)
        try:
            asked = [(root, root.arguments(given)) for root in roots]
            waiting = [_resolved(*one, given, context, looked) for one in asked]
            found = [await waiting[0]] if len(waiting) == 1 else await _together(waiting)
        except Declined:
            raise
        except HubError as error:
            # The reference says it with its place.
            raise Declined("an error of the request") from error
        except Exception as error:
            # Whatever went wrong, it is logged when the reference meets it too.
            raise Declined("an unexpected error") from error
        shown: dict[str, Any] = dict(program.words)
        for root, value in zip(roots, found, strict=True):
            shown[root.key] = value
        return ExecutionResult(data=shown, errors=None)

    async def _mutate(
        self, program: Program, given: Values, context: ReadContext
    ) -> ExecutionResult:
        """Run every mutation in its order, once; what fails is said at its place.

        What fails where no null may be leaves no answer at all: nothing is begun after it.
        """
        # All of them before anything is done, while it can still be declined.
        asked = [(root, _arguments(root, given)) for root in program.roots]
        shown: dict[str, Any] = dict(program.words)
        errors: list[GraphQLError] = []
        for root, arguments in asked:
            try:
                shown[root.key] = await _resolved(root, arguments, given, context, None, errors)
            except Exception as error:  # noqa: BLE001 - it may be done: the reference must not repeat it
                errors.append(located_error(error, list(root.nodes), [root.key]))
                if isinstance(root.definition.type, GraphQLNonNull):
                    return ExecutionResult(data=None, errors=errors)
                shown[root.key] = None
        return ExecutionResult(data=shown, errors=errors or None)


def _arguments(root: Root, given: Values) -> dict[str, Any]:
    try:
        return root.arguments(given)
    except Declined:
        raise
    except Exception as error:
        raise Declined("arguments that do not fit") from error


async def _resolved(
    root: Root,
    arguments: dict[str, Any],
    given: Values,
    context: ReadContext,
    looked: Looked | None,
    errors: list[GraphQLError] | None = None,
) -> Any:
    asked = AskedField(root.asked, context, given, looked)
    if root.info is not None:
        arguments[root.info] = asked
    value = root.resolve(**arguments)
    if inspect.isawaitable(value):
        value = await value
    asking = Asking(context=context, now=cast("Any", None))
    return root.complete(value, Run(asking, errors=errors, path=[root.key]))


async def _together(waiting: Sequence[Any]) -> list[Any]:
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _plan_answer(root: Root) -> None:
    """Plan what a mutation's answer reads, so that it is declined before anything is done."""
    target = root.asked.target
    if not isinstance(target, GraphQLObjectType):
        raise Declined("an object of an abstract type")
    for name, known in known_fields(target).items():
        declared = known.definition.extensions.get("strawberry-definition")
        kind = getattr(declared, "metadata", {}).get(ANSWERS)
        if kind is not None:
            root.asked.read(kind, (name,))


def _when_needed(
    definition: GraphQLField, nodes: Sequence[FieldNode], collector: Collector
) -> Complete:
    """Return a completer that is made when a value comes that is not complete already."""
    made: list[Complete] = []

    def complete(value: Any, run: Run) -> Any:
        if isinstance(value, Shown):
            return value.json
        if not made:
            made.append(_completer(definition, nodes, collector))
        return made[0](value, run)

    return complete


def _completer(
    definition: GraphQLField, nodes: Sequence[FieldNode], collector: Collector
) -> Complete:
    try:
        return completer(definition.type, nodes, collector)
    except Declined as declined:
        return only_shown(definition.type, declined)


def _without_self(function: Callable[..., Any]) -> Callable[..., Any]:
    def resolve(**arguments: Any) -> Any:
        return function(None, **arguments)

    return resolve


def _name(draft: Draft) -> str | None:
    name = draft.operation.name
    return name.value if name else None
