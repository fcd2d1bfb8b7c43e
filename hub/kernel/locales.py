"""Locales as language tags."""

import re

from hub.kernel.errors import Invalid

_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def require_locale(tag: str, *, path: tuple[str, ...]) -> str:
    """Return the tag when it has the form of RFC 5646 ("fr", "en-GB"); raise Invalid otherwise."""
    if not _TAG.fullmatch(tag):
        raise Invalid(f'{tag} is not a language tag such as "fr" or "en-GB".', path=path)
    return tag


def language_of(tag: str) -> str:
    """Return the language of a tag: fr of fr-CA."""
    return tag.partition("-")[0].lower()
