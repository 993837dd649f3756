"""Rows of Google's and Meta's feeds become listings, each word in the canonical one."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carousel.catalogue.exchange import google, meta, standard_feed
from carousel.catalogue.listing import ENUMS


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (google.COLUMNS, "Google vehicle listings"),
        (["ID", "VIN", "vehicle_fulfillment(option:store_code)", "brand"], "Google vehicle listings"),
        (meta.COLUMNS, "Meta automotive inventory"),
        (["auto_listing_id", "image[0].url", "Mileage.Value"], "Meta automotive inventory"),
    ],
)
def test_a_standard_header_is_known(columns: list[str], name: str) -> None:
    feed = standard_feed(columns)
    assert feed is not None
    assert feed.name == name


@pytest.mark.parametrize(
    "columns", [["id", "make", "model", "year", "price", "vin", "condition"], ["vehicle_id", "make", "mileage"], []]
)
def test_any_other_header_is_left_to_the_importer(columns: list[str]) -> None:
    assert standard_feed(columns) is None


@pytest.mark.parametrize(("file", "module"), [("google.tsv", google), ("meta.csv", meta)])
def test_no_cell_of_a_row_is_lost_between_its_columns_and_ours(samples: Path, file: str, module: Any) -> None:
    for row in rows(samples / file):
        feed = standard_feed(list(row))
        assert feed is not None
        cells = dict(zip(feed.columns, feed.cells(list(row.values())), strict=True))
        assert {name: cell for name, cell in cells.items() if cell} == module.unpack(row)


def test_a_google_feed_becomes_listings(samples: Path, converted: Callable[..., list[Any]]) -> None:
    octavia, truck, new = converted(map(google.unpack, rows(samples / "google.tsv")))
    assert (octavia.listing_id, octavia.make, octavia.model) == ("AH-1", "Skoda", "Octavia")
    assert (octavia.variant, octavia.model_year) == ("1.6 TDI Ambition", 2015)
    assert (octavia.mileage_km, octavia.price_amount, octavia.price_currency) == (98_500, 9990, "EUR")
    assert (octavia.body_type, octavia.fuel_type, octavia.condition) == ("wagon", "diesel", "used")
    assert (octavia.city, octavia.postal_code, octavia.country) == ("Dresden", "01067", "DE")
    assert (octavia.seller_id, octavia.seller_name, octavia.seller_type) == ("DD1", "Autohaus Muster", "dealer")
    assert len(octavia.images) == 3
    assert octavia.attributes == {
        "tracking_phone_number": "+49 351 5550100", "dealership_address": "Hauptstr. 1, 01067 Dresden, DE",
    }  # fmt: skip
    assert (truck.listing_id, truck.seller_id) == ("1FTEW1EP5KFA00001", "MV-1")
    assert (truck.mileage_km, truck.price_amount, truck.price_currency) == (98_492, 28_900, "USD")
    assert (truck.body_type, truck.certified) == ("pickup", True)
    assert (truck.city, truck.region, truck.postal_code, truck.country) == ("Mountain View", "CA", "94045", "US")
    assert (new.make, new.condition, new.msrp_amount, new.emission_standard) == ("Volkswagen", "new", 39_995, "zero")
    assert [x.import_warnings for x in (octavia, truck, new)] == [(), (), ()]


def test_a_meta_feed_becomes_listings(samples: Path, converted: Callable[..., list[Any]]) -> None:
    fusion, fabia, hilux = converted(map(meta.unpack, rows(samples / "meta.csv")))
    assert (fusion.listing_id, fusion.make, fusion.model, fusion.variant) == ("i1", "Ford", "Fusion", "SE")
    assert (fusion.mileage_km, fusion.price_amount, fusion.price_currency) == (24_140, 16_500, "USD")
    assert (fusion.condition, fusion.certified, fusion.status) == ("used", True, "active")
    assert (fusion.city, fusion.region, fusion.country, fusion.lat) == ("Watsonville", "CA", "US", 36.91)
    assert fusion.images == ("https://cars.example/i1.jpg", "https://cars.example/i1b.jpg")
    assert fusion.attributes == {
        "street": "550 Auto Center Dr", "regular_price": "18000 USD", "condition_grade": "EXCELLENT",
    }  # fmt: skip
    assert (fabia.body_type, fabia.drivetrain, fabia.status) == ("wagon", None, "reserved")
    assert (fabia.city, fabia.postal_code, fabia.country, fabia.seller_type) == ("Brno", "602 00", "CZ", None)
    assert (hilux.body_type, hilux.transmission, hilux.drivetrain) == ("pickup", None, "4wd")
    assert (hilux.mileage_km, hilux.status) == (40_100, "withdrawn")
    assert [x.import_warnings for x in (fusion, fabia, hilux)] == [(), (), ()]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("1 King, Hull, ON K1A 0B1, CA", {"city": "Hull", "region": "ON", "postal_code": "K1A 0B1", "country": "CA"}),
        ("1 High St, London, SW1A 1AA, GB", {"city": "London", "postal_code": "SW1A 1AA", "country": "GB"}),
        ("Brno, 602 00, CZ", {"city": "Brno", "postal_code": "602 00", "country": "CZ"}),
        ("01067 Dresden, DE", {"city": "Dresden", "postal_code": "01067", "country": "DE"}),
        ("somewhere", {}),
    ],
)  # fmt: skip
def test_an_address_is_taken_apart(address: str, expected: dict[str, str]) -> None:
    row = google.unpack({"vin": "x", "store_code": "s", "dealership_address": address})
    assert {name: row[name] for name in ("city", "region", "postal_code", "country") if name in row} == expected


def test_every_word_of_ours_has_one_in_the_feeds() -> None:
    assert set(meta.BODY) == set(ENUMS["body_type"])
    assert set(google.BODY) == set(ENUMS["body_type"]) - {"other"}
    assert set(meta.FUEL) == set(google.ENGINE) == set(ENUMS["fuel_type"])
    assert set(meta.TRANSMISSION) == set(ENUMS["transmission"])
    assert set(meta.DRIVETRAIN) == set(ENUMS["drivetrain"])
    assert set(meta.AVAILABILITY) == set(ENUMS["status"])
