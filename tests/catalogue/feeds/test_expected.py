"""A hundred rows of each real file, judged by people: what the importer makes of them.

`expected/<source>.csv` has the judgements: make, model, fuel, transmission and body of a row, `-` where the row says
none, and `!` as the make where the row is no offer of a car. Year, price and mileage are taken from the row itself by
the plain rules below; `exceptions` says where a person would not ("price=" for a joke, "year=2015").
"""

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.listing import Listing, plain

Convert = Callable[..., list[Listing | Rejected | None]]

EXPECTED = Path(__file__).parent / "expected"
KM_PER_MILE = 1.609344
FIELDS = ("make", "model", "fuel", "transmission", "body", "year", "price", "mileage")


@dataclass(frozen=True)
class Source:
    """Where a source's own numbers stand."""

    year: str
    price: str
    mileage: str
    encoding: str = "utf-8"
    km: float = 1.0
    options: tuple[tuple[str, str], ...] = ()


SOURCES = {
    "cardekho_4340": Source("year", "selling_price", "km_driven"),
    "cardekho_v3": Source("year", "selling_price", "km_driven"),
    "autoscout24_de": Source("year", "price", "mileage"),
    "ebay_kleinanzeigen": Source("yearOfRegistration", "price", "odometer", encoding="cp1252"),
    "craigslist_10k": Source("year", "price", "odometer", km=KM_PER_MILE),
    "otomoto_small_geo": Source("production_year", "price", "mileage", encoding="cp1250"),
    "spain_datamarket": Source("year", "price", "kms"),
    "truecar_us": Source("year", "price", "mileage", km=KM_PER_MILE),
    "turkey_car_market": Source("Model Yıl", "Fiyat", "Km"),
    "uk_100k": Source("year", "price", "mileage", km=KM_PER_MILE),
    "uk_unclean": Source(
        "year", "price", "mileage", km=KM_PER_MILE, options=(("currency", "GBP"), ("distance_unit", "mi"))
    ),
}


def folder_of(real_data: Path, source: str) -> Path:
    return real_data / "uk_100k" / "unclean" if source == "uk_unclean" else real_data / source


def judgements(source: str) -> list[dict[str, str]]:
    path = EXPECTED / f"{source}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def own_number(text: str) -> int | None:
    digits = re.sub(r"[^\d.]", "", text).removesuffix(".")
    return round(float(digits)) if digits else None


def expected_of(judged: dict[str, str], row: dict[str, str], source: Source) -> dict[str, str | int | None]:
    spare = f"{source.mileage}2"
    mileage = own_number(row[source.mileage] or row.get(spare, ""))
    said: dict[str, str | int | None] = {name: None if judged[name] == "-" else judged[name] for name in FIELDS[:5]}
    said |= {
        "year": own_number(row[source.year]),
        "price": own_number(row[source.price]),
        "mileage": None if mileage is None else round(mileage * source.km),
    }
    for exception in filter(None, judged["exceptions"].split(";")):
        name, _, value = exception.strip().partition("=")
        said[name] = value if name in FIELDS[:5] and value else int(value) if value else None
    return said


def got(listing: Listing) -> dict[str, str | int | None]:
    return {
        "make": listing.make, "model": listing.model, "fuel": listing.fuel_type, "transmission": listing.transmission,
        "body": listing.body_type, "year": listing.year, "mileage": listing.mileage_km,
        "price": None if listing.price_amount is None else round(listing.price_amount),
    }  # fmt: skip


def same(expected: str | int | None, found: str | int | None) -> bool:
    """Compare names by letters and digits; where people would take several names, bars stand between them."""
    if isinstance(expected, str) and isinstance(found, str):
        return any(_alike(one) == _alike(found) for one in expected.split("|"))
    return expected == found


def _alike(name: str) -> str:
    """Write a name as the others: a 3er and a 3 Serisi are the 3 Series, a C-Klasse and a Clase C the C-Class."""
    letters = re.sub(r"[^\w]|_", "", plain(name).replace("ı", "i"))
    return re.sub(r"^(?:serie|clase)?(\d|[a-z]{1,3}?)(?:er|reihe|series|serisi|class|klasse)?$", r"\1", letters)


@pytest.mark.real_data
@pytest.mark.parametrize("source", sorted(path.stem for path in EXPECTED.glob("*.csv")))
def test_rows_become_what_a_person_would_make_of_them(
    source: str, convert: Convert, real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, judged = SOURCES[source], judgements(source)
    assert len(judged) >= 100
    wrong: list[str] = []
    right: Counter[str] = Counter()
    became = cars = 0
    for file in sorted({row["file"] for row in judged}):
        path = folder_of(real_data, source) / file
        with path.open(encoding=rules.encoding, newline="") as opened:
            rows = list(csv.DictReader(opened))
        outcomes = convert(path, **dict(rules.options))
        first = first_of_equal_rows(rows)
        for one in (row for row in judged if row["file"] == file):
            number = first[int(one["row"])]
            outcome = outcomes[number - 1]
            if one["make"] == "!":
                if isinstance(outcome, Listing):
                    wrong.append(f"{file} {number}: is no car, became {outcome.make} {outcome.model}")
                continue
            cars += 1
            if not isinstance(outcome, Listing):
                wrong.append(f"{file} {number}: {outcome}")
                continue
            became += 1
            expected, found = expected_of(one, rows[number - 1], rules), got(outcome)
            for name in FIELDS:
                right[name] += same(expected[name], found[name])
                if not same(expected[name], found[name]):
                    wrong.append(f"{file} {number} {name}: expected {expected[name]!r}, got {found[name]!r}")
    with capsys.disabled():
        print(f"\n{source}: {became} of {cars} cars became listings; {right.total()} of {became * len(FIELDS)} right")
    assert became >= 0.95 * cars, "\n".join(wrong)
    assert right.total() >= 0.99 * became * len(FIELDS), "\n".join(wrong)
    assert min(right[name] for name in FIELDS) >= 0.98 * became, "\n".join(wrong)


def first_of_equal_rows(rows: list[dict[str, str]]) -> dict[int, int]:
    """Return, by row number from 1, the first row that says the same: the others are duplicates."""
    first: dict[tuple[str, ...], int] = {}
    return {number: first.setdefault(tuple(map(str, row.values())), number) for number, row in enumerate(rows, 1)}
