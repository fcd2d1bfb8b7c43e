"""House rules that no linter knows."""

import ast
import re

import pytest

from tests.architecture.code import ROOT, calls, imports, modules, paths, public_functions
from tests.hub.catalogue import CASES

#: Operations that ask for no permission, and why.
INTERNAL = {
    "hub/access/operations.py": {
        "create_workspace": "before any workspace or member exists; the command line only",
        "require_slug": "a form, no act",
        "workspace_by_slug": "before a workspace is known; the command line only",
        "workspaces": "before a workspace is known; the command line only",
        "member_by_email": "the command line looks a member up",
        "authenticate": "finds out who is asking",
        "change_password": "one's own, knowing the current one",
        "revoke_session": "one's own",
        "end_sessions": "others end in it",
    },
    "hub/analytics/operations.py": {
        "begin_measuring": "a reaction",
        "record": "a worker's",
        "record_channel": "a worker's",
        "promise_channels": "the relay's",
        "latest": "a worker's",
    },
    "hub/analytics/exports.py": {
        "begin": "a worker's",
        "next_batch": "a worker's",
        "finish": "a worker's",
        "fail": "a worker's",
        "expire": "a worker's",
        "ready": "a signed address is the permission",
    },
    "hub/analytics/reports.py": {
        "channel_names": "charts and reports end in it",
        "gather": "a worker's",
        "finish": "a worker's",
        "fail": "a worker's",
        "require_ready": "a signed address is the permission",
        "storage_key": "pure",
    },
    "hub/audit/operations.py": {
        "keep": "part of every commit",
        "unsealed_workspaces": "the relay's",
        "seal": "the relay's",
        "facts": "pure",
    },
    "hub/channels/operations.py": {
        "access": "a worker's",
        "settle_check": "a worker's",
        "settle_failed_check": "a worker's",
        "hold_for_rate": "a worker's",
        "public_channel": "feeds are public by their key",
    },
    "hub/content/assets.py": {
        "upload_path": "pure",
        "require_genuine": "a signed address is the permission",
        "invalid_address": "pure",
        "expected_upload": "a signed address is the permission",
        "receive_upload": "a signed address is the permission",
        "processing": "a worker's",
        "settle_ready": "a worker's",
        "settle_refused": "a worker's",
        "leftover": "a worker's",
        "discardable": "a worker's",
        "forget_upload": "a worker's",
    },
    "hub/content/operations.py": {
        "revision": "later areas read it",
        "rendering": "review asks for it",
        "prepare": "review asks for it",
        "prepare_reply": "engagement asks for it",
        "edition_content": "later areas read it",
    },
    "hub/engagement/operations.py": {
        "begin_watching": "a reaction",
        "looked_in_vain": "a worker's",
        "looking": "a worker's",
        "receive": "a worker's",
        "receive_inbox": "a worker's",
        "target_of": "pure",
        "note_reply_sent": "a reaction",
        "note_hidden": "a reaction",
    },
    "hub/strategy/guides.py": {
        "guide_for": "later areas read it",
        "heard": "pure",
    },
    "hub/publishing/plans.py": {
        "plan_facts": "pure",
    },
    "hub/engagement/contests/announcing.py": {
        "take_back": "replacing a winner ends in it",
        "note_published": "a reaction",
    },
    "hub/engagement/contests/entries.py": {
        "comments_changed": "receiving answers ends in it",
        "note_read": "a worker's",
        "unread": "freezing asks for it",
        "read_out": "a worker's",
        "judge_all": "a worker's",
        "judged": "ruling and freezing end in it",
    },
    "hub/engagement/moderation/deciding.py": {"note_wish": "a reaction"},
    "hub/engagement/moderation/sanctioning.py": {
        "begin": "a worker's",
        "settle": "a worker's",
        "settle_later": "a worker's",
        "fail": "a worker's",
    },
    "hub/engagement/contests/operations.py": {
        "close_when_due": "a worker's",
        "require_transition": "pure",
    },
    "hub/publishing/operations.py": {
        "add": "schedule and reply end in it",
        "schedule_approved": "a reaction",
        "hold": "reactions end in it",
        "resume_paused": "a reaction",
        "in_flight": "the answer to switching a channel off",
        "promise_again": "the relay's",
    },
    "hub/publishing/amendments.py": {
        "set_hidden": "engagement asks for it, under its own permission",
        "close": "withdrawals and workers end in it",
        "wanted_hidden": "engagement asks for it, under its own permission",
        "ever_hidden": "engagement asks for it when messages come in",
    },
    "hub/reputation/incidents.py": {
        "follow_alert": "an alert ends in it",
        "note_pause": "a reaction",
        "note_resume": "a reaction",
    },
    "hub/reputation/watching.py": {
        "looking": "a worker's",
        "settle_look": "a worker's",
        "settle_vain_look": "a worker's",
        "sweep": "the relay's",
    },
    "hub/review/operations.py": {
        "usable_channel": "submit asks for it",
        "prepare": "a worker's",
        "supersede": "a reaction",
        "reconsider": "a reaction",
        "approve_by_policy": "engagement asks for it, under its own permission",
        "targets_of": "later areas read it",
    },
    "hub/review/remarks.py": {"require_none_blocking": "approving asks for it"},
}


def asks(function: ast.AST, asking: set[str]) -> bool:
    """Say whether a function asks for a permission, itself or by a helper of its module."""
    return any(name.endswith("caller.require") or name in asking for name, _ in calls(function))


