"""Files come in once by a signed address, pictures go out by another; no token is asked for."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from sqlalchemy import select
from starlette.applications import Starlette

from hub.content.models import AssetUpload
from hub.content.storage import Storage
from hub.kernel.caller import Permission
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from schema.content.uploads import Stores, picture_routes
from tests.conftest import Database
from tests.pictures import ARTIST, a_photo, written
from tests.schema.conftest import Client
from tests.schema.library import Library
from tests.videos import an_mp4
from tests.working import a_toolbox, work_off

UPLOAD = """mutation ($filename: String!, $mime: String!, $size: Int!) {
  assetUploadCreate(input: {filename: $filename, mime: $mime, size: $size}) {
    upload { id url filename mime size expiresAt receivedAt }
    errors { code message path }
  }
}"""
CREATE = """mutation ($input: AssetCreateInput!) {
  assetCreate(input: $input) {
    asset { id state filename alt { locale text } url version }
    errors { code path }
  }
}"""
UPDATE = """mutation ($input: AssetUpdateInput!) {
  assetUpdate(input: $input) {
    asset { alt { locale text } filename version }
    errors { code path currentVersion }
  }
}"""
NODE = """query ($id: ID!) {
  node(id: $id) {
    ... on Asset {
      state refusal refusalMessage mime url alt { locale text }
      renditions { name url mime }
    }
  }
}"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"request_seconds": 2.0, "upload_bytes": 500_000})


