"""What can be wrong with a text on any platform: the same codes and words everywhere."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from hub.channels.platforms import videos
from hub.channels.platforms.base import (
    DraftPart,
    EditionPart,
    Limits,
    MediaFacts,
    PlatformModel,
    Problem,
    ProblemSeverity,
)
from hub.language import counters

Model = TypeVar("Model", bound=PlatformModel)


def length(text: str, limits: Limits) -> int:
    """Return the length of a text in the unit the channel counts in."""
    return counters.count(text, counter=limits.counter, url_weight=limits.url_weight)


def measured(parts: Sequence[DraftPart], limits: Limits, *, extra: int = 0) -> list[EditionPart]:
    """Return the parts with their lengths; `extra` is what a content warning adds to each."""
    return [
        EditionPart(text=part.text, media=part.media, length=length(part.text, limits) + extra)
        for part in parts
    ]


def part_problems(parts: Sequence[EditionPart], limits: Limits) -> list[Problem]:
    """Return what is wrong with the parts of an edition: number, length, emptiness, pictures."""
    problems = [*_number(parts, limits)]
    for index, part in enumerate(parts):
        path = f"parts.{index}"
        problems += _text(part, limits, f"{path}.text")
        problems += _media(part.media, limits, path)
    return problems


def title_problems(title: str, limits: Limits) -> list[Problem]:
    """Return what is wrong with the title where one is needed."""
    if not title.strip():
        return [
            Problem(code="TITLE_MISSING", message="This place needs a title.", field="title"),
        ]
    if limits.title_max is None or len(title) <= limits.title_max:
        return []
    return [
        Problem(
            code="TITLE_TOO_LONG",
            message=f"The title has {len(title)} characters; {limits.title_max} are allowed.",
            field="title",
            limit=limits.title_max,
            actual=len(title),
        )
    ]


def settings_of(model: type[Model], given: Mapping[str, object]) -> tuple[Model, list[Problem]]:
    """Read the settings of a variant; wrong ones are problems, and the defaults stand in."""
    try:
        return model.model_validate(dict(given)), []
    except ValidationError as error:
        return model(), [
            Problem(
                code="SETTING_INVALID",
                message=f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}",
                field=".".join(("settings", *map(str, wrong["loc"]))),
            )
            for wrong in error.errors(include_url=False)
        ]


def is_loopback(host: str) -> bool:
    """Say whether a host of a URL names this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bare_address(value: str) -> str:
    """Return the address of a server without a path, in lower case; ValueError says what is wrong.

    It must begin with https:// unless it is of this very machine.
    """
    parts = urlsplit(value)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("Give the bare address of the server, such as https://example.org.")
    if parts.path.rstrip("/"):
        raise ValueError("Give the address of the server without a path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("The address must begin with https://.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _number(parts: Sequence[EditionPart], limits: Limits) -> list[Problem]:
    if not parts:
        return [Problem(code="TEXT_EMPTY", message="There is no text.", field="parts")]
    if len(parts) <= limits.parts_max:
        return []
    return [
        Problem(
            code="TOO_MANY_PARTS",
            message=f"There are {len(parts)} parts; {limits.parts_max} are allowed.",
            field="parts",
            limit=limits.parts_max,
            actual=len(parts),
        )
    ]


def _text(part: EditionPart, limits: Limits, path: str) -> list[Problem]:
    if not part.text.strip() and not part.media:
        return [
            Problem(code="TEXT_EMPTY", message="A post needs a text or a picture.", field=path),
        ]
    if part.length <= limits.text_max:
        return _bytes(part.text, limits, path)
    return [
        Problem(
            code="TEXT_TOO_LONG",
            message=f"The text counts {part.length} here; {limits.text_max} are allowed.",
            field=path,
            limit=limits.text_max,
            actual=part.length,
        )
    ]


def _bytes(text: str, limits: Limits, path: str) -> list[Problem]:
    if limits.text_bytes_max is None:
        return []
    size = counters.count(text, counter="bytes")
    if size <= limits.text_bytes_max:
        return []
    return [
        Problem(
            code="TEXT_TOO_MANY_BYTES",
            message=f"The text has {size} bytes of UTF-8; {limits.text_bytes_max} are allowed.",
            field=path,
            limit=limits.text_bytes_max,
            actual=size,
        )
    ]


def _media(media: Sequence[MediaFacts], limits: Limits, path: str) -> list[Problem]:
    problems = []
    pictures = sum(not one.is_video for one in media)
    if pictures > limits.media_max:
        problems.append(
            Problem(
                code="TOO_MANY_MEDIA",
                message=f"There are {pictures} pictures; {limits.media_max} are allowed.",
                field=f"{path}.media",
                limit=limits.media_max,
                actual=pictures,
            )
        )
    problems += videos.together_problems(media, limits, f"{path}.media")
    for index, one in enumerate(media):
        place = f"{path}.media.{index}"
        found = (
            videos.problems(one, limits, place) if one.is_video else _picture(one, limits, place)
        )
        problems += [*found, *_alt(one, limits, f"{place}.alt")]
    return problems


def _picture(picture: MediaFacts, limits: Limits, path: str) -> list[Problem]:
    problems = []
    if picture.mime not in limits.media_types:
        problems.append(
            Problem(
                code="MEDIA_TYPE",
                message=f"{picture.mime} is not accepted here.",
                field=path,
            )
        )
    if picture.size > limits.media_bytes_max:
        problems.append(
            Problem(
                code="MEDIA_TOO_LARGE",
                message=f"The picture has {picture.size} bytes; "
                f"{limits.media_bytes_max} are allowed.",
                field=path,
                limit=limits.media_bytes_max,
                actual=picture.size,
            )
        )
    return problems


def _alt(shown: MediaFacts, limits: Limits, path: str) -> list[Problem]:
    alt = shown.alt
    if not alt.strip():
        return [
            Problem(
                code="ALT_MISSING",
                message=f"Describe the {'video' if shown.is_video else 'picture'} for people who "
                "cannot see it.",
                severity=ProblemSeverity.WARNING,
                field=path,
            )
        ]
    if len(alt) <= limits.alt_max:
        return []
    return [
        Problem(
            code="ALT_TOO_LONG",
            message=f"The description has {len(alt)} characters; {limits.alt_max} are allowed.",
            field=path,
            limit=limits.alt_max,
            actual=len(alt),
        )
    ]
