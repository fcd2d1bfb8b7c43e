"""Pictures and videos: an address to upload to, what is made of what came, what a worker found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select, update

from hub.content import videos
from hub.content.events import AssetCreated, AssetReady, AssetRefused, AssetUpdated
from hub.content.jobs import DiscardUpload, ProcessAsset
from hub.content.models import Asset, AssetState, AssetUpload, Rendition
from hub.content.storage import picture_key
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text
from hub.kernel.errors import Forbidden, Invalid, WrongState
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.secrets import Vault
from hub.kernel.work import UnitOfWork
from hub.strategy.models import Brand

#: What a picture may be declared as; what it really is, only a worker looks at.
MIMES = ("image/jpeg", "image/png", "image/webp", "image/gif")
UPLOAD_LIVES = timedelta(minutes=15)
#: How long after its address expired an upload of which nothing was made is kept.
UPLOAD_KEPT = timedelta(hours=24)
FILENAME_MAX = 255
ALT_MAX = 2_000
LOCALES_MAX = 50
LOCALE_MAX = 35


@dataclass(frozen=True, kw_only=True)
class AltText:
    """What a picture shows, in one language."""

    locale: str
    text: str


@dataclass(frozen=True, kw_only=True)
class StoredPicture:
    """Bytes that lie in storage under their hash; `size` in bytes, `sha256` in hex."""

    mime: str
    size: int
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Processing:
    """What a worker needs for a picture that still has to be looked at.

    `upload_key` is None when the upload was lost.
    """

    upload_key: str | None
    mime: str


async def create_upload(work: UnitOfWork, *, filename: str, mime: str, size: int) -> AssetUpload:
    """Make an address that exactly these bytes can be PUT to, once, within 15 minutes."""
    work.caller.require(Permission.CONTENT_WRITE)
    if mime not in (*MIMES, *videos.MIMES):
        raise Invalid(
            f"A picture is one of {', '.join(MIMES)}, a video of {', '.join(videos.MIMES)}.",
            path=("input", "mime"),
        )
    is_video = mime in videos.MIMES
    most = work.settings.video_bytes if is_video else work.settings.upload_bytes
    if not 1 <= size <= most:
        raise Invalid(
            f"An upload has 1 to {most:,} bytes; {size:,} were announced.", path=("input", "size")
        )
    upload = AssetUpload(
        id=(upload_id := new_id()),
        workspace_id=work.caller.workspace_id,
        filename=_filename(filename),
        mime=mime,
        size=size,
        storage_key=f"uploads/{upload_id}",
        # Signatures and expiry go by the bare clock, which nobody can move.
        expires_at=work.clock + UPLOAD_LIVES,
        member_id=work.caller.member_id,
    )
    await work.add(upload)
    work.promise(
        DiscardUpload(workspace_id=upload.workspace_id, upload_id=upload.id),
        due_at=work.now + UPLOAD_LIVES + UPLOAD_KEPT,
    )
    return upload


def upload_path(vault: Vault, *, workspace_id: UUID, upload_id: UUID) -> str:
    """Return the path and query an upload is PUT to; whoever has it may upload."""
    signature = vault.sign_link(_signed(workspace_id, upload_id))
    return f"/uploads/{upload_id}?workspace={workspace_id}&signature={signature}"


def require_genuine(vault: Vault, *, workspace_id: UUID, upload_id: UUID, signature: str) -> None:
    """Raise Forbidden unless the hub itself made this upload address."""
    if not vault.link_is_genuine(_signed(workspace_id, upload_id), signature):
        raise invalid_address()


def invalid_address() -> Forbidden:
    """Return the one answer to forged, expired and unknown upload addresses."""
    return Forbidden("This upload address is not valid, or not any more. Ask for a new one.")


async def expected_upload(work: UnitOfWork, *, upload_id: UUID) -> AssetUpload:
    """Return an upload that may still come in; raises Forbidden, or WrongState when it has come."""
    upload = await work.one(select(AssetUpload).where(AssetUpload.id == upload_id))
    if upload is None:
        raise invalid_address()
    if upload.received_at is not None:
        raise _received_already()
    if upload.expires_at <= work.clock:
        raise invalid_address()
    return upload


async def receive_upload(work: UnitOfWork, *, upload_id: UUID, storage_key: str) -> None:
    """Note that the bytes came and where they lie; of several at once only the first counts.

    One that began in time may end late. Raises WrongState when other bytes were first.
    """
    received = await work.change(
        update(AssetUpload)
        .where(AssetUpload.id == upload_id, AssetUpload.received_at.is_(None))
        .values(received_at=work.clock, storage_key=storage_key)
    )
    if not received:
        raise _received_already()


async def create_asset(
    work: UnitOfWork,
    *,
    upload_id: UUID,
    brand_id: UUID | None = None,
    alt: Sequence[AltText] = (),
    filename: str | None = None,
) -> Asset:
    """Make a picture of an upload; a worker decides whether it can be used."""
    work.caller.require(Permission.CONTENT_WRITE)
    path = ("input", "uploadId")
    upload = await get(work, AssetUpload, upload_id, path=path, lock=True)
    if upload.received_at is None:
        raise WrongState("Nothing has come yet: PUT the file to the upload's address.", path=path)
    if upload.asset_id is not None:
        raise WrongState("A picture was made of this upload already.", path=path)
    if brand_id is not None:
        await get(work, Brand, brand_id, path=("input", "brandId"))
    asset = Asset(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand_id,
        filename=upload.filename if filename is None else _filename(filename),
        alt=_alt(alt),
    )
    await work.add(asset)
    upload.asset_id = asset.id
    await work.session.flush()
    work.record(AssetCreated(subject_id=asset.id))
    work.promise(ProcessAsset(workspace_id=asset.workspace_id, asset_id=asset.id))
    return asset


async def update_asset(
    work: UnitOfWork,
    *,
    asset_id: UUID,
    expected_version: int | None = None,
    alt: Sequence[AltText] | None = None,
    filename: str | None = None,
) -> Asset:
    """Change a picture's name or its whole list of alternative texts; whatever is None stays."""
    work.caller.require(Permission.CONTENT_WRITE)
    asset = await get(work, Asset, asset_id, lock=True)
    changes: dict[str, Any] = {}
    if alt is not None:
        changes["alt"] = _alt(alt)
    if filename is not None:
        changes["filename"] = _filename(filename)
    changed = await edit(work, asset, changes, expected_version=expected_version)
    if changed:
        work.record(AssetUpdated(subject_id=asset.id, fields=changed))
    return asset


