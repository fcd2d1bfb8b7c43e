"""Decisions about channels: no session, no network."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import ValidationError

from hub.channels.platforms.base import Kind, Limits, PlatformModel
from hub.kernel.errors import Invalid
from hub.kernel.texts import require_storable

Model = TypeVar("Model", bound=PlatformModel)


def read(model: type[Model], given: Mapping[str, Any], *, path: tuple[str, ...]) -> Model:
    """Read settings or credentials by the platform's own schema; the error names the field.

    The message never repeats the value: it may be a secret.
    """
    for name, value in given.items():
        _require_storable(value, path=(*path, name))
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        known = ", ".join(sorted(model.model_fields)) or "none"
        hint = f" Known fields: {known}." if first["type"] == "extra_forbidden" else ""
        raise Invalid(
            f"{first['msg']}.{hint}", path=(*path, *(str(part) for part in first["loc"]))
        ) from None


def _require_storable(value: Any, *, path: tuple[str, ...]) -> None:
    match value:
        case str():
            require_storable(value, path=path)
        case Mapping():
            for name, inner in value.items():
                _require_storable(inner, path=(*path, str(name)))
        case list() | tuple():
            for index, inner in enumerate(value):
                _require_storable(inner, path=(*path, str(index)))


def require_timezone(name: str, *, path: tuple[str, ...]) -> str:
    """Return the IANA name of a time zone; raise Invalid for an unknown one."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f'There is no time zone {name}; one is "Europe/Paris".', path=path) from None
    return name


def basis(
    *, platform: str, settings: Mapping[str, Any], remote_id: str, limits: Limits, dialect: str
) -> str:
    """Return the digest of all that an edition for this channel depends on.

    An edition rendered with another basis is stale: it must be prepared, and approved, again.
    """
    known = limits.to_json()
    # What is rendered does not hang on what videos may be: the platform says so when it is sent.
    known.pop("video", None)
    facts = {
        "platform": platform,
        "settings": dict(settings),
        "remote_id": remote_id,
        "limits": known,
        "dialect": dialect,
    }
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def place_of(settings: Mapping[str, Any]) -> str:
    """Return which server or site an account is on: its address without http:// or https://."""
    return str(settings.get("base_url", "")).partition("://")[2]


def capability_names(capabilities: Sequence[str] | frozenset[str]) -> list[str]:
    """Return capabilities as sorted names, for storage."""
    return sorted(str(capability) for capability in capabilities)


def shown_settings(kind: Kind, settings: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return settings for whoever reads them: the address of a webhook is often its only secret.

    Unless they may change it (`whole`), they see which server it is on.
    """
    if whole or kind is not Kind.WEBHOOK or "url" not in settings:
        return dict(settings)
    parts = urlsplit(settings["url"])
    return {**settings, "url": f"{parts.scheme}://{parts.netloc}/…"}
