"""Any file becomes rows of text; what is no list of listings is one clear error with the cure."""

import contextlib
import gzip
import tempfile
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.catalogue.feeds.feed import Feed
from carousel.catalogue.feeds.read import files_in, open_feed
from carousel.errors import TooLargeError, UnusableFeedError

Cars = Callable[..., Path]
TABLE = "make,model,year\nSkoda,Octavia,2015\nSeat,Leon,2016\n"
CELLS = [["Skoda", "Octavia", "2015"], ["Seat", "Leon", "2016"]]


def cells(feed: Feed) -> list[list[str]]:
    return [list(row.cells) for row in feed]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_dialect_reads_the_same(cars: Cars, delimiter: str, encoding: str, end: str) -> None:
    feed = open_feed(cars(TABLE.replace(",", delimiter).replace("\n", end), encoding=encoding))
    assert feed.columns == ("make", "model", "year")
    assert cells(feed) == CELLS


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Citroën;Coupé;für 5.000 €"),
        ("cp1252", "Citroën;Coupé;für 5.000 €"),
        ("cp1252", "Renault;boîte à vitesses;électrique"),
        ("cp1250", "Łódź;żółty;wrzesień"),
        ("cp1250", "Škoda;černá;převodovka"),
        ("cp1254", "Şanlıurfa;Düz;Dizel Yakıt"),
        ("cp1251", "Лада;Москва;механика"),
        ("utf-16", "Škoda;černá;převodovka"),
    ],
)
def test_letters_survive_every_encoding(cars: Cars, encoding: str, text: str) -> None:
    assert cells(open_feed(cars(f"make;model;year\n{text}\n", encoding=encoding))) == [text.split(";")]


def test_of_code_pages_alike_the_one_with_the_known_header_counts(cars: Cars) -> None:
    header = "Marke;Modell;Baujahr;Hubraum (cm³);Farbe"
    rows = "Škoda;Octavia;2015;1598;weiß\n" * 40 + "VW;Golf;2016;1395;grün\n"
    assert open_feed(cars(f"Bestand für Jänner\n{header}\n{rows}", encoding="cp1252")).columns[3] == "Hubraum (cm³)"


def test_croatian_stays_croatian(cars: Cars) -> None:
    row = "Škoda;Octavia;2015;odličan, kuća, žurno"
    assert cells(open_feed(cars(f"Marka;Model;Rok;Opis\n{row}\n", encoding="cp1250"))) == [row.split(";")]


def test_one_broken_letter_does_not_spoil_a_utf8_file(cars: Cars) -> None:
    content = "make,model\n" + "Citroën,Coupé\n" * 30
    broken = content.encode() + b"Citro\xebn,C3\n"
    assert cells(open_feed(cars(broken)))[0] == ["Citroën", "Coupé"]


def test_a_row_knows_the_line_it_starts_on_in_spite_of_line_breaks_in_cells(cars: Cars) -> None:
    feed = open_feed(cars('make,color\n\nSkoda,"dark\nblue"\nSeat,red\n'))
    assert [(row.line, list(row.cells)) for row in feed] == [(3, ["Skoda", "dark\nblue"]), (5, ["Seat", "red"])]


def test_rows_that_do_not_fit_the_header_are_named(cars: Cars) -> None:
    rows = list(open_feed(cars("make,model,year\nSkoda,Octavia,2015,red\nSeat\nFord,Ka,2010,,\n")))
    assert [row.problem and row.problem[0] for row in rows] == ["ragged_row", "ragged_row", None]
    assert rows[0].problem == ("ragged_row", "4 cells where the header has 3")


@pytest.mark.parametrize("after", [20_000, 3])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(cars: Cars, after: int) -> None:
    rows = list(open_feed(cars('make,model\nSkoda,Octavia\nSeat,"Leon\n' + "Ford,Ka\n" * after)))
    assert [row.problem and row.problem[0] for row in rows[:2]] == [None, "unclosed_quote"]
    assert rows[1].line == 3
    assert [list(row.cells) for row in rows[2:]] == [["Ford", "Ka"]] * after


