"""From text to a document that may run: parsed, measured, validated, and remembered."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson
import strawberry
from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    StringValueNode,
    ValidationContext,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import ASTValidationRule
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import StreamExecutionResult

from schema.base.limits import Cost, Limits, measure, size_of
from schema.base.masking import mask
from schema.base.refusals import DoorCode, Refusal, bad_document
from schema.base.requests import refuse_unusable_text
from schema.base.sharing import is_shared
from schema.base.validity import is_certainly_valid

_TOKENS = 2_000
_COMMENTS = 2_000
_CHARACTERS = 100_000
_ERRORS = 20
_COMPARISONS = 60_000
_REMEMBERED = 512
_REMEMBERED_CHARACTERS = 16_000
# A parsed document takes up to 260 bytes per character, so this is 40 MB at the very worst.
_REMEMBERED_TOGETHER = 150_000
_COSTS = 32
# No variable has this value: integers of requests fit into 64 bits.
_ABSENT = 1 << 64


class _BoundedOverlapRule(OverlappingFieldsCanBeMergedRule):
    """The standard rule with a smaller budget: its own allows half a second of comparing."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _COMPARISONS


RULES: tuple[type[ASTValidationRule], ...] = (
    *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
    _BoundedOverlapRule,
    # The two that strawberry adds to the standard ones.
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


@dataclass(kw_only=True, eq=False)
class Known:
    """A parsed document and what has been found out about it.

    `choosing` are the variables of `@skip` and `@include`; whoever compiles operations keeps them
    in `programs`, so that they are forgotten together.
    """

    document: DocumentNode
    valid: bool = False
    #: By the name asked for.
    measured: dict[str | None, "_Measured"] = field(default_factory=dict)
    programs: OrderedDict[Any, Any] = field(default_factory=OrderedDict)

    @cached_property
    def choosing(self) -> tuple[str, ...]:
        """The names of the variables that decide which fields are asked for."""
        where = self.document.loc
        if where is not None and "@" not in where.source.body:
            return ()
        choices = _Choices()
        visit(self.document, choices)
        return tuple(sorted(choices.names))


@dataclass(kw_only=True, eq=False)
class _Measured:
    """An operation, the variables its cost depends on, and drafts by the sizes seen of them."""

    names: tuple[str, ...]
    drafts: dict[tuple[int | None, ...], "Draft"] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A document that is parsed and affordable, but perhaps not valid.

    As long as the document is remembered, the same operation of the same cost is the same draft.
    """

    query: str
    operation: OperationDefinitionNode
    cost: Cost
    known: Known
    #: Whether everybody of an audience gets the same.
    shared: bool = False

    @property
    def document(self) -> DocumentNode:
        """The parsed document."""
        return self.known.document

    @cached_property
    def mark(self) -> bytes:
        """A digest of the document and the operation in it."""
        name = self.operation.name.value if self.operation.name else ""
        return blake2b(f"{name}\n{self.query}".encode(), digest_size=16).digest()

    @cached_property
    def extensions(self) -> orjson.Fragment:
        """The `extensions` of a plain answer, as JSON."""
        return orjson.Fragment(orjson.dumps({"cost": self.cost.extension()}))


class Documents:
    """Reads documents for one schema, and remembers the valid ones."""

    def __init__(self, schema: GraphQLSchema, *, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._remembered: OrderedDict[str, Known] = OrderedDict()
        self._characters = 0

    def read(
        self, query: str, *, operation_name: str | None, variables: Mapping[str, Any]
    ) -> Draft:
        """Parse a document and measure the operation in question. Raises Refusal."""
        known = self._remembered.get(query)
        if known is None:
            known = Known(document=_parse(query))
        else:
            self._remembered.move_to_end(query)
        seen = known.measured.get(operation_name)
        draft = seen and seen.drafts.get(_sizes(seen.names, variables))
        return draft or self._draft(query, known, operation_name, variables)

    def require_valid(self, query: str) -> None:
        """Parse and validate a document that is not asked for yet. Raises Refusal."""
        document = _parse(query)
        self._require_valid(document, suggestions=True)

    def check(self, draft: Draft, *, suggestions: bool) -> None:
        """Validate a document that was read, unless it is known to be valid. Raises Refusal."""
        if draft.known.valid:
            return
        self._require_valid(draft.document, suggestions=suggestions)
        draft.known.valid = True
        if len(draft.query) <= _REMEMBERED_CHARACTERS:
            self._remember(draft)

    def _require_valid(self, document: DocumentNode, *, suggestions: bool) -> None:
        if is_certainly_valid(self._schema, document):
            return
        errors = validate(self._schema, document, RULES, _ERRORS, hide_suggestions=not suggestions)
        if errors:
            raise Refusal([_validation_error(error) for error in errors])

    def _remember(self, draft: Draft) -> None:
        if draft.query not in self._remembered:
            self._characters += len(draft.query)
        self._remembered[draft.query] = draft.known
        while len(self._remembered) > _REMEMBERED or self._characters > _REMEMBERED_TOGETHER:
            forgotten, _ = self._remembered.popitem(last=False)
            self._characters -= len(forgotten)

    def _draft(
        self, query: str, known: Known, name: str | None, variables: Mapping[str, Any]
    ) -> Draft:
        operation = _operation(known.document, name)
        cost, names = measure(
            schema=self._schema,
            document=known.document,
            operation=operation,
            variables=variables,
            limits=self._limits,
        )
        draft = Draft(
            query=query,
            operation=operation,
            cost=cost,
            known=known,
            shared=is_shared(self._schema, known.document, operation),
        )
        seen = known.measured.setdefault(name, _Measured(names=tuple(sorted(names))))
        if len(seen.drafts) >= _COSTS:
            seen.drafts.clear()
        seen.drafts[_sizes(seen.names, variables)] = draft
        return draft


def _sizes(names: Iterable[str], variables: Mapping[str, Any]) -> tuple[int | None, ...]:
    # A variable that is absent may have a default, one that is null has none.
    return tuple([size_of(variables[name]) if name in variables else _ABSENT for name in names])


_running: ContextVar[Draft | None] = ContextVar("running", default=None)


class GuardedSchema(strawberry.Schema):
    """A strawberry schema that runs the documents the door has prepared.

    The execution stays strawberry's own, with its conversions and extensions. Only parsing and
    validation are replaced, through the extension hooks meant for that, because both must be
    bounded and measured before they run. Errors are not logged here: the door does, with an id.
    """

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        extensions: Iterable[type[SchemaExtension]] = (),
        **options: Any,
    ) -> None:
        super().__init__(
            query=query,
            mutation=mutation,
            subscription=subscription,
            extensions=[PreparedDocument, *extensions],
            **options,
        )

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave the logging to `mask`, which knows what is expected and what is not."""


class PreparedDocument(SchemaExtension):
    """Hands the prepared document to strawberry, and masks what a subscription yields."""

    def on_parse(self) -> Iterator[None]:
        """Put the prepared document in the place of the text."""
        draft = _running.get()
        if draft is not None:
            self.execution_context.graphql_document = draft.document
            self.execution_context.validation_rules = ()
        yield

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Mask the errors of one result before it is sent."""
        if isinstance(result, ExecutionResult) and result.errors:
            result.errors = [mask(error) for error in result.errors]
        yield


@contextmanager
def running(draft: Draft) -> Iterator[None]:
    """Make executions of this task run the draft."""
    token = _running.set(draft)
    try:
        yield
    finally:
        _running.reset(token)


def _parse(query: str) -> DocumentNode:
    try:
        document = parse(
            query,
            max_lexical_tokens=_TOKENS,
            max_comments=_COMMENTS,
            max_source_length=_CHARACTERS,
        )
    except GraphQLSyntaxError as error:
        long = "contains more than" in error.message
        raise _located(
            error, DoorCode.DOCUMENT_TOO_LONG if long else DoorCode.GRAPHQL_PARSE_FAILED
        ) from None
    except GraphQLError as error:
        raise _located(error, DoorCode.GRAPHQL_PARSE_FAILED) from None
    if "\\u" in query:
        visit(document, _Texts())
    return document


class _Choices(Visitor):
    """Collects the variables of directives that say whether a field is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        self.names.update(
            argument.value.name.value
            for argument in node.arguments or ()
            if isinstance(argument.value, VariableNode)
        )


class _Texts(Visitor):
    """Escapes can write what the request's own text may not contain."""

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        refuse_unusable_text(node.value)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and (name is None or (definition.name is not None and definition.name.value == name))
    ]
    if len(operations) == 1 or (operations and name is not None):
        return operations[0]
    if operations:
        raise bad_document(
            DoorCode.OPERATION_NOT_FOUND,
            "The document has several operations; say which one in `operationName`.",
        )
    raise bad_document(
        DoorCode.OPERATION_NOT_FOUND,
        "The document has no operation of that name." if name else "The document has no operation.",
    )


def _validation_error(error: GraphQLError) -> GraphQLError:
    aborted = error.message == "Validation aborted."
    if aborted:
        error = GraphQLError("This document repeats its fields too often to be checked.")
    error.extensions = {
        "code": DoorCode.TOO_COSTLY if aborted else DoorCode.GRAPHQL_VALIDATION_FAILED
    }
    return error


def _located(error: GraphQLError, code: DoorCode) -> Refusal:
    error.extensions = {"code": code}
    return Refusal([error])
