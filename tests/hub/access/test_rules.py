"""What each role may do, exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.models import Role
from hub.access.operations import require_slug
from hub.access.rules import PERMISSIONS, granted, require_password, require_scopes
from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.errors import Forbidden, Invalid
from hub.kernel.ids import new_id

READ = (
    "analytics.read channels.read content.read delivery.read engagement.read "
    "publishing.read reputation.read review.read strategy.read"
)
EDIT = (
    f"{READ} content.write contest.manage engagement.moderate engagement.reply publishing.write "
    "reputation.write review.remark review.submit"
)
MANAGE = (
    "review.decide review.manage publishing.pause strategy.write channels.write audit.read "
    "automation.read automation.write"
)
MATRIX = {
    Role.VIEWER: READ,
    Role.EDITOR: EDIT,
    Role.APPROVER: f"{EDIT} review.decide publishing.pause",
    Role.MANAGER: f"{EDIT} {MANAGE}",
    Role.ADMIN: f"{EDIT} {MANAGE} workspace.admin",
}


def test_every_role_has_exactly_its_permissions() -> None:
    given_to = {role: {str(one) for one in PERMISSIONS[role]} for role in Role}

    assert given_to == {role: set(words.split()) for role, words in MATRIX.items()}


def test_a_token_without_scopes_may_what_its_member_may() -> None:
    assert granted(Role.EDITOR, ()) == PERMISSIONS[Role.EDITOR]


@given(st.sampled_from(Role), st.sets(st.sampled_from(Permission), min_size=1))
def test_scopes_narrow_a_role_and_never_widen_it(role: Role, scopes: set[Permission]) -> None:
    found = granted(role, [scope.value for scope in scopes])

    assert found == PERMISSIONS[role] & scopes


def test_scopes_are_sorted_and_known() -> None:
    assert require_scopes(["review.read", "content.read", "review.read"]) == [
        "content.read",
        "review.read",
    ]
    with pytest.raises(Invalid, match=r"no scope content\.burn") as refused:
        require_scopes(["content.read", "content.burn"])
    assert refused.value.path == ("scopes",)


def test_scopes_that_can_be_read_only_once_are_not_lost() -> None:
    assert require_scopes(iter(["content.read"])) == ["content.read"]


def test_a_caller_without_the_permission_is_told_which_one_it_needs() -> None:
    caller = Caller(
        workspace_id=new_id(),
        kind=ActorKind.MEMBER,
        permissions=frozenset({Permission.CONTENT_READ}),
    )

    caller.require(Permission.CONTENT_READ)
    with pytest.raises(Forbidden, match=r"content\.write"):
        caller.require(Permission.CONTENT_WRITE)


@pytest.mark.parametrize("slug", ["a", "acme", "acme-2-x", "0", "a" * 60])
def test_a_slug_is_lower_case_words(slug: str) -> None:
    require_slug(slug)


@pytest.mark.parametrize(
    "slug", ["", "A", "a b", "-a", "a-", "a--b", "é", "a" * 61, "a\n", "a/b", "a\x00"]
)
def test_anything_else_is_no_slug(slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_slug(slug)

    assert refused.value.path == ("input", "slug")


ABOUT = ("Ada Lovelace", "ada.lovelace@acme.example", "ada.lovelace")


@pytest.mark.parametrize(
    "password", ["correct horse", "12 chars; ok", "ada lovelace wrote a program", "пароль пароль"]
)
def test_a_password_is_long_and_ones_own(password: str) -> None:
    require_password(password, about=ABOUT, path=("password",))


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x" * 1001,
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "ada.lovelace@acme.example",
        "ADA LOVELACE",
        "AdaLovelace!!",
        "ada-lovelace-1815",
        "adalovelaceadalovelace",
        "correct horse \x00",
    ],
)
def test_a_short_or_known_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_password(password, about=ABOUT, path=("password",))

    assert refused.value.path == ("password",)
    assert password[:5] not in refused.value.message or not password


def test_delivery_tokens_are_all_that_see_only_what_is_published() -> None:
    def caller(*permissions: Permission) -> Caller:
        return Caller(
            workspace_id=new_id(), kind=ActorKind.MEMBER, permissions=frozenset(permissions)
        )

    assert caller(Permission.DELIVERY_READ).sees_only_published
    assert not caller().sees_only_published
    assert not caller(Permission.DELIVERY_READ, Permission.CONTENT_READ).sees_only_published
