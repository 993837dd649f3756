"""The archive by month: partitions ahead, old months gone, an event still counts once; and its export."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from tests.dataflows.conftest import eventually

from carousel.activity.events import Event
from carousel.activity.export import SCHEMA, export
from carousel.activity.repository import archive
from carousel.activity.retention import check, keep
from carousel.embedded.servers import Servers
from carousel.errors import StartError
from carousel.storage.postgres import Connection, connect

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def view(received_at: datetime, **fields: object) -> Event:
    basic = {"event_id": str(uuid4()), "type": "view", "shopper_id": "john", "listing_id": "car-1"}
    return Event(**{**basic, "occurred_at": received_at, "received_at": received_at, **fields})  # type: ignore[arg-type]


def months(database: Connection) -> dict[str, int]:
    rows = database.execute("SELECT tableoid::regclass::text, count(*) FROM activity GROUP BY 1").fetchall()
    return dict(rows)


@pytest.fixture
def database(database: Connection) -> Iterator[Connection]:
    """Without the partitions a test has made, which the emptying of tables leaves."""
    before = partitions(database)
    yield database
    for name in partitions(database) - before:
        database.execute(f"DROP TABLE {name}".encode())
    keep(database, 0)


def partitions(database: Connection) -> set[str]:
    rows = database.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'activity'::regclass")
    return {row[0] for row in rows}


def test_months_are_made_ahead_and_old_ones_go_but_their_events_do_not_count_again(database: Connection) -> None:
    keep(database, 0, NOW - timedelta(days=190))
    keep(database, 0, NOW)
    assert {"activity_y2026m05", "activity_y2026m06", "activity_y2026m11", "activity_y2026m12"} <= partitions(database)
    old, new = view(NOW - timedelta(days=190)), view(NOW)
    strange = view(datetime(2020, 1, 1, tzinfo=UTC))
    assert archive(database, [old, new, strange]) == [old, new, strange]
    assert months(database) == {"activity_y2026m05": 1, "activity_y2026m11": 1, "activity_other": 1}

    assert keep(database, 6, NOW) == []
    assert months(database) == {"activity_y2026m05": 1, "activity_y2026m11": 1}
    assert keep(database, 5, NOW) == ["activity_y2026m05"]
    assert months(database) == {"activity_y2026m11": 1}
    assert archive(database, [old, new, strange]) == []


def test_a_month_that_comes_late_takes_over_what_waited_for_it(database: Connection) -> None:
    early = view(datetime(2025, 3, 5, tzinfo=UTC))
    archive(database, [early])
    assert months(database) == {"activity_other": 1}
    keep(database, 0, datetime(2025, 3, 9, tzinfo=UTC))
    assert months(database) == {"activity_y2025m03": 1}
    assert archive(database, [early]) == []


def test_who_reads_the_archive_holds_up_nobody_who_writes_it(database: Connection, servers: Servers) -> None:
    keep(database, 0, NOW - timedelta(days=190))
    with connect(servers.database_url) as reader, connect(servers.database_url) as janitor:
        with reader.transaction():
            reader.execute("SELECT FROM activity").fetchall()  # its locks stay, as those of a backup do
            dropping = threading.Thread(target=keep, args=(janitor, 3, NOW))
            dropping.start()
            eventually(lambda: waits_for_a_lock(database))
            database.execute("SET statement_timeout = '10s'")
            assert len(archive(database, [view(NOW)])) == 1
            dropping.join(10)
            assert not dropping.is_alive()
            assert "activity_y2026m05" in partitions(database)
        keep(janitor, 3, NOW)
        assert "activity_y2026m05" not in partitions(database)


def waits_for_a_lock(database: Connection) -> bool:
    return bool(database.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall())


def test_a_retention_that_no_rebuild_could_live_with_is_refused() -> None:
    check(0)
    check(3)
    with pytest.raises(StartError, match="CAROUSEL_ACTIVITY_MONTHS is 2"):
        check(2)


@pytest.mark.parametrize("as_format", ["parquet", "csv", "ndjson"])
def test_the_export_has_each_event_of_the_time_once_with_everything_it_said(
    database: Connection, tmp_path: Path, as_format: str
) -> None:
    day = timedelta(days=1)
    events = [view(NOW - 2 * day), view(NOW - day), view(NOW), view(NOW + day)]
    search = {"filters": {"make": ["Škoda"]}, "query": 'say "hi"\n'}
    events[1] = view(NOW - day, type="search", listing_id=None, context=search, value=2.5, position=3)
    late = view(NOW, occurred_at=NOW - 40 * day, type="impression", listing_ids=("a", "b"))
    archive(database, [*events, late], {"john": "account"})
    file = tmp_path / "out"
    count = export(database, file, since=NOW - day, until=NOW + day, by="received_at", as_format=as_format)  # type: ignore[arg-type]
    assert file.stat().st_mode & 0o777 == 0o600
    assert count == 3
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "ndjson": pl.read_ndjson}[as_format](file)
    assert read.columns == list(SCHEMA)
    assert set(read["event_id"]) == {events[1].event_id, events[2].event_id, late.event_id}
    row = read.filter(pl.col("type") == "search").to_dicts()[0]
    assert pl.Series([row["context"]]).str.json_decode(pl.Struct({"query": pl.String}))[0] == {"query": 'say "hi"\n'}
    assert (row["shopper_id"], row["visitor_id"], row["value"], row["position"]) == ("account", "john", 2.5, 3)
    assert read.filter(pl.col("type") == "impression")["listing_ids"].to_list() == ['["a","b"]']
    by_client = export(database, file, since=NOW - day, until=NOW + day, by="occurred_at", as_format=as_format)  # type: ignore[arg-type]
    assert by_client == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_export_is_a_file_with_the_columns(database: Connection, tmp_path: Path) -> None:
    file = tmp_path / "none.parquet"
    assert export(database, file, since=NOW, until=NOW + timedelta(1), by="occurred_at", as_format="parquet") == 0
    assert pl.read_parquet(file).schema == SCHEMA
