"""Pictures and videos: brought to signed addresses, looked at, and refused when they lie."""

from typing import Any

from tests.pictures import ARTIST, a_drawing, a_photo
from tests.story.stage import Member, Story, Town
from tests.videos import an_mp4

ASSET = """asset{id state refusal mime width height durationMs codecs url
  alt{locale text} renditions{name width}}"""
FILM = an_mp4(size=(640, 360), seconds=2.5, cover=a_drawing((64, 36)))


async def play(story: Story) -> None:
    """Tell how files come to the hub."""
    town, editor = story.town, story.atelier.editor
    photo = await bring(town, editor, "samedi.jpg", "image/jpeg", a_photo())
    assert (photo["state"], photo["mime"], photo["width"], photo["height"]) == (
        "READY",
        "image/jpeg",
        640,
        480,
    )
    assert photo["alt"] == [{"locale": "fr", "text": "samedi.jpg, décrit"}]
    kept = (await town.get(photo["url"])).content
    assert ARTIST.encode() in a_photo()
    assert ARTIST.encode() not in kept

    film = await bring(town, editor, "velo.mp4", "video/mp4", FILM)
    assert {**film, "id": "", "url": ""} == {
        "id": "",
        "url": "",
        "state": "READY",
        "refusal": None,
        "mime": "video/mp4",
        "width": 640,
        "height": 360,
        "durationMs": 2500,
        "codecs": "avc1, mp4a",
        "alt": [{"locale": "fr", "text": "velo.mp4, décrit"}],
        # The poster is the cover that the file carries.
        "renditions": [{"name": "preview", "width": 64}, {"name": "thumbnail", "width": 64}],
    }
    assert (await town.get(film["url"])).content == FILM

    lie = await bring(town, editor, "faux.mp4", "video/mp4", b"not a film at all" * 9)
    assert (lie["state"], lie["refusal"], lie["url"]) == ("REFUSED", "NOT_A_VIDEO", None)
    for asset in (photo, film, lie):
        assert await story.lighthouse.admin.unseen(asset["id"])
    story.atelier.kept.update(photo=photo["id"], film=film["id"])


async def bring(town: Town, member: Member, name: str, mime: str, data: bytes) -> Any:
    """Upload a file and let it be looked at; return what is known of it."""
    upload = await member.do(
        "assetUploadCreate", "upload{id url}", filename=name, mime=mime, size=len(data)
    )
    put = await town.put(upload["url"], data, mime)
    assert put.status_code == 204, put.text
    made = await member.do(
        "assetCreate",
        "asset{id state}",
        uploadId=upload["id"],
        alt=[{"locale": "fr", "text": f"{name}, décrit"}],
    )
    assert made["state"] == "PROCESSING"
    await town.settle()
    return await member.node(made["id"], "Asset", ASSET.removeprefix("asset{").removesuffix("}"))
