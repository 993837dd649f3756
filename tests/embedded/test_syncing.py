"""A feed is imported now and by its schedule, once per version, and a run that fails is not the last."""

import gzip
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.catalogue.feeds.website import Website
from tests.catalogue.feeds.website import website as running_website

from carousel.catalogue.feeds.run import ImportOptions
from carousel.embedded.importing import import_files
from carousel.embedded.servers import Servers
from carousel.embedded.syncing import Cron, Every, run_once, sync
from carousel.errors import CarouselError, InputError, TooLargeError
from carousel.settings import Settings
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

pytestmark = pytest.mark.whole

HEAD = b"id,make,model,year,mileage_km,price,currency\n"
OCTAVIA = b"1,Skoda,Octavia,2019,85000,15400,EUR\n"
FABIA = b"2,Skoda,Fabia,2017,61000,8900,EUR\n"
NO_MODEL = b"3,Ford,,2018,70000,9900,EUR\n"
OPTIONS = ImportOptions(source="dealer-7")
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def settings(servers: Servers, database: Connection, valkey: Valkey) -> Settings:
    """Settings of empty stores."""
    return Settings(
        database_url=servers.database_url, valkey_url=servers.valkey_url, feed_authorization=SecretStr("Bearer t0ken")
    )


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A web server that has a feed of two good rows and a bad one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_website() as site:
        site.content, site.etag = HEAD + OCTAVIA + FABIA + NO_MODEL, '"v1"'
        yield site


def runs(database: Connection) -> list[tuple[object, ...]]:
    return database.execute(
        "SELECT state, requested_by, sources, files, (counts->>'imported')::int, rejects FROM import_run "
        "ORDER BY import_id"
    ).fetchall()


def test_a_feed_of_the_web_is_imported_once_per_version_and_recorded(
    settings: Settings, site: Website, database: Connection
) -> None:
    report = run_once(settings, f"{site.url}?key=hunter2", OPTIONS)
    assert report is not None
    assert (report.written.imported, report.rejected) == (2, 1)
    assert run_once(settings, f"{site.url}?key=hunter2", OPTIONS) is None
    assert runs(database) == [("done", "sync", ["dealer-7"], [f"{site.url}?key=…"], 2, 1)]
    assert database.execute("SELECT file, line FROM import_reject").fetchall() == [("audi.csv", 4)]
    assert site.asked[0][1]["authorization"] == "Bearer t0ken"
    site.etag = '"v2"'
    again = run_once(settings, f"{site.url}?key=hunter2", OPTIONS)
    assert again is not None
    assert again.written.unchanged == 2


def test_an_unchanged_feed_is_imported_again_after_something_else_was_imported_into_its_source(
    settings: Settings, site: Website
) -> None:
    assert run_once(settings, site.url, OPTIONS) is not None
    site.content = HEAD + OCTAVIA.replace(b"15400", b"9999")
    assert run_once(settings, f"http://{site.host}/other.csv", OPTIONS) is not None
    site.content = HEAD + OCTAVIA
    report = run_once(settings, site.url, OPTIONS)
    assert report is not None
    assert report.written.updated == 1


def test_other_options_read_the_same_version_anew(settings: Settings, site: Website) -> None:
    assert run_once(settings, site.url, OPTIONS) is not None
    full = ImportOptions(source="dealer-7", full_feed=True)
    assert run_once(settings, site.url, full) is not None
    assert run_once(settings, site.url, full) is None


def test_a_version_whose_import_failed_is_imported_again(
    settings: Settings, site: Website, database: Connection
) -> None:
    site.content = b"%PDF-1.7"
    for _ in range(2):
        with pytest.raises(CarouselError, match="PDF"):
            run_once(settings, site.url, OPTIONS)
    assert [run[0] for run in runs(database)] == ["failed", "failed"]
    error = database.execute("SELECT error FROM import_run LIMIT 1").fetchone()
    assert error is not None
    assert error[0].startswith("audi.csv")


def test_an_archive_unpacks_to_no_more_than_a_feed_may_hold(
    settings: Settings, site: Website, database: Connection
) -> None:
    settings.import_mb = 1
    site.content = gzip.compress(HEAD + OCTAVIA + b" \n" * 2**20)
    with pytest.raises(TooLargeError, match="unpacks to more than 1,048,576 bytes; raise CAROUSEL_IMPORT_MB"):
        run_once(settings, site.url, OPTIONS)
    with pytest.raises(TooLargeError):
        import_files(settings, [site.url], replace(OPTIONS, dry_run=True), as_json=True)


