"""What an outgoing webhook carries, in the form of the Standard Webhooks specification."""

from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from hub.channels.platforms import checks
from hub.channels.platforms.base import (
    Capability,
    Draft,
    EditionContent,
    Guarantee,
    Kind,
    Limits,
    Platform,
    PlatformModel,
    Problem,
    Rendering,
    VideoLimits,
)
from hub.kernel.signatures import secret_bytes
from hub.language.markup import to_html

PAYLOAD_BYTES = 20_000
# Room for the envelope around the edition: type, times, ids, hash.
ENVELOPE_BYTES = 600


class WebhookSettings(PlatformModel):
    """Where the publication is delivered."""

    url: str = Field(max_length=2000, description="Address that receives the POST.")

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise ValueError("Give a full address without user name or fragment.")
        if parts.scheme != "https" and not (
            parts.scheme == "http" and checks.is_loopback(parts.hostname)
        ):
            raise ValueError("The address must begin with https://.")
        return value


class WebhookCredentials(PlatformModel):
    """The secret both ends know; during a rotation the previous one signs as well."""

    # An error about a secret must not repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    secret: str = Field(repr=False, description="whsec_ and 24 to 64 random bytes in base64.")
    previous_secret: str | None = Field(
        default=None,
        repr=False,
        description="The secret before a rotation, while receivers still expect it.",
    )

    @field_validator("secret", "previous_secret")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            secret_bytes(value)
        return value


LIMITS = Limits(
    counter="codepoint",
    text_max=PAYLOAD_BYTES,
    text_bytes_max=PAYLOAD_BYTES,
    media_max=20,
    media_bytes_max=100_000_000,
    media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
    alt_max=5000,
    parts_max=100,
    video=VideoLimits(
        types=("video/mp4", "video/quicktime", "video/webm"),
        bytes_max=1_000_000_000,
        per_post=20,
        alone=False,
    ),
)


def render(draft: Draft, limits: Limits, settings: PlatformModel) -> Rendering:  # noqa: ARG001  the shape every platform has
    """Return the edition as the receiver gets it, and what is wrong with it."""
    parts = checks.measured(draft.parts, limits)
    edition = EditionContent(
        platform=PLATFORM.key,
        title=draft.title,
        parts=tuple(parts),
        fields={
            "html": to_html(draft.parts[0].text) if draft.parts else "",
            "summary": draft.summary,
            "link": draft.link,
            "tags": list(draft.tags),
            "language": draft.locale,
            "slug": draft.slug,
        },
    )
    problems = (*checks.part_problems(parts, limits), *_size(edition))
    return Rendering(edition=edition, problems=problems)


def _size(edition: EditionContent) -> list[Problem]:
    size = len(edition.to_bytes()) + ENVELOPE_BYTES
    if size <= PAYLOAD_BYTES:
        return []
    return [
        Problem(
            code="PAYLOAD_TOO_LARGE",
            message=f"The delivery would have {size} bytes; {PAYLOAD_BYTES} are allowed. "
            "Shorten the text, or let the receiver fetch it from the API.",
            field="parts",
            limit=PAYLOAD_BYTES,
            actual=size,
        )
    ]


PLATFORM = Platform(
    key="webhook",
    name="Webhook",
    kind=Kind.WEBHOOK,
    guarantee=Guarantee.IDENTITY,
    settings=WebhookSettings,
    credentials=WebhookCredentials,
    capabilities=frozenset({Capability.THREAD, Capability.IMAGE, Capability.ALT_TEXT}),
    limits=LIMITS,
    render=render,
    joins_parts=True,
)
