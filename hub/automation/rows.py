"""Content as other tools write it down: one row is one idea, with names instead of ids. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, model_validator

from hub.automation.models import ImportPolicy
from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import PlatformModel
from hub.channels.rules import read
from hub.content.rules import Part, Words
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.ids import read_global_id

#: Rows of one import, and of one that also submits: each of those is rendered for its channels.
ROWS_MOST = 1_000
SUBMITTED_MOST = 100
_REFERENCE = 200
_LISTED = 100
_SEPARATOR = "|"
_LISTS = ("tags", "channels", "media")
#: What may differ on a platform or channel, in a column such as `text@mastodon`.
_OWN = ("title", "summary", "text", "link", "tags")
#: Inputs of the operations that are called, as a row names them.
_NAMES = {
    "brandId": "brand",
    "campaignId": "campaign",
    "channelId": "channel",
    "contentItemId": "externalReference",
}


def _written(value: object) -> object:
    # A number would be taken for seconds since 1970, which nobody who writes one by hand means.
    if isinstance(value, str | None):
        return value
    raise ValueError("A time is text, as in 2030-01-31T09:00:00Z.")


#: An instant as text with its zone.
When = Annotated[AwareDatetime, BeforeValidator(_written)]


class Given(PlatformModel):
    """Base of what a tool sends: as it is, with its spaces."""

    model_config = ConfigDict(str_strip_whitespace=False)


class RowPart(Given):
    """One post of a thread; `media` are ids of assets."""

    text: str
    media: list[str] = Field(default_factory=list)


class _Worded(Given):
    text: str | None = None
    media: list[str] | None = None
    parts: list[RowPart] | None = None
    title: str | None = None
    summary: str | None = None
    link: str | None = None
    tags: list[str] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "_Worded":
        if self.parts is not None and (self.text is not None or self.media is not None):
            raise ValueError("Give `text` and `media`, or `parts`.")
        if self.media is not None and self.text is None:
            raise ValueError("Give the `text` that shows the `media`.")
        return self

    def words(self, *, path: tuple[str, ...] = ()) -> Words:
        """Return the words as the hub knows them; NotFound for media that cannot be any."""
        parts = self.parts
        if self.text is not None:
            parts = [RowPart(text=self.text, media=self.media or [])]
        return Words(
            title=self.title,
            summary=self.summary,
            link=self.link,
            tags=None if self.tags is None else tuple(self.tags),
            parts=None
            if parts is None
            else tuple(
                Part(text=part.text, media=_assets(part.media, (*path, "parts", str(index))))
                for index, part in enumerate(parts)
            ),
        )


class RowVariant(_Worded):
    """What differs on one platform (by key) or one channel (by its reference or id)."""

    platform: str | None = None
    channel: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class Row(_Worded):
    """One idea. What is left out stays as it is, of content that is there already.

    `channels` and `scheduledFor` are wishes for the review it is submitted to.
    """

    externalReference: str = Field(min_length=1, max_length=_REFERENCE)  # noqa: N815 - its name in the API
    brand: str | None = None
    campaign: str | None = None
    slug: str | None = None
    locale: str | None = None
    variants: list[RowVariant] | None = Field(default=None, max_length=_LISTED)
    channels: list[str] | None = Field(default=None, min_length=1, max_length=_LISTED)
    scheduledFor: When | None = None  # noqa: N815 - its name in the API
    note: str = ""


class Submission(Given):
    """What is asked of a trigger that submits."""

    externalReference: str = Field(min_length=1, max_length=_REFERENCE)  # noqa: N815 - its name in the API
    channels: list[str] = Field(min_length=1, max_length=_LISTED)
    scheduledFor: When | None = None  # noqa: N815 - its name in the API
    note: str = ""


class Rows(Given):
    """What is asked of a trigger that imports."""

    rows: list[dict[str, Any]] = Field(max_length=ROWS_MOST)
    policy: ImportPolicy = ImportPolicy.REJECT_ALL
    dryRun: bool = False  # noqa: N815 - its name in the API
    submit: bool = False


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object a body is; Invalid otherwise."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Invalid("The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Invalid("The body is a JSON object.")
    return given


def read_row(given: Mapping[str, Any]) -> Row:
    """Return a row; Invalid names the field at fault."""
    return read(Row, given, path=())


def read_csv(text: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file (RFC 4180) with a line of names; empty cells are left out.

    Lists are parted by `|`. A column such as `text@mastodon` is what differs on that platform, or
    on the channel of that reference. Invalid names the input.
    """
    path = ("input", "csv")
    try:
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as error:
        raise Invalid(f"This is no CSV: {error}.", path=path) from None
    names = [name.strip() for name in lines[0]] if lines else []
    if "externalReference" not in names:
        raise Invalid("The first line names the columns; one is externalReference.", path=path)
    _require_columns(names, path)
    found = []
    for number, cells in enumerate((line for line in lines[1:] if any(line)), start=1):
        if len(cells) != len(names):
            raise Invalid(
                f"Row {number} has {len(cells)} cells; there are {len(names)} columns.", path=path
            )
        found.append(_row(dict(zip(names, cells, strict=True))))
    return found


def place_in_row(row: Row | Submission, path: Sequence[str]) -> list[str]:
    """Return the field of a row that an operation's input stands for."""
    inner = [_NAMES.get(part, part) for part in (path[1:] if path[:1] == ("input",) else path)]
    if inner[:1] == ["targets"]:
        return [inner[2]] if inner[2:] == ["scheduledFor"] else ["channels", *inner[1:2]]
    if inner[:2] == ["parts", "0"] and getattr(row, "text", None) is not None:
        return inner[2:] or ["text"]
    return inner


def _row(cells: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    variants: dict[str, dict[str, Any]] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        own, _, place = name.partition("@")
        into = variants.setdefault(place, _variant(place)) if place else row
        into[own] = _split(cell) if own in _LISTS else cell
    return {**row, "variants": list(variants.values())} if variants else row


def _variant(place: str) -> dict[str, Any]:
    return {"platform" if place in PLATFORMS else "channel": place}


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(_SEPARATOR) if part.strip()]


def _require_columns(names: Sequence[str], path: tuple[str, ...]) -> None:
    known = Row.model_fields.keys() - {"variants", "parts"}
    for name in names:
        own, at, place = name.partition("@")
        if names.count(name) > 1:
            raise Invalid(f"The column {name} is there twice.", path=path)
        if (own not in _OWN or not place) if at else own not in known:
            raise Invalid(
                f"There is no column {name}. Columns are {', '.join(sorted(known))}, and such as "
                "text@mastodon.",
                path=path,
            )


def _assets(given: Sequence[str], path: tuple[str, ...]) -> tuple[UUID, ...]:
    found = []
    for index, one in enumerate(given):
        kind, row_id = read_global_id(one) or ("", None)
        if kind != "Asset" or row_id is None:
            raise NotFound("There is nothing with this id.", path=(*path, "media", str(index)))
        found.append(row_id)
    return tuple(found)
