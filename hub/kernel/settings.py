"""Every knob of the hub, read once from the environment."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_MAIL_SERVER = re.compile(
    r"(smtp|smtps|smtp\+starttls)://([^@/\s]+@)?(\[[0-9A-Fa-f:]+\]|[^@/\s:\[\]]+)(:\d{1,5})?/?"
)
_MAILBOX = re.compile(r"[^<>@\s,;]+@[^<>@\s,;]+|[^<>\r\n]*<[^<>@\s,;]+@[^<>@\s,;]+>")
_PLACES = re.compile(r"\{[^}]*\}?")

SplitList = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """`database_url` comes from HUB_DATABASE_URL, and so on; lists are separated by commas."""

    # An error about settings must not repeat them: some are secrets, addresses hold passwords.
    model_config = SettingsConfigDict(
        env_prefix="HUB_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: str = Field(
        description="PostgreSQL as the application role: it owns nothing, policies bind it."
    )
    migrate_url: str | None = Field(
        default=None,
        description="PostgreSQL as the owner of the tables; only `hub migrate` uses it.",
    )
    redis_url: str = Field(description="Redis or Valkey for the queue; it may lose everything.")
    secret_key: SecretStr = Field(
        min_length=32,
        description="32 characters or more; whoever loses it loses the stored credentials.",
    )
    data_dir: Path = Field(default=Path(".hub"), description="Where assets and local state live.")
    environment: Literal["development", "production"] = Field(
        default="production", description="`development` shows GraphiQL and lets anyone introspect."
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8000, description="Port the API listens on.")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="How the outside reaches the API: feeds, uploads.",
    )
    short_url: str = Field(
        default="",
        description="What short links begin with, such as a short name of your own that leads to "
        "`/l/` here; empty: the public address and `/l`.",
    )
    outgoing_allow: SplitList = Field(
        default=(),
        description="host:port pairs on private addresses that may be called (tests, the demo).",
    )
    cors_origins: SplitList = Field(
        default=(), description="Web origins whose browsers may call the API."
    )
    session_seconds: int = Field(
        default=604_800, ge=60, description="How long a sign-in lasts at most, in seconds."
    )
    session_idle_seconds: int = Field(
        default=43_200,
        ge=60,
        description="How long a sign-in lasts without being used, in seconds.",
    )
    session_same_site: Literal["strict", "lax", "none"] = Field(
        default="lax",
        description="SameSite of the session cookie; `none` for frontends on another site.",
    )
    password_memory_kib: int = Field(
        default=65_536, ge=32, description="Memory that checking one password takes, in KiB."
    )
    password_passes: int = Field(
        default=3, ge=1, description="Passes over that memory (Argon2id, four lanes)."
    )
    proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Reverse proxies in front; the caller's address is that far from the right in "
        "X-Forwarded-For.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for /metrics; without it only this machine itself may read them.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important log lines to write."
    )
    database_pool: int = Field(default=5, ge=1, le=100, description="Connections per process.")
    lease_seconds: float = Field(
        default=30.0, ge=0.5, le=600, description="How long a silent worker keeps its work."
    )
    worker_processes: int = Field(default=1, ge=1, le=64, description="Worker processes.")
    worker_threads: int = Field(default=8, ge=1, le=64, description="Messages at once per process.")
    grace_seconds: float = Field(
        default=900.0, ge=0, description="How late a publication may still go out by itself."
    )
    request_seconds: float = Field(default=10.0, gt=0, description="Deadline of an API request.")
    body_bytes: int = Field(default=1_000_000, gt=0, description="Largest GraphQL request body.")
    upload_bytes: int = Field(default=20_000_000, gt=0, description="Largest upload.")
    video_bytes: int = Field(default=200_000_000, gt=0, description="Largest upload of a video.")
    query_depth: int = Field(default=15, gt=0, description="Deepest selection of a query.")
    query_aliases: int = Field(default=30, gt=0, description="Most aliases in a query.")
    query_cost: int = Field(
        default=5_000, gt=0, description="Highest cost of a query, see `extensions.cost`."
    )
    page_max: int = Field(
        default=100, ge=1, le=1_000, description="Most items of one page of a list."
    )
    token_points_per_minute: int = Field(
        default=300_000,
        ge=0,
        description="Cost one token may ask for in a minute, per API process; 0: any.",
    )
    trusted_documents: Path | None = Field(
        default=None, description="JSON file of documents clients may name: id → text."
    )
    trusted_only: bool = Field(
        default=False, description="Refuse every other document, but in development."
    )
    response_cache_bytes: int = Field(
        default=16_000_000,
        ge=0,
        description="Memory of an API process for kept answers to delivery tokens; 0: none.",
    )
    response_cache_seconds: float = Field(
        default=60.0, gt=0, description="How long such an answer is kept at most."
    )
    answer_cache_bytes: int = Field(
        default=32_000_000,
        ge=0,
        description="Memory of an API process for answers kept until something changes; 0: none.",
    )
    compiled_reads: bool = Field(
        default=True,
        description="Whether the database writes answers itself; off, graphql-core makes them.",
    )

    chart_days: int = Field(
        default=7, ge=1, le=365, description="How long an address of a chart is good, in days."
    )
    export_days: int = Field(
        default=7, ge=1, le=365, description="How long a finished export can be fetched, in days."
    )
    trigger_rate: int = Field(
        default=60, gt=0, description="Different calls of one trigger in a minute."
    )
    delivery_days: int = Field(
        default=30, ge=1, description="How long ended deliveries to endpoints are kept, in days."
    )
    deliveries_at_once: int = Field(
        default=16, ge=1, le=100, description="Endpoints one worker process calls at once."
    )

    mail_from: str | None = Field(
        default=None, description="Who notices are from, as in `Hub <hub@acme.example>`."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Where mail leaves: smtp, smtps or smtp+starttls, then `://user:password@host:"
        "port`; without it no notices are sent.",
    )
    frontend_url: str | None = Field(
        default=None,
        description="Links in notices, with {content} and {review} for the ids of what they are "
        "about; without it there are none.",
    )

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        # An impossible port is a ValueError as well.
        if not _MAIL_SERVER.fullmatch(url) or urlsplit(url).port == 0:
            raise ValueError("it has the form smtps://user:password@host:465")
        if info.data.get("mail_from") is None:
            raise ValueError("it needs HUB_MAIL_FROM")
        return value

    @field_validator("mail_from")
    @classmethod
    def _mailbox(cls, value: str | None) -> str | None:
        if value is not None and not _MAILBOX.fullmatch(value):
            raise ValueError("it has the form Hub <hub@acme.example>")
        return value

    @field_validator("frontend_url")
    @classmethod
    def _link(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("https://", "http://")) or set(_PLACES.findall(value)) - {
            "{content}",
            "{review}",
        }:
            raise ValueError("it has the form https://desk.acme.example/reviews/{review}")
        return value

    @field_validator("outgoing_allow", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
