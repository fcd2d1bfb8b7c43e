"""The simulators whose control routes are the same for all: one entry makes a place of tests."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from workers.simulators import bluesky, misago, wordpress


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """How a simulator is made and reached; `usual` is how its settings are put back.

    `words` finds the words in what was stored, where pictures or markup are part of the text.
    """

    create: Callable[[], ASGIApp]
    control: str
    commit_path: str
    upload_path: str
    usual: Mapping[str, Any]
    words: Callable[[str], str] = str


#: By the key of the platform.
SIMULATED: Mapping[str, Simulated] = {
    "bluesky": Simulated(
        create=bluesky.create_simulator,
        control=bluesky.CONTROL,
        commit_path="/xrpc/com.atproto.repo.putRecord",
        upload_path="/xrpc/com.atproto.repo.uploadBlob",
        usual={"appview": True, "behind": False, "depth_max": 1000, "offset_seconds": 0},
    ),
    "misago": Simulated(
        create=misago.create_simulator,
        control=misago.CONTROL,
        commit_path="/api/threads/",
        upload_path="/api/attachments/",
        usual={
            "flood_seconds": 0,
            "floods": 0,
            "csrf_pages": 0,
            "language": "en",
            "offset_seconds": 0,
            "hold": False,
        },
        words=lambda text: text.partition("\n\n![")[0],
    ),
    "wordpress": Simulated(
        create=wordpress.create_simulator,
        control=wordpress.CONTROL,
        # The draft is made at /posts; publishing it is the commit.
        commit_path="/wp-json/wp/v2/posts/*",
        upload_path="/wp-json/wp/v2/media",
        usual={
            "offset_seconds": 0,
            "zone_hours": 2,
            "flood": True,
            "moderation": False,
            "maintenance": False,
        },
        words=lambda html: re.sub(r"<[^>]+>", "", html).strip(),
    ),
}
