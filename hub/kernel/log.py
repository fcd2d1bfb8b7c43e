"""Structured logs: one JSON object a line, with secrets scrubbed."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

_SECRET_NAMES = re.compile(
    r"(token|secret|password|authorization|credential|api_key)", re.IGNORECASE
)
_SECRET_VALUES = re.compile(
    r"hub_[a-z]+_[A-Za-z0-9]{8,}"
    r"|whsec_[A-Za-z0-9+/=]+"
    r"|Bearer\s+\S+|bearer\s+\S{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user and password of an address
)
_SCRUBBED = "[scrubbed]"

#: The id of the request that is being answered, for every line that is logged meanwhile.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)


def with_request(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say which request a line belongs to."""
    identity = REQUEST_ID.get()
    if identity is not None:
        entry.setdefault("request_id", identity)
    return entry


def scrub(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Replace the values of secret-sounding names, and anything that looks like a token."""
    return {
        name: _SCRUBBED if _SECRET_NAMES.search(name) else _clean(value)
        for name, value in entry.items()
    }


def _clean(value: Any) -> Any:
    match value:
        case str():
            return _SECRET_VALUES.sub(_SCRUBBED, value)
        case dict():
            return scrub(None, "", {str(name): inner for name, inner in value.items()})
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case _:
            return value


def configure(*, level: str) -> None:
    """Write every log line of this process as JSON to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        with_request,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        scrub,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


def logger(name: str) -> Any:
    """Return the structured logger of a module."""
    return structlog.stdlib.get_logger(name)
