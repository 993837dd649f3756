"""Importing files: every row is accounted for, twice is the same as once, and a full feed withdraws what is gone."""

import contextlib
import csv
import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from carousel.catalogue import repository
from carousel.catalogue.feeds import mapping_file
from carousel.catalogue.feeds.report import ImportReport
from carousel.catalogue.feeds.run import ImportOptions, import_files, import_in_terminal, open_input, outcomes
from carousel.catalogue.feeds.seen import Seen
from carousel.catalogue.listing import Listing, ListingId
from carousel.embedded.servers import Servers
from carousel.errors import InputError, UnusableFeedError
from carousel.storage.postgres import Connection, connect

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


def test_files_of_any_script_are_feeds_of_their_own(database: Connection, tmp_path: Path, here: Path) -> None:
    names = {"shop 1": "shop-1", "Москва": "1e1d252e", "cars Москва": "cars-288d905b", "cars Питер": "cars-c36c9fcb"}
    for number, name in enumerate(names):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"id,make,model,year\n{number},Skoda,Fabia,2015\n", encoding="utf-8")
        assert import_files(database, [path], ImportOptions(full_feed=True, force=True)).withdrawn == 0
    assert one(database, "source") == list(names.values())


def test_a_full_feed_with_nothing_usable_withdraws_nothing(database: Connection, cars: Cars, here: Path) -> None:
    import_files(database, [cars("id,make,model,year\na,Skoda,Fabia,2015\n")], ImportOptions())
    report = import_files(database, [cars("id,make,model,year\n,,,\n")], ImportOptions(full_feed=True))
    assert (report.exit_code, report.withdrawn) == (1, 0)
    assert one(database, "status") == ["active"]


def test_a_full_feed_withdraws_no_listing_whose_row_cannot_be_read(
    database: Connection, cars: Cars, here: Path
) -> None:
    rows = [f"{i},Skoda,Octavia,201{i},car-{i},fine" for i in range(8)]
    header = "doors,make,model,year,id,description"
    import_files(database, [cars("\n".join([header, *rows]))], ImportOptions())
    rows[1] = "1,Skoda,Octavia,2011,car-1,fi\x00ne"
    rows[2] = "2,Skoda,Octavia,2012,car-2,fine, as new"
    rows[3] = "3,Skoda,Octa,via,2013,car-3,fine"
    rows[4] = "4,Skoda,Octavia,2014,car-4"
    rows[5] = '5,Skoda,Octavia,2015,car-5,"fine'
    report = import_files(database, [cars("\n".join([header, *rows[:7], "1204 cars"]))], ImportOptions(full_feed=True))
    assert report.rejected_by_reason == {"ragged_row": 4, "nul_byte": 1, "unclosed_quote": 1}
    assert (report.withdrawn, report.not_withdrawn) == (1, 0)
    assert one(database, "status") == ["active"] * 7 + ["withdrawn"]


def test_a_full_feed_withdraws_nothing_while_a_row_may_be_any_listing(
    database: Connection, cars: Cars, here: Path
) -> None:
    lines = [orjson.dumps({"id": i, "make": "Skoda", "model": "Fabia", "year": 2015}).decode() for i in "abc"]
    import_files(database, [cars("\n".join(lines), "cars.ndjson")], ImportOptions())
    broken = cars("\n".join([*lines[:2], lines[2][:30]]), "cars.ndjson")
    report = import_files(database, [broken], ImportOptions(full_feed=True))
    assert (report.exit_code, report.withdrawn, report.not_withdrawn) == (0, 0, 1)
    assert report.questions == [
        "1 rows cannot be read and may be any of 1 listings that no row mentions, so none of these was withdrawn:"
        " mend the rows, or insist with --force"
    ]
    assert one(database, "status") == ["active"] * 3
    assert import_files(database, [broken], ImportOptions(full_feed=True, force=True)).withdrawn == 1


