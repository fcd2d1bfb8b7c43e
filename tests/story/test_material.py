"""The texts of the demo: worth reading, complete, and set as their languages are set."""

import re
from collections.abc import Iterator

import pytest
from PIL import Image

from workers.demo.clock import DAYS
from workers.demo.material import CONTENT, NEXT_POST, Brand, Item, read_cast, read_items
from workers.demo.week import WEEK

CAST = read_cast()
ITEMS = read_items(CAST)


def words_of(item: Item) -> Iterator[str]:
    yield from (item.title, item.summary, *item.parts)
    yield from (variant.text or "" for variant in item.variants)
    if item.draft is not None:
        yield item.draft.text
    for answer in item.community.answers:
        yield from (answer.text, answer.reply)


def words_of_brand(brand: Brand) -> Iterator[str]:
    yield from (brand.description, brand.campaign.objective, brand.campaign.brief)
    yield brand.saved_reply.text
    yield from (goal.name for goal in brand.goals)
    yield from (talk.text for talk in brand.talk)
    if brand.contest is not None:
        yield from (brand.contest.text, brand.contest.title, brand.contest.template)
    if brand.incident is not None:
        yield from (brand.incident.statement, brand.incident.note)


def spoken(locale: str) -> Iterator[str]:
    """Every word that is written in a language."""
    for item in ITEMS:
        if item.locale == locale:
            yield from words_of(item)
    for brand in CAST.brands:
        if brand.locale == locale:
            yield from words_of_brand(brand)


def test_two_brands_in_two_languages_tell_eight_texts() -> None:
    told = [(item.brand, item.locale) for item in ITEMS]

    assert told == [("fr", "fr")] * 4 + [("en", "en-GB")] * 4


def test_there_is_a_thread_an_article_a_picture_and_what_has_to_be_mended() -> None:
    assert [len(item.parts) for item in ITEMS] == [1, 1, 4, 1, 1, 1, 1, 1]
    assert [item.title for item in ITEMS if "\n## " in item.parts[0]] == [
        "Pourquoi nous démontons avant de jeter",
        "What a stuck zip is trying to tell you",
    ]
    assert sum(bool(item.pictures) for item in ITEMS) == 3
    assert sum(item.draft is not None for item in ITEMS) == 1
    assert sum(item.writer == "manager" for item in ITEMS) == 1
    (remarked,) = [item.remarked for item in ITEMS if item.remarked is not None]
    assert remarked.text.count(remarked.quote) == 1


def test_a_brand_speaks_on_its_own_channels() -> None:
    for brand in CAST.brands:
        own = {channel.key for channel in brand.channels}
        for item in ITEMS:
            if item.brand == brand.key:
                assert set(item.channels) <= own


def test_what_a_pause_holds_is_decided_for_every_channel() -> None:
    held = [item for item in ITEMS if item.after_pause]

    assert {decision for item in held for decision in item.after_pause.values()} == {
        "RELEASE",
        "RESCHEDULE",
        "CANCEL",
    }
    assert all(set(item.after_pause) == set(item.channels) for item in held)
    assert {item.day for item in held} == {"saturday"}


def test_the_week_has_all_its_days_and_a_text_goes_out_on_one_of_them() -> None:
    days = [day.name for day in WEEK]

    assert days == list(DAYS)
    assert {item.day for item in ITEMS if item.goes_out} <= set(days)
    # One text is sent by a tool, by its reference.
    assert [bool(item.reference) for item in ITEMS if not item.goes_out] == [True]


def test_every_name_in_a_text_is_one_of_the_cast() -> None:
    channels = {channel.key for channel in CAST.channels}
    pictures = {picture.key for picture in CAST.pictures}
    for item in ITEMS:
        named = {variant.channel for variant in item.variants if variant.channel}
        people = {*item.community.likes, *item.community.later_likes, *item.community.shares}
        people |= {answer.by for answer in item.community.answers}

        assert set(item.channels) <= channels
        assert named <= set(item.channels)
        assert set(item.pictures) <= pictures
        assert people <= CAST.people.keys()


def test_texts_go_to_a_network_a_blog_and_a_forum() -> None:
    platforms = {channel.key: channel.platform for channel in CAST.channels}
    reached = [{platforms[key] for key in item.channels} for item in ITEMS]

    assert all("mastodon" in one for one in reached)
    assert set().union(*reached) == {
        "mastodon",
        "bluesky",
        "wordpress",
        "misago",
        "feed",
        "webhook",
    }


def test_an_answer_is_given_on_a_channel_of_its_text_and_one_is_hidden() -> None:
    answers = [(item, answer) for item in ITEMS for answer in item.community.answers]

    assert all(answer.on in item.channels for item, answer in answers)
    assert [answer.hidden in answer.text for _, answer in answers if answer.hidden] == [True]
    assert not any(answer.hidden and answer.is_answered for _, answer in answers)


def test_a_slip_is_corrected_where_it_stands() -> None:
    (item,) = [item for item in ITEMS if item.correction]

    assert item.correction is not None
    assert item.correction.wrong in "".join(item.parts)
    assert item.correction.right not in "".join(item.parts)
    assert set(item.correction.channels) <= set(item.channels)


def test_an_answer_stands_under_a_post_that_exists() -> None:
    for item in ITEMS:
        for answer in item.community.answers:
            assert answer.under_part <= len(item.parts)


def test_french_is_set_with_the_spaces_french_asks_for() -> None:
    for text in spoken("fr"):
        assert re.findall(r"[^\u202f/|:-][;!?](?!\w)", text) == []
        assert re.findall(r"[^\u00a0-]:(?=\s|$)", text) == []
        assert re.findall("«[^\u00a0]|[^\u00a0]»", text) == []
        assert "'" not in text


def test_english_is_set_with_its_own_quotes() -> None:
    assert [text for text in spoken("en-GB") if "'" in text or '"' in text] == []


def test_pictures_are_small_and_described_in_both_languages() -> None:
    for picture in CAST.pictures:
        assert picture.path.stat().st_size < 300_000
        assert picture.alt.keys() == {"fr", "en"}


def test_exactly_one_picture_still_carries_where_it_was_taken() -> None:
    carrying = []
    for picture in CAST.pictures:
        with Image.open(picture.path) as image:
            if image.getexif().get_ifd(0x8825):
                carrying.append(picture.key)

    assert carrying == ["toaster"]


def test_every_file_is_read() -> None:
    files = list(CONTENT.glob("**/*.md"))

    assert len(files) == len(ITEMS)


def test_a_misspelt_name_in_a_head_is_an_error() -> None:
    text = '+++\ntitle = "A"\npillar = "B"\nchanels = ["feed-fr"]\n+++\nWords'

    with pytest.raises(ValueError, match="chanels"):
        Item.parse(text, brand="fr", locale="fr")


def test_a_thread_is_one_file() -> None:
    text = (
        f'+++\ntitle = "A"\npillar = "B"\nchannels = ["feed-fr"]\n+++\nOne\n\n{NEXT_POST}\n\nTwo\n'
    )

    item = Item.parse(text, brand="fr", locale="fr")

    assert item.parts == ["One", "Two"]
