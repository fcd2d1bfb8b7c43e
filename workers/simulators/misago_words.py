"""What a simulated Misago forum refuses, and in which words."""

from collections.abc import Mapping
from typing import Any

TITLE_MIN, TITLE_MAX = 5, 90
TEXT_MIN, TEXT_MAX = 5, 60_000


class Refusal(Exception):
    """An answer that is not a success: its status and its JSON."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


def forbidden(words: str) -> Refusal:
    """Return a refusal in the words of the forum."""
    return Refusal(403, {"detail": words})


def missing() -> Refusal:
    """Return what is said of anything that does not exist or is not for these eyes."""
    return Refusal(404, {"detail": "Not found."})


def title_errors(title: Any) -> dict[str, list[str]]:
    """Return what is wrong with a title, by field."""
    words = title.strip() if isinstance(title, str) else ""
    if not words:
        return {"title": ["You have to enter a thread title."]}
    if len(words) < TITLE_MIN:
        said = f"at least {TITLE_MIN} characters long (it has {len(words)})."
        return {"title": [f"Thread title should be {said}"]}
    if len(words) > TITLE_MAX:
        said = f"longer than {TITLE_MAX} characters (it has {len(words)})."
        return {"title": [f"Thread title cannot be {said}"]}
    if not any(character.isalnum() for character in words):
        return {"title": ["Thread title should contain alpha-numeric characters."]}
    return {}


def text_errors(text: Any) -> dict[str, list[str]]:
    """Return what is wrong with the text of a post, by field."""
    words = text.strip() if isinstance(text, str) else ""
    if "\0" in words:
        return {"post": ["Null characters are not allowed."]}
    if not words:
        return {"post": ["This field may not be blank."]}
    if len(words) < TEXT_MIN:
        said = f"at least {TEXT_MIN} characters long (it has {len(words)})."
        return {"post": [f"Posted message should be {said}"]}
    if len(words) > TEXT_MAX:
        said = f"longer than {TEXT_MAX} characters (it has {len(words)})."
        return {"post": [f"Posted message cannot be {said}"]}
    return {}