def test_a_broken_row_of_a_standard_feed_says_its_id_too(database: Connection, cars: Cars, here: Path) -> None:
    header = "description,vehicle_id,title,make,model,year,mileage.value,image[0].url"
    rows = [f"fine,{i},Octavia,Skoda,Octavia,2015,98500,https://shop.example/{i}.jpg" for i in "abcd"]
    import_files(database, [cars("\n".join([header, *rows]))], ImportOptions())
    rows[1], rows[2] = rows[1].replace("fine", "fi\x00ne"), f"{rows[2]},more"
    report = import_files(database, [cars("\n".join([header, *rows[:3]]))], ImportOptions(full_feed=True))
    assert (report.rejected, report.withdrawn) == (2, 1)
    assert one(database, "status") == ["active"] * 3 + ["withdrawn"]


@pytest.mark.parametrize(
    "table",
    [
        "id,make,model,year,status\na,Skoda,Fabia,2015,\n",
        "id,make,model,year,status\na,Skoda,Fabia,2015,in preparation\n",
        "vehicle_id,title,make,model,year,mileage.value,image[0].url\na,,Skoda,Fabia,2015,9000,https://shop.example/1\n",
    ],
)
def test_a_sold_listing_stays_sold_where_its_row_does_not_say_otherwise(
    database: Connection, cars: Cars, here: Path, table: str
) -> None:
    import_files(database, [cars(table)], ImportOptions())
    repository.set_status(database, [ListingId("a")], "sold")
    preview = import_files(database, [cars(table)], ImportOptions(dry_run=True))
    assert preview.written == import_files(database, [cars(table)], ImportOptions()).written
    assert one(database, "status") == ["sold"]
    import_files(database, [cars("id,make,model,year,status\na,Skoda,Fabia,2015,available\n")], ImportOptions())
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
        "attributes", "withdrawn", "refused", "held_back", "questions", "warnings", "unknown_values", "passed_over",
        "fields", "seconds",
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


