"""The workspace of this machine and its tokens: what `hub up` prints."""

import json
from pathlib import Path
from uuid import UUID

from hub.access import operations as access
from hub.access.models import Role
from hub.embedded.environment import write_private
from hub.kernel.caller import Caller
from hub.kernel.errors import Unauthenticated
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub

WORKSPACE = "home"
PEOPLE = {Role.MANAGER: "manager", Role.EDITOR: "editor", Role.APPROVER: "approver"}


async def tokens_of_this_machine(settings: Settings) -> dict[str, str]:
    """Return a token per role by name; made at the first start, kept readable by us alone."""
    async with open_hub(settings, pool=2) as hub:
        async with hub.unscoped() as session:
            found = await access.workspace_by_slug(session, WORKSPACE)
            workspace = found or await access.create_workspace(session, slug=WORKSPACE, name="Home")
        path = settings.data_dir / "tokens.json"
        stored = _stored(path)
        tokens = {
            name: await _token(hub, workspace.id, role, stored.get(name))
            for role, name in PEOPLE.items()
        }
    if tokens != stored:
        write_private(path, json.dumps(tokens, indent=2) + "\n")
    return tokens


def _stored(path: Path) -> dict[str, str]:
    try:
        stored = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


async def _token(hub: Hub, workspace_id: UUID, role: Role, stored: str | None) -> str:
    if stored is not None and await _still_works(hub, stored):
        return stored
    email = f"{PEOPLE[role]}@{WORKSPACE}.example"
    async with hub.unit_of_work(Caller.system(workspace_id)) as work:
        person = await access.member_by_email(work, email=email)
        if person is None:
            person = await access.add_member(
                work, name=PEOPLE[role].title(), email=email, role=role
            )
        _, secret = await access.issue_token(work, member_id=person.id, label="hub up")
    return secret


async def _still_works(hub: Hub, secret: str) -> bool:
    try:
        async with hub.unscoped() as session:
            await access.authenticate(session, hub.vault, secret)
    except Unauthenticated:
        return False
    return True