def test_the_header_is_found_below_a_title(cars: Cars) -> None:
    feed = open_feed(cars("Stock of today;;\n23.11.2026;;\n\nMarke;Modell;Jahr\nSkoda;Octavia;2015\n"))
    assert feed.columns == ("Marke", "Modell", "Jahr")
    assert [(row.line, list(row.cells)) for row in feed] == [(5, ["Skoda", "Octavia", "2015"])]


def test_a_file_without_a_header_gets_numbered_columns(cars: Cars) -> None:
    feed = open_feed(cars("Skoda,Octavia,2015,9990\nSeat,Leon,2016,8990\n"))
    assert feed.columns == ("column_1", "column_2", "column_3", "column_4")
    assert len(list(feed)) == 2


def test_gzip_of_anything_is_read_and_a_damaged_one_is_said(cars: Cars, tmp_path: Path) -> None:
    packed = cars(gzip.compress(TABLE.encode()), "cars.csv.gz")
    feed = open_feed(packed, tmp_path)
    assert cells(feed) == CELLS
    assert feed.form.startswith("gzip of CSV")
    damaged = cars(gzip.compress(TABLE.encode() * 100)[:60], "half.csv.gz")
    with pytest.raises(UnusableFeedError, match="damaged gzip archive"):
        open_feed(damaged, tmp_path)


def test_an_archive_unpacks_to_no_more_than_it_may(cars: Cars, tmp_path: Path) -> None:
    packed = cars(gzip.compress(TABLE.encode() + b" " * (8 << 20)), "cars.csv.gz")
    with pytest.raises(TooLargeError, match="unpacks to more than 1,000,000 bytes; raise CAROUSEL_IMPORT_MB"):
        open_feed(packed, tmp_path, most_bytes=1_000_000)
    assert (tmp_path / "cars.csv").stat().st_size <= 1_000_000
    assert open_feed(packed, tmp_path, most_bytes=9 << 20).columns


def test_a_folder_gives_its_files_but_no_rejected_rows(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "a.csv.rejects.csv", ".hidden"):
        (tmp_path / name).write_text(TABLE)
    assert [(path.name, named) for path, named in files_in([tmp_path])] == [("a.csv", False), ("b.csv", False)]


def test_the_array_is_found_deep_inside_an_object_and_nested_values_are_brought_up(cars: Cars) -> None:
    deep = {"meta": {"n": 1}, "data": {"cars": [{"make": "Seat", "engine": {"power": {"value": 85}}, "x": [1, 2]}]}}
    feed = open_feed(cars(orjson.dumps(deep)))
    assert feed.columns == ("make", "engine.power.value", "x")
    assert cells(feed) == [["Seat", "85", "[1,2]"]]


def test_a_number_and_its_unit_are_one_value(cars: Cars) -> None:
    cars_of = [
        {"mileage": {"value": 12_000, "unit": "mi"}, "price": {"amount": 9_900.5, "currency": "EUR"}, "x": {"a": 1}}
    ]
    feed = open_feed(cars(orjson.dumps(cars_of)))
    assert feed.columns == ("mileage", "price", "x.a")
    assert cells(feed) == [["12000 mi", "9900.5 EUR", "1"]]


def broken_json(good: int) -> str:
    car = '{"make": "Skoda", "model": "Octavia", "seller": {"name": "A"}, "images": [{"url": "u"}, {"url": "v"}]}'
    broken = '{"make": "Seat", "model: "Leon", "seller": {"name": "B"}, "images": [{"url": "u"}, {"url": "v"}]}'
    return "[" + ",\n".join([car] * good + [broken] + [car] * good) + "]"


