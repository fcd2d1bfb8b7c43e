from datetime import UTC, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError

from schema.base.scalars import read_instant, read_object, write_instant

PARIS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01t10:30:00+01:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00.250z", datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-03-01T00:15:00+05:45", datetime(2026, 2, 28, 18, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_with_a_zone_is_read_in_utc(text: str, instant: datetime) -> None:
    read = read_instant(text)

    assert (read, read.tzinfo) == (instant, UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T09:30:00",
        "2026-03-01",
        "2026-03-01 09:30:00Z",
        "20260301T093000Z",
        "0001-01-01T01:00:00+01:00",
        "9999-12-31T23:59:59.999999Z",
        "2026-02-30T09:30:00Z",
        "2026-03-01T25:30:00Z",
        "2026-03-01T09:30:00+99:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-03-01T09:30:00Z",
        "2026-03-01T09:30:00Z\n",
        "tomorrow",
        1772357400,
        None,
    ],
)
def test_anything_else_is_no_instant(value: object) -> None:
    with pytest.raises(GraphQLError):
        read_instant(value)


def test_instants_are_written_in_utc_as_postgresql_writes_them() -> None:
    assert write_instant(datetime(2026, 3, 1, 10, 30, tzinfo=PARIS)) == "2026-03-01T09:30:00+00:00"
    assert (
        write_instant(datetime(2026, 3, 1, 9, 30, 0, 5, tzinfo=UTC))
        == "2026-03-01T09:30:00.000005+00:00"
    )
    tenth = datetime(2026, 3, 1, 9, 30, 0, 100_000, tzinfo=UTC)
    assert write_instant(tenth) == "2026-03-01T09:30:00.1+00:00"


def test_a_time_without_a_zone_is_never_shown() -> None:
    naive = datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001 - the fault under test

    with pytest.raises(TypeError):
        write_instant(naive)


def test_json_is_an_object() -> None:
    assert read_object({"a": [1]}) == {"a": [1]}
    others: tuple[object, ...] = ([], "{}", 1, None)
    for value in others:
        with pytest.raises(GraphQLError):
            read_object(value)
