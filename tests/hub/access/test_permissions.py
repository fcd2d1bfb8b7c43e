"""Who may do what: every operation with every role."""

from hub.access.models import Role
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from tests.factories import World
from tests.hub.catalogue import CASES, Ids
from tests.hub.traces import error_of


async def test_each_role_may_do_exactly_what_the_table_says(world: World) -> None:
    nowhere = Ids(**{name: new_id() for name in Ids.__dataclass_fields__})
    allowed: dict[str, set[str]] = {}
    for name, case in CASES.items():
        if not case.roles:
            continue
        allowed[name] = set()
        for role in Role:

            async def act(work: UnitOfWork, call: object = case.call) -> None:
                await call(work, nowhere)  # type: ignore[operator]  # one of the table

            error = await error_of(world.hub, world.callers[role], act)
            if error is None or error.code != "FORBIDDEN":
                allowed[name].add(role.value)
            else:
                assert error.message.startswith("This needs the permission "), (name, role)

    assert allowed == {name: set(case.roles.split()) for name, case in CASES.items() if case.roles}
