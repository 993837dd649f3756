"""`carousel export` says what it wrote and what it left out, beside `carousel export activity`."""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from tests.catalogue.exchange.conftest import listing

from carousel.catalogue import repository
from carousel.cli import main
from carousel.embedded.servers import Servers
from carousel.storage.postgres import Connection

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    servers: Servers,
    database: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Run a command in an empty folder, against a catalogue of two listings; return (exit code, stdout, stderr)."""
    repository.upsert(database, [listing(1), listing(2, vin=None, url=None)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carousel", "export", *arguments])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return command


def test_it_writes_a_file_named_after_the_format_and_reports_on_standard_error(run: Run, tmp_path: Path) -> None:
    code, out, err = run("--format", "google")
    assert (code, out) == (0, "")
    assert err.splitlines() == ["1 listings in listings-google.tsv, 1 left out", "  1 without vin"]
    with (tmp_path / "listings-google.tsv").open(encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file, delimiter="\t")] == ["AH-1"]


def test_it_writes_to_standard_output_and_makes_pages(run: Run) -> None:
    code, out, err = run(
        "listings", "--format", "ndjson", "--output", "-", "--base-url", "https://a.example/{listing_id}"
    )
    assert code == 0
    assert [orjson.loads(line)["url"] for line in out.splitlines()] == [
        "https://cars.example/1",
        "https://a.example/AH-2",
    ]
    assert err.splitlines() == ["2 listings in standard output, 0 left out"]
    code, out, _ = run("--format", "csv", "--output", "-", "--status", "sold")
    assert (code, list(csv.DictReader(io.StringIO(out)))) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--status", "all"), "--format is missing"),
        (("--format", "xlsx"), "xlsx"),
        (("--format", "csv", "--output", "nowhere/x.csv"), "no such folder"),
        (("--format", "csv", "--base-url", "https://a.example/"), "--base-url"),
        (("--format", "csv", "activity", "--from", "2026-01-01", "--to", "2026-01-02"), "after the command"),
    ],
)
def test_wrong_arguments_exit_with_2_and_the_reason(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = run(*arguments)
    assert (code, said in err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_activity_is_exported_as_before(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("activity", "--from", "2026-01-01", "--to", "2026-01-02", "--format", "csv")
    assert (code, out) == (0, "0 events in activity-2026-01-01-2026-01-02.csv\n")
    assert (tmp_path / "activity-2026-01-01-2026-01-02.csv").exists()
