"""Which media types a request is written in and which ones its answer may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from schema.base.refusals import DoorCode, bad_request


class MediaType(StrEnum):
    """The two ways of answering GraphQL over HTTP; they differ in their status codes."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"


@dataclass(frozen=True)
class _Range:
    name: str
    quality: float

    def exactness(self, media: str) -> int:
        """0 does not match, then `*/*`, `application/*` and the type itself."""
        if self.name == media:
            return 3
        if self.name == f"{media.partition('/')[0]}/*":
            return 2
        return int(self.name == "*/*")


def choose_media(accept: Sequence[str]) -> MediaType | None:
    """Choose the type of the answer from the Accept headers; None where none would do.

    Without preference the answer is `application/json`, as old clients expect.
    """
    ranges = _ranges(accept)
    if not ranges:
        return MediaType.JSON
    offers = []
    for media in MediaType:
        exactness, quality = max(
            ((each.exactness(media), each.quality) for each in ranges), default=(0, 0.0)
        )
        if exactness and quality > 0:
            # The newer type wins a draw only where it was asked for by name.
            offers.append(
                (quality, exactness, (media is MediaType.GRAPHQL) == (exactness == 3), media)
            )
    return max(offers)[-1] if offers else None


def wants_page(accept: Sequence[str]) -> bool:
    """Say whether a browser asks for a page to look at."""
    return any(each.name == "text/html" and each.quality > 0 for each in _ranges(accept))


def wants_stream(accept: Sequence[str]) -> bool:
    """Say whether server-sent events are asked for by name."""
    return any(each.name == "text/event-stream" and each.quality > 0 for each in _ranges(accept))


def require_json(content_type: Sequence[str], encoding: str | None) -> None:
    """Refuse every body that is not plainly JSON in UTF-8.

    A browser sends such a type to another site only after asking, so no page can make its
    visitors' browsers act here: exactly this type, whatever else the header might suggest.
    """
    if len(content_type) == 1 and _is_json(content_type[0]) and encoding in {None, "identity"}:
        return
    raise bad_request(
        DoorCode.UNSUPPORTED_MEDIA_TYPE,
        "Send the body as `application/json` in UTF-8, not compressed.",
        status=415,
        accept_post=MediaType.JSON,
    )


def _is_json(header: str) -> bool:
    name, *parameters = (part.strip().lower() for part in header.split(";"))
    allowed = {"charset=utf-8", 'charset="utf-8"', "charset=utf8"}
    return name == MediaType.JSON and all(each in allowed for each in parameters if each)


def _ranges(accept: Sequence[str]) -> list[_Range]:
    parts = [part for header in accept for part in header.split(",") if part.strip()]
    return [_range(part) for part in parts[:50]]


def _range(part: str) -> _Range:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            quality = _quality(value)
        if key.strip() == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            quality = 0.0
    return _Range(name, quality)


def _quality(value: str) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
