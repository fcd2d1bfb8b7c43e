"""Pictures are decoded by a child that may die; whatever it does, every picture is decided once."""

import hashlib
import io
import os
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from PIL import Image, ImageCms
from sqlalchemy import select, update

from hub.content import assets
from hub.content.jobs import ProcessAsset
from hub.content.models import Asset, AssetState, AssetUpload, Rendition
from hub.content.storage import BytesMissing, WorkspaceMedia
from hub.kernel.jobs import JobState
from hub.kernel.work import Hub
from tests.conftest import Database
from tests.factories import World, a_world
from tests.pictures import ARTIST, a_drawing, a_photo, written
from tests.videos import a_webm, an_mp4
from tests.working import a_toolbox, due_jobs, jobs_left, move_clock, work_off
from workers import content
from workers.content import BOUNDS, Bounds, Unusable, decoded
from workers.handling import Toolbox, run


@pytest.fixture
async def world(hub: Hub) -> World:
    return await a_world(hub)


@pytest.fixture
async def tools(hub: Hub) -> AsyncIterator[Toolbox]:
    async with a_toolbox(hub) as opened:
        yield opened


async def received(
    world: World, tools: Toolbox, data: bytes, *, mime: str = "image/jpeg"
) -> AssetUpload:
    """Let a file come in as the API does."""
    async with world.hub.unit_of_work(world.editor) as work:
        upload = await assets.create_upload(work, filename="cat.jpg", mime=mime, size=len(data))
    key = f"uploads/{upload.id}-1"
    await tools.storage.put(key, data)
    async with world.hub.unit_of_work(world.system) as work:
        await assets.receive_upload(work, upload_id=upload.id, storage_key=key)
    return upload


async def created(world: World, tools: Toolbox, data: bytes, *, mime: str = "image/jpeg") -> UUID:
    """Make a picture of a file, not yet looked at."""
    upload = await received(world, tools, data, mime=mime)
    async with world.hub.unit_of_work(world.editor) as work:
        return (await assets.create_asset(work, upload_id=upload.id)).id


async def asset(world: World, asset_id: UUID) -> Asset:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Asset).where(Asset.id == asset_id))
    assert found is not None
    return found


async def renditions(world: World, asset_id: UUID) -> dict[str, Rendition]:
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(Rendition).where(Rendition.asset_id == asset_id))
    return {row.name: row for row in rows}


def stored(hub: Hub) -> set[str]:
    """Return the keys of everything in storage."""
    folder = hub.settings.data_dir / "assets"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def children() -> set[int]:
    """Return our own processes, by id."""
    return {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}


async def test_a_photo_becomes_a_clean_picture_with_smaller_sizes(
    world: World, tools: Toolbox
) -> None:
    sent = a_photo((2_000, 1_500))
    assert ARTIST.encode() in sent

    asset_id = await created(world, tools, sent)
    assert await work_off(tools) == 1

    found, sizes = await asset(world, asset_id), await renditions(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.READY, None)
    assert (found.mime, found.width, found.height) == ("image/jpeg", 2_000, 1_500)
    assert {name: (row.mime, row.width, row.height) for name, row in sizes.items()} == {
        "preview": ("image/webp", 1_280, 960),
        "thumbnail": ("image/webp", 320, 240),
    }
    # What came is gone; what is stored lies under its own hash and says nothing of anybody.
    assert stored(world.hub) == {
        str(found.storage_key),
        *(row.storage_key for row in sizes.values()),
    }
    written_anew: list[Asset | Rendition] = [found, *sizes.values()]
    for row in written_anew:
        data = await tools.storage.get(f"{world.workspace_id}/{row.sha256}")
        assert hashlib.sha256(data).hexdigest() == row.sha256
        assert len(data) == row.size
        assert ARTIST.encode() not in data
        with Image.open(io.BytesIO(data)) as image:
            assert dict(image.getexif()) == {}
            assert image.getexif().get_ifd(0x8825) == {}


@pytest.mark.parametrize(
    ("data", "mime", "codecs"),
    [
        (an_mp4(cover=a_drawing((640, 360))), "video/mp4", "avc1, mp4a"),
        (a_webm(), "video/webm", "V_VP9, A_OPUS"),
    ],
    ids=["mp4", "webm"],
)
async def test_a_video_is_looked_at_and_passed_on_as_it_came(
    world: World, tools: Toolbox, data: bytes, mime: str, codecs: str
) -> None:
    asset_id = await created(world, tools, data, mime=mime)
    await work_off(tools)

    found, sizes = await asset(world, asset_id), await renditions(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.READY, None)
    assert (found.mime, found.width, found.height) == (mime, 640, 360)
    assert (found.duration_ms, found.codecs) == (2_500, codecs)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert await tools.storage.get(str(found.storage_key)) == data
    media = WorkspaceMedia(tools.storage, world.workspace_id)
    async with media.file(str(found.sha256)) as file:
        assert file.read() == data
    # A poster where the file carries a picture; what came is gone.
    poster = {"preview", "thumbnail"} if mime == "video/mp4" else set()
    assert set(sizes) == poster
    assert stored(world.hub) == {
        str(found.storage_key),
        *(row.storage_key for row in sizes.values()),
    }


