"""The texts of the demo: worth reading, complete, and set as their languages are set."""

import re
from collections.abc import Iterator

import pytest
from PIL import Image

from workers.demo.material import CONTENT, NEXT_POST, Item, read_cast, read_items

CAST = read_cast()
ITEMS = read_items(CAST)


def words_of(item: Item) -> Iterator[str]:
    yield from (item.title, item.summary, *item.parts)
    yield from (variant.text or "" for variant in item.variants)
    for answer in item.community.answers:
        yield from (answer.text, answer.reply)


def test_two_campaigns_in_two_languages_tell_seven_texts() -> None:
    told = [(item.campaign, item.locale) for item in ITEMS]

    assert told == [("automne", "fr")] * 4 + [("winter", "en-GB")] * 3


def test_there_is_a_thread_an_article_a_picture_and_a_text_that_is_sent_back() -> None:
    assert [len(item.parts) for item in ITEMS] == [1, 1, 4, 1, 1, 1, 1]
    assert [item.title for item in ITEMS if "\n## " in item.parts[0]] == [
        "Pourquoi nous démontons avant de jeter",
        "What a stuck zip is trying to tell you",
    ]
    assert sum(bool(item.pictures) for item in ITEMS) == 3
    assert sum(item.first_draft is not None for item in ITEMS) == 1
    assert sum(item.writer == "manager" for item in ITEMS) == 1


def test_every_name_in_a_text_is_one_of_the_cast() -> None:
    channels = {channel.key for channel in CAST.channels}
    pictures = {picture.key for picture in CAST.pictures}
    for item in ITEMS:
        named = {variant.channel for variant in item.variants if variant.channel}
        people = {*item.community.likes, *item.community.shares}
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
    assert sum(answer.hide for _, answer in answers) == 1
    assert not any(answer.hide and answer.reply for _, answer in answers)


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
    for item in ITEMS:
        if item.locale != "fr":
            continue
        for text in words_of(item):
            assert re.findall(r"[^\u202f/|:-][;!?](?!\w)", text) == []
            assert re.findall(r"[^\u00a0-]:(?=\s|$)", text) == []
            assert re.findall("«[^\u00a0]|[^\u00a0]»", text) == []
            assert "'" not in text


def test_english_is_set_with_its_own_quotes() -> None:
    for item in ITEMS:
        if item.locale == "en-GB":
            assert [text for text in words_of(item) if "'" in text or '"' in text] == []


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
    text = '+++\ntitle = "A"\nchanels = ["feed-fr"]\n+++\nWords'

    with pytest.raises(ValueError, match="chanels"):
        Item.parse(text, campaign="automne", locale="fr")


def test_a_thread_is_one_file() -> None:
    text = f'+++\ntitle = "A"\nchannels = ["feed-fr"]\n+++\nOne\n\n{NEXT_POST}\n\nTwo\n'

    item = Item.parse(text, campaign="automne", locale="fr")

    assert item.parts == ["One", "Two"]
