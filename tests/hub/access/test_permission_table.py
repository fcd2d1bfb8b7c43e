"""Every act of a person has a permission and an event, and is refused without the permission."""

import os
from collections.abc import Mapping, Sequence

from hub.access.models import Role
from hub.kernel.events import names
from hub.kernel.work import Hub
from tests.conftest import Database
from tests.hub.catalogue import CASES, one_of_everything
from tests.hub.traces import put
from tests.permissions import PAGE, Act, mutations, needed, operations_of, page, recorded

#: What everybody who is signed in may do to their own account; no permission gives or takes it.
OWN = {"passwordChange": ("password.changed",), "sessionRevoke": ("session.revoked",)}
#: Acts that change nothing by themselves, and what is heard of them afterwards.
SILENT = {
    "assetUploadCreate": "it gives an address; `asset.created` follows",
    "channelCheck": "it asks the platform; what it answers is an event",
    "memberSessionsRevoke": "each session that ends is an event; here nobody is signed in",
    "publicationCollect": "it looks; what is found is an event",
    "publicationReadBack": "it looks; `publication.seen` follows",
}
#: What the catalogue's rows are in no state for, and the events it leaves where they are.
ELSEWHERE = {
    "amendments.edit": ("amendment.requested",),
    "engagement.set_hidden": ("amendment.requested",),
}
#: Acts that share an operation, or end in one of several ways.
SEVERAL = {
    "channelEnable": ("channel.enabled",),
    "messageHide": ("amendment.requested", "message.hidden"),
    "messageUnhide": ("amendment.requested", "message.shown"),
    "reviewDecide": ("review.approved", "review.changes_requested"),
}
_STATES = {
    "publishing.abandon": {"state": "UNCONFIRMED", "hold_reason": None, "due_at": None},
    "publishing.confirm": {"state": "UNCONFIRMED", "hold_reason": None, "due_at": None},
    "publishing.resume": {"state": "HELD", "hold_reason": "PAUSED", "due_at": None},
    "publishing.retry": {"state": "UNCONFIRMED", "hold_reason": None, "due_at": None},
}


async def _acts(hub: Hub, database: Database) -> list[Act]:
    world, ids = await one_of_everything(hub, database, slug="table")
    everything = world.callers[Role.ADMIN]
    behind = operations_of()
    events: dict[str, Sequence[str]] = dict(ELSEWHERE)
    asked: dict[str, Sequence[str]] = {}
    tried = {name for found in behind.values() for name in found if CASES[name].roles}
    # What needs a publication in another state comes last: it stays in that state.
    for name in sorted(tried, key=lambda name: (name in _STATES, name)):
        asked[name] = await needed(hub, everything, name)
        if name in _STATES:
            await put(database, "publications", ids.publication, **_STATES[name])
        if name not in ELSEWHERE:
            events[name] = await recorded(hub, everything, ids, name)
    return [_act(name, behind.get(name, ()), asked, events) for name in mutations()]


def _act(
    mutation: str,
    operations: Sequence[str],
    asked: Mapping[str, Sequence[str]],
    events: Mapping[str, Sequence[str]],
) -> Act:
    needs = {one for name in operations for one in asked.get(name, ())}
    told = [one for name in operations for one in events.get(name, ())]
    return Act(
        mutation=mutation,
        operations=operations,
        permissions=sorted(needs),
        events=OWN.get(mutation) or SEVERAL.get(mutation) or told,
    )


def _roles(act: Act) -> set[str]:
    """Return the roles that may do all an act does, as the catalogue says."""
    found = [set(CASES[name].roles.split()) for name in act.operations if CASES[name].roles]
    return set.intersection(*found)


async def test_every_mutation_has_a_permission_and_an_event_and_the_page_says_so(
    hub: Hub, database: Database
) -> None:
    acts = await _acts(hub, database)

    known = names()
    assert {act.mutation for act in acts if not act.permissions} == set(OWN)
    assert {act.mutation for act in acts if not act.events} == set(SILENT)
    assert {event for act in acts for event in act.events} <= known
    # It is refused to every role that lacks one of its permissions, and to nobody else.
    for act in acts:
        if act.permissions:
            assert {role.value for role in Role if act.may(role)} == _roles(act), act.mutation
    if os.environ.get("WRITE_PAGES"):
        PAGE.write_text(page(acts))
    assert PAGE.read_text() == page(acts), "Run `make permissions` and read what changed."
