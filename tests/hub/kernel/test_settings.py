"""Settings come from the environment, complete and well formed, or are refused at once."""

import pytest
from pydantic import ValidationError

from hub.kernel.settings import Settings

GIVEN = {
    "HUB_DATABASE_URL": "postgresql+asyncpg://hub_app:pw@localhost/hub",
    "HUB_REDIS_URL": "redis://localhost:6379/0",
    "HUB_SECRET_KEY": "k" * 32,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problems(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, str]:
    return {str(found["loc"][0]): found["type"] for found in error.value.errors()}


def test_the_environment_gives_the_settings(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HUB_CORS_ORIGINS", "https://a.example, https://b.example ,")
    environment.setenv("HUB_OUTGOING_ALLOW", "127.0.0.1:80")
    environment.setenv("HUB_LEASE_SECONDS", "2.5")
    environment.setenv("HUB_A_LATER_VERSION_KNOWS_THIS", "1")

    settings = Settings()

    assert settings.database_url == GIVEN["HUB_DATABASE_URL"]
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.outgoing_allow == ("127.0.0.1:80",)
    assert settings.lease_seconds == 2.5
    assert settings.environment == "production"
    assert settings.migrate_url is None


def test_an_empty_list_is_empty(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HUB_CORS_ORIGINS", "")

    assert Settings().cors_origins == ()


def test_everything_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(ValidationError) as error:
        Settings()

    assert problems(error) == {
        "database_url": "missing",
        "redis_url": "missing",
        "secret_key": "missing",
    }


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("HUB_SECRET_KEY", "k" * 31, "secret_key"),
        ("HUB_PORT", "eighty", "port"),
        ("HUB_ENVIRONMENT", "staging", "environment"),
        ("HUB_LEASE_SECONDS", "0", "lease_seconds"),
        ("HUB_DATABASE_POOL", "0", "database_pool"),
        ("HUB_GRACE_SECONDS", "-1", "grace_seconds"),
        ("HUB_LOG_LEVEL", "loud", "log_level"),
        ("HUB_BODY_BYTES", "0", "body_bytes"),
        ("HUB_SMTP_URL", "smtp://mail.example", "smtp_url"),
        ("HUB_MAIL_FROM", "Hub <hub>", "mail_from"),
        ("HUB_MAIL_FROM", "Hub <a@x.example>\nBcc: b@x.example", "mail_from"),
        ("HUB_FRONTEND_URL", "https://x.example/{nothing}", "frontend_url"),
        ("HUB_FRONTEND_URL", "javascript:alert(1)", "frontend_url"),
    ],
)
def test_a_malformed_setting_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str, field: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(ValidationError) as error:
        Settings()

    assert list(problems(error)) == [field]


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:70000",
        "smtp://mail.example:0",
        "smtp://mail.example/path",
        "smtp://a b",
    ],
)
def test_a_mail_server_that_cannot_be_is_refused_and_not_repeated(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("HUB_MAIL_FROM", "Hub <hub@acme.example>")
    environment.setenv("HUB_SMTP_URL", url.replace("//", "//me:only-mine@"))

    with pytest.raises(ValidationError) as error:
        Settings()

    assert list(problems(error)) == ["smtp_url"]
    assert "only-mine" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["smtps://me:p%40ss@mail.example:465", "smtp+starttls://mail.example", "smtp://[::1]:25"]
)
def test_a_mail_server_is_taken_with_who_it_is_from(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("HUB_MAIL_FROM", "hub@acme.example")
    environment.setenv("HUB_SMTP_URL", url)
    environment.setenv("HUB_FRONTEND_URL", "https://desk.example/{review}?c={content}")

    settings = Settings()

    assert settings.smtp_url is not None
    assert settings.smtp_url.get_secret_value() == url
    assert "p%40ss" not in repr(settings)


def test_an_error_never_repeats_a_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HUB_SECRET_KEY", "too-short-but-secret")
    with pytest.raises(ValidationError) as short:
        Settings()
    environment.delenv("HUB_REDIS_URL")
    with pytest.raises(ValidationError) as missing:
        Settings()

    assert "too-short-but-secret" not in str(short.value)
    assert "pw@localhost" not in str(missing.value)


def test_showing_the_settings_hides_the_key(environment: pytest.MonkeyPatch) -> None:
    assert "k" * 32 not in repr(Settings())


def test_settings_cannot_be_changed(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]  # the point of the test
