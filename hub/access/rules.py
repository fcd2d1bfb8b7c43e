"""What each role may do, what a password must be, and how often one may try."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from hub.access.models import Role
from hub.kernel.caller import Permission
from hub.kernel.errors import Invalid
from hub.kernel.texts import require_storable

_READ = frozenset(
    {
        Permission.STRATEGY_READ,
        Permission.CHANNELS_READ,
        Permission.CONTENT_READ,
        Permission.REVIEW_READ,
        Permission.PUBLISHING_READ,
        Permission.ENGAGEMENT_READ,
        Permission.ANALYTICS_READ,
        Permission.DELIVERY_READ,
    }
)
_EDIT = _READ | {
    Permission.CONTENT_WRITE,
    Permission.REVIEW_SUBMIT,
    Permission.REVIEW_REMARK,
    Permission.PUBLISHING_WRITE,
    Permission.ENGAGEMENT_REPLY,
    Permission.ENGAGEMENT_MODERATE,
    Permission.CONTEST_MANAGE,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _READ,
    Role.EDITOR: _EDIT,
    Role.APPROVER: _EDIT | {Permission.REVIEW_DECIDE},
    Role.MANAGER: _EDIT
    | {
        Permission.REVIEW_DECIDE,
        Permission.REVIEW_MANAGE,
        Permission.STRATEGY_WRITE,
        Permission.CHANNELS_WRITE,
        Permission.AUDIT_READ,
        Permission.AUTOMATION_READ,
        Permission.AUTOMATION_WRITE,
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


#: What a token for web pages may do, and nothing else.
DELIVERY = (Permission.DELIVERY_READ.value,)

PASSWORD_MIN = 12
PASSWORD_MAX = 1_000
_OWN_CHARACTERS = 6
_DIFFERENT_CHARACTERS = 5


def require_password(password: str, *, about: Iterable[str], path: tuple[str, ...]) -> None:
    """Raise Invalid for a password that is short, or made of what everybody knows of its owner."""
    if len(password) < PASSWORD_MIN:
        raise Invalid(f"A password has {PASSWORD_MIN} characters or more.", path=path)
    if len(password) > PASSWORD_MAX:
        raise Invalid(f"A password has at most {PASSWORD_MAX} characters.", path=path)
    require_storable(password, path=path)
    if len(set(password)) < _DIFFERENT_CHARACTERS:
        raise Invalid("A password needs more than a few different characters.", path=path)
    left = _letters(password)
    for known in sorted((_letters(one) for one in about), key=len, reverse=True):
        left = left.replace(known, "") if len(known) > 2 else left
    if left != _letters(password) and len(left) < _OWN_CHARACTERS:
        raise Invalid("A password must not be made of the name or the address.", path=path)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


@dataclass(frozen=True, kw_only=True)
class TryRule:
    """How often one may try: `free` times at once, then with a wait that doubles up to `most`.

    Nobody waits longer than that, and after `forgotten` without a try all are free again: a person
    cannot be locked out for ever by somebody who keeps trying in their name.
    """

    free: int
    most: timedelta
    forgotten: timedelta


#: For one account from browsers that nobody has signed in with to it.
ACCOUNT_TRIES = TryRule(free=5, most=timedelta(seconds=60), forgotten=timedelta(hours=1))
#: For one account from a browser that has: strangers cannot use these up.
DEVICE_TRIES = TryRule(free=5, most=timedelta(seconds=60), forgotten=timedelta(hours=1))
#: For one address of the network, over all accounts: many people may share it.
ADDRESS_TRIES = TryRule(free=50, most=timedelta(seconds=60), forgotten=timedelta(hours=1))
