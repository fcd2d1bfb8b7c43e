"""The child process that decodes one picture, or reads a video: bounded, secretless, free to die.

`python -m workers.decoding MIME MEMORY_BYTES CPU_SECONDS RESULT_BYTES` reads the file from
standard input and writes one line of JSON, then the new files it speaks of, one after the other.
It ends with 0 whatever the file is; a signal means that the file was too much for it.
"""

import json
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

#: A refusal of the decoder itself, beside those of `hub.content.images`.
TOO_DEMANDING = "TOO_DEMANDING"
TOO_DEMANDING_MESSAGE = (
    "The picture could not be decoded within the bounds of memory and time. "
    "Save it anew, smaller or in another format."
)


def main(arguments: Sequence[str]) -> None:
    """Bound this process for ever, then look at the picture."""
    mime, memory, seconds, result = arguments[0], *map(int, arguments[1:])
    # Whoever stops a worker stops its process group; the worker decides about its child.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_CPU, seconds)
    # The line of JSON comes on top.
    _bound(resource.RLIMIT_FSIZE, result + 1_000_000)
    with suppress(ValueError, OSError):  # macOS has no such bound
        _bound(resource.RLIMIT_AS, memory)

    if mime.startswith("video/"):
        answer, files = _watched(mime, result)
    else:
        answer, files = _looked_at(sys.stdin.buffer.read(), mime, result)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    for data in files:
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _bound(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (allowed, allowed))


def _looked_at(data: bytes, mime: str, result: int) -> tuple[dict[str, Any], list[bytes]]:
    # Imported behind the bounds, and outside `try`: an installation that lacks its libraries
    # must not look like a bad picture.
    from hub.content import images

    try:
        picture = images.process(data, declared_mime=mime)
    except images.Refused as refused:
        return _refusal(refused.reason.value, refused.message), []
    except (MemoryError, OSError, ValueError) as error:
        return {**_refusal(TOO_DEMANDING, TOO_DEMANDING_MESSAGE), "detail": repr(error)[:500]}, []
    files = [picture, *picture.renditions.values()]
    if (size := sum(each.size for each in files)) > result:
        message = (
            f"Written anew without loss the picture has {size:,} bytes; {result:,} are allowed. "
            "Save it as JPEG."
        )
        return _refusal(images.Reason.TOO_LARGE.value, message), []
    names = ["", *picture.renditions]
    described = [_described(name, each) for name, each in zip(names, files, strict=True)]
    return {"files": described}, [each.data for each in files]


def _watched(mime: str, result: int) -> tuple[dict[str, Any], list[bytes]]:
    from hub.content import videos

    try:
        video = videos.probe(sys.stdin.buffer, declared_mime=mime)
    except videos.Refused as refused:
        return _refusal(refused.reason.value, refused.message), []
    told = {
        "mime": video.mime,
        "width": video.width,
        "height": video.height,
        "duration_ms": video.duration_ms,
        "codecs": video.codecs,
    }
    described, files = _covered(video.cover, result)
    return {"video": told, "files": described}, files


def _covered(cover: bytes | None, result: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the picture a video carries in smaller sizes; a bad one is none."""
    if cover is None:
        return [], []
    answer, files = _looked_at(cover, "application/octet-stream", result)
    return answer.get("files", [])[1:], files[1:]


def _refusal(reason: str, message: str) -> dict[str, Any]:
    return {"refused": reason, "message": message}


def _described(name: str, file: Any) -> dict[str, Any]:
    return {
        "name": name,
        "mime": file.mime,
        "width": file.width,
        "height": file.height,
        "size": file.size,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