def test_columns_that_are_no_field_are_listed(cars: Cars, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cars("id,make,model,year,HU bis,hall\n1,Skoda,Fabia,2015,2027-05,7\n")
    assert import_files(None, [path], ImportOptions(dry_run=True)).to_json()["attributes"] == ["HU bis", "hall"]
    import_in_terminal(None, [path], ImportOptions(dry_run=True), as_json=False)
    assert "kept as attributes: HU bis, hall" in capsys.readouterr().out


def test_nothing_usable_is_exit_code_one(database: Connection, cars: Cars, here: Path) -> None:
    path = cars("make,model,year\n,,\nSkoda,Fabia,1066\n")
    assert import_in_terminal(database, [path], ImportOptions(), as_json=True) == 1


def test_knots_follow_a_first_import(database: Connection, twins: Path, here: Path) -> None:
    import_files(database, [twins / "autoscout24_de.csv"], ImportOptions())
    assert database.execute("SELECT knots_listings FROM catalogue_state").fetchone() == (10,)


# --- one change of the catalogue -------------------------------------------------------------------------------------


def stock(rows: int, *, price: int = 5_000, first: int = 0) -> str:
    body = "".join(f"A-{i},Skoda,Fabia,{2001 + i % 20},{price + i}\n" for i in range(first, first + rows))
    return "id,make,model,year,price_eur\n" + body


def on_sale(database: Connection) -> int:
    row = database.execute("SELECT count(*) FROM listing WHERE status = 'active'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_feed_most_of_whose_rows_are_rejected_writes_nothing_unless_told_to(
    database: Connection, cars: Cars, here: Path
) -> None:
    path = cars("make,model,year\n" + "Skoda,Fabia,2015\n" + "Skoda,Fabia,soon\n" * 1 + "Seat,,2015\n" * 9)
    report = import_files(database, [path], ImportOptions())
    assert report.refused is not None
    assert "--force" in report.refused
    assert (report.exit_code, report.held_back, on_sale(database)) == (1, 1, 0)
    assert (here / "cars.csv.rejects.csv").exists()
    assert import_files(database, [path], ImportOptions(force=True)).exit_code == 0
    assert on_sale(database) == 1


def test_a_full_feed_that_would_withdraw_much_of_the_stock_is_refused_unless_told_to(
    database: Connection, cars: Cars, here: Path
) -> None:
    options = ImportOptions(source="shop", full_feed=True)
    import_files(database, [cars(stock(100))], options)
    assert import_files(database, [cars(stock(70))], options).withdrawn == 30
    report = import_files(database, [cars(stock(40))], options)
    assert report.refused is not None
    assert "30 of 70 listings on offer" in report.refused
    assert on_sale(database) == 70
    assert import_files(database, [cars(stock(40))], replace(options, force=True)).withdrawn == 30
    assert on_sale(database) == 40


def test_readers_see_a_full_feed_as_one_change(database: Connection, servers: Servers, cars: Cars, here: Path) -> None:
    options = ImportOptions(source="shop", full_feed=True, force=True)
    import_files(database, [cars(stock(300))], options)
    seen: set[tuple[int, int]] = set()
    done = threading.Event()

    def look() -> None:
        with connect(servers.database_url) as reader:
            while not done.is_set():
                row = reader.execute(
                    "SELECT count(*), count(*) FILTER (WHERE price_amount >= 9000) FROM listing WHERE status = 'active'"
                ).fetchone()
                assert row is not None
                seen.add((row[0], row[1]))

    looking = threading.Thread(target=look)
    looking.start()
    import_files(database, [cars(stock(12_000, price=9_000, first=200))], options)
    done.set()
    looking.join()
    assert seen <= {(300, 0), (12_000, 12_000)}
    assert (300, 0) in seen


def test_what_somebody_else_changed_meanwhile_is_left(database: Connection, servers: Servers, cars: Cars) -> None:
    listings = [open_listing(i) for i in range(3)]
    repository.upsert(database, listings)
    stage = repository.Stage(database)
    changed = [replace(x, mileage_km=9_999) for x in (*listings, open_listing(3))]
    assert stage.add(changed, [None] * 4) == repository.WriteResult(imported=1, updated=3)
    with connect(servers.database_url) as other:
        repository.set_status(other, [listings[1].listing_id], "sold")
        repository.upsert(other, [open_listing(3)])
    assert stage.apply() == (repository.WriteResult(imported=1, updated=1), [])
    rows = database.execute("SELECT status, mileage_km FROM listing ORDER BY listing_id").fetchall()
    assert rows == [("active", 9_999), ("sold", None), ("active", 9_999), ("active", None)]


def test_a_full_feed_leaves_what_was_put_or_sold_while_it_ran(
    database: Connection, servers: Servers, cars: Cars
) -> None:
    options = ImportOptions(source="shop", full_feed=True)
    import_files(database, [cars(stock(700))], options)
    withdrawn: list[ListingId] = []

    def meanwhile(rows: int, _share: float) -> None:
        if rows == 500:
            with connect(servers.database_url) as other:
                put = [
                    replace(open_listing(0), source="shop", listing_id=ListingId(i)) for i in ("new", "A-2", "A-700")
                ]
                repository.upsert(other, put)
                repository.set_status(other, [ListingId("A-0")], "sold")

    feed = cars(stock(699, first=2))  # without, and with A-700
    report = import_files(database, [feed], options, told=meanwhile, on_withdrawn=withdrawn.extend)
    assert (report.withdrawn, withdrawn) == (1, ["A-1"])
    gone = database.execute("SELECT listing_id, status FROM listing WHERE status <> 'active' ORDER BY 1").fetchall()
    assert gone == [("A-0", "sold"), ("A-1", "withdrawn")]
    assert report.written == repository.WriteResult(unchanged=699)
    unpriced = database.execute("SELECT listing_id FROM listing WHERE price_amount IS NULL ORDER BY 1").fetchall()
    assert unpriced == [("A-2",), ("A-700",), ("new",)]


def open_listing(number: int) -> Listing:
    return Listing(listing_id=ListingId(f"car-{number}"), make="Skoda", model="Fabia", model_year=2015)


@pytest.mark.whole
def test_an_import_killed_at_any_moment_leaves_all_of_it_or_nothing(
    database: Connection, servers: Servers, cars: Cars, here: Path
) -> None:
    import_files(database, [cars(stock(4_000))], ImportOptions(source="shop"))
    path = cars(stock(8_000, price=9_000))
    command = [
        sys.executable, "-m", "carousel", "import", str(path), "--source", "shop", "--full-feed", "--json",
    ]  # fmt: skip
    urls = {"CAROUSEL_DATABASE_URL": servers.database_url, "CAROUSEL_VALKEY_URL": servers.valkey_url}
    before = [(4_000, 0)]
    complete = [(8_000, 8_000)]
    for wait in (0.6, 1.0, 1.4, 1.8, 2.2):
        process = subprocess.Popen(command, env={**os.environ, **urls}, stdout=subprocess.PIPE)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait)
        process.kill()
        process.communicate()
        found = database.execute(
            "SELECT count(*), count(*) FILTER (WHERE price_amount >= 9000) FROM listing WHERE status = 'active'"
        ).fetchall()
        assert found in (before, complete)
    done = subprocess.run(command, env={**os.environ, **urls}, check=True, capture_output=True, text=True)
    assert orjson.loads(done.stdout)["read"] == 8_000
    assert on_sale(database) == 8_000


