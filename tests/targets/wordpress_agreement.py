"""The connector's own tests, played at the real site: it and its simulator must agree."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from tests.targets.campaign import Cases
from tests.targets.newsroom import Broken
from tests.targets.wordpress_cases import Blog
from tests.targets.wordpress_places import RealPlace
from tests.targets.wordpress_server import NAME
from tests.workers.connectors import test_conformance as everywhere
from tests.workers.connectors import test_wordpress as posts
from tests.workers.connectors import test_wordpress_comments as comments
from tests.workers.connectors.conftest import known
from workers.connectors.http import Http, open_http
from workers.connectors.port import Account
from workers.connectors.registry import connectors

Test = Callable[[RealPlace], Awaitable[None]]

cases: Cases[Blog] = Cases(party=NAME)

LOST = "drop_after"
AGREED: tuple[Test, ...] = (
    everywhere.test_a_check_says_who_we_are_and_what_is_allowed,
    everywhere.test_a_publication_goes_out_once_with_its_picture,
    everywhere.test_the_words_arrive_as_they_were_approved,
    everywhere.test_the_same_key_twice_is_one_post_where_the_place_promises_it,
    everywhere.test_a_wrong_secret_needs_auth_and_is_never_repeated_in_the_error,
    everywhere.test_what_is_taken_down_twice_is_gone_once,
    everywhere.test_other_words_take_the_place_of_a_post_and_twice_is_once,
    everywhere.test_what_is_out_can_be_read_back_whether_it_stands_was_changed_or_is_gone,
    posts.test_a_post_has_its_pictures_terms_excerpt_and_address,
    posts.test_a_picture_is_kept_once_for_each_user,
    posts.test_nothing_is_public_before_the_commit,
    posts.test_two_drafts_made_at_once_become_one,
    posts.test_a_commit_publishes_what_was_approved_whatever_became_of_the_draft,
    posts.test_a_draft_somebody_destroyed_is_told_apart,
    posts.test_an_edit_leaves_the_address_and_does_not_bring_back_what_was_hidden,
    posts.test_a_lost_answer_to_an_edit_is_settled_by_looking,
    posts.test_an_edit_of_what_is_in_the_bin_is_gone,
    posts.test_the_bin_renames_a_post_and_it_is_gone_all_the_same,
    posts.test_an_author_may_publish_and_the_filter_of_the_site_is_no_change,
    posts.test_an_author_may_use_categories_and_not_make_them,
    posts.test_a_password_that_was_withdrawn_needs_auth_at_every_step,
    posts.test_a_password_works_without_its_spaces_and_a_wrong_one_is_not_repeated,
    comments.test_a_reply_hangs_below_what_it_answers,
    comments.test_refused_replies_are_told_apart,
    comments.test_an_answer_to_a_comment_that_is_gone_is_not_sent,
    comments.test_a_comment_is_hidden_and_shown_again_and_twice_is_once,
    comments.test_what_waits_for_approval_comes_too_is_seen_to_be_hidden_and_let_through,
    comments.test_a_reply_is_edited_and_taken_down,
    comments.test_comments_come_as_messages_without_our_own,
    comments.test_every_page_is_read,
    comments.test_no_comment_is_missed_while_others_come_between_pages,
    comments.test_a_page_may_be_asked_for_again_and_a_strange_cursor_begins_anew,
    comments.test_comments_that_are_too_long_together_are_read_a_few_at_a_time,
    comments.test_comments_are_counted_and_what_is_gone_is_left_out,
)
#: Tests that are told how to go wrong, with what they are told here.
TOLD: tuple[tuple[str, Test], ...] = (
    (
        "a lost answer is an unknown outcome and can be settled",
        lambda place: everywhere.test_a_lost_answer_is_an_unknown_outcome_and_can_be_settled(
            place, LOST
        ),
    ),
    (
        "a lost answer to a reply is settled by looking",
        lambda place: comments.test_a_lost_answer_to_a_reply_is_settled_by_looking(
            place, LOST, 'At "nine" -- or 2x3... :)'
        ),
    ),
    (
        "no comment is missed while others vanish between pages",
        lambda place: comments.test_no_comment_is_missed_while_others_vanish_between_pages(
            place, 40
        ),
    ),
    (
        "the time on the wall of the site hides no comment",
        lambda place: comments.test_the_time_on_the_wall_of_the_site_hides_no_comment(place, -11),
    ),
)


def _name_of(test: Test) -> str:
    name: str = getattr(test, "__name__", "")
    return name.removeprefix("test_").replace("_", " ")


def _added(name: str, test: Test) -> None:
    @cases.case(f"as the simulator: {name}")
    def agreed(stage: Blog) -> None:
        try:
            asyncio.run(_played(stage, test))
        except pytest.fail.Exception as error:
            # Not an Exception, so that no test can swallow it; nor would the campaign.
            raise Broken(str(error)) from error


async def _played(stage: Blog, test: Test) -> None:
    async with open_http(allow=[stage.proxy.address]) as http:
        try:
            await test(await _a_place(stage, http))
        finally:
            stage.server.slow_down(hasty=False)


async def _a_place(stage: Blog, http: Http) -> RealPlace:
    person = await asyncio.to_thread(stage.server.person, f"user{uuid4().hex[:12]}")
    base = f"http://{stage.proxy.address}"
    place = RealPlace(
        name="wordpress",
        connector=connectors(http)["wordpress"],
        account=Account(
            channel_id=uuid4(),
            platform="wordpress",
            settings={"base_url": base},
            secrets=person.credentials,
        ),
        base=base,
        commit_path="/wp/v2/posts/*",
        server=stage.server,
        proxy=stage.proxy,
    )
    found = await known(place)
    assert isinstance(found, RealPlace)
    return found


for one in AGREED:
    _added(_name_of(one), one)
for told, one in TOLD:
    _added(told, one)
