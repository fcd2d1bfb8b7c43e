"""Events carry plain JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson

from hub.automation.events import EndpointTested
from hub.kernel.caller import ActorKind
from hub.kernel.events import Event, names
from hub.publishing.events import PublicationPublished

SUBJECT = UUID("01900000-0000-7000-8000-000000000001")


@dataclass(frozen=True, kw_only=True)
class Everything(Event):
    """An event with a field of every kind."""

    name: ClassVar[str] = "test.everything"
    subject_type: ClassVar[str] = "Test"

    other_id: UUID
    at: datetime
    kind: ActorKind
    names: tuple[str, ...]
    nested: dict[str, Any]
    nothing: None = None


def test_data_is_plain_json_without_the_subject() -> None:
    event = Everything(
        subject_id=SUBJECT,
        other_id=SUBJECT,
        at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        kind=ActorKind.MEMBER,
        names=("a", "b"),
        nested={"id": SUBJECT, "list": [ActorKind.SYSTEM]},
    )

    assert event.data() == {
        "other_id": str(SUBJECT),
        "at": "2030-01-02T03:04:05+00:00",
        "kind": "member",
        "names": ["a", "b"],
        "nested": {"id": str(SUBJECT), "list": ["system"]},
        "nothing": None,
    }
    assert orjson.loads(orjson.dumps(event.data())) == event.data()


def test_the_names_of_all_events_are_known() -> None:
    assert {EndpointTested.name, PublicationPublished.name, Everything.name} <= names()