def test_mended_rejects_are_imported_as_the_same_source_and_leave_no_trace_of_having_been_rejected(
    database: Connection, cars: Cars, here: Path
) -> None:
    path = cars("make,model,year,price_eur\nSkoda,Fabia,2015,5000\nSeat,Leon,soon,6000\n")
    import_files(database, [path], ImportOptions())
    rejects = here / "cars.csv.rejects.csv"
    assert rejects.read_text().splitlines()[0] == "line,reason,detail,make,model,year,price_eur"
    rejects.write_text(rejects.read_text().replace("Leon,soon", "Leon,2016"))
    report = import_files(database, [rejects], ImportOptions())
    assert report.written.imported == 1
    rows = database.execute("SELECT source, model, document->'attributes' FROM listing ORDER BY model").fetchall()
    assert rows == [("cars", "Fabia", None), ("cars", "Leon", None)]
    assert not rejects.with_name("cars.csv.rejects.csv.rejects.csv").exists()


def test_mended_rejects_are_no_risk_until_they_are_in_the_catalogue(
    database: Connection, cars: Cars, here: Path
) -> None:
    path = cars("make,model,year,price_eur\nSkoda,Fabia,2015,5000\nSeat,Leon,soon,6000\nFiat,Panda,soon,7000\n")
    import_files(database, [path], ImportOptions())
    rejects = here / "cars.csv.rejects.csv"
    half = rejects.read_text().replace("Leon,soon", "Leon,2016")
    rejects.write_text(half)
    for dry in (rejects, path):  # of the mended rows, and of the feed they come from
        assert import_files(database, [dry], ImportOptions(dry_run=True)).rejected
        assert rejects.read_text() == half
    bad = half + "".join(f"{n},no_model,,Fiat,,2010,1\n" for n in range(9))
    rejects.write_text(bad)
    assert import_files(database, [rejects], ImportOptions()).refused
    assert rejects.read_text() == bad
    rejects.write_text(half)
    assert import_files(database, [rejects], ImportOptions()).written.imported == 1
    left = rejects.read_text()  # what is still to be mended
    assert "Leon" not in left
    assert "Panda" in left
    rejects.write_text(left.replace("Panda,soon", "Panda,2011"))
    assert import_files(database, [rejects], ImportOptions()).written.imported == 1
    assert rejects.exists()  # a file that was given is not ours to remove
    assert import_files(None, [path], ImportOptions(dry_run=True, rejects=here / "mine.csv")).files[0].rejects
    assert "Leon" in (here / "mine.csv").read_text()


# --- mappings --------------------------------------------------------------------------------------------------------


