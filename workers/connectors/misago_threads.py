"""Reading threads of a Misago forum: page by page, from either end, and one post among many."""

from datetime import datetime
from typing import Any

from workers.connectors import misago_posts as posts
from workers.connectors import misago_wire as wire
from workers.connectors.errors import Gone, Rejected, Transient
from workers.connectors.http import understood
from workers.connectors.misago_session import Sessions
from workers.connectors.port import Account, Ref

#: Pages of own threads, or of a thread, that are looked through for one post.
LOOK_PAGES = 10


class Threads:
    """What an account sees in its threads."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def page(self, account: Account, thread: int, number: int) -> posts.Page:
        """Return one page of a thread; Gone when there is no such page, or no such thread."""
        answer = await self._sessions.call(
            account, "GET", wire.posts_path(thread), params=[("page", str(number))]
        )
        with understood():
            return posts.page_of(answer.json_object())

    async def last_page(self, account: Account, thread: int, guess: int) -> posts.Page:
        """Return the last page of a thread, quickly where the guess is right; Gone without one."""
        try:
            page = await self.page(account, thread, guess)
        except Gone:
            if guess == 1:
                raise
            page = await self.page(account, thread, 1)
        while page.number < page.pages:
            page = await self.page(account, thread, page.pages)
        return page

    async def find(
        self, account: Account, place: wire.Post
    ) -> tuple[posts.Page | None, posts.Json | None]:
        """Return a post and the page it stands on; nothing when it is gone.

        Transient when it exists and could not be found: the thread changed meanwhile.
        """
        try:
            page = await self.page(account, place.thread, 1)
        except Gone:
            return None, None
        if place.opens:
            # Whatever its number was: the first post is what the thread stands for.
            return page, (page.posts[0] if page.posts else None)
        low, high = 1, page.pages
        while True:
            with understood():
                found, side = _within(page, place.id)
            if found is not None:
                return page, found
            low, high = (page.number + 1, high) if side > 0 else (low, page.number - 1)
            if not side or low > high:
                break
            try:
                page = await self.page(account, place.thread, (low + high) // 2)
            except Gone:
                break
        if await self._exists(account, place):
            raise Transient("The thread changed while a post was looked for.")
        return None, None

    async def source(self, account: Account, thread: int, post: posts.Json) -> str | None:
        """Return the Markdown of a post; None where the account may not see it."""
        with understood():
            number, may = int(post["id"]), (post.get("acl") or {}).get("can_edit")
        if not may:
            return None
        path = f"{wire.posts_path(thread)}{number}/post_editor/"
        try:
            answer = await self._sessions.call(account, "GET", path)
        except Rejected:
            return None
        with understood():
            return str(answer.json_object()["post"])

    async def may_reply(self, account: Account, thread: int) -> bool:
        """Say whether the account may write in a thread; Gone when there is none."""
        answer = await self._sessions.call(account, "GET", wire.thread_path(thread))
        with understood():
            return bool(answer.json_object()["acl"]["can_reply"])

    async def own(self, account: Account) -> list[Any]:
        """Return the threads the account opened that were last written in."""
        return (await self._own_page(account, None))[0]

    async def own_back_to(self, account: Account, earliest: datetime) -> tuple[list[Any], bool]:
        """Return own threads with a post since `earliest`, and whether these are all.

        The list is ordered by the last post: a thread that is answered meanwhile moves to the
        front, past the page that is being read, so the first page is read again at the end.
        """
        threads: dict[int, Any] = {}
        start: int | None = None
        for number in range(LOOK_PAGES):
            listed, following = await self._own_page(account, start)
            with understood():
                threads |= {int(one["id"]): one for one in listed}
                # Pinned threads stand before all others.
                moments = [posts.moment(one["last_post_on"]) for one in listed if not one["weight"]]
            if following is None or (moments and min(moments) < earliest):
                if number:
                    again, _ = await self._own_page(account, None)
                    with understood():
                        threads |= {int(one["id"]): one for one in again}
                return list(threads.values()), True
            start = following
        return list(threads.values()), False

    async def opened(
        self, account: Account, title: str, category: int | None, text: str, earliest: datetime
    ) -> tuple[list[Ref], bool]:
        """Return own threads that begin with this, and whether all since `earliest` were seen."""
        threads, whole = await self.own_back_to(account, earliest)
        with understood():
            likely = [
                int(one["id"])
                for one in threads
                if (one["title"], one["category"]) == (title, category)
                and posts.moment(one["started_on"]) >= earliest
            ]
        found = []
        for thread in likely:
            try:
                page = await self.page(account, thread, 1)
            except Gone:
                continue
            with understood():
                first = page.posts[0]
            source = await self.source(account, thread, first)
            with understood():
                if posts.reads_the_same(first, text, source):
                    found.append(posts.opening_of(page, base=str(account.settings["base_url"])))
        return found, whole

    async def written(
        self, account: Account, thread: int, text: str, earliest: datetime
    ) -> tuple[list[Ref], bool]:
        """Return own posts of a thread that say this, and whether it was read back to `earliest`.

        Read from the end: what is deleted meanwhile moves posts to pages that are still to come.
        """
        found: dict[str, Ref] = {}
        base = str(account.settings["base_url"])
        try:
            page = await self.last_page(account, thread, 1)
        except Gone:
            return [], True
        for _ in range(LOOK_PAGES):
            with understood():
                since = [one for one in page.posts if posts.written_at(one) >= earliest]
                own = [one for one in since if posts.is_own(one, account.identity)]
            for post in own:
                source = await self.source(account, thread, post)
                with understood():
                    if posts.reads_the_same(post, text, source):
                        ref = posts.ref_of(post, thread=thread, base=base)
                        found[ref.remote_id] = ref
            if len(since) < len(page.posts) or page.number == 1:
                return list(found.values()), True
            page = await self.page(account, thread, page.number - 1)
        return list(found.values()), False

    async def _own_page(self, account: Account, start: int | None) -> tuple[list[Any], int | None]:
        params = [("list", "my")]
        if start is not None:
            params.append(("start", str(start)))
        answer = await self._sessions.call(account, "GET", wire.THREADS, params=params)
        with understood():
            said = answer.json_object()
            following = said["next"]
            return list(said["results"]), None if following is None else int(following)

    async def _exists(self, account: Account, place: wire.Post) -> bool:
        try:
            await self._sessions.call(account, "GET", f"{place.path}likes/")
        except Gone:
            return False
        except Rejected:
            # Who liked a post may be a secret; that it is there is not.
            return True
        return True


def _within(page: posts.Page, number: int) -> tuple[posts.Json | None, int]:
    """Return the post, or on which side of the page it must be: before -1, after 1, nowhere 0."""
    numbers = [int(one["id"]) for one in page.posts]
    if number in numbers:
        return page.posts[numbers.index(number)], 0
    if not numbers or number < numbers[0]:
        return None, -1
    return None, 1 if number > numbers[-1] else 0
