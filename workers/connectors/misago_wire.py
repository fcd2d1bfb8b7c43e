"""What is written to a Misago forum: pure, from the edition and the checkpoint alone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.channels.platforms.base import MediaFacts
from workers.connectors.errors import Gone
from workers.connectors.port import Ref, Sending, Step

THREADS = "/api/threads/"
_IN_ADDRESS = re.compile(r"/t/[^/]+/(?P<thread>[0-9]{1,18})/(?:post/(?P<post>[0-9]{1,18})/)?")
_REMOTE_ID = re.compile(r"posts/([0-9]{1,18})")


@dataclass(frozen=True, kw_only=True)
class Post:
    """Where a post stands: every request about one names its thread too. `id` 0 is the first."""

    thread: int
    id: int
    opens: bool = False

    @property
    def path(self) -> str:
        """The post in the API."""
        return f"{thread_path(self.thread)}posts/{self.id}/"


def thread_path(thread: int) -> str:
    """Return a thread in the API."""
    return f"{THREADS}{thread}/"


def posts_path(thread: int) -> str:
    """Return the posts of a thread in the API."""
    return f"{thread_path(thread)}posts/"


def remote_id(post_id: int) -> str:
    """Return the id the hub knows a post by."""
    return f"posts/{post_id}"


def post_of(ref: Ref) -> Post:
    """Return where a post stands: from what was kept of it, or from its address. Gone if neither.

    A person who confirms a post by hand gives its address, and nothing was kept of it.
    """
    said = _IN_ADDRESS.search(ref.url)
    known = _REMOTE_ID.fullmatch(ref.remote_id)
    thread = ref.extra.get("thread") or (said and said["thread"])
    number = (known and known[1]) or (said and said["post"]) or 0
    if not thread:
        raise Gone(f"Nobody knows in which thread {ref.remote_id[:40]!r} stands.")
    opens = bool(ref.extra.get("opens")) or not number
    return Post(thread=int(thread), id=int(number), opens=opens)


def opens_thread(sending: Sending, step: Step) -> bool:
    """Say whether a commit opens a new thread, rather than answering in one or changing a post."""
    return step.part == 0 and sending.in_reply_to is None and not sending.amends


def target(sending: Sending, step: Step) -> tuple[str, str]:
    """Return the method and the path of a commit."""
    if sending.amends:
        return "PUT", post_of(sending.amends[step.part]).path
    if opens_thread(sending, step):
        return "POST", THREADS
    return "POST", posts_path(thread_of(sending, step))


def thread_of(sending: Sending, step: Step) -> int:
    """Return the thread that a commit writes into; there is none yet where it opens one."""
    if sending.amends:
        return post_of(sending.amends[step.part]).thread
    before = sending.part_refs()[: step.part]
    parent = before[0] if before else sending.in_reply_to
    if parent is None:
        raise Gone("There is no thread yet.")
    return post_of(parent).thread


def text_of(sending: Sending, part: int) -> str:
    """Return the Markdown of one post, with its pictures below the words.

    Only an upload can say where a picture is; its description is what was approved.
    """
    content = sending.edition.parts[part]
    uploaded = sending.checkpoint.get("media", {})
    shown = [
        f"![{_escaped(media.alt)}]({uploaded[slot(part, index)]['url']})"
        for index, media in enumerate(content.media)
    ]
    return "\n\n".join([piece for piece in (content.text, *shown) if piece])


def attachments_of(sending: Sending, part: int) -> list[int]:
    """Return the numbers of the uploads that belong to one post."""
    uploaded = sending.checkpoint.get("media", {})
    pictures = sending.edition.parts[part].media
    return [uploaded[slot(part, index)]["id"] for index in range(len(pictures))]


def bytes_of(sending: Sending, step: Step) -> bytes:
    """Return the body as it goes over the wire: the same for every attempt."""
    body: dict[str, Any] = {
        "post": text_of(sending, step.part),
        "attachments": attachments_of(sending, step.part),
    }
    if opens_thread(sending, step):
        body |= {"category": category_of(sending), "title": sending.edition.title}
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def category_of(sending: Sending) -> int | None:
    """Return the number of the category, None while only its name is known."""
    said = str(sending.edition.fields.get("category", ""))
    if said.isascii() and said.isdigit():
        return int(said)
    found = sending.checkpoint.get("category")
    return int(found) if found else None


def pictures_of(sending: Sending) -> Iterable[tuple[int, int, MediaFacts]]:
    """Return every picture with the number of its part and its place there."""
    for part, content in enumerate(sending.edition.parts):
        for index, media in enumerate(content.media):
            yield part, index, media


def slot(part: int, index: int) -> str:
    """Name the place of a picture in the checkpoint: an upload belongs to one post."""
    return f"{part}.{index}"


def with_media(sending: Sending, step: Step, uploaded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checkpoint with one more upload."""
    media = {**sending.checkpoint.get("media", {}), slot(step.part, step.media): dict(uploaded)}
    return {**sending.checkpoint, "media": media}


def _escaped(alt: str) -> str:
    # Brackets would end the description, and a line break the whole picture.
    return re.sub(r"([\\\[\]])", r"\\\1", " ".join(alt.split()))
