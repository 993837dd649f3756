"""Importing files: every row is accounted for, twice is the same as once, and a full feed withdraws what is gone."""

import csv
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from carousel.catalogue import repository
from carousel.catalogue.feeds.report import ImportReport
from carousel.catalogue.feeds.run import ImportOptions, import_files, import_in_terminal
from carousel.catalogue.listing import ListingId
from carousel.errors import InputError, UnusableFeedError
from carousel.storage.postgres import Connection

Cars = Callable[..., Path]

SIX = {
    "cardekho_4340": (14, 11, 2, 1),
    "cardekho_v3": (11, 10, 1, 0),
    "autoscout24_de": (14, 10, 1, 3),
    "ebay_kleinanzeigen": (11, 7, 0, 4),
    "craigslist_10k": (11, 7, 0, 4),
}


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.read, report.written.imported, report.duplicates, report.rejected


def adds_up(report: ImportReport) -> bool:
    written = report.written
    return report.read == (written.imported + written.updated + written.unchanged + report.duplicates + report.rejected)


def one(database: Connection, column: str) -> list[object]:
    return [row[0] for row in database.execute(f"SELECT {column} FROM listing ORDER BY listing_id").fetchall()]  # noqa: S608


@pytest.mark.parametrize("name", SIX)
def test_every_row_of_a_known_source_is_accounted_for_and_twice_changes_nothing(
    database: Connection, twins: Path, here: Path, name: str
) -> None:
    first = import_files(database, [twins / f"{name}.csv"], ImportOptions())
    assert counts(first) == SIX[name]
    assert adds_up(first)
    before = database.execute("SELECT listing_id, changed_by::text, document::text FROM listing ORDER BY 1").fetchall()
    revision = database.execute("SELECT revision FROM catalogue_state").fetchone()
    again = import_files(database, [twins / f"{name}.csv"], ImportOptions())
    assert again.written == repository.WriteResult(unchanged=SIX[name][1])
    assert adds_up(again)
    assert (
        database.execute("SELECT listing_id, changed_by::text, document::text FROM listing ORDER BY 1").fetchall()
        == before
    )
    assert database.execute("SELECT revision FROM catalogue_state").fetchone() == revision


def test_several_files_of_one_source_are_one_import(database: Connection, twins: Path, here: Path) -> None:
    report = import_files(database, sorted((twins / "uk_100k").glob("*.csv")), ImportOptions())
    assert counts(report) == (13, 11, 1, 1)
    assert set(one(database, "source")) == {"uk_100k"}
    assert set(one(database, "make")) == {"Audi", "Mercedes-Benz", "Hyundai"}


def test_the_sources_own_row_is_kept(database: Connection, cars: Cars, here: Path) -> None:
    import_files(database, [cars("make,model,year,price\nvw, GOLF,2015.0,$5.000\n")], ImportOptions())
    assert one(database, "raw") == [{"make": "vw", "model": " GOLF", "year": "2015.0", "price": "$5.000"}]


def test_a_changed_row_is_updated_and_keeps_the_day_it_was_first_listed(
    database: Connection, cars: Cars, here: Path
) -> None:
    import_files(
        database, [cars("id,make,model,year,price\n1,Skoda,Fabia,2015,9000\n2,Seat,Leon,2016,8000\n")], ImportOptions()
    )
    listed = one(database, "listed_at")
    path = cars("id,make,model,year,price\n1,Skoda,Fabia,2015,8500\n2,Seat,Leon,2016,8000\n")
    report = import_files(database, [path], ImportOptions())
    assert report.written == repository.WriteResult(updated=1, unchanged=1)
    assert one(database, "price_amount") == [8500, 8000]
    assert one(database, "listed_at") == listed


def test_a_full_feed_withdraws_what_it_no_longer_has_and_brings_back_what_returns(
    database: Connection, cars: Cars, here: Path
) -> None:
    table = "id,make,model,year\na,Skoda,Fabia,2015\nb,Seat,Leon,2016\nc,Fiat,Panda,2012\n"
    import_files(database, [cars(table)], ImportOptions())
    import_files(database, [cars("id,make,model,year\nz,Ford,Ka,2010\n", "other.csv")], ImportOptions())
    gone: list[ListingId] = []
    # b is still in the feed, although today's row cannot be used: it stays on sale.
    path = cars("id,make,model,year\na,Skoda,Fabia,2015\nb,Seat,Leon,soon\n")
    report = import_files(database, [path], ImportOptions(full_feed=True), on_withdrawn=gone.extend)
    assert (report.withdrawn, gone) == (1, ["c"])
    assert one(database, "status") == ["active", "active", "withdrawn", "active"]
    back = import_files(database, [cars(table)], ImportOptions(full_feed=True))
    assert back.written == repository.WriteResult(updated=1, unchanged=2)
    assert one(database, "status") == ["active"] * 4


def test_a_full_feed_with_nothing_usable_withdraws_nothing(database: Connection, cars: Cars, here: Path) -> None:
    import_files(database, [cars("id,make,model,year\na,Skoda,Fabia,2015\n")], ImportOptions())
    report = import_files(database, [cars("id,make,model,year\n,,,\n")], ImportOptions(full_feed=True))
    assert (report.exit_code, report.withdrawn) == (1, 0)
    assert one(database, "status") == ["active"]