async def test_bytes_that_are_not_the_approved_video_are_not_given(
    world: World, tools: Toolbox
) -> None:
    digest = hashlib.sha256(b"approved").hexdigest()
    await tools.storage.put(f"{world.workspace_id}/{digest}", b"another")

    with pytest.raises(BytesMissing):
        async with WorkspaceMedia(tools.storage, world.workspace_id).file(digest):
            pass


@pytest.mark.parametrize(
    ("data", "mime", "reason"),
    [
        (an_mp4(), "video/quicktime", "LYING_TYPE"),
        (a_drawing(), "video/mp4", "NOT_A_VIDEO"),
        (an_mp4()[:-30], "video/mp4", "BROKEN"),
        (an_mp4(), "image/png", "NOT_AN_IMAGE"),
    ],
    ids=["lying", "picture", "broken", "no picture"],
)
async def test_a_file_that_is_no_video_is_refused(
    world: World, tools: Toolbox, data: bytes, mime: str, reason: str
) -> None:
    asset_id = await created(world, tools, data, mime=mime)
    await work_off(tools)

    found = await asset(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.REFUSED, reason)
    assert stored(world.hub) == set()


async def test_the_same_picture_twice_is_stored_once(world: World, tools: Toolbox) -> None:
    ids = [await created(world, tools, a_drawing(), mime="image/png") for _ in range(2)]
    await work_off(tools)

    one, two = [await asset(world, asset_id) for asset_id in ids]
    assert one.state is two.state is AssetState.READY
    assert one.storage_key == two.storage_key
    # 640 by 480: the picture, its preview (as large) and its thumbnail.
    assert len(stored(world.hub)) == 3


@pytest.mark.parametrize(
    ("data", "mime", "reason"),
    [
        (a_drawing(), "image/jpeg", "LYING_TYPE"),
        (b"<script>alert(1)</script>", "image/jpeg", "NOT_AN_IMAGE"),
        (a_photo()[:2_000], "image/jpeg", "BROKEN"),
        (
            written(
                Image.new("RGB", (8, 8), "red"),
                "GIF",
                save_all=True,
                append_images=[Image.new("RGB", (8, 8), "blue")],
            ),
            "image/gif",
            "ANIMATED",
        ),
    ],
    ids=["lying type", "no picture", "cut off", "animated"],
)
async def test_what_cannot_be_used_is_refused_with_a_reason(
    world: World, tools: Toolbox, data: bytes, mime: str, reason: str
) -> None:
    asset_id = await created(world, tools, data, mime=mime)
    await work_off(tools)

    found = await asset(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.REFUSED, reason)
    assert found.refusal_message
    assert (found.sha256, found.storage_key) == (None, None)
    assert await renditions(world, asset_id) == {}
    assert stored(world.hub) == set()


async def test_a_picture_over_forty_megapixels_is_refused_by_its_header(
    world: World, tools: Toolbox
) -> None:
    asset_id = await created(world, tools, _claiming(8_000, 5_001), mime="image/png")
    await work_off(tools)

    found = await asset(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.REFUSED, "TOO_MANY_PIXELS")


async def test_a_picture_that_is_too_slow_for_its_decoder_is_refused(
    world: World, tools: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The kernel kills the child after its second; nothing in it could answer any more.
    monkeypatch.setattr(content, "BOUNDS", replace(BOUNDS, cpu_seconds=1))
    data = _laborious()

    asset_id = await created(world, tools, data)
    before = children()
    assert await work_off(tools) == 1

    found = await asset(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.REFUSED, "TOO_DEMANDING")
    assert stored(world.hub) == set()
    assert [job.name for job in await jobs_left(world.hub)] == ["content.discard_upload"]
    assert children() == before


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (Bounds(seconds=0), "TOO_DEMANDING"),
        (Bounds(result_bytes=2_000), "TOO_LARGE"),
    ],
    ids=["time", "result"],
)
async def test_bounds_end_in_a_refusal_and_leave_no_process(bounds: Bounds, reason: str) -> None:
    data = written(Image.effect_noise((300, 300), 60), "PNG")
    before = children()

    found = await decoded(data, mime="image/png", bounds=bounds)

    assert isinstance(found, Unusable)
    assert found.reason == reason
    assert children() == before


