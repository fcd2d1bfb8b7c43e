"""Where a brand speaks, as the API shows it: never a credential."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.channels import models
from hub.channels.platforms import base, platform
from hub.channels.rules import shown_settings
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.base.scalars import JsonObject
from schema.base.series import BestTimes, Series, best_times_of, series_of
from schema.strategy.types import Brand

if TYPE_CHECKING:
    from schema.engagement.types import Thread
    from schema.publishing.types import Publication

PlatformKind = base.Kind
describe(
    PlatformKind,
    name="PlatformKind",
    description="What kind of place a platform is.",
    values={
        "NETWORK": "A social network.",
        "BLOG": "A blog or a site.",
        "FORUM": "A forum.",
        "CHAT": "A chat.",
        "FEED": "A feed the hub serves itself.",
        "WEBHOOK": "An address of your own that is called.",
    },
)

_GUARANTEES = {
    "REPLAY": "Sending the same thing again returns the same post for a while, so nothing is "
    "posted twice; after that the hub searches the account before it tries again.",
    "IDENTITY": "The hub chooses the id of each post, so it can always look whether it is out. "
    "Nothing is posted twice.",
    "REFUSAL": "The platform refuses a duplicate, which proves that the first one is out. "
    "Nothing is posted twice.",
    "SEARCH": "After a lost answer the hub searches the account for its own post before it tries "
    "again. A post could be doubled only where a person chooses to retry.",
    "BLIND": "After a lost answer nobody can ask the platform. The hub does not try again by "
    "itself: a person looks and decides.",
}
Guarantee = base.Guarantee
describe(
    Guarantee,
    description="What can be known about a post after the platform's answer was lost.",
    values=_GUARANTEES,
)

Capability = base.Capability
describe(
    Capability,
    description="What can be done beyond publishing a text.",
    values={
        "THREAD": "Several posts that follow each other.",
        "REPLY": "Answering messages.",
        "IMAGE": "Pictures.",
        "ALT_TEXT": "Descriptions of pictures.",
        "EDIT": "Changing what is out.",
        "DELETE": "Taking down what is out.",
        "READ_BACK": "Looking at what is out: is it still there, was it changed?",
        "HIDE": "Hiding other people's answers from others.",
        "METRICS": "Counting reactions.",
        "AUDIENCE": "Counting the account's followers.",
        "MESSAGES": "Collecting answers.",
        "NOTIFICATIONS": "Collecting what mentions the account.",
        "DIRECT_MESSAGES": "Collecting private messages, and answering them in private.",
        "LIKE": "Liking messages.",
        "SEARCH_MENTIONS": "Searching what others say in public.",
        "DELETE_MESSAGES": "Taking down what other people wrote.",
        "MUTE": "Muting somebody at the platform.",
        "BLOCK": "Blocking somebody at the platform.",
    },
)

ChannelState = models.ChannelState
describe(
    ChannelState,
    description="Whether a channel can be used.",
    values={
        "CHECKING": "The hub is asking the platform.",
        "READY": "It works.",
        "NEEDS_AUTH": "The platform refuses the credentials; give new ones.",
        "FAILED": "The last check failed; `problems` says why.",
    },
)


@strawberry.type(description="What one channel accepts of videos.")
class VideoLimits:
    types: list[str] = strawberry.field(description="Media types of videos.")
    bytes_max: int = strawberry.field(description="Largest video in bytes.")
    seconds_max: int | None = strawberry.field(description="Longest video, if limited.")
    pixels_max: int | None = strawberry.field(description="Most pixels of a picture, if limited.")
    per_post: int = strawberry.field(description="Most videos in one post.")
    alone: bool = strawberry.field(description="Whether a post of a video shows nothing else.")


@strawberry.type(description="What one channel accepts; lengths in the unit of `counter`.")
class Limits:
    counter: str = strawberry.field(description="How lengths are counted, such as codepoint.")
    text_max: int = strawberry.field(description="Longest text of one post.")
    text_bytes_max: int | None = strawberry.field(description="Longest text in bytes, if limited.")
    title_max: int | None = strawberry.field(description="Longest title; null: no title at all.")
    url_weight: int | None = strawberry.field(description="What any address counts as, if fixed.")
    media_max: int = strawberry.field(description="Most pictures in one post.")
    media_bytes_max: int = strawberry.field(description="Largest picture in bytes.")
    media_types: list[str] = strawberry.field(description="Media types of pictures.")
    alt_max: int = strawberry.field(description="Longest description of a picture.")
    parts_max: int = strawberry.field(description="Most posts in one thread.")
    video: VideoLimits | None = strawberry.field(description="Videos; null: none are taken.")


@strawberry.type(description="A kind of place the hub can speak at.")
class Platform:
    key: str = strawberry.field(description="Its name for programs, such as mastodon.")
    name: str = strawberry.field(description="Its name for people.")
    kind: PlatformKind = strawberry.field(description="What kind of place it is.")
    guarantee: Guarantee = strawberry.field(description="What it can promise at best.")
    guarantee_explanation: str = strawberry.field(description="The guarantee in plain words.")
    capabilities: list[Capability] = strawberry.field(description="What it can do at best.")
    limits: Limits = strawberry.field(description="What it accepts unless an account says more.")
    settings_schema: JsonObject = strawberry.field(
        description="JSON Schema of a channel's `settings`."
    )
    credentials_schema: JsonObject = strawberry.field(
        description="JSON Schema of a channel's `credentials`."
    )
    variant_settings_schema: JsonObject = strawberry.field(
        description="JSON Schema of the `settings` of a content's variant here."
    )


def shown_limits(stored: dict[str, Any]) -> Limits:
    """Return limits as the API shows them."""
    known = base.Limits.from_json(stored)
    video = known.video and VideoLimits(**known.video.to_json())
    return Limits(**{**known.__dict__, "media_types": list(known.media_types), "video": video})


@cache
def shown_platform(known: base.Platform) -> Platform:
    """Return a platform as the API shows it; its schemas are costly to write, so once each."""
    return Platform(
        key=known.key,
        name=known.name,
        kind=known.kind,
        guarantee=known.guarantee,
        guarantee_explanation=_GUARANTEES[known.guarantee],
        capabilities=sorted(known.capabilities),
        limits=shown_limits(known.limits.to_json()),
        settings_schema=JsonObject(known.settings.model_json_schema()),
        credentials_schema=JsonObject(known.credentials.model_json_schema()),
        variant_settings_schema=JsonObject(known.variant_settings.model_json_schema()),
    )


def platform_of(facts: Facts, _asking: Asking) -> Platform | None:
    """Return the platform a row names, if it names one."""
    return None if facts["platform"] is None else shown_platform(platform(facts["platform"]))


@strawberry.type(description="Where everybody can read the feed.")
class FeedUrls:
    rss: str = strawberry.field(description="As RSS 2.0.")
    atom: str = strawberry.field(description="As Atom.")
    json: str = strawberry.field(description="As JSON Feed 1.1.")


def _feed_urls(facts: Facts, asking: Asking) -> FeedUrls | None:
    if platform(facts["platform"]).kind is not base.Kind.FEED:
        return None
    feed = f"{asking.context.public_url}/feeds/{facts['public_key']}"
    return FeedUrls(rss=f"{feed}/rss.xml", atom=f"{feed}/atom.xml", json=f"{feed}/feed.json")


Publications = Connection[Annotated["Publication", strawberry.lazy("schema.publishing.types")]]
Threads = Connection[Annotated["Thread", strawberry.lazy("schema.engagement.types")]]


def _settings(facts: Facts, asking: Asking) -> JsonObject:
    return JsonObject(
        shown_settings(
            platform(facts["platform"]).kind,
            facts["settings"],
            whole=asking.context.caller.may(Permission.CHANNELS_WRITE),
        )
    )


@reads(models.Channel, permission=Permission.CHANNELS_READ)
@strawberry.type(description="One account on one platform.")
class Channel(Node):
    brand: Brand | None = to_one("The brand that speaks here.", columns("brand_id"))
    platform: Platform = computed(
        "The kind of place.", needs=("platform",), make=platform_of, lasting=True
    )
    name: str = column("What colleagues call it.")
    timezone: str = column("Its time zone, such as Europe/Paris.")
    settings: JsonObject = computed(
        "Its settings; their form is the platform's `settingsSchema`. Of a webhook's address only "
        "the server is shown, unless you may change channels.",
        needs=("platform", "settings"),
        make=_settings,
    )
    enabled: bool = column("Whether anything may go out here at all.")
    state: ChannelState = column("What the last check found.")
    state_message: str = column("What the last check said, for people.")
    checked_at: datetime | None = column("When it was last checked.")
    handle: str = column("The account's name there.")
    url: str = column("The account's address there.")
    dialect: str = column("What exactly answers there, as far as it is known.")
    guarantee: Guarantee = column("What this very channel can promise.")
    guarantee_explanation: str = computed(
        "The guarantee in plain words.",
        needs=("guarantee",),
        make=lambda facts, _asking: _GUARANTEES[facts["guarantee"]],
        lasting=True,
    )
    capabilities: list[Capability] = column("What this very channel can do.")
    limits: Limits = computed(
        "What this very channel accepts.",
        needs=("limits",),
        make=lambda facts, _asking: shown_limits(facts["limits"]),
        lasting=True,
    )
    feed_urls: FeedUrls | None = computed(
        "Where the feed can be read; null where the channel is no feed.",
        needs=("platform", "public_key"),
        make=_feed_urls,
    )
    rate_held_until: datetime | None = column("Until when the platform asked for silence.")
    external_reference: str | None = column("Your own key for it, unique in the workspace.")
    publications: Publications | None = paged(
        "What goes out here, newest first.", columns("id", "channel_id")
    )
    series: Series | None = series_of("channel")
    best_times: BestTimes | None = best_times_of()
    threads: Threads | None = paged(
        "Conversations here, newest first.", columns("id", "channel_id")
    )
    problems: list[Problem] = problems("Channel")
    available_actions: list[Action] = available_actions("Channel")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was connected.")
    updated_at: datetime = column("When it was last changed.")
