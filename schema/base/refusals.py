"""Every code the door answers with, and the one exception that carries a refusal to the client."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from graphql import GraphQLError, Node


class DoorCode(StrEnum):
    """What the door itself refuses; business errors have the codes of the hub."""

    BAD_REQUEST = "BAD_REQUEST"
    BATCHING_REFUSED = "BATCHING_REFUSED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    BODY_TOO_SLOW = "BODY_TOO_SLOW"
    DEADLINE = "DEADLINE"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    DOCUMENT_TOO_LONG = "DOCUMENT_TOO_LONG"
    FRAGMENT_CYCLE = "FRAGMENT_CYCLE"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL = "INTERNAL"
    INTROSPECTION_TOO_DEEP = "INTROSPECTION_TOO_DEEP"
    INVALID_IDEMPOTENCY_KEY = "INVALID_IDEMPOTENCY_KEY"
    INVALID_TEXT = "INVALID_TEXT"
    INVALID_VARIABLES = "INVALID_VARIABLES"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    ONE_MUTATION_PER_KEY = "ONE_MUTATION_PER_KEY"
    OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND"
    PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
    PERSISTED_QUERY_MISMATCH = "PERSISTED_QUERY_MISMATCH"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    QUERY_TOO_DEEP = "QUERY_TOO_DEEP"
    TOO_COSTLY = "TOO_COSTLY"
    TOO_MANY_ALIASES = "TOO_MANY_ALIASES"
    TOO_MANY_DIRECTIVES = "TOO_MANY_DIRECTIVES"
    TOO_MANY_MUTATIONS = "TOO_MANY_MUTATIONS"
    TOO_MANY_NODES = "TOO_MANY_NODES"
    TOO_MANY_ROOT_FIELDS = "TOO_MANY_ROOT_FIELDS"
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    WRONG_TRANSPORT = "WRONG_TRANSPORT"


class Refusal(Exception):
    """A request the door does not execute.

    `status` is the HTTP status. It always applies where the request itself is at fault
    (`transport`); a fault inside the GraphQL document answers 200 to clients that only speak
    `application/json`, because GraphQL over HTTP says so.
    """

    def __init__(
        self,
        errors: Sequence[GraphQLError],
        *,
        status: int = 400,
        transport: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
        self.status = status
        self.transport = transport
        self.headers = dict(headers or {})


def coded(
    code: str, message: str, *, nodes: Sequence[Node] = (), **extensions: Any
) -> GraphQLError:
    """Build a GraphQL error that carries a code of the catalogue."""
    return GraphQLError(message, list(nodes) or None, extensions={"code": code, **extensions})


def code_of(error: GraphQLError) -> str:
    """Return the code an error carries, or nothing."""
    return str((error.extensions or {}).get("code", ""))


def bad_request(code: str, message: str, *, status: int = 400, **headers: str) -> Refusal:
    """Refuse a request for what it is, whatever its document says.

    Header names are given in Python spelling: `retry_after` becomes `retry-after`.
    """
    return Refusal(
        [coded(code, message)],
        status=status,
        transport=True,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def bad_document(
    code: str, message: str, *, nodes: Sequence[Node] = (), **extensions: Any
) -> Refusal:
    """Refuse a document that can be read but must not be executed."""
    return Refusal([coded(code, message, nodes=nodes, **extensions)])