async def processing(work: UnitOfWork, *, asset_id: UUID) -> Processing | None:
    """Return what to look at, or None when somebody has decided already."""
    asset = await work.one(select(Asset).where(Asset.id == asset_id))
    if asset is None or asset.state is not AssetState.PROCESSING:
        return None
    upload = await _upload_of(work, asset_id)
    if upload is None:
        return Processing(upload_key=None, mime="")
    return Processing(upload_key=upload.storage_key, mime=upload.mime)


async def settle_ready(
    work: UnitOfWork,
    *,
    asset_id: UUID,
    picture: StoredPicture,
    renditions: Mapping[str, StoredPicture],
    duration_ms: int | None = None,
    codecs: str | None = None,
) -> None:
    """Let a picture or video be used; nothing happens when somebody has decided already."""
    asset = await _undecided(work, asset_id)
    if asset is None:
        return
    # Not `touch`: an editor who read it while it was processed has missed no edit.
    asset.state, asset.updated_at = AssetState.READY, work.now
    for name, value in _facts(asset.workspace_id, picture).items():
        setattr(asset, name, value)
    asset.duration_ms, asset.codecs = duration_ms, codecs
    await work.add(
        *(
            Rendition(
                id=new_id(),
                workspace_id=asset.workspace_id,
                asset_id=asset.id,
                name=name,
                **_facts(asset.workspace_id, rendition),
            )
            for name, rendition in renditions.items()
        )
    )
    work.record(AssetReady(subject_id=asset.id, sha256=picture.sha256))


