"""Short links: the addresses in a text exchanged for codes whose clicks can be counted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from hub.channels.platforms.base import Draft
from hub.content.models import ShortLink
from hub.kernel.ids import new_id
from hub.kernel.secrets import Vault
from hub.kernel.settings import Settings
from hub.kernel.work import UnitOfWork
from hub.strategy.utm import Tracking, tagged

CODE_LENGTH = 10
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# An address ends where Markdown or a sentence goes on without it.
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\[\]{}|\\^]+", re.IGNORECASE)
_AFTER = ".,;:!?…»*_~"


@dataclass(frozen=True, kw_only=True)
class Shortened:
    """A draft with short addresses, and what each code in it leads to."""

    draft: Draft
    links: Mapping[str, str]


def shortened(
    draft: Draft, *, code: Callable[[str], str], base: str, by: Tracking | None = None
) -> Shortened:
    """Exchange every address in the words and the link; the same address gets the same code.

    `base` is what short addresses begin with, without a slash at the end; those are left alone.
    What they lead to has the parameters `by`: also an address that was only words until now.
    """
    links: dict[str, str] = {}

    def short(address: str) -> str:
        if address.startswith(f"{base}/"):
            return address
        target = tagged(address, by) if by else address
        made = code(target)
        links[made] = target
        return f"{base}/{made}"

    def exchanged(text: str) -> str:
        return _ADDRESS.sub(lambda found: _exchange(found[0], short), text)

    parts = tuple(replace(part, text=exchanged(part.text)) for part in draft.parts)
    link = short(draft.link) if draft.link else ""
    return Shortened(draft=replace(draft, parts=parts, link=link), links=links)


def _exchange(found: str, short: Callable[[str], str]) -> str:
    """Exchange an address, but for what only follows it: a full stop, or a bracket not its own."""
    address = found
    while address and (address[-1] in _AFTER or _closes_another(address)):
        address = address[:-1]
    if not address.partition("://")[2]:
        return found
    return short(address) + found[len(address) :]


def _closes_another(address: str) -> bool:
    return address.endswith(")") and address.count(")") > address.count("(")


def code_of(vault: Vault, *, revision_id: UUID, channel_id: UUID, address: str) -> str:
    """Return the code of an address in what one revision says on one channel.

    The same words keep their codes however often they are prepared, and nobody without the secret
    key can guess one: ten letters of base 62 carry 59 bits.
    """
    signed = vault.sign_link(f"short:{revision_id}:{channel_id}:{address}")
    number = int(signed, 16)
    letters = []
    for _ in range(CODE_LENGTH):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)


def base_of(settings: Settings) -> str:
    """Return what short addresses begin with."""
    return settings.short_url.rstrip("/") or f"{settings.public_url.rstrip('/')}/l"


def shorten(
    work: UnitOfWork, draft: Draft, *, revision_id: UUID, channel_id: UUID, by: Tracking | None
) -> Shortened:
    """Shorten the addresses of what a revision says on a channel; stores nothing."""
    return shortened(
        draft,
        code=lambda address: code_of(
            work.vault, revision_id=revision_id, channel_id=channel_id, address=address
        ),
        base=base_of(work.settings),
        by=by,
    )


async def keep_links(
    work: UnitOfWork, links: Mapping[str, str], *, revision_id: UUID, channel_id: UUID
) -> None:
    """Remember what codes lead to; what is known already stays as it is."""
    if not links:
        return
    await work.session.execute(
        insert(ShortLink)
        .values(
            [
                {
                    "id": new_id(),
                    "workspace_id": work.caller.workspace_id,
                    "revision_id": revision_id,
                    "channel_id": channel_id,
                    "code": code,
                    "url": url,
                }
                for code, url in links.items()
            ]
        )
        .on_conflict_do_nothing()
    )
