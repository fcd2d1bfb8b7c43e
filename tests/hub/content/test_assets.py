"""Uploads are announced, come once and become pictures; a worker's word is final."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.content import assets
from hub.content.assets import AltText, StoredPicture
from hub.content.events import AssetCreated, AssetReady, AssetRefused, AssetUpdated
from hub.content.jobs import DiscardUpload, ProcessAsset
from hub.content.models import Asset, AssetState, AssetUpload, Rendition
from hub.kernel.caller import Caller
from hub.kernel.errors import Conflict, Forbidden, HubError, Invalid, NotFound, WrongState
from hub.kernel.work import Hub
from tests.factories import World, a_world

SHA = "ab" * 32


@pytest.fixture
async def world(hub: Hub) -> World:
    return await a_world(hub)


async def an_upload(world: World, *, received: bool = True, **facts: Any) -> AssetUpload:
    announced = {"filename": "cat.jpg", "mime": "image/jpeg", "size": 1_000, **facts}
    async with world.hub.unit_of_work(world.editor) as work:
        upload = await assets.create_upload(work, **announced)
    if received:
        async with world.hub.unit_of_work(world.system) as work:
            await assets.receive_upload(work, upload_id=upload.id, storage_key="uploads/there")
    return upload


async def an_asset(world: World, **facts: Any) -> Asset:
    upload = await an_upload(world)
    async with world.hub.unit_of_work(world.editor) as work:
        return await assets.create_asset(work, upload_id=upload.id, **facts)


async def row(world: World, table: Any, row_id: UUID) -> Any:
    async with world.hub.unit_of_work(world.system) as work:
        return await work.one(select(table).where(table.id == row_id))


def a_picture(sha256: str = SHA) -> StoredPicture:
    return StoredPicture(mime="image/jpeg", size=500, width=64, height=48, sha256=sha256)


async def test_an_upload_is_announced_for_fifteen_minutes(world: World) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        upload = await assets.create_upload(
            work, filename="C:\\fakepath\\cat.jpg", mime="image/jpeg", size=1_000
        )
        assert upload.expires_at - work.clock == timedelta(minutes=15)
        assert [(promise.job, promise.due_at) for promise in work.promises] == [
            (
                DiscardUpload(workspace_id=world.workspace_id, upload_id=upload.id),
                work.now + timedelta(hours=24, minutes=15),
            )
        ]

    assert upload.filename == "cat.jpg"
    assert upload.storage_key == f"uploads/{upload.id}"
    assert upload.received_at is None
    assert upload.member_id == world.editor.member_id


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"mime": "image/svg+xml"}, ("input", "mime")),
        ({"mime": "IMAGE/JPEG"}, ("input", "mime")),
        ({"mime": "text/html"}, ("input", "mime")),
        ({"size": 0}, ("input", "size")),
        ({"size": -1}, ("input", "size")),
        ({"size": 20_000_001}, ("input", "size")),
        ({"filename": "  "}, ("input", "filename")),
        ({"filename": "dir/"}, ("input", "filename")),
        ({"filename": "a\x00b.jpg"}, ("input", "filename")),
        ({"filename": "a\nb.jpg"}, ("input", "filename")),
        ({"filename": "x" * 256}, ("input", "filename")),
    ],
)
async def test_an_upload_that_cannot_be_taken_is_refused_before_it_is_sent(
    world: World, facts: dict[str, Any], path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        await an_upload(world, received=False, **facts)

    assert caught.value.path == path


async def test_the_largest_upload_is_taken(world: World) -> None:
    upload = await an_upload(world, received=False, size=20_000_000)

    assert upload.size == 20_000_000


async def test_who_may_not_write_cannot_upload(world: World) -> None:
    reader = Caller(workspace_id=world.workspace_id, kind=world.editor.kind)
    for attempt in (
        lambda work: assets.create_upload(work, filename="a.png", mime="image/png", size=1),
        lambda work: assets.create_asset(work, upload_id=world.brand_id),
        lambda work: assets.update_asset(work, asset_id=world.brand_id, filename="b.png"),
    ):
        with pytest.raises(Forbidden):
            async with world.hub.unit_of_work(reader) as work:
                await attempt(work)


async def test_forged_and_borrowed_signatures_are_refused(world: World) -> None:
    one, two = await an_upload(world, received=False), await an_upload(world, received=False)
    vault = world.hub.vault
    path = assets.upload_path(vault, workspace_id=world.workspace_id, upload_id=one.id)
    signature = path.rpartition("=")[2]

    assets.require_genuine(
        vault, workspace_id=world.workspace_id, upload_id=one.id, signature=signature
    )
    for workspace_id, upload_id, given in (
        (world.workspace_id, two.id, signature),
        (two.id, one.id, signature),
        (world.workspace_id, one.id, ""),
        (world.workspace_id, one.id, signature[:-1]),
        (world.workspace_id, one.id, "é" * 64),
    ):
        with pytest.raises(Forbidden):
            assets.require_genuine(
                vault, workspace_id=workspace_id, upload_id=upload_id, signature=given
            )


async def test_expired_and_unknown_uploads_get_the_same_answer(world: World) -> None:
    upload = await an_upload(world, received=False)
    answers = []
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(AssetUpload).where(AssetUpload.id == upload.id))
        assert found is not None
        found.expires_at = work.clock
    for upload_id in (upload.id, world.brand_id):
        with pytest.raises(Forbidden) as caught:
            async with world.hub.unit_of_work(world.system) as work:
                await assets.expected_upload(work, upload_id=upload_id)
        answers.append(caught.value.message)

    assert answers[0] == answers[1]


async def test_of_two_files_the_first_counts(world: World) -> None:
    upload = await an_upload(world, received=False)
    async with world.hub.unit_of_work(world.system) as work:
        await assets.receive_upload(work, upload_id=upload.id, storage_key="uploads/first")

    for again in (
        lambda work: assets.expected_upload(work, upload_id=upload.id),
        lambda work: assets.receive_upload(work, upload_id=upload.id, storage_key="uploads/second"),
    ):
        with pytest.raises(WrongState):
            async with world.hub.unit_of_work(world.system) as work:
                await again(work)

    assert (await row(world, AssetUpload, upload.id)).storage_key == "uploads/first"


async def test_a_picture_is_made_of_an_upload_and_promised_to_a_worker(world: World) -> None:
    upload = await an_upload(world)

    async with world.hub.unit_of_work(world.editor) as work:
        asset = await assets.create_asset(
            work,
            upload_id=upload.id,
            brand_id=world.brand_id,
            alt=[
                AltText(locale="en", text=" A cat. "),
                AltText(locale="fr-CA", text="Un chat."),
            ],
        )
        assert work.events == [AssetCreated(subject_id=asset.id)]
        assert [promise.job for promise in work.promises] == [
            ProcessAsset(workspace_id=world.workspace_id, asset_id=asset.id)
        ]

    assert asset.state is AssetState.PROCESSING
    assert asset.filename == "cat.jpg"
    assert asset.alt == {"en": "A cat.", "fr-CA": "Un chat."}
    assert (asset.sha256, asset.storage_key) == (None, None)


async def test_no_picture_is_made_before_the_file_has_come(world: World) -> None:
    upload = await an_upload(world, received=False)

    await _refuses(world, WrongState, ("input", "uploadId"), upload_id=upload.id)


async def test_an_upload_becomes_one_picture_only(world: World) -> None:
    upload = await an_upload(world)
    async with world.hub.unit_of_work(world.editor) as work:
        await assets.create_asset(work, upload_id=upload.id)

    await _refuses(world, WrongState, ("input", "uploadId"), upload_id=upload.id)


async def test_the_upload_of_another_workspace_does_not_exist(world: World) -> None:
    other = await a_world(world.hub, slug="other")
    theirs = await an_upload(other)

    messages = {
        await _refuses(world, NotFound, ("input", "uploadId"), upload_id=upload_id)
        for upload_id in (theirs.id, world.brand_id)
    }

    assert len(messages) == 1
    assert (await row(other, AssetUpload, theirs.id)).asset_id is None


async def test_the_brand_of_another_workspace_does_not_exist(world: World) -> None:
    other = await a_world(world.hub, slug="other")
    upload = await an_upload(world)

    await _refuses(
        world, NotFound, ("input", "brandId"), upload_id=upload.id, brand_id=other.brand_id
    )
    assert (await row(world, AssetUpload, upload.id)).asset_id is None


@pytest.mark.parametrize(
    ("alt", "path"),
    [
        ([("english", "A cat.")], ("input", "alt", "0", "locale")),
        ([("en", "A cat."), ("EN", "A cat.")], ("input", "alt", "1", "locale")),
        ([("en", "A cat."), ("fr", "Un chat."), ("en", "Cat.")], ("input", "alt", "2", "locale")),
        ([("en" + "-abcdefgh" * 5, "A cat.")], ("input", "alt", "0", "locale")),
        ([("en", " ")], ("input", "alt", "0", "text")),
        ([("en", "x" * 2_001)], ("input", "alt", "0", "text")),
        ([(f"en-{number:02}", "A cat.") for number in range(51)], ("input", "alt")),
    ],
)
async def test_descriptions_are_one_per_language_and_bounded(
    world: World, alt: list[tuple[str, str]], path: tuple[str, ...]
) -> None:
    upload = await an_upload(world)
    texts = [AltText(locale=locale, text=text) for locale, text in alt]

    await _refuses(world, Invalid, path, upload_id=upload.id, alt=texts)


async def test_descriptions_are_replaced_as_a_whole_and_the_version_counts(world: World) -> None:
    asset = await an_asset(world, alt=[AltText(locale="en", text="A cat.")])

    async with world.hub.unit_of_work(world.editor) as work:
        changed = await assets.update_asset(
            work,
            asset_id=asset.id,
            expected_version=1,
            alt=[AltText(locale="fr", text="Un chat.")],
        )
        assert work.events == [AssetUpdated(subject_id=asset.id, fields=("alt",))]

    assert (changed.alt, changed.filename) == ({"fr": "Un chat."}, "cat.jpg")
    assert changed.version == 2


async def test_a_stale_version_changes_nothing(world: World) -> None:
    asset = await an_asset(world)
    async with world.hub.unit_of_work(world.editor) as work:
        await assets.update_asset(work, asset_id=asset.id, filename="tom.jpg")

    with pytest.raises(Conflict) as caught:
        async with world.hub.unit_of_work(world.editor) as work:
            await assets.update_asset(
                work, asset_id=asset.id, expected_version=1, filename="kitty.jpg"
            )

    assert caught.value.current_version == 2
    assert (await row(world, Asset, asset.id)).filename == "tom.jpg"


async def test_the_first_word_of_a_worker_is_final(world: World) -> None:
    asset = await an_asset(world)
    thumbnail = a_picture("cd" * 32)

    events = []
    for _ in range(2):
        async with world.hub.unit_of_work(world.system) as work:
            await assets.settle_ready(
                work,
                asset_id=asset.id,
                picture=a_picture(),
                renditions={"thumbnail": thumbnail},
            )
            events += work.events
    async with world.hub.unit_of_work(world.system) as work:
        await assets.settle_refused(work, asset_id=asset.id, reason="BROKEN", message="Damaged.")
        events += work.events
        renditions = await work.all(select(Rendition).where(Rendition.asset_id == asset.id))

    assert events == [AssetReady(subject_id=asset.id, sha256=SHA)]
    settled = await row(world, Asset, asset.id)
    assert (settled.state, settled.refusal) == (AssetState.READY, None)
    assert settled.storage_key == f"{world.workspace_id}/{SHA}"
    assert (settled.mime, settled.size, settled.width, settled.height) == (
        "image/jpeg",
        500,
        64,
        48,
    )
    assert [(each.name, each.sha256) for each in renditions] == [("thumbnail", "cd" * 32)]
    # An editor who opened it while it was processed can still save.
    assert settled.version == 1


async def test_a_refused_picture_says_why(world: World) -> None:
    asset = await an_asset(world)

    async with world.hub.unit_of_work(world.system) as work:
        await assets.settle_refused(work, asset_id=asset.id, reason="BROKEN", message="Damaged.")
        assert work.events == [AssetRefused(subject_id=asset.id, reason="BROKEN")]

    settled = await row(world, Asset, asset.id)
    assert (settled.state, settled.sha256) == (AssetState.REFUSED, None)
    assert (settled.refusal, settled.refusal_message) == ("BROKEN", "Damaged.")


async def _refuses(
    world: World, kind: type[HubError], path: tuple[str, ...], **arguments: Any
) -> str:
    """Return the message of the refusal; no picture is made."""
    async with world.hub.unit_of_work(world.system) as work:
        before = len(await work.all(select(Asset.id)))
    with pytest.raises(kind) as caught:
        async with world.hub.unit_of_work(world.editor) as work:
            await assets.create_asset(work, **arguments)
    async with world.hub.unit_of_work(world.system) as work:
        assert len(await work.all(select(Asset.id))) == before
    assert type(caught.value) is kind
    assert caught.value.path == path
    return caught.value.message