async def test_memory_is_bounded() -> None:
    data = written(Image.new("RGB", (6_000, 6_000)), "PNG")

    found = await decoded(data, mime="image/png", bounds=Bounds(memory_bytes=150_000_000))

    assert isinstance(found, Unusable)


async def test_a_decoder_that_cannot_even_start_blames_no_picture(
    world: World, tools: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Too little memory to load the libraries: an installation gone wrong looks the same.
    monkeypatch.setattr(content, "BOUNDS", replace(BOUNDS, memory_bytes=20_000_000))
    asset_id = await created(world, tools, a_photo())
    [job_id] = await due_jobs(world.hub)
    assert await run(job_id, tools)

    assert (await asset(world, asset_id)).state is AssetState.PROCESSING
    waiting = {job.name: job for job in await jobs_left(world.hub)}[ProcessAsset.name]
    assert (waiting.state, waiting.attempts) == (JobState.WAITING, 1)
    assert "The decoder ended with" in (waiting.last_error or "")
    assert len(stored(world.hub)) == 1


async def test_a_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_KEY", "x" * 32)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 32)

    assert set(content._environment()) <= {
        *("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")
    }


class Crash(BaseException):
    """The worker dies here."""


@asynccontextmanager
async def dying(hub: Hub, milestone: str) -> AsyncIterator[Toolbox]:
    async def passed(name: str) -> None:
        if name == milestone:
            raise Crash

    async with a_toolbox(hub, passed=passed) as opened:
        yield opened


@pytest.mark.parametrize("milestone", ["picture_stored", "picture_settled"])
@pytest.mark.parametrize("is_good", [True, False], ids=["good", "bad"])
async def test_a_crash_at_any_line_changes_nothing_in_the_end(
    world: World, tools: Toolbox, milestone: str, is_good: bool
) -> None:
    data = a_photo() if is_good else b"not a picture"
    asset_id = await created(world, tools, data)
    job = ProcessAsset(workspace_id=world.workspace_id, asset_id=asset_id)
    async with dying(world.hub, milestone) as mortal:
        with pytest.raises(Crash):
            await content.process(job, mortal)

    before = await asset(world, asset_id)
    assert (before.state is AssetState.PROCESSING) == (milestone == "picture_stored")
    await work_off(tools)
    after = await asset(world, asset_id)

    if not is_good:
        assert (after.state, after.refusal) == (AssetState.REFUSED, "NOT_AN_IMAGE")
        assert stored(world.hub) == set()
        return
    sizes = await renditions(world, asset_id)
    assert after.state is AssetState.READY
    assert sorted(sizes) == ["preview", "thumbnail"]
    assert stored(world.hub) == {
        str(after.storage_key),
        *(row.storage_key for row in sizes.values()),
    }


async def test_a_picture_whose_file_was_lost_asks_for_it_again(
    world: World, tools: Toolbox
) -> None:
    asset_id = await created(world, tools, a_photo())
    for key in stored(world.hub):
        (Path(world.hub.settings.data_dir) / "assets" / key).unlink()

    await work_off(tools)

    found = await asset(world, asset_id)
    assert (found.state, found.refusal) == (AssetState.REFUSED, "UPLOAD_LOST")


async def test_an_upload_nobody_used_is_discarded_after_a_day(
    world: World, tools: Toolbox, database: Database
) -> None:
    upload = await received(world, tools, a_photo())
    await move_clock(world.hub, database.owner_url, timedelta(hours=25))
    # The hub's clock was moved; its expiry goes by the bare one, which nobody moves.
    await work_off(tools)
    assert len(stored(world.hub)) == 1

    async with world.hub.unit_of_work(world.system) as work:
        await work.change(
            update(AssetUpload)
            .where(AssetUpload.id == upload.id)
            .values(expires_at=work.clock - timedelta(hours=24))
        )
    await move_clock(world.hub, database.owner_url, timedelta(hours=25))
    await work_off(tools)

    assert stored(world.hub) == set()
    assert await jobs_left(world.hub) == []
    async with world.hub.unit_of_work(world.system) as work:
        assert await work.all(select(AssetUpload)) == []


def _laborious() -> bytes:
    """Return a JPEG of 40 megapixels that takes some seconds: noise, in colours to convert."""
    tile = Image.merge("RGB", [Image.effect_noise((1_000, 1_000), 90) for _ in range(3)])
    whole = Image.new("RGB", (8_000, 5_000))
    for left in range(0, 8_000, 1_000):
        for top in range(0, 5_000, 1_000):
            whole.paste(tile, (left, top))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return written(whole, "JPEG", quality=20, icc_profile=profile)


def _claiming(width: int, height: int) -> bytes:
    """Return a PNG of one pixel whose header claims another size."""
    png = written(Image.new("L", (1, 1)), "PNG")
    head = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:]