@pytest.mark.parametrize("good", [1, 3, 30_000])
def test_a_json_file_with_a_broken_middle_loses_that_object_only(cars: Cars, good: int) -> None:
    rows = list(open_feed(cars(broken_json(good))))
    assert [row.line for row in rows if row.problem] == [good + 1]
    # Behind `"model: "`, where the quote that is missing would have ended.
    assert rows[good].problem == ("bad_json", "not valid JSON: Expecting ':' delimiter, character 27 of the object")
    assert len(rows) == 2 * good + 1
    assert {tuple(row.cells)[:3] for row in rows if not row.problem} == {("Skoda", "Octavia", "A")}


@pytest.mark.parametrize("form", ["array", "lines"])
@pytest.mark.parametrize(
    "value", [r'"\ud800"', str(10**30), "[" * 300 + "]" * 300], ids=["half a surrogate pair", "huge", "deep"]
)
def test_an_object_that_cannot_be_written_again_is_one_row_to_reject(cars: Cars, form: str, value: str) -> None:
    objects = ['{"make": "Skoda"}', f'{{"make": "Seat", "extra": [{value}]}}', '{"make": "Kia", "lat": 1e-05}']
    content = "[" + ",".join(objects) + "]" if form == "array" else "\n".join(objects)
    feed = open_feed(cars(content, "cars.json" if form == "array" else "cars.ndjson"))
    rows = list(feed)
    if rows[1].problem is None:  # orjson reads an integer of any size, as a float
        assert value == str(10**30)
    else:
        assert rows[1].problem[0] == "bad_json"
        assert "extra" not in feed.columns
    read = [dict(zip(feed.columns, row.cells, strict=True)) for row in (rows[0], rows[2])]
    assert [(car["make"], car["lat"]) for car in read] == [("Skoda", ""), ("Kia", "0.00001")]


def test_a_json_file_that_was_cut_off_gives_what_came_before(cars: Cars) -> None:
    rows = list(open_feed(cars(broken_json(5)[:250])))
    assert [bool(row.problem) for row in rows] == [False, False, True]


