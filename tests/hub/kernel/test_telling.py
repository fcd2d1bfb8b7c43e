"""What is told of events: ids of the API, and a schema that every event keeps to."""

from dataclasses import fields
from uuid import UUID

import pytest

import hub.runtime  # noqa: F401 - every area's events are known
from hub.kernel.events import Event, is_named
from hub.kernel.ids import global_id
from hub.kernel.telling import event_kinds, named_kinds, told_events, told_facts
from schema.base.fields import SOURCES
from schema.schema import build_schema

ROW = UUID("01900000-0000-7000-8000-000000000001")
OURS = sorted(
    (kind for kind in event_kinds() if kind.__module__.startswith("hub.")),
    key=lambda kind: kind.name,
)


def test_ids_among_the_facts_are_those_of_the_api() -> None:
    told = told_facts(
        "trigger.fired",
        {
            "message_id": "msg_1",
            "publications": [str(ROW)],
            "scheduled": [],
            "external_reference": "r",
        },
    )

    assert told == {
        "message_id": "msg_1",
        "publications": [global_id("Publication", ROW)],
        "scheduled": [],
        "external_reference": "r",
    }


def test_an_id_that_is_not_there_stays_so_and_a_table_by_id_is_told_by_the_same() -> None:
    done = told_facts("amendment.done", {"publication_id": str(ROW), "message_id": None})
    approved = told_facts("review.approved", {"item_id": str(ROW), "editions": {str(ROW): "ab"}})

    assert done == {"publication_id": global_id("Publication", ROW), "message_id": None}
    assert approved == {
        "item_id": global_id("ContentItem", ROW),
        "editions": {global_id("Edition", ROW): "ab"},
    }


def test_an_event_that_is_no_more_is_told_as_it_was_recorded() -> None:
    facts = {"channel_id": str(ROW)}

    assert told_facts("gone.long_ago", facts) == facts


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.name)
def test_what_an_event_names_by_id_is_a_type_of_the_api(kind: type[Event]) -> None:
    build_schema()

    assert set(named_kinds(kind).values()) <= SOURCES.keys()


def test_every_event_says_what_it_is_and_what_it_tells() -> None:
    told = {one.name: one for one in told_events()}

    for kind in OURS:
        said = told[kind.name]
        assert said.subject_type == kind.subject_type
        assert said.description.endswith(".")
        own = {known.name for known in fields(kind)} - {"subject_id"}
        assert set(said.schema["properties"]) == own
        assert "uuid" not in str(said.schema)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("*", True), ("brand.*", True), ("brand.created", True), ("brand", False), ("bran.*", False)],
)
def test_a_pattern_is_a_name_a_kind_or_everything(pattern: str, fits: bool) -> None:
    assert is_named([pattern], name="brand.created") is fits
