"""Every kind of thing is known in its one table, once."""

import re
from typing import Any

import schema.app
from hub.actions import Action
from hub.audit.operations import keep
from hub.channels.platforms import PLATFORMS
from hub.kernel.events import Event
from hub.kernel.jobs import Job
from hub.kernel.queue import QUEUES
from hub.reactions import KEEP, REACTIONS
from hub.runtime import open_hub
from workers.connectors.http import open_http
from workers.connectors.registry import connectors
from workers.handlers import HANDLERS

#: Importing both doors is what makes everything below known.
DOORS = (schema.app.create_app, open_hub)


def ours(base: type[Any]) -> list[type[Any]]:
    """Return the product's own subclasses, however far down."""
    found = []
    for kind in base.__subclasses__():
        found += [*([kind] if kind.__module__.startswith("hub.") else []), *ours(kind)]
    return found


def test_every_job_has_exactly_one_handler() -> None:
    jobs = ours(Job)

    assert {job.name: job for job in jobs} == {name: kind for name, (kind, _) in HANDLERS.items()}
    assert len({job.name for job in jobs}) == len(jobs)
    assert {job.queue for job in jobs} <= set(QUEUES)
    handlers = [handler for _, handler in HANDLERS.values()]
    assert len(set(handlers)) == len(handlers)


def test_jobs_and_events_are_named_and_described() -> None:
    for kind in [*ours(Job), *ours(Event)]:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.name), kind
        assert kind.__doc__, kind
        assert not kind.__doc__.startswith(f"{kind.__name__}("), kind
        assert kind.__module__.endswith((".jobs", ".events")), kind


def test_every_event_has_a_name_of_its_own() -> None:
    names = [event.name for event in ours(Event)]

    assert len(names) == len(set(names)) > 20
    assert all(event.subject_type[:1].isupper() for event in ours(Event))


def test_reactions_are_to_events_of_ours_and_every_event_is_kept() -> None:
    assert set(REACTIONS) <= set(ours(Event))
    assert KEEP is keep


async def test_every_platform_has_one_connector() -> None:
    async with open_http(allow=()) as http:
        assert set(connectors(http)) == set(PLATFORMS)
    assert all(key == platform.key for key, platform in PLATFORMS.items())


def test_an_action_is_named_after_its_mutation() -> None:
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", action.value) for action in Action)
    assert [action.name for action in Action] == [
        action.value.upper().replace(".", "_") for action in Action
    ]
