"""Looking at pictures and videos: only here, each in a child process of its own.

A decoder fed by strangers may crash, swell or never end, so it runs where that costs nothing:
its memory, time and output are bounded by the kernel, it knows no secret, and it can be killed.
A pool of processes would spare some 0.1 s per picture, but one crash would break the whole pool
and every picture in it; a thread could be neither bounded nor stopped.
"""

import asyncio
import hashlib
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from weakref import WeakKeyDictionary

import orjson

from hub.content import assets
from hub.content.assets import StoredPicture
from hub.content.jobs import DiscardUpload, ProcessAsset
from hub.content.storage import BytesMissing, fill, picture_key
from hub.kernel.log import logger
from workers.decoding import TOO_DEMANDING, TOO_DEMANDING_MESSAGE
from workers.handling import Again, Toolbox, handles

_log = logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one picture may cost: bytes of address space, seconds, bytes of all it becomes.

    40 megapixels with transparency and a colour profile take 670 MB and 3 s.
    """

    memory_bytes: int = 1_280_000_000
    cpu_seconds: int = 60
    seconds: float = 120.0
    result_bytes: int = 60_000_000


BOUNDS = Bounds()
#: Pictures a process decodes at once: their memory adds up.
AT_ONCE = 2
#: A child may be killed by accident; a picture that kills two is to blame.
TRIES = 2

_MIMES = {"image/jpeg", "image/png", "image/webp"}
_LOST = "UPLOAD_LOST"
_LOST_MESSAGE = "The uploaded file is gone. Upload it again."
#: All that a child gets to know of our environment.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
#: Ends by which somebody stopped the worker, before its child had learnt not to listen.
_STOPPED = {-signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP}

_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """Why a picture cannot be used, for programs and for people."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A video that stays as it came, where it lies, and what it shows as pictures."""

    facts: StoredPicture
    duration_ms: int
    codecs: str
    upload_key: str
    covers: list["Written"]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A picture written anew (its name is empty) or one of its renditions."""

    name: str
    facts: StoredPicture
    data: bytes


@handles(ProcessAsset)
async def process(job: ProcessAsset, tools: Toolbox) -> Again | None:
    """Decode, store, settle, tidy up; each step can be repeated after a crash at any line."""
    async with tools.unit_of_work(job.workspace_id) as work:
        waiting = await assets.processing(work, asset_id=job.asset_id)
    if waiting is not None:
        async with _place():
            found = await _looked_at(waiting, tools)
            if not isinstance(found, Unusable):
                await _store(found, job, tools)
        await tools.passed("picture_stored")
        await _settle(found, job, tools)
        await tools.passed("picture_settled")
    async with tools.unit_of_work(job.workspace_id) as work:
        leftover = await assets.leftover(work, asset_id=job.asset_id)
    if leftover is not None:
        await tools.storage.delete(leftover)
    return None


@handles(DiscardUpload)
async def discard(job: DiscardUpload, tools: Toolbox) -> Again | None:
    """Remove the bytes first: a crash in between leaves a row that leads here again."""
    async with tools.unit_of_work(job.workspace_id) as work:
        found = await assets.discardable(work, upload_id=job.upload_id)
    if found is None:
        return None
    if isinstance(found, datetime):
        return Again(due_at=found)
    await tools.storage.delete(found)
    async with tools.unit_of_work(job.workspace_id) as work:
        await assets.forget_upload(work, upload_id=job.upload_id)
    return None


async def decoded(data: bytes, *, mime: str, bounds: Bounds) -> list[Written] | Unusable:
    """Have a child decode the picture; the first file is the picture, the others renditions.

    Raises RuntimeError when the child could not do its work for reasons of our own.
    """
    for _ in range(TRIES):
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(data)
            source.seek(0)
            if await _ended_well(source, sink, mime=mime, bounds=bounds):
                return _read(sink)
    return Unusable(reason=TOO_DEMANDING, message=TOO_DEMANDING_MESSAGE)


async def watched(
    upload_key: str, tools: Toolbox, *, mime: str, bounds: Bounds
) -> Watched | Unusable:
    """Have a child read what a video says of itself; it is never whole in memory."""
    with tempfile.TemporaryFile() as source:
        sha256 = await fill(source, tools.storage, upload_key)
        size = source.seek(0, os.SEEK_END)
        for _ in range(TRIES):
            source.seek(0)
            with tempfile.TemporaryFile() as sink:
                if await _ended_well(source, sink, mime=mime, bounds=bounds):
                    return _read_video(sink, upload_key, sha256=sha256, size=size)
    return Unusable(reason=TOO_DEMANDING, message=TOO_DEMANDING_MESSAGE)


async def _ended_well(source: IO[bytes], sink: IO[bytes], *, mime: str, bounds: Bounds) -> bool:
    end = await _run_child(source, sink, mime=mime, bounds=bounds)
    if end == 0:
        sink.seek(0)
        return True
    if end is not None and (end > 0 or end in _STOPPED):
        raise RuntimeError(f"The decoder ended with {end} before it looked at the file.")
    _log.warning("a file was too much for its decoder", end=end, mime=mime)
    return False


def _read_video(sink: IO[bytes], upload_key: str, *, sha256: str, size: int) -> Watched | Unusable:
    answer: Mapping[str, Any] = orjson.loads(sink.readline(100_000))
    if "refused" in answer:
        return Unusable(reason=answer["refused"], message=answer["message"])
    told = answer["video"]
    return Watched(
        facts=StoredPicture(
            mime=told["mime"], size=size, width=told["width"], height=told["height"], sha256=sha256
        ),
        duration_ms=told["duration_ms"],
        codecs=told["codecs"],
        upload_key=upload_key,
        covers=[_written(file, sink.read(file["size"])) for file in answer["files"]],
    )


async def _run_child(
    source: IO[bytes], sink: IO[bytes], *, mime: str, bounds: Bounds
) -> int | None:
    """Return how the child ended: an exit status, minus a signal, or None when it took too long."""
    numbers = (bounds.memory_bytes, bounds.cpu_seconds, bounds.result_bytes)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "workers.decoding", mime, *map(str, numbers)),
        stdin=source,
        stdout=sink,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(bounds.seconds):
            return await child.wait()
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


def _read(sink: IO[bytes]) -> list[Written] | Unusable:
    answer: Mapping[str, Any] = orjson.loads(sink.readline(100_000))
    if "refused" in answer:
        if "detail" in answer:
            _log.warning("a picture could not be decoded", detail=answer["detail"])
        return Unusable(reason=answer["refused"], message=answer["message"])
    return [_written(file, sink.read(file["size"])) for file in answer["files"]]


def _written(file: Mapping[str, Any], data: bytes) -> Written:
    if file["mime"] not in _MIMES or len(data) != file["size"]:
        raise RuntimeError("The decoder's answer does not fit the files it wrote.")
    facts = StoredPicture(
        mime=file["mime"],
        size=len(data),
        width=file["width"],
        height=file["height"],
        # Counted here: whatever happened to the child, a hash is the hash of its bytes.
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return Written(name=file["name"], facts=facts, data=data)


async def _looked_at(
    waiting: assets.Processing, tools: Toolbox
) -> list[Written] | Watched | Unusable:
    if waiting.upload_key is None:
        return Unusable(reason=_LOST, message=_LOST_MESSAGE)
    try:
        if waiting.mime.startswith("video/"):
            return await watched(waiting.upload_key, tools, mime=waiting.mime, bounds=BOUNDS)
        data = await tools.storage.get(waiting.upload_key)
    except BytesMissing:
        return Unusable(reason=_LOST, message=_LOST_MESSAGE)
    return await decoded(data, mime=waiting.mime, bounds=BOUNDS)


async def _store(found: list[Written] | Watched, job: ProcessAsset, tools: Toolbox) -> None:
    if isinstance(found, Watched):
        key = picture_key(job.workspace_id, found.facts.sha256)
        await tools.storage.copy(found.upload_key, key)
    for file in found.covers if isinstance(found, Watched) else found:
        await tools.storage.put(picture_key(job.workspace_id, file.facts.sha256), file.data)


async def _settle(
    found: list[Written] | Watched | Unusable, job: ProcessAsset, tools: Toolbox
) -> None:
    async with tools.unit_of_work(job.workspace_id) as work:
        if isinstance(found, Unusable):
            await assets.settle_refused(
                work, asset_id=job.asset_id, reason=found.reason, message=found.message
            )
            return
        if isinstance(found, Watched):
            await assets.settle_ready(
                work,
                asset_id=job.asset_id,
                picture=found.facts,
                renditions={each.name: each.facts for each in found.covers},
                duration_ms=found.duration_ms,
                codecs=found.codecs,
            )
            return
        picture, *renditions = found
        await assets.settle_ready(
            work,
            asset_id=job.asset_id,
            picture=picture.facts,
            renditions={each.name: each.facts for each in renditions},
        )


def _place() -> asyncio.Semaphore:
    """Return the places of the running loop: a semaphore belongs to one."""
    return _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
