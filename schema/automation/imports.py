"""Importing content: many rows in one act, each answered by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from hub.automation.importing import import_content
from hub.automation.rows import read_csv
from hub.kernel.errors import Invalid
from hub.kernel.work import UnitOfWork
from schema.automation.types import ContentImport, ImportPolicy
from schema.base.perform import Given, Made, Payload, perform, result
from schema.base.reading import Info
from schema.base.scalars import JsonObject
from schema.content.mutations import ContentPartInput


@strawberry.input(description="What differs on one platform or one channel.")
class ContentImportVariantInput(Given):
    platform: str | None = strawberry.field(
        default=strawberry.UNSET, description="Key of the platform it is for; else name a channel."
    )
    channel: str | None = strawberry.field(
        default=strawberry.UNSET, description="The channel it is for, by its reference or id."
    )
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Another title.")
    summary: str | None = strawberry.field(default=strawberry.UNSET, description="Another summary.")
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="Other words, as one part."
    )
    media: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Ids of what `text` shows."
    )
    parts: list[ContentPartInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Other words and pictures."
    )
    link: str | None = strawberry.field(default=strawberry.UNSET, description="Another address.")
    tags: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Other tags.")
    settings: JsonObject | None = strawberry.field(
        default=strawberry.UNSET, description="In the form of `variantSettingsSchema`."
    )


@strawberry.input(
    description="One idea. What is left out stays, of content that has its reference already."
)
class ContentImportRowInput(Given):
    external_reference: str = strawberry.field(
        description="Your own key for it: content that has it is changed, otherwise it is made."
    )
    brand: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The brand, by slug or id; needed for new content.",
    )
    campaign: str | None = strawberry.field(
        default=strawberry.UNSET, description="The campaign, by its reference or id."
    )
    title: str | None = strawberry.field(default=strawberry.UNSET, description="The title.")
    summary: str | None = strawberry.field(default=strawberry.UNSET, description="A summary.")
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="The words, as one part."
    )
    media: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Ids of what `text` shows."
    )
    parts: list[ContentPartInput] | None = strawberry.field(
        default=strawberry.UNSET, description="The words of a thread; in place of `text`."
    )
    link: str | None = strawberry.field(
        default=strawberry.UNSET, description="The one address it points to."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Tags without their sign."
    )
    slug: str | None = strawberry.field(
        default=strawberry.UNSET, description="Last part of its address."
    )
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its language; the first of the brand's if left out."
    )
    variants: list[ContentImportVariantInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All that differs on some platforms or channels."
    )
    channels: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where it shall go, by the channels' references or ids; asked of its review.",
    )
    scheduled_for: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it shall go out; asked of its review."
    )
    note: str | None = strawberry.field(
        default=strawberry.UNSET, description="A word to who reviews it."
    )


@strawberry.input(description="Rows of content: as objects, or as a CSV file.")
class ContentImportInput(Given):
    rows: list[ContentImportRowInput] | None = strawberry.field(
        default=strawberry.UNSET, description="1 to 1,000 rows, 100 with `submit`; else give `csv`."
    )
    csv: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The same as CSV, with a line of names: those of a row's fields, and such as "
        "text@mastodon for what differs on a platform or channel. Lists are parted by |.",
    )
    policy: ImportPolicy = strawberry.field(
        default=ImportPolicy.REJECT_ALL, description="What to do where a row is refused."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Only say what would become of each row."
    )
    submit: bool = strawberry.field(
        default=False, description="Submit each row's content for review, for its `channels`."
    )


@strawberry.type(description="The answer to contentImport.")
class ContentImportPayload(Payload):
    content_import: ContentImport | None = result(
        "ContentImport", "What became of each row, also where none was taken."
    )


@strawberry.type
class ImportMutations:
    @strawberry.mutation(
        description="Write many rows down as content, by their references. Nothing is published: "
        "what comes in is drafts, or in review. Repeating it changes nothing."
    )
    async def content_import(
        self,
        info: Info,
        input: Annotated[ContentImportInput, strawberry.argument(description="The rows.")],  # noqa: A002 - its name in the API
    ) -> ContentImportPayload:
        async def act(work: UnitOfWork) -> Made:
            made = await import_content(
                work,
                rows=_rows(input),
                policy=input.policy,
                dry_run=input.dry_run,
                submit=input.submit,
                path=("input", "rows" if input.csv is None else "csv"),
            )
            return {"content_import": made.id}

        return await perform(info, ContentImportPayload, act)


def _rows(given: ContentImportInput) -> Sequence[Mapping[str, Any]]:
    if (given.rows is None) == (given.csv is None):
        raise Invalid("Give `rows` or `csv`.", path=("input", "rows"))
    if given.csv is not None:
        return read_csv(given.csv)
    return [_plain(row) for row in given.rows or ()]


def _plain(given: Any) -> Any:
    """Return an input as the plain JSON a tool would send."""
    match given:
        case Given():
            named = {to_camel_case(name): value for name, value in vars(given).items()}
            return {name: _plain(value) for name, value in named.items() if value is not None}
        case list():
            return [_plain(one) for one in given]
        case datetime():
            return given.isoformat()
        case _:
            return given
