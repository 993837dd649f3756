"""Runs of imports are recorded while they go on, whatever ends them, and forgotten in time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from carousel.catalogue import imports
from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.catalogue.imports import RejectedRow, RunRecorder, last_validators, recorded, shown, start
from carousel.embedded.servers import Servers
from carousel.errors import UnusableFeedError
from carousel.storage import postgres
from carousel.storage.postgres import Connection, connect

CARS = "id,make,model,year,price\n1,Skoda,Octavia,2019,15400\n2,Ford,,2018,9900\n"


@pytest.fixture
def beside(servers: Servers) -> Iterator[Connection]:
    """A connection for the recorder alone."""
    with connect(servers.database_url) as connection:
        yield connection


async def read(servers: Servers, import_id: UUID) -> imports.Run:
    """Return a run as the API sees it."""
    pool = postgres.make_pool(servers.database_url, size=1)
    await pool.open()
    try:
        async with pool.connection() as connection:
            return await imports.get(connection, import_id)
    finally:
        await pool.close()


def rejected(number: int, **fields: Any) -> RejectedRow:
    return RejectedRow(**{
        "file": "cars.csv", "line": number, "reason": "no_model", "detail": "", "row": {"make": "Ford"}, **fields,
    })  # fmt: skip


def kept(connection: Connection, import_id: UUID) -> int:
    found = connection.execute("SELECT count(*) FROM import_reject WHERE import_id = %s", (import_id,)).fetchone()
    assert found is not None
    return int(found[0])


async def test_an_import_is_recorded_with_its_report_and_rejects(
    database: Connection, beside: Connection, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "cars.csv"
    file.write_text(CARS)
    with recorded(beside, [file], requested_by="cli") as recorder:
        report = import_files(database, [file], ImportOptions(), told=recorder.progress, on_reject=recorder.reject)
        assert (await read(servers, recorder.import_id)).state == "running"
        recorder.finish(report)
    run = await read(servers, recorder.import_id)
    assert (run.state, run.share, run.rows_read, run.rejects, run.sources) == ("done", 1, 2, 1, ["cars"])
    assert run.counts is not None
    assert run.counts["imported"] == 1
    assert run.mapping == report.to_json()["mapping"]
    row = database.execute("SELECT line, reason, row::text FROM import_reject").fetchone()
    assert row == (3, "no_model", '{"id":"2","make":"Ford","model":"","year":"2018","price":"9900"}')


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (UnusableFeedError("/srv/x7/cars.csv is empty"), "failed", "cars.csv is empty"),
        (ValueError("a secret"), "failed", "unexpected ValueError; the log of this time says more"),
        (KeyboardInterrupt(), "interrupted", "stopped before it was done; run it again"),
    ],
    ids=["foreseen", "unforeseen", "ctrl-c"],
)
async def test_what_ends_an_import_closes_its_run_and_goes_on(
    database: Connection, beside: Connection, servers: Servers, error: BaseException, state: str, said: str
) -> None:
    made: list[UUID] = []

    def run_into_it() -> None:
        with recorded(beside, ["cars.csv"], requested_by="sync", names={"/srv/x7/cars.csv": "cars.csv"}) as recorder:
            made.append(recorder.import_id)
            recorder.progress(10, 0.5)
            raise error

    with pytest.raises(type(error)):
        run_into_it()
    run = await read(servers, made[0])
    assert (run.state, run.error, run.rows_read) == (state, said, 10)
    assert run.finished_at is not None


async def test_progress_is_written_at_most_once_a_second(
    database: Connection, beside: Connection, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(imports.time, "monotonic", lambda: now)
    with recorded(beside, ["cars.csv"], requested_by="cli") as recorder:
        now += 0.9
        recorder.progress(500, 0.1)
        assert (await read(servers, recorder.import_id)).rows_read == 0
        now += 0.2
        recorder.progress(1_000, 0.2)
        run = await read(servers, recorder.import_id)
        assert (run.rows_read, round(run.share, 3)) == (1_000, 0.2)
        recorder.fail("enough")


async def test_ten_thousand_rejects_are_kept_and_all_are_counted(
    database: Connection, beside: Connection, servers: Servers
) -> None:
    with recorded(beside, ["cars.csv"], requested_by="cli") as recorder:
        for number in range(1, imports.MOST_REJECTS + 251):
            recorder.reject(rejected(number))
        recorder.fail("enough")
    assert kept(database, recorder.import_id) == imports.MOST_REJECTS
    assert (await read(servers, recorder.import_id)).rejects == imports.MOST_REJECTS + 250


def test_cells_no_database_takes_and_cells_without_end_are_kept_as_far_as_they_go(
    database: Connection, beside: Connection
) -> None:
    with recorded(beside, ["a\x00b.csv"], requested_by="cli") as recorder:
        recorder.reject(rejected(1, row={"make": "a\x00b", "model": "\ud800", "text": "x" * 200_000}, detail="\x00"))
        recorder.fail("\x00")
    found = database.execute("SELECT row->>'make', length(row->>'text') FROM import_reject").fetchone()
    assert found == ("a�b", 1_001)


async def test_a_recorder_that_lost_its_connection_does_not_fail_the_import(
    database: Connection, beside: Connection, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cars.csv").write_text(CARS)
    with recorded(beside, ["cars.csv"], requested_by="cli") as recorder:
        database.execute("SELECT pg_terminate_backend(%s)", (beside.info.backend_pid,))
        report = import_files(
            database, [Path("cars.csv")], ImportOptions(), told=recorder.progress, on_reject=recorder.reject
        )
        recorder.finish(report)
    assert report.written.imported == 1
    assert (await read(servers, recorder.import_id)).state == "interrupted"


def test_rejects_stay_for_the_last_twenty_runs_of_their_source_and_thirty_days(
    database: Connection, beside: Connection
) -> None:
    runs: dict[str, list[UUID]] = {"a": [], "b": []}
    for source, count in (("b", 1), ("a", imports.RUNS_WITH_REJECTS)):
        for _ in range(count):
            import_id = start(beside, ["cars.csv"], requested_by="sync", source=source)
            recorder = RunRecorder(beside, import_id, {})
            recorder.reject(rejected(1))
            recorder.fail("enough")
            runs[source].append(import_id)
    start(beside, ["cars.csv"], requested_by="sync", source="a")
    assert kept(database, runs["a"][0]) == 1  # the last of the twenty before this one
    start(beside, ["cars.csv"], requested_by="sync", source="a")
    assert [kept(database, import_id) for import_id in runs["a"][:2]] == [0, 1]
    assert kept(database, runs["b"][0]) == 1
    database.execute("UPDATE import_run SET started_at = now() - interval '31 days' WHERE sources = '{b}'")
    start(beside, ["cars.csv"], requested_by="cli")
    assert kept(database, runs["b"][0]) == 0
    database.execute("UPDATE import_run SET started_at = now() - interval '366 days' WHERE sources = '{b}'")
    start(beside, ["cars.csv"], requested_by="cli")
    assert database.execute("SELECT count(*) FROM import_run WHERE sources = '{b}'").fetchone() == (0,)


def test_a_second_import_of_a_source_waits_for_the_first(
    database: Connection, beside: Connection, servers: Servers
) -> None:
    with recorded(beside, ["cars.csv"], requested_by="cli", source="dealer-7") as first:
        with connect(servers.database_url, options="-c lock_timeout=200ms") as other:
            with (
                pytest.raises(psycopg.errors.LockNotAvailable),
                recorded(other, ["cars.csv"], requested_by="cli", source="dealer-7"),
            ):
                pass
            with recorded(other, ["cars.csv"], requested_by="cli", source="dealer-8") as second:
                second.fail("enough")
        first.fail("enough")


@pytest.mark.parametrize(
    ("later", "known"),
    [
        ({}, True),
        ({"state": "failed"}, True),  # before it read a row
        ({"state": "done", "dry_run": True}, True),
        ({"state": "done", "source": "dealer-8", "key": b"other"}, True),
        ({"state": "done", "key": b"other"}, False),
        ({"state": "failed", "rows": 500}, False),
        ({"state": "interrupted"}, False),
        ({"state": "interrupted", "source": None, "key": None}, False),  # it may have been this source
    ],
    ids=str,
)
def test_a_feeds_version_is_known_until_another_import_may_have_changed_its_listings(
    database: Connection, beside: Connection, later: dict[str, Any], known: bool
) -> None:
    def ran(etag: str, state: str, source: str | None = "dealer-7", key: bytes | None = b"key", dry_run: bool = False,
            rows: int = 0) -> None:  # fmt: skip
        import_id = start(
            beside, ["cars.csv"], requested_by="sync", source=source, dry_run=dry_run, feed_key=key,
            validators={"etag": etag},
        )  # fmt: skip
        database.execute(
            "UPDATE import_run SET state = %s, rows_read = %s WHERE import_id = %s", (state, rows, import_id)
        )

    assert last_validators(database, b"key") == {}
    ran("1", "done")
    if later:
        ran("2", **later)
    assert last_validators(database, b"key") == ({"etag": "1"} if known else {})


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("https://bob:hunter2@dealer.example:8443/a/feed.csv?token=hunter2&market=de#hunter2",
         "https://dealer.example:8443/a/feed.csv?token=…&market=…"),
        ("http://dealer.example/feed.csv", "http://dealer.example/feed.csv"),
        ("feeds/cars@home.csv", "feeds/cars@home.csv"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_may_be_secret(given: str, seen: str) -> None:
    assert shown(given) == seen