@pytest.fixture
async def web(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, as it were: the routes by their public address."""
    stores = Stores(hub=hub, storage=Storage(hub.settings.data_dir / "assets"))
    app = Starlette(routes=picture_routes(lambda _request: stores, slowest=1e9))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as opened:
        yield opened


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


async def announced(client: Client, data: bytes, *, mime: str = "image/jpeg") -> dict[str, Any]:
    answer = await client.data(UPLOAD, filename="cat.jpg", mime=mime, size=len(data))
    assert answer["assetUploadCreate"]["errors"] == []
    upload: dict[str, Any] = answer["assetUploadCreate"]["upload"]
    return upload


async def put(
    web: httpx.AsyncClient, upload: dict[str, Any], data: Any, **headers: str
) -> httpx.Response:
    headers = {"content-type": upload["mime"], **headers}
    return await web.put(path_of(upload["url"]), content=data, headers=headers)


def files(hub: Hub) -> list[str]:
    folder = hub.settings.data_dir / "assets"
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


async def is_received(hub: Hub, library: Library) -> bool:
    async with hub.unit_of_work(library.caller) as work:
        [upload] = await work.all(select(AssetUpload))
    return upload.received_at is not None


async def test_a_picture_comes_in_and_goes_out_clean(
    client: Client, web: httpx.AsyncClient, hub: Hub
) -> None:
    data = a_photo()
    upload = await announced(client, data)
    assert upload["url"].startswith(f"{hub.settings.public_url}/uploads/")
    assert (upload["filename"], upload["size"], upload["receivedAt"]) == (
        "cat.jpg",
        len(data),
        None,
    )

    sent = await put(web, upload, data)
    assert (sent.status_code, sent.content) == (204, b"")

    alt = [{"locale": "en", "text": "A red wall."}, {"locale": "fr", "text": "Un mur rouge."}]
    made = (await client.data(CREATE, input={"uploadId": upload["id"], "alt": alt}))["assetCreate"]
    assert made["errors"] == []
    asset_id = made["asset"].pop("id")
    assert made["asset"] == {
        "state": "PROCESSING",
        "filename": "cat.jpg",
        "alt": alt,
        "url": None,
        "version": 1,
    }

    async with a_toolbox(hub) as tools:
        await work_off(tools)
    ready = (await client.data(NODE, id=asset_id))["node"]
    assert (ready["state"], ready["refusal"], ready["alt"]) == ("READY", None, alt)
    assert [each["name"] for each in ready["renditions"]] == ["preview", "thumbnail"]

    for shown in (ready, *ready["renditions"]):
        answer = await web.get(path_of(shown["url"]))
        assert answer.status_code == 200
        assert ARTIST.encode() not in answer.content
        headers = dict(answer.headers)
        etag = headers.pop("etag")
        assert headers == {
            "content-type": shown["mime"],
            "content-length": str(len(answer.content)),
            "content-disposition": "inline",
            "content-security-policy": "default-src 'none'; sandbox",
            "cross-origin-resource-policy": "cross-origin",
            "x-content-type-options": "nosniff",
            "cache-control": "public, max-age=31536000, immutable",
        }
        again = await web.get(path_of(shown["url"]), headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")


async def test_a_lying_type_is_refused_in_words(
    client: Client, web: httpx.AsyncClient, hub: Hub
) -> None:
    data = a_photo()
    upload = await announced(client, data, mime="image/png")
    assert (await put(web, upload, data)).status_code == 204
    made = await client.data(CREATE, input={"uploadId": upload["id"]})

    async with a_toolbox(hub) as tools:
        await work_off(tools)
    refused = (await client.data(NODE, id=made["assetCreate"]["asset"]["id"]))["node"]

    assert (refused["state"], refused["refusal"], refused["url"]) == ("REFUSED", "LYING_TYPE", None)
    assert refused["refusalMessage"] == "It was declared 'image/png' but is image/jpeg."
    assert files(hub) == []


async def test_the_second_file_is_refused_and_the_first_stays(
    client: Client, web: httpx.AsyncClient, hub: Hub
) -> None:
    data = a_photo()
    upload = await announced(client, data)
    assert (await put(web, upload, data)).status_code == 204
    before = files(hub)

    second = await put(web, upload, bytes(len(data)))

    assert (second.status_code, second.json()["code"]) == (409, "WRONG_STATE")
    assert files(hub) == before
    assert (hub.settings.data_dir / "assets" / before[0]).read_bytes() == data


async def test_of_many_files_at_once_exactly_one_is_taken(
    client: Client, web: httpx.AsyncClient, hub: Hub
) -> None:
    first = a_photo()
    upload = await announced(client, first)
    bodies = [first[:-1] + bytes([number]) for number in range(8)]

    answers = await asyncio.gather(*(put(web, upload, body) for body in bodies))

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [204, *[409] * 7]
    [stored] = files(hub)
    taken = (hub.settings.data_dir / "assets" / stored).read_bytes()
    assert taken == bodies[statuses.index(204)]


async def test_forged_expired_and_unknown_addresses_get_the_same_answer(
    client: Client, web: httpx.AsyncClient, hub: Hub, library: Library, database: Database
) -> None:
    data = a_photo()
    upload = await announced(client, data)
    good = path_of(upload["url"])
    stranger = "00000000-0000-7000-8000-000000000000"
    forged = [
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.partition("&")[0],
        good.partition("?")[0],
        re.sub("workspace=[^&]+", f"workspace={stranger}", good),
        re.sub("workspace=[^&]+", "workspace=x", good),
        re.sub("/uploads/[^?]+", f"/uploads/{stranger}", good),
        re.sub("/uploads/[^?]+", "/uploads/x", good),
    ]
    answers = [
        await web.put(path, content=data, headers={"content-type": "image/jpeg"}) for path in forged
    ]
    owner = await database.owner()
    await owner.execute("UPDATE asset_uploads SET expires_at = clock_timestamp()")
    await owner.close()
    answers.append(await put(web, upload, data))

    assert {answer.status_code for answer in answers} == {403}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["code"] == "FORBIDDEN"
    assert files(hub) == []
    assert not await is_received(hub, library)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "image/png"},
        {"content-type": "text/html"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
    ],
)
async def test_another_type_than_announced_is_not_taken(
    client: Client, web: httpx.AsyncClient, hub: Hub, library: Library, headers: dict[str, str]
) -> None:
    data = a_photo()

    answer = await web.put(
        path_of((await announced(client, data))["url"]),
        content=data,
        headers={"content-type": "image/jpeg", **headers},
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert files(hub) == []
    assert not await is_received(hub, library)


async def test_more_than_announced_is_cut_off_and_less_is_refused(
    client: Client, web: httpx.AsyncClient, hub: Hub, library: Library
) -> None:
    data = a_photo()
    upload = await announced(client, data)
    drawn = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal drawn
        while True:
            drawn += 1
            yield data

    by_length = await put(web, upload, data + b"x")
    by_stream = await put(web, upload, endless())
    too_short = await put(web, upload, data[:-1])

    assert (by_length.status_code, by_stream.status_code) == (413, 413)
    assert by_stream.json()["code"] == "BODY_TOO_LARGE"
    assert drawn <= 3
    assert (too_short.status_code, too_short.json()["code"]) == (400, "INVALID")
    assert files(hub) == []
    # Nothing came, so the address still works.
    assert (await put(web, upload, data)).status_code == 204
    assert await is_received(hub, library)


async def test_a_file_that_trickles_in_is_given_up(
    client: Client, web: httpx.AsyncClient, hub: Hub, library: Library
) -> None:
    data = a_photo()
    upload = await announced(client, data)

    async def stalling() -> AsyncIterator[bytes]:
        yield data[:100]
        await asyncio.Event().wait()

    answer = await put(web, upload, stalling())

    assert (answer.status_code, answer.json()["code"]) == (408, "BODY_TOO_SLOW")
    assert files(hub) == []
    assert not await is_received(hub, library)


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"mime": "image/svg+xml"}, ["input", "mime"]),
        ({"size": 500_001}, ["input", "size"]),
        ({"size": 0}, ["input", "size"]),
        ({"filename": ""}, ["input", "filename"]),
    ],
)
async def test_what_would_be_refused_gets_no_address(
    client: Client, facts: dict[str, Any], path: list[str]
) -> None:
    given = {"filename": "cat.jpg", "mime": "image/jpeg", "size": 1_000, **facts}

    answer = (await client.data(UPLOAD, **given))["assetUploadCreate"]

    assert answer["upload"] is None
    assert [(error["code"], error["path"]) for error in answer["errors"]] == [("INVALID", path)]


async def test_who_may_not_write_gets_no_address(client: Client) -> None:
    reader = client.without(Permission.CONTENT_WRITE)

    answer = await reader.data(UPLOAD, filename="cat.jpg", mime="image/jpeg", size=1_000)

    assert answer["assetUploadCreate"]["upload"] is None
    assert [error["code"] for error in answer["assetUploadCreate"]["errors"]] == ["FORBIDDEN"]


async def test_the_upload_of_another_workspace_does_not_exist(
    client: Client, web: httpx.AsyncClient, other: Library
) -> None:
    data = a_photo()
    theirs = await announced(client.of(other.caller), data)
    await put(web, theirs, data)

    answers = [
        (await client.data(CREATE, input={"uploadId": upload_id}))["assetCreate"]
        for upload_id in (theirs["id"], "bm9uc2Vuc2U")
    ]

    error = {"code": "NOT_FOUND", "path": ["input", "uploadId"]}
    assert answers == [{"asset": None, "errors": [error]}] * 2


async def test_descriptions_are_changed_per_language(
    client: Client, web: httpx.AsyncClient
) -> None:
    data = a_photo()
    upload = await announced(client, data)
    await put(web, upload, data)
    made = await client.data(
        CREATE, input={"uploadId": upload["id"], "alt": [{"locale": "en", "text": "A wall."}]}
    )
    asset_id = made["assetCreate"]["asset"]["id"]
    alt = [{"locale": "de", "text": "Eine Wand."}, {"locale": "en", "text": "A red wall."}]

    changed = await client.data(UPDATE, input={"id": asset_id, "expectedVersion": 1, "alt": alt})
    stale = await client.data(UPDATE, input={"id": asset_id, "expectedVersion": 1, "alt": []})
    wrong = await client.data(
        UPDATE, input={"id": asset_id, "alt": [{"locale": "not a tag", "text": "x"}]}
    )
    null = await client.data(UPDATE, input={"id": asset_id, "filename": None})

    assert changed["assetUpdate"] == {
        "asset": {"alt": alt, "filename": "cat.jpg", "version": 2},
        "errors": [],
    }
    assert stale["assetUpdate"]["errors"] == [
        {"code": "CONFLICT", "path": ["input", "expectedVersion"], "currentVersion": 2}
    ]
    assert wrong["assetUpdate"]["errors"][0]["path"] == ["input", "alt", "0", "locale"]
    assert null["assetUpdate"]["errors"][0]["path"] == ["input", "filename"]


async def test_a_picture_is_shown_to_nobody_without_its_signature(
    client: Client, web: httpx.AsyncClient, hub: Hub, library: Library
) -> None:
    storage = Storage(hub.settings.data_dir / "assets")
    picture, page = written(Image.new("RGB", (8, 8)), "PNG"), b"<script>alert(1)</script>"
    workspace = library.caller.workspace_id
    good, evil, missing = (f"{workspace}/{letter * 64}" for letter in "abc")
    await storage.put(good, picture)
    await storage.put(evil, page)
    await storage.put("uploads/raw", picture)

    def signed(key: str) -> str:
        return f"/assets/{key}?signature={hub.vault.sign_link(f'asset:{key}')}"

    assert (await web.get(signed(good))).content == picture
    for path in (
        signed(good)[:-1],
        signed(good).partition("?")[0],
        signed(good).replace("a" * 64, "d" * 64),
        # Genuine, and yet: no picture, nothing there, not a place of pictures.
        signed(evil),
        signed(missing),
        signed("uploads/raw"),
        signed(good).replace("/assets/", "/assets/../"),
    ):
        assert (await web.get(path)).status_code == 404


async def test_a_video_comes_in_and_is_played_in_parts(
    client: Client, web: httpx.AsyncClient, hub: Hub
) -> None:
    data = an_mp4(padding=300_000)
    upload = await announced(client, data, mime="video/mp4")
    assert (await put(web, upload, data)).status_code == 204
    made = await client.data(CREATE, input={"uploadId": upload["id"]})
    async with a_toolbox(hub) as tools:
        await work_off(tools)
    node = await client.data(
        "query($id: ID!) { node(id: $id) { ... on Asset { state url durationMs codecs } } }",
        id=made["assetCreate"]["asset"]["id"],
    )
    path = path_of(node["node"]["url"])

    whole = await web.get(path)
    part = await web.get(path, headers={"range": "bytes=10-19"})
    rest = await web.get(path, headers={"range": "bytes=-5"})
    beyond = await web.get(path, headers={"range": f"bytes={len(data)}-"})

    assert node["node"]["state"] == "READY"
    assert (node["node"]["durationMs"], node["node"]["codecs"]) == (2_500, "avc1, mp4a")
    assert (whole.status_code, whole.content == data) == (200, True)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    assert (rest.status_code, rest.content) == (206, data[-5:])
    assert beyond.status_code == 416
    assert (await web.get(path.replace("signature=", "signature=0"))).status_code == 404


async def test_a_video_may_be_larger_than_a_picture_and_not_without_end(client: Client) -> None:
    async def codes(mime: str, size: int) -> list[str]:
        found = await client.data(UPLOAD, filename="a", mime=mime, size=size)
        return [error["code"] for error in found["assetUploadCreate"]["errors"]]

    assert await codes("image/png", 500_001) == ["INVALID"]
    assert await codes("video/mp4", 500_001) == []
    assert await codes("video/mp4", 200_000_001) == ["INVALID"]
    assert await codes("video/x-msvideo", 5) == ["INVALID"]
