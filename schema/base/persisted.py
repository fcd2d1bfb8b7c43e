"""Documents that clients name instead of sending: those of a list, and those seen before."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from schema.base.refusals import DoorCode, Refusal, bad_document, bad_request
from schema.base.requests import GraphQLRequest, is_sha256

#: Longer documents are executed and not kept.
_CHARACTERS = 16_000
_DOCUMENTS = 1_000
_CHARACTERS_TOGETHER = 1_000_000


class Shared(Protocol):
    """What other processes have kept, and will find."""

    async def get(self, name: str, /) -> str | None:
        """Return a text by its name."""

    async def put(self, name: str, text: str, /) -> None:
        """Keep a text."""


class Persisted:
    """Finds documents by their names: trusted ones of a list, others by their SHA-256.

    With `only_trusted` nothing else is let in, whoever asks.
    """

    def __init__(
        self,
        *,
        trusted: Mapping[str, str] | None = None,
        only_trusted: bool = False,
        shared: Shared | None = None,
    ) -> None:
        self._trusted = dict(trusted or {})
        self._texts = frozenset(self._trusted.values())
        self._only = only_trusted
        self._shared = shared
        self._known: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def concerns(self, asked: GraphQLRequest) -> bool:
        """Say whether there is anything to look up or to check."""
        return self._only or asked.document_id is not None or asked.sha256 is not None

    async def resolved(self, asked: GraphQLRequest) -> GraphQLRequest:
        """Return the request with its document. Raises Refusal."""
        if asked.query:
            if asked.sha256 is not None and _sha256(asked.query) != asked.sha256:
                raise bad_request(
                    DoorCode.PERSISTED_QUERY_MISMATCH, "provided sha does not match query"
                )
            self.require_trusted(asked.query)
            return asked
        name = asked.document_id or asked.sha256 or ""
        text = self._trusted.get(name)
        if text is None and not self._only:
            text = await self._seen(name)
        if text is None:
            # The words by which clients know that they must send the document.
            raise bad_document(DoorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        # A hash that came without its text proves nothing: nothing is kept under it.
        return replace(asked, query=text, sha256=None)

    def require_trusted(self, query: str) -> None:
        """Raise Refusal for a document that is not on the list, where the list is all there is."""
        if not self._only or query in self._texts:
            return
        refusal = bad_document(
            DoorCode.DOCUMENT_NOT_TRUSTED, "Only the documents that were registered are executed."
        )
        refusal.status = 403
        raise refusal

    async def keep(self, asked: GraphQLRequest) -> None:
        """Keep a valid document by its hash, here and for the other processes."""
        name, text = asked.sha256, asked.query
        if name is None or name in self._known or self._only or len(text) > _CHARACTERS:
            return
        self._remember(name, text)
        if self._shared is not None:
            await self._shared.put(name, text)

    async def _seen(self, name: str) -> str | None:
        if not is_sha256(name):
            return None
        text = self._known.get(name)
        if text is not None:
            self._known.move_to_end(name)
            return text
        text = await self._shared.get(name) if self._shared is not None else None
        # Whatever wrote it: a document is what its hash says, or it is none.
        if text is None or _sha256(text) != name:
            return None
        self._remember(name, text)
        return text

    def _remember(self, name: str, text: str) -> None:
        self._characters += len(text) - len(self._known.get(name, ""))
        self._known[name] = text
        while len(self._known) > _DOCUMENTS or self._characters > _CHARACTERS_TOGETHER:
            _, forgotten = self._known.popitem(last=False)
            self._characters -= len(forgotten)


class ManifestBroken(Exception):
    """The list of trusted documents cannot be used as it is."""


def read_manifest(path: Path) -> dict[str, str]:
    """Read a list of trusted documents: a JSON object, id → text. Raises ManifestBroken.

    Ids that are hashes must be those of their texts; `sha256:` before one may be left out.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ManifestBroken(f"The trusted documents in {path} cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ManifestBroken(f"The trusted documents in {path} are no JSON object of id and text.")
    documents = {name.removeprefix("sha256:"): text for name, text in found.items()}
    for name, text in documents.items():
        if is_sha256(name) and _sha256(text) != name:
            raise ManifestBroken(f"The trusted document {name} in {path} has another SHA-256.")
    return documents


def require_valid(documents: Mapping[str, str], check: "Check") -> None:
    """Raise ManifestBroken for a document that could never run."""
    for name, text in documents.items():
        try:
            check(text)
        except Refusal as refusal:
            raise ManifestBroken(f"The trusted document {name} is not valid: {refusal}") from None


class Check(Protocol):
    """Parses and validates a text, or raises Refusal."""

    def __call__(self, query: str, /) -> None:
        """Raise Refusal for a document that is not valid."""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
