"""What text the database can hold."""

import re

from hub.kernel.errors import Invalid

_HALF_CHARACTER = re.compile("[\\ud800-\\udfff]")


def storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot hold and no log should show."""
    return "".join(character for character in text if character.isprintable())


def require_storable(text: str, *, path: tuple[str, ...]) -> None:
    """Raise Invalid for what PostgreSQL cannot hold: a NUL, or half of a character."""
    if "\x00" in text:
        raise Invalid("This contains a NUL character.", path=path)
    if _HALF_CHARACTER.search(text):
        raise Invalid("This contains half of a character (a lone surrogate).", path=path)
