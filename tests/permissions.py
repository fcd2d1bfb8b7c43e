"""Who may do what: every mutation, the operation behind it, what it needs and records.

Which operation a mutation calls is read from the code of the API; what it needs and which events it
records is found out by doing it. `docs/permissions.md` is what comes of it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from hub.access.models import Role
from hub.access.rules import PERMISSIONS
from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import Forbidden, HubError
from hub.kernel.ids import new_id
from hub.kernel.work import Hub
from schema.schema import build_schema
from tests.conftest import ROOT
from tests.hub.catalogue import CASES, Ids

PAGE = ROOT / "docs" / "permissions.md"
_ORDER = (Role.ADMIN, Role.MANAGER, Role.EDITOR, Role.APPROVER, Role.VIEWER)


@dataclass(frozen=True, kw_only=True)
class Act:
    """A mutation, and what was found out about it."""

    mutation: str
    operations: Sequence[str]
    permissions: Sequence[str]
    events: Sequence[str]

    def may(self, role: Role) -> bool:
        """Say whether a role holds all that is needed."""
        return {Permission(one) for one in self.permissions} <= PERMISSIONS[role]


def mutations() -> list[str]:
    """Return every mutation of the contract."""
    kind = build_schema()._schema.mutation_type
    assert kind is not None
    return sorted(kind.fields)


def operations_of() -> Mapping[str, Sequence[str]]:
    """Return the operations of the catalogue that each mutation calls, by the API's own code."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "schema").rglob("*.py")):
        tree = ast.parse(path.read_text())
        known = _imported(tree)
        helpers = {node.name: node for node in tree.body if isinstance(node, _FUNCTIONS)}
        for kind in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            for method in (node for node in kind.body if isinstance(node, _FUNCTIONS)):
                called = list(dict.fromkeys(_called(method, known, helpers)))
                if called:
                    found.setdefault(_camel(method.name), []).extend(called)
    return found


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _imported(tree: ast.Module) -> Mapping[str, str]:
    """Return what names of a module stand for, as the catalogue spells it."""
    known = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("hub."):
            continue
        *_, last = (node.module or "").split(".")
        for name in node.names:
            spelt = last if name.name == "operations" else name.name
            is_act = f"{last}.{name.name}" in CASES
            known[name.asname or name.name] = f"{last}.{name.name}" if is_act else spelt
    return known


def _called(
    node: ast.AST,
    known: Mapping[str, str],
    helpers: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef],
) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            spelt = f"{known.get(inner.value.id, '')}.{inner.attr}"
            if spelt in CASES:
                yield spelt
        elif isinstance(inner, ast.Name) and known.get(inner.id) in CASES:
            yield known[inner.id]
        elif isinstance(inner, ast.Name) and inner.id in helpers and helpers[inner.id] is not node:
            yield from _called(helpers[inner.id], known, {})


async def needed(hub: Hub, caller: Caller, name: str) -> list[str]:
    """Return the permissions an operation asks for, by refusing it one after the other."""
    nowhere = Ids(**{field: new_id() for field in Ids.__dataclass_fields__})
    held: frozenset[Permission] = frozenset()
    while True:
        try:
            async with hub.unit_of_work(replace(caller, permissions=held)) as work:
                await CASES[name].call(work, nowhere)
                _undo()
        except Forbidden as error:
            asked = next((one for one in Permission if f" {one.value}," in error.message), None)
            if asked is None or asked in held:
                return sorted(held)
            held |= {asked}
        except (HubError, _Undone):
            return sorted(held)


async def recorded(hub: Hub, caller: Caller, ids: Ids, name: str) -> list[str]:
    """Return the events an operation records when it goes well; nothing of it is kept."""
    seen: list[str] = []
    try:
        async with hub.unit_of_work(caller) as work:
            await CASES[name].call(work, ids)
            seen = list(dict.fromkeys(event.name for event in work.events))
            _undo()
    except (HubError, _Undone):
        return seen


class _Undone(Exception):
    """Takes back what was tried."""


def _undo() -> NoReturn:
    raise _Undone


def page(acts: Iterable[Act]) -> str:
    """Return the document."""
    head = " | ".join(role.value.title() for role in _ORDER)
    lines = [
        "# Who may do what",
        "",
        "Every mutation, the permission it asks for, the roles that hold it, and the events it",
        "leaves in the stream, and so in the audit. Tokens can be narrowed to some of these",
        "permissions; none holds more than the role of its member. `make permissions` writes this.",
        "",
        f"| mutation | permission | {head} | events |",
        f"|---|---|{'---|' * len(_ORDER)}---|",
    ]
    for act in acts:
        marks = " | ".join("yes" if act.may(role) else "" for role in _ORDER)
        told = ", ".join(f"`{one}`" for one in act.events)
        lines.append(f"| `{act.mutation}` | {_listed(act.permissions)} | {marks} | {told} |")
    lines += [
        "",
        "## Roles",
        "",
        "| role | permissions |",
        "|---|---|",
        *(f"| {role.value.title()} | {_listed(PERMISSIONS[role])} |" for role in _ORDER),
    ]
    return "\n".join(lines) + "\n"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
