"""Uploading pictures and describing them."""

from datetime import datetime
from typing import Annotated, cast

import strawberry

from hub.content import assets, models
from hub.kernel.caller import Permission
from hub.kernel.work import UnitOfWork
from schema.base.fields import Asking, Facts, column, computed, reads
from schema.base.node import Node
from schema.base.perform import Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.content.assets import Asset
from schema.context import Context


def _url(facts: Facts, asking: Asking) -> str:
    # Reading needs little of a context; the key to sign with is not among it.
    context = cast("Context", asking.context)
    path = assets.upload_path(
        context.hub.vault, workspace_id=facts["workspace_id"], upload_id=facts["id"]
    )
    return f"{context.public_url}{path}"


# Whoever knows the address may upload: it is shown to those only who may write anyway.
@reads(models.AssetUpload, permission=Permission.CONTENT_WRITE)
@strawberry.type(description="An address that one file can be uploaded to, once.")
class AssetUpload(Node):
    url: str = computed(
        "PUT the file here with its media type as Content-Type; no token is needed.",
        needs=("id", "workspace_id"),
        make=_url,
    )
    filename: str = column("The announced name.")
    mime: str = column("The announced media type: send exactly this.")
    size: int = column("The announced size in bytes: send exactly as many.")
    expires_at: datetime = column("When the address ceases to work.")
    received_at: datetime | None = column("When the file came; null until then.")


@strawberry.input(description="The file to be uploaded: JPEG, PNG, WebP or a still GIF.")
class AssetUploadCreateInput:
    filename: str = strawberry.field(description="Its name.")
    mime: str = strawberry.field(description="Its media type, such as image/jpeg.")
    size: int = strawberry.field(description="Its size in bytes.")


@strawberry.input(description="What a picture shows, in one language.")
class AltTextInput:
    locale: str = strawberry.field(description='The language as a tag such as "fr" or "en-GB".')
    text: str = strawberry.field(description="What it shows; 2,000 characters at most.")


@strawberry.input(description="A picture to make of an upload.")
class AssetCreateInput:
    upload_id: strawberry.ID = strawberry.field(description="The upload, once the file has come.")
    brand_id: strawberry.ID | None = strawberry.field(
        default=None, description="The brand it belongs to; null: to all."
    )
    alt: list[AltTextInput] = strawberry.field(
        default_factory=list, description="What it shows, once per language."
    )
    filename: str | None = strawberry.field(
        default=None, description="Another name than the upload's."
    )


@strawberry.input(description="What to change of a picture; what is left out stays.")
class AssetUpdateInput:
    id: strawberry.ID = strawberry.field(description="The picture.")
    expected_version: int | None = strawberry.field(
        default=None, description="The `version` you read; CONFLICT if it is another by now."
    )
    alt: strawberry.Maybe[list[AltTextInput] | None] = strawberry.field(
        default=None,
        description="What it shows, once per language; this replaces all descriptions it has.",
    )
    filename: strawberry.Maybe[str | None] = strawberry.field(default=None, description="Its name.")


@strawberry.type(description="The answer to assetUploadCreate.")
class AssetUploadCreatePayload(Payload):
    upload: AssetUpload | None = result("AssetUpload", "Where to send the file.")


@strawberry.type(description="The answer to assetCreate.")
class AssetCreatePayload(Payload):
    asset: Asset | None = result("Asset", "The new picture; a worker looks at it now.")


@strawberry.type(description="The answer to assetUpdate.")
class AssetUpdatePayload(Payload):
    asset: Asset | None = result("Asset", "The picture as it is now.")


@strawberry.type
class AssetMutations:
    @strawberry.mutation(description="Get an address to upload a picture to, for 15 minutes.")
    async def asset_upload_create(
        self,
        info: Info,
        input: Annotated[AssetUploadCreateInput, strawberry.argument(description="The file.")],  # noqa: A002 - its name in the API
    ) -> AssetUploadCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            upload = await assets.create_upload(
                work, filename=input.filename, mime=input.mime, size=input.size
            )
            return {"upload": upload.id}

        return await perform(info, AssetUploadCreatePayload, act)

    @strawberry.mutation(
        description="Make a picture of an upload. It can be used once its state is READY."
    )
    async def asset_create(
        self,
        info: Info,
        input: Annotated[AssetCreateInput, strawberry.argument(description="The picture.")],  # noqa: A002 - its name in the API
    ) -> AssetCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            asset = await assets.create_asset(
                work,
                upload_id=wanted(input.upload_id, "AssetUpload", "uploadId"),
                brand_id=wanted(input.brand_id, "Brand", "brandId") if input.brand_id else None,
                alt=_alt(input.alt),
                filename=input.filename,
            )
            return {"asset": asset.id}

        return await perform(info, AssetCreatePayload, act)

    @strawberry.mutation(description="Change a picture's name or its descriptions.")
    async def asset_update(
        self,
        info: Info,
        input: Annotated[AssetUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> AssetUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            given = changes(input, "alt", "filename")
            if "alt" in given:
                given["alt"] = _alt(given["alt"])
            asset = await assets.update_asset(
                work,
                asset_id=wanted(input.id, "Asset", "id"),
                expected_version=input.expected_version,
                **given,
            )
            return {"asset": asset.id}

        return await perform(info, AssetUpdatePayload, act)


def _alt(texts: list[AltTextInput]) -> list[assets.AltText]:
    return [assets.AltText(locale=each.locale, text=each.text) for each in texts]