def test_a_saved_mapping_reads_the_next_file_and_teaches_words(cars: Cars, here: Path, tmp_path: Path) -> None:
    path = cars("Typ,Marke,Jahr,Weg,Antrieb\nFabia,Skoda,2015,1000,Zauberei\n")
    saved = tmp_path / "feed.toml"
    options = ImportOptions(
        dry_run=True, column_map={"Typ": "model", "Weg": "mileage_mi"}, save_mapping=saved, source="shop"
    )
    report = import_files(None, [path], options)
    assert report.unknown_values == {("drivetrain", "Zauberei"): 1}
    saved.write_text(saved.read_text() + '[values.drivetrain]\nzauberei = "rwd"\n')
    said = mapping_file.load(saved)
    assert said.options["source"] == "shop"
    assert said.columns["Weg"] == "mileage_mi"
    again = open_input(path, ImportOptions(column_map=said.columns, words=said.words), datetime.now(UTC))
    [(_, outcome)] = list(outcomes(again, Seen()))
    assert isinstance(outcome, Listing)
    assert (outcome.model, outcome.mileage_km, outcome.drivetrain) == ("Fabia", 1_609, "rwd")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("columns = ", "is not TOML"),
        ("surprise = 1", "'surprise' is unknown; use source, currency"),
        ("[values.nope]\na = 'b'", "is no field"),
        ("[values.images]\na = 'b'", r"\[values.images\] is no field that a word can mean"),
        ("columns = 'x'", r"\[columns\] has lines such as"),
        ("[columns]\nTyp = 5", r"\[columns\] has lines such as"),
        ("values = 5", r"values is 5; use a table \[values.FIELD\]"),
        ("[values]\nfuel_type = 'x'", r"fuel_type is 'x'; use a table \[values.fuel_type\]"),
        ("[values.doors]\nfive = '5'", "'five' cannot be '5'; doors is a number from 2 to 11"),
        ("[values.doors]\nmany = 99", "'many' cannot be 99; doors is a number from 2 to 11"),
        ("[values.damaged]\nja = 1", "'ja' cannot be 1; damaged is true or false"),
        ("[values.make]\nVAG = true", "'VAG' cannot be True; make is a text"),
        ("[values.fuel_type]\nwood = 'wood'", "'wood' cannot be 'wood'; fuel_type is one of petrol"),
    ],
)
def test_a_mapping_file_that_cannot_be_right_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "feed.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        mapping_file.load(path)


def test_a_dry_run_shows_the_column_why_how_often_and_samples(cars: Cars, here: Path) -> None:
    path = cars("Marke,Modell,Jahr,Preis,x\n" + "VW,Golf,2015,9.990 €,Diesel\nVW,Golf,2016,,Benzin\n" * 2)
    report = import_files(None, [path], ImportOptions(dry_run=True))
    shown = {mapped.field: mapped for mapped in report.files[0].fields}
    assert shown["price_amount"].coverage == 0.5
    assert shown["price_amount"].samples == (("9.990 €", "9,990.00 EUR"),)
    assert (shown["fuel_type"].column, shown["fuel_type"].why) == ("x", "100% are fuels")
    assert shown["make"].samples == (("VW", "Volkswagen"),)


def test_a_folder_is_imported_and_what_is_no_feed_is_passed_over(cars: Cars, here: Path, tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "a.csv").write_text(stock(5))
    (folder / "b.csv.gz").write_bytes(gzip.compress(stock(5, first=5).encode()))
    (folder / "README.txt").write_text("These are the files.\nmake, model, year\n")
    report = import_files(None, [folder], ImportOptions(dry_run=True))
    assert (report.read, report.written.imported) == (10, 10)
    assert len(report.passed_over) == 1
    assert "README.txt" in report.passed_over[0]


def test_two_files_with_the_same_id_do_not_overwrite_each_other(database: Connection, cars: Cars, here: Path) -> None:
    rows = {"a.csv": "7,Skoda,Fabia,2015", "b.csv": "7,VW,Golf,2016"}
    files = [cars(f"id,make,model,year\n{row}\n", name) for name, row in rows.items()]
    report = import_files(database, files, ImportOptions())
    assert report.rejected_by_reason == {"repeated_id": 1}


def test_what_a_file_does_not_say_is_asked(cars: Cars, here: Path) -> None:
    report = import_files(
        None, [cars("make,model,year,price,mileage\nSkoda,Fabia,2015,9000,50000\n")], ImportOptions(dry_run=True)
    )
    assert report.questions == [
        "no column is known as the id, so ids are made of the cells and a changed price is a new listing:"
        " say --map COLUMN=listing_id",
        "nothing says the currency of 1 prices: say --currency CODE",
        "nothing says whether 1 distances are kilometres or miles: say --distance-unit km|mi",
    ]