def test_a_file_is_imported_when_it_was_written_anew(
    settings: Settings, database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "cars.csv"
    file.write_bytes(HEAD + OCTAVIA + NO_MODEL)
    assert run_once(settings, str(file), ImportOptions()) is not None
    assert run_once(settings, str(file), ImportOptions()) is None
    file.write_bytes(HEAD + OCTAVIA + FABIA)
    report = run_once(settings, str(file), ImportOptions())
    assert report is not None
    assert (report.written.imported, report.written.unchanged) == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["cars.csv"]


def test_it_goes_on_after_a_run_that_failed_and_says_each_in_one_line(
    settings: Settings, site: Website, database: Connection
) -> None:
    lines: list[str] = []
    stop = threading.Event()
    site.answers = [404]

    class Soon:
        def after(self, moment: datetime) -> datetime:
            if len(lines) == 3:
                stop.set()
            return moment + timedelta(milliseconds=10)

    sync(settings, f"{site.url}?key=hunter2", OPTIONS, Soon(), tell=lines.append, stop=stop)
    said = [re.sub(r"^\S+Z ", "", line).replace(f"{site.url}?key=… ", "") for line in lines]
    assert said[0].startswith("failed: ")
    assert "404 Not Found" in said[0]
    assert re.fullmatch(r"done: 3 read, 2 imported, 1 rejected, \d+\.\d s", said[1])
    assert said[2:] == ["unchanged", "stopped"]
    assert [run[0] for run in runs(database)] == ["failed", "done"]
    assert "hunter2" not in str(database.execute("SELECT error, files FROM import_run").fetchall())
    assert not any("hunter2" in line or "\n" in line for line in lines)


def test_sigterm_ends_it_cleanly(settings: Settings, site: Website, database: Connection) -> None:
    site.etag = None
    variables = {
        "CAROUSEL_DATABASE_URL": str(settings.database_url), "CAROUSEL_VALKEY_URL": str(settings.valkey_url),
        "CAROUSEL_FEED": site.url,
    }  # fmt: skip
    command = [sys.executable, "-m", "carousel", "sync", "--cron", "0 3 * * *", "--timezone", "Europe/Prague"]
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert " done: 3 read, 2 imported" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out.split(" ", 2)[2]) == (0, "stopped\n")


def test_sigterm_in_the_middle_of_an_import_undoes_and_records_it(
    settings: Settings, site: Website, database: Connection
) -> None:
    variables = {
        "CAROUSEL_DATABASE_URL": str(settings.database_url), "CAROUSEL_VALKEY_URL": str(settings.valkey_url),
    }  # fmt: skip
    database.execute("BEGIN")
    database.execute("LOCK TABLE listing IN EXCLUSIVE MODE")  # it may read, and waits when it writes
    process = subprocess.Popen(
        [sys.executable, "-m", "carousel", "sync", site.url, "--every", "1h"],
        env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(200):
        if runs(database) and database.execute(WAITING).fetchone() != (0,):
            break
        threading.Event().wait(0.05)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    database.execute("ROLLBACK")
    assert (process.returncode, out.split(" ", 2)[2]) == (0, "stopped\n")
    assert [run[0] for run in runs(database)] == ["interrupted"]
    assert database.execute("SELECT count(*) FROM listing").fetchone() == (0,)


@pytest.mark.parametrize("command", ["import", "backup"])
def test_sigterm_leaves_no_temporary_file(
    settings: Settings, site: Website, database: Connection, tmp_path: Path, command: str
) -> None:
    variables = {
        "CAROUSEL_DATABASE_URL": str(settings.database_url), "CAROUSEL_VALKEY_URL": str(settings.valkey_url),
        "TMPDIR": str(tmp_path),
    }  # fmt: skip
    what = site.url if command == "import" else str(tmp_path / "backup.tar")
    database.execute("BEGIN")
    # An import reads the table when it starts, and waits when it writes; a backup only reads.
    database.execute(f"LOCK TABLE listing IN {'' if command == 'import' else 'ACCESS'} EXCLUSIVE MODE".encode())
    process = subprocess.Popen([sys.executable, "-m", "carousel", command, what], env={**os.environ, **variables})
    for _ in range(200):
        if list(tmp_path.iterdir()) and database.execute(WAITING).fetchone() != (0,):
            break
        threading.Event().wait(0.05)
    assert list(tmp_path.iterdir())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 130
    database.execute("ROLLBACK")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "after", "then"),
    [("15m", 0, 15 * 60), ("15m", 40 * 60, 45 * 60), ("6h", 1, 6 * 3600), ("1d", 86_400, 2 * 86_400)],
)  # fmt: skip
def test_a_steady_pace_skips_what_it_missed(text: str, after: int, then: int) -> None:
    first = datetime(2026, 1, 5, 3, tzinfo=UTC)
    assert Every(text, first).after(first + timedelta(seconds=after)) == first + timedelta(seconds=then)


@pytest.mark.parametrize("text", ["", "15", "0m", "1w", "-1h", "1.5h", "1h30m"])
def test_a_pace_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="15m, 6h or 1d"):
        Every(text, datetime.now(UTC))


def test_a_cron_expression_is_meant_in_its_time_zone_in_summer_and_winter() -> None:
    schedule = Cron("0 3 * * *", "Europe/Prague")
    assert schedule.after(datetime(2026, 1, 5, 12, tzinfo=UTC)) == datetime(2026, 1, 6, 2, tzinfo=UTC)
    assert schedule.after(datetime(2026, 7, 5, 12, tzinfo=UTC)) == datetime(2026, 7, 6, 1, tzinfo=UTC)


def test_a_night_whose_clocks_change_has_one_run() -> None:
    schedule = Cron("30 2 * * *", "Europe/Prague")
    nights = [datetime(2026, 10, 24, 12, tzinfo=UTC)]  # clocks go back from 3:00 to 2:00 on the 25th
    while len(nights) < 4:
        nights.append(schedule.after(nights[-1]))
    assert [f"{night:%d}" for night in nights[1:]] == ["25", "26", "27"]


@pytest.mark.parametrize(("expression", "zone"), [("every day", "UTC"), ("0 0 31 2 *", "UTC"), ("0 3 * * *", "Mars")])
def test_a_time_that_never_comes_is_refused(expression: str, zone: str) -> None:
    with pytest.raises(InputError):
        Cron(expression, zone)
