"""The contract as clients read it: printed and parsed once, where a test asks for it."""

from functools import cache

from graphql import GraphQLSchema, build_schema

from schema.schema import print_contract


@cache
def printed() -> str:
    """Return the text that is served."""
    return print_contract()


@cache
def contract() -> GraphQLSchema:
    """Return what the text says."""
    return build_schema(printed())
