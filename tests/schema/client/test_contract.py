"""The contract: printed, committed, and every element of it described."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
)

import schema.schema
from tests.contract import contract, printed

COMMITTED = Path(schema.schema.__file__).with_name("schema.graphql")


def _own_types() -> list[GraphQLNamedType]:
    return [kind for name, kind in contract().type_map.items() if not name.startswith("__")]


def _undescribed() -> Iterator[str]:
    standard = {"String", "Int", "Float", "Boolean", "ID"}
    for kind in _own_types():
        if not kind.description and kind.name not in standard:
            yield kind.name
        if isinstance(kind, GraphQLEnumType):
            yield from (
                f"{kind.name}.{name}"
                for name, value in kind.values.items()
                if not value.description
            )
        if isinstance(kind, GraphQLInputObjectType):
            yield from (
                f"{kind.name}.{name}"
                for name, field in kind.fields.items()
                if not field.description
            )
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, found in kind.fields.items():
                if not found.description:
                    yield f"{kind.name}.{name}"
                yield from (
                    f"{kind.name}.{name}({argument})"
                    for argument, given in found.args.items()
                    if not given.description
                )


def test_the_committed_contract_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text() == printed(), (
        "Run `python -m schema.schema > schema/schema.graphql` and read what changed."
    )


def test_everything_public_is_described() -> None:
    assert list(_undescribed()) == []


def test_every_mutation_is_one_input_and_one_payload_of_its_name() -> None:
    mutations = contract().mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        kind = name[0].upper() + name[1:]
        assert list(field.args) == ["input"], name
        assert str(field.args["input"].type) == f"{kind}Input!"
        assert str(field.type) == f"{kind}Payload!"


def test_every_payload_can_be_empty_but_for_its_errors() -> None:
    payloads = [kind for kind in _own_types() if kind.name.endswith("Payload")]
    assert len(payloads) >= 25
    for kind in payloads:
        assert isinstance(kind, GraphQLObjectType)
        types = {name: str(field.type) for name, field in kind.fields.items()}
        assert types.pop("errors") == "[UserError!]!"
        assert types, kind.name
        assert [found for found in types.values() if found.endswith("!")] == [], kind.name


def test_updates_of_what_has_a_version_can_name_it() -> None:
    inputs = {kind.name: kind for kind in _own_types() if kind.name.endswith("UpdateInput")}
    # A person has no version, and several have many.
    unversioned = {"PersonUpdateInput", "ThreadsUpdateInput"}
    assert inputs.keys() == {
        "AssetUpdateInput",
        "AudienceUpdateInput",
        "BrandUpdateInput",
        "CampaignUpdateInput",
        "ChannelUpdateInput",
        "ContentItemUpdateInput",
        "ContestUpdateInput",
        "ModerationRuleUpdateInput",
        "EndpointUpdateInput",
        "GoalUpdateInput",
        "PillarUpdateInput",
        "NoteUpdateInput",
        "SavedReplyUpdateInput",
        "ThreadUpdateInput",
        "IncidentUpdateInput",
        "MentionUpdateInput",
        "MonitorUpdateInput",
        "TriggerUpdateInput",
        "WorkflowUpdateInput",
        *unversioned,
    }
    for kind in (known for name, known in inputs.items() if name not in unversioned):
        assert isinstance(kind, GraphQLInputObjectType)
        assert str(kind.fields["expectedVersion"].type) == "Int"
