"""What each role may do."""

from collections.abc import Iterable

from hub.access.models import Role
from hub.kernel.caller import Permission
from hub.kernel.errors import Invalid

_READ = frozenset(
    {
        Permission.STRATEGY_READ,
        Permission.CHANNELS_READ,
        Permission.CONTENT_READ,
        Permission.REVIEW_READ,
        Permission.PUBLISHING_READ,
        Permission.ENGAGEMENT_READ,
        Permission.ANALYTICS_READ,
    }
)
_EDIT = _READ | {
    Permission.CONTENT_WRITE,
    Permission.REVIEW_SUBMIT,
    Permission.PUBLISHING_WRITE,
    Permission.ENGAGEMENT_REPLY,
    Permission.ENGAGEMENT_MODERATE,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _READ,
    Role.EDITOR: _EDIT,
    Role.APPROVER: _EDIT | {Permission.REVIEW_DECIDE},
    Role.MANAGER: _EDIT
    | {
        Permission.REVIEW_DECIDE,
        Permission.STRATEGY_WRITE,
        Permission.CHANNELS_WRITE,
        Permission.AUDIT_READ,
    },
    Role.ADMIN: frozenset(Permission),
}


def granted(role: Role, scopes: Iterable[str]) -> frozenset[Permission]:
    """Return what a token may do: the role, narrowed by the scopes; no scope means all of it."""
    wanted = {Permission(scope) for scope in scopes}
    return PERMISSIONS[role] & wanted if wanted else PERMISSIONS[role]


def require_scopes(scopes: Iterable[str]) -> list[str]:
    """Return the scopes, sorted; raise Invalid for one that does not exist."""
    wanted = set(scopes)
    known = {permission.value for permission in Permission}
    unknown = sorted(wanted - known)
    if unknown:
        raise Invalid(
            f"There is no scope {unknown[0]}. Scopes are: {', '.join(sorted(known))}.",
            path=("scopes",),
        )
    return sorted(wanted)