def split(path: str) -> tuple[set[str], set[str]]:
    """Return (operations of a file that ask for permission, those that do not)."""
    tree = modules()[path]
    helpers = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("_")
    ]
    asking: set[str] = set()
    for _ in helpers:
        asking |= {helper.name for helper in helpers if asks(helper, asking)}
    public = {function.name: asks(function, asking) for function in public_functions(tree)}
    return {name for name in public if public[name]}, {name for name in public if not public[name]}


#: Files whose public functions are acts.
_ACTS = re.compile(
    r"hub/engagement/moderation/deciding\.py|hub/\w+/(?:contests/|moderation/)?"
    r"(announcing|amendments|assets|drawing|entries|exports|guides|importing|incidents"
    r"|operations|pauses|persons|plans|remarks|reports|sanctioning|saved_replies|service_targets"
    r"|threads|watching|workflows)\.py"
)
FILES = [path for path in paths() if _ACTS.fullmatch(path)]


def test_every_operation_asks_for_permission_or_says_why_not() -> None:
    silent = {path: split(path)[1] for path in FILES}

    assert {path: names for path, names in silent.items() if names} == {
        path: set(reasons) for path, reasons in INTERNAL.items()
    }


def test_every_operation_is_tried_with_every_role_and_every_foreign_id() -> None:
    asking = set()
    for path in FILES:
        *_, area, file = path.removesuffix(".py").split("/")
        asking |= {f"{area if file == 'operations' else file}.{name}" for name in split(path)[0]}

    assert asking == {name for name, case in CASES.items() if case.roles}


def test_permission_is_asked_before_anything_else() -> None:
    for path in (path for path in modules() if path.endswith("/operations.py")):
        for function in public_functions(modules()[path]):
            if not asks(function, set()):
                continue
            first = next(
                statement
                for statement in function.body
                if not (
                    isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                )
            )
            assert asks(first, set()), f"{path}: {function.name}"


def test_only_the_unit_of_work_commits() -> None:
    committing = {
        path
        for path, tree in modules().items()
        for name, _ in calls(tree)
        if name.rpartition(".")[2] in {"commit", "rollback"}
    }

    assert committing == {"hub/kernel/work.py"}


def test_time_is_asked_only_where_that_is_the_point() -> None:
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    asking = {
        path
        for path, tree in modules().items()
        for name, _ in calls(tree)
        if path.startswith("hub/")
        and not path.startswith(("hub/kernel/", "hub/embedded/", "hub/cli/"))
        and name in clocks
    }

    assert asking == set()


def test_rules_are_pure() -> None:
    forbidden = {"sqlalchemy", "asyncio", "asyncpg", "redis", "time", "random", "secrets"}
    for path, tree in modules().items():
        if path.endswith("/rules.py"):
            assert not {name.partition(".")[0] for name in imports(tree)} & forbidden, path
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]


def test_plain_sql_about_tables_stays_where_it_is_explained() -> None:
    writing = {
        path
        for path, tree in modules().items()
        for name, call in calls(tree)
        if name in {"text", "sqlalchemy.text", "sa.text"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and re.search(r"\b(FROM|INTO|UPDATE|JOIN)\s+[a-z_]+s\b", str(call.args[0].value))
    }

    # The session adds the workspace to what the ORM asks; plain SQL has only the policies.
    assert writing <= {
        "hub/analytics/clicks.py",
        "hub/audit/operations.py",
        "hub/automation/delivering.py",
        "hub/channels/operations.py",
        "hub/engagement/inboxes.py",
        "hub/kernel/jobs.py",
        "hub/kernel/work.py",
        "hub/publishing/operations.py",
        "hub/publishing/queries.py",
        "hub/publishing/sending.py",
        "hub/kernel/figures.py",
    }


@pytest.mark.parametrize("path", sorted(paths()))
def test_every_module_says_what_it_is_in_one_sentence(path: str) -> None:
    tree = modules()[path]
    if not tree.body:
        return

    described = ast.get_docstring(tree) or ""

    assert described, f"{path} has no docstring"
    assert described.splitlines()[0].endswith("."), f"{path}: {described.splitlines()[0]}"


def test_every_file_fits_on_a_few_screens() -> None:
    lines = {path: (ROOT / path).read_text().count("\n") for path in modules()}

    assert {path: count for path, count in lines.items() if count > 500} == {}


def test_settings_are_built_only_where_a_process_starts() -> None:
    building = {
        path for path, tree in modules().items() for name, _ in calls(tree) if name == "Settings"
    }

    assert all(
        path.startswith(("hub/cli/", "hub/embedded/", "workers/demo/"))
        or path in {"workers/main.py", "workers/relay.py", "schema/app.py", "schema/__main__.py"}
        for path in building
    ), building


def test_nothing_is_left_to_be_done() -> None:
    # Spelled apart, or this test would find itself.
    marks = re.compile(r"\b(TO" + "DO|FIX" + "ME|X" + r"XX)\b")
    found = [path for path in modules() if marks.search((ROOT / path).read_text())]

    assert found == []


def test_public_functions_of_areas_take_their_arguments_by_name() -> None:
    positional = []
    for path, tree in modules().items():
        if not _ACTS.fullmatch(path):
            continue
        for function in public_functions(tree):
            arguments = [argument.arg for argument in function.args.args]
            beyond = [name for name in arguments if name not in {"work", "session", "vault"}]
            if len(beyond) > 1:
                positional.append(f"{path}: {function.name}")

    assert positional == []
