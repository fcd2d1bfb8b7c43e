"""Request bodies as Mastodon clients send them: JSON, a form, or a form with files."""

from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request


class Unreadable(Exception):
    """The body is not what its content type says."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file of a form."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Form:
    """The fields of a request; names ending in [] are lists without the brackets."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return one field as text."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def texts(self, name: str) -> list[str]:
        """Return a list field."""
        value = self.values.get(name) or []
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]

    def flag(self, name: str) -> bool:
        """Return a yes-or-no field."""
        return str(self.values.get(name, "")).casefold() in {"true", "1", "on"}


async def form_of(request: Request) -> Form:
    """Read the body of a request; Unreadable when it is malformed."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "application/json":
        return _json(body)
    if kind == "multipart/form-data":
        return _multipart(request.headers["content-type"], body)
    pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return Form(values={_bare(name): _one(name, found) for name, found in pairs.items()})


def _json(body: bytes) -> Form:
    try:
        values = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise Unreadable("The body is not JSON.") from error
    if not isinstance(values, dict):
        raise Unreadable("The body is not a JSON object.")
    return Form(values={_bare(name): value for name, value in values.items()})


def _multipart(content_type: str, body: bytes) -> Form:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = Form()
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = str(part.get_param("name", "", "content-disposition"))
        data = part.get_payload(decode=True)
        content = data if isinstance(data, bytes) else b""
        filename = part.get_filename()
        if filename is None:
            form.values[_bare(name)] = content.decode("utf-8", "replace")
            continue
        form.files[name] = Upload(name=filename, mime=part.get_content_type(), data=content)
    return form


def _bare(name: str) -> str:
    return name.removesuffix("[]")


def _one(name: str, found: list[str]) -> Any:
    return found if name.endswith("[]") else found[-1]