def test_a_sold_listing_does_not_come_back_by_a_feed_that_does_not_know(
    database: Connection, cars: Cars, here: Path
) -> None:
    path = cars("id,make,model,year,price\na,Skoda,Fabia,2015,9000\n")
    import_files(database, [path], ImportOptions())
    repository.set_status(database, [ListingId("a")], "sold")
    assert import_files(database, [path], ImportOptions()).written == repository.WriteResult(unchanged=1)
    cheaper = cars("id,make,model,year,price\na,Skoda,Fabia,2015,8000\n")
    assert import_files(database, [cheaper], ImportOptions()).written == repository.WriteResult(updated=1)
    assert one(database, "status") == ["sold"]
    says = cars("id,make,model,year,price,status\na,Skoda,Fabia,2015,8000,available\n")
    import_files(database, [says], ImportOptions())
    assert one(database, "status") == ["active"]


def test_rejected_rows_are_kept_with_their_line_and_reason(database: Connection, cars: Cars, here: Path) -> None:
    path = cars('make,model,year\nSkoda,"Fa\nbia",2015\nSeat,Leon,1800\nFiat,Panda\nOpel,Corsa,2010\n')
    report = import_files(database, [path], ImportOptions())
    with (here / "cars.csv.rejects.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["line", "reason", "detail", "make", "model", "year"],
            ["4", "year_out_of_range", "no car was built then", "Seat", "Leon", "1800"],
            ["5", "ragged_row", "2 cells where the header has 3", "Fiat", "Panda"],
        ]
    assert report.files[0].rejects == here / "cars.csv.rejects.csv"
    assert [p.name for p in here.iterdir()] == ["cars.csv.rejects.csv"]
    import_files(database, [cars("make,model,year\nSkoda,Fabia,2015\n")], ImportOptions())
    assert list(here.iterdir()) == []


def test_a_dry_run_counts_and_writes_nothing(database: Connection, twins: Path, here: Path) -> None:
    path = twins / "autoscout24_de.csv"
    assert counts(import_files(database, [path], ImportOptions(dry_run=True))) == SIX["autoscout24_de"]
    assert counts(import_files(None, [path], ImportOptions(dry_run=True))) == SIX["autoscout24_de"]
    assert one(database, "listing_id") == []


def test_a_file_that_cannot_be_used_stops_the_import_before_it_began(
    database: Connection, cars: Cars, here: Path
) -> None:
    good, bad = cars("make,model,year\nSkoda,Fabia,2015\n"), cars(b"%PDF-1.7", "cars.pdf")
    with pytest.raises(UnusableFeedError, match="is a PDF"):
        import_files(database, [good, bad], ImportOptions())
    assert one(database, "listing_id") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(currency="XYZ"), "currency is 'XYZ'; use one of EUR"),
        (ImportOptions(distance_unit="furlong"), "use km or mi"),  # type: ignore[arg-type]
        (ImportOptions(source="a b"), "--source is 'a b'; use up to 64 letters"),
        (ImportOptions(column_map={"nope": "make"}), "has no column 'nope'"),
    ],
)
def test_options_that_cannot_be_right_are_refused(
    database: Connection, cars: Cars, options: ImportOptions, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        import_files(database, [cars("make,model,year\nSkoda,Fabia,2015\n")], options)
    assert error.value.exit_code == 2


def test_json_prints_one_object_whose_counts_add_up(
    database: Connection, twins: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = import_in_terminal(database, [twins / "ebay_kleinanzeigen.csv"], ImportOptions(), as_json=True)
    printed = orjson.loads(capsys.readouterr().out.splitlines()[-1])  # logs of a test go to stdout too
    assert code == 0
    assert list(printed) == [
        "read", "imported", "updated", "unchanged", "duplicates", "rejected", "rejected_by_reason", "mapping",
        "seconds",
    ]  # fmt: skip
    assert printed["rejected_by_reason"] == {"wanted_ad": 2, "year_out_of_range": 1, "no_model": 1}
    assert printed["mapping"]["price_amount"] == "price"


def test_people_see_the_profile_the_mapping_and_the_counts(
    database: Connection, twins: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_in_terminal(database, [twins / "cardekho_4340.csv"], ImportOptions(), as_json=False) == 0
    printed = capsys.readouterr().out
    for part in ("recognised as cardekho", "mileage_km ← km_driven", "duplicates", "no_make", "rejects.csv", "rows/s"):
        assert part in printed


def test_nothing_usable_is_exit_code_one(database: Connection, cars: Cars, here: Path) -> None:
    path = cars("make,model,year\n,,\nSkoda,Fabia,1066\n")
    assert import_in_terminal(database, [path], ImportOptions(), as_json=True) == 1


def test_knots_follow_a_first_import(database: Connection, twins: Path, here: Path) -> None:
    import_files(database, [twins / "autoscout24_de.csv"], ImportOptions())
    assert database.execute("SELECT knots_listings FROM catalogue_state").fetchone() == (10,)