async def settle_refused(work: UnitOfWork, *, asset_id: UUID, reason: str, message: str) -> None:
    """Say that a picture cannot be used, and why, for programs and for people."""
    asset = await _undecided(work, asset_id)
    if asset is None:
        return
    asset.state, asset.updated_at = AssetState.REFUSED, work.now
    asset.refusal, asset.refusal_message = reason, message
    work.record(AssetRefused(subject_id=asset.id, reason=reason))


async def leftover(work: UnitOfWork, *, asset_id: UUID) -> str | None:
    """Return where the upload of a decided picture lies; its bytes are of no more use."""
    asset = await work.one(select(Asset).where(Asset.id == asset_id))
    upload = await _upload_of(work, asset_id)
    if asset is None or upload is None or asset.state is AssetState.PROCESSING:
        return None
    return upload.storage_key


async def discardable(work: UnitOfWork, *, upload_id: UUID) -> str | datetime | None:
    """Return where an upload lies that is of no more use.

    Or the time on the hub's clock to ask again, or None when there is no such upload.
    """
    upload = await work.one(select(AssetUpload).where(AssetUpload.id == upload_id))
    if upload is None:
        return None
    left = upload.expires_at + UPLOAD_KEPT - work.clock
    if left > timedelta(0):
        return work.now + left
    if await work.one(_of_upload(upload, AssetState.PROCESSING)):
        return work.now + UPLOAD_KEPT
    return upload.storage_key


async def forget_upload(work: UnitOfWork, *, upload_id: UUID) -> None:
    """Remove an upload whose bytes are gone."""
    await work.change(delete(AssetUpload).where(AssetUpload.id == upload_id))


async def _undecided(work: UnitOfWork, asset_id: UUID) -> Asset | None:
    return await work.one(
        select(Asset)
        .where(Asset.id == asset_id, Asset.state == AssetState.PROCESSING)
        .with_for_update()
    )


async def _upload_of(work: UnitOfWork, asset_id: UUID) -> AssetUpload | None:
    return await work.one(select(AssetUpload).where(AssetUpload.asset_id == asset_id))


def _of_upload(upload: AssetUpload, state: AssetState) -> Select[UUID]:
    return select(Asset.id).where(Asset.id == upload.asset_id, Asset.state == state)


def _facts(workspace_id: UUID, picture: StoredPicture) -> dict[str, Any]:
    return {**picture.__dict__, "storage_key": picture_key(workspace_id, picture.sha256)}


def _filename(name: str) -> str:
    """Return the last part of a name, whatever computer it comes from."""
    path = ("input", "filename")
    last = name.replace("\\", "/").rpartition("/")[2]
    if not last.isprintable():
        raise Invalid("A file name has no control characters.", path=path)
    return require_text(last, most=FILENAME_MAX, path=path)


def _alt(texts: Iterable[AltText]) -> dict[str, str]:
    alt: dict[str, str] = {}
    for index, each in enumerate(texts):
        path = ("input", "alt", str(index))
        if index == LOCALES_MAX:
            raise Invalid(f"At most {LOCALES_MAX} languages are allowed.", path=("input", "alt"))
        locale = require_locale(each.locale[: LOCALE_MAX + 1], path=(*path, "locale"))
        if len(locale) > LOCALE_MAX:
            raise Invalid("This language tag is too long.", path=(*path, "locale"))
        if locale.lower() in {known.lower() for known in alt}:
            raise Invalid(f"{locale} is there twice.", path=(*path, "locale"))
        alt[locale] = require_text(each.text, most=ALT_MAX, path=(*path, "text"))
    return alt


def _received_already() -> WrongState:
    return WrongState("A file has come to this address already. Ask for a new one.")


def _signed(workspace_id: UUID, upload_id: UUID) -> str:
    return f"upload:{workspace_id}/{upload_id}"