def test_a_large_json_file_is_read_object_by_object(cars: Cars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carousel.catalogue.feeds.read_json._WHOLE", 100)
    wrapped = {"count": 2, "listings": [{"make": "Skoda", "price": {"amount": i}} for i in range(5_000)]}
    rows = list(open_feed(cars(orjson.dumps(wrapped))))
    assert [row.cells[1] for row in rows] == [str(i) for i in range(5_000)]


def test_a_large_file_of_one_line_is_never_read_at_once(cars: Cars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carousel.catalogue.feeds.read_json._WHOLE", 100)
    monkeypatch.setattr("carousel.catalogue.feeds.read_json._CHUNK", 4_096)
    monkeypatch.setattr("carousel.catalogue.feeds.read_json._LONGEST", 16_384)
    path = cars(orjson.dumps({"count": 2, "listings": [{"make": "Skoda", "price": i} for i in range(200_000)]}))
    tracemalloc.start()
    try:
        feed = open_feed(path)
        assert sum(int(row.cells[1]) for row in feed) == sum(range(200_000))
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size
    finally:
        tracemalloc.stop()


def test_a_line_of_ndjson_that_never_ends_is_one_row_to_reject(cars: Cars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carousel.catalogue.feeds.read_json._LONGEST", 100)
    rows = list(open_feed(cars('{"make": "Kia"}\n{"make": "' + "x" * 1_000 + '"}\n{"make": "Seat"}\n', "cars.ndjson")))
    assert [(row.line, row.problem and row.problem[0]) for row in rows] == [(1, None), (2, "bad_json"), (3, None)]


@given(st.binary(max_size=4_000))
@settings(max_examples=200, deadline=None)
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cars"
        path.write_bytes(content)
        with contextlib.suppress(UnusableFeedError):
            feed = open_feed(path, Path(folder))
            assert all(row.problem or len(row.cells) == len(feed.columns) for row in feed)


def test_a_nul_byte_rejects_its_row_only(cars: Cars) -> None:
    rows = list(open_feed(cars(b"make,model\nSkoda,Octa\x00via\nSeat,Leon\n" + b"Ford,Ka\n" * 100)))
    assert [row.problem and row.problem[0] for row in rows[:2]] == ["nul_byte", None]


def test_columns_without_a_name_or_with_the_same_one_get_names(cars: Cars) -> None:
    assert open_feed(cars(",make,price,price\n1,a,2,3\n")).columns == ("column_1", "make", "price", "price_2")


def test_excels_note_about_the_separator_is_no_header(cars: Cars) -> None:
    assert open_feed(cars("sep=;\nmake;model\nSkoda;Octavia\n")).columns == ("make", "model")


def test_json_ndjson_and_parquet_read_like_csv(cars: Cars, tmp_path: Path) -> None:
    objects = [
        {"make": "Skoda", "year": 2015, "price": {"amount": 9990.5}, "new": False, "images": ["https://x.test/1.jpg"]},
        {"make": "Seat", "lat": 12.345, "gone": None},
    ]
    array = open_feed(cars(orjson.dumps(objects), "cars.json"))
    lines = open_feed(cars(b"\n".join(map(orjson.dumps, objects)), "cars.ndjson"))
    wrapped = open_feed(cars(orjson.dumps({"total": 2, "listings": objects}), "wrapped.json"))
    expected = [
        ["Skoda", "2015", "9990.5", "false", '["https://x.test/1.jpg"]', "", ""],
        ["Seat", "", "", "", "", "12.3450", ""],
    ]
    for feed in (array, lines, wrapped):
        assert feed.columns == ("make", "year", "price.amount", "new", "images", "lat", "gone")
        assert cells(feed) == expected
    pl.DataFrame({"make": ["Skoda"], "year": [2015], "price": [9990.5]}).write_parquet(tmp_path / "cars.parquet")
    assert cells(open_feed(tmp_path / "cars.parquet")) == [["Skoda", "2015", "9990.5"]]


def test_a_decimal_of_three_places_never_looks_like_thousands(tmp_path: Path) -> None:
    prices = [Decimal("950.000"), Decimal("12990.500"), Decimal("1000"), Decimal("12.345")]
    frame = pl.DataFrame({"price": prices}, schema={"price": pl.Decimal(12, 3)})
    frame.write_parquet(tmp_path / "cars.parquet")
    assert cells(open_feed(tmp_path / "cars.parquet")) == [["950"], ["12990.5"], ["1000"], ["12.3450"]]


def test_a_line_of_ndjson_that_is_none_is_one_row_to_reject(cars: Cars) -> None:
    rows = list(open_feed(cars('{"make": "Skoda"}\n{"make": \n[1]\n{"make": "Seat"}\n', "cars.ndjson")))
    assert [row.problem and row.problem[0] for row in rows] == [None, "bad_json", "bad_json", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\r\n ", "is empty"),
        (b"%PDF-1.7\n1 0 obj", "is a PDF, .*export the listings as CSV"),
        (b"PK\x03\x04rest", "is an Excel workbook or a zip archive, .*save the sheet as CSV"),
        (b"\x1f\x8b\x08rest", "is a gzip archive; unpack it first"),
        (b"\x89PNG\r\n", "is an image"),
        (b"<html><body>", "is XML or HTML"),
        (b"\x7fELF" + bytes(range(256)) * 9, "is binary"),
        (b"make,model,year\n", "has a header and no rows"),
        (b"[{]", "not valid JSON"),
        (b"[]", "holds no objects.*one object a listing"),
        (b"PAR1 but no more", "is not a Parquet file"),
        (b"x" * 1_000_000, "the first line is longer than a header can be"),
    ],
)
def test_garbage_is_one_line_that_names_the_file_and_the_cure(cars: Cars, content: bytes, message: str) -> None:
    path = cars(content, "garbage.csv")
    with pytest.raises(UnusableFeedError, match=message) as error:
        open_feed(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnusableFeedError, match="No such file"):
        open_feed(tmp_path / "none.csv")
