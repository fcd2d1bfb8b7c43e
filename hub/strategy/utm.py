"""The parameters a campaign adds to links, so that visits can be told apart: pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import orjson

from hub.kernel.errors import Invalid
from hub.kernel.texts import require_storable

#: The parameters, in the order they are added: https://support.google.com/analytics/answer/10917952
PARAMETERS = ("source", "medium", "campaign", "term", "content")
#: What may stand in braces in their values.
PLACEHOLDERS = ("platform", "channel", "campaign", "content", "locale")
VALUE_MAX = 200
DOMAINS_MAX = 50

_BRACES = re.compile(r"\{([^{}]*)\}")
_DOMAIN = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """What is added to links: parameters with their values, and to which domains (none: to all)."""

    parameters: tuple[tuple[str, str], ...]
    own_domains: tuple[str, ...] = ()


def require_template(given: Mapping[str, str], *, path: tuple[str, ...]) -> dict[str, str]:
    """Return a template without its empty values; Invalid names the value that cannot be one."""
    for name, value in given.items():
        where = (*path, name)
        require_storable(value, path=where)
        if len(value) > VALUE_MAX:
            raise Invalid(f"This has {len(value)} characters; {VALUE_MAX} are allowed.", path=where)
        unknown = [word for word in _BRACES.findall(value) if word not in PLACEHOLDERS]
        if unknown or re.search(r"[{}]", _BRACES.sub("", value)):
            known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
            raise Invalid(f"In braces there can be {known}.", path=where)
    if not given.get("source", "").strip():
        raise Invalid("Visits need a source.", path=(*path, "source"))
    return {name: given[name].strip() for name in PARAMETERS if given.get(name, "").strip()}


def require_domains(given: Sequence[str], *, path: tuple[str, ...]) -> list[str]:
    """Return domains as they are compared; Invalid for what is none, or for too many."""
    if len(given) > DOMAINS_MAX:
        raise Invalid(f"At most {DOMAINS_MAX} domains are allowed.", path=path)
    known: dict[str, None] = {}
    for index, domain in enumerate(given):
        plain = _plain_host(domain.strip())
        if not _DOMAIN.fullmatch(plain):
            raise Invalid(
                "Give a domain such as example.org, without https:// and path.",
                path=(*path, str(index)),
            )
        known[plain] = None
    return list(known)


def digest(template: Mapping[str, str] | None, own_domains: Sequence[str]) -> str:
    """Return SHA-256 (hex) of what links get their parameters from; empty without a template."""
    if not template:
        return ""
    whole = {"template": dict(template), "domains": sorted(own_domains)}
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def tracking(
    template: Mapping[str, str], own_domains: Sequence[str], *, facts: Mapping[str, str]
) -> Tracking:
    """Fill a template in. `facts` are the values of the placeholders, as slugs."""
    filled = (
        (name, _BRACES.sub(lambda found: facts.get(found[1], ""), template[name]))
        for name in PARAMETERS
        if name in template
    )
    return Tracking(
        parameters=tuple((f"utm_{name}", value) for name, value in filled if value),
        own_domains=tuple(own_domains),
    )


def tagged(url: str, by: Tracking) -> str:
    """Return an address with the parameters it does not have yet; a foreign one stays as it is.

    All else of it is left untouched to the letter, and its fragment stays at the end.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return url
    if not host or not _is_own(_plain_host(host), by.own_domains):
        return url
    address, sign, fragment = url.partition("#")
    _, _, query = address.partition("?")
    known = {pair.partition("=")[0].lower() for pair in query.split("&")}
    added = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in by.parameters if name not in known
    )
    if not added:
        return url
    if "?" not in address:
        address += "?"
    elif query and not query.endswith("&"):
        address += "&"
    return f"{address}{added}{sign}{fragment}"


def _is_own(host: str, domains: Sequence[str]) -> bool:
    return not domains or any(host == one or host.endswith(f".{one}") for one in domains)


def _plain_host(host: str) -> str:
    lowered = host.lower().rstrip(".")
    if lowered.isascii():
        return lowered
    try:
        return lowered.encode("idna").decode()
    except UnicodeError:
        return lowered
