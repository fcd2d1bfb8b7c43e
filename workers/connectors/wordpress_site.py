"""Asking a WordPress site: one request, its answer believed only when it is WordPress' own."""

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import orjson

from workers.connectors import wordpress_wire as wire
from workers.connectors.errors import Gone, OutcomeUnknown, Transient
from workers.connectors.http import Answer, Http
from workers.connectors.port import Account
from workers.connectors.wordpress_failures import failure


class Site:
    """The REST API of any site, addressed as `?rest_route=`.

    That works with every permalink setting and every web server, while `/wp-json/` needs
    rewriting that many sites do not have.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    async def ask(
        self,
        account: Account,
        method: str,
        route: str,
        *,
        params: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content: bytes | BinaryIO | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status."""
        kind = {"Content-Type": "application/json"} if body is not None else {}
        return await self._http.send(
            method,
            f"{account.settings['base_url']}/",
            headers={**kind, **(headers or {}), "Authorization": wire.authorization(account)},
            params=[("rest_route", f"/wp/v2/{route}"), *params],
            content=orjson.dumps(body) if body is not None else content,
            secrets=wire.secrets_of(account),
            deadline=deadline,
        )

    async def call(self, account: Account, method: str, route: str, **more: Any) -> Answer:
        """Send one request; raises what an error stands for, and OutcomeUnknown for a web page."""
        answer = await self.ask(account, method, route, **more)
        if not answer.ok:
            raise failure(answer)
        # A login page, a consent banner or a captcha comes with 200 as well.
        answer.json()
        return answer

    async def list(
        self, account: Account, route: str, params: Iterable[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        """Return a list of objects; OutcomeUnknown when it is none."""
        return objects(await self.call(account, "GET", route, params=params))

    async def find(
        self, account: Account, remote: str, fields: str, *, public: bool = False
    ) -> dict[str, Any] | None:
        """Return a post or comment, None when it is gone; `public`: when others cannot see it."""
        # Raw words are for whoever may edit; not every user may edit their own comments.
        context = "view" if wire.is_comment(remote) else "edit"
        asked = [("context", context), ("_fields", fields)]
        try:
            found = (
                await self.call(account, "GET", wire.route_of(remote), params=asked)
            ).json_object()
        except Gone as error:
            if error.code:
                return None
            raise Transient(error.message, status=error.status) from error
        if public and found.get("status") not in {"publish", "approved"}:
            return None
        return found


def objects(answer: Answer) -> list[dict[str, Any]]:
    """Return the objects of an answer that is a list; OutcomeUnknown when it is none."""
    listed = answer.json()
    if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
        return listed
    raise OutcomeUnknown(f"{answer.host} answered with JSON of an unknown shape.")
