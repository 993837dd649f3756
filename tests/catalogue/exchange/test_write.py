"""The catalogue is written whole, valid for its target, and comes back as it was."""

import csv
import io
import string
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalogue.exchange.conftest import listing

from carousel.catalogue import repository
from carousel.catalogue.exchange import google, jsonld_write, meta
from carousel.catalogue.exchange.jsonld import flatten, objects
from carousel.catalogue.exchange.write import FORMATS, export
from carousel.catalogue.listing import ENUMS, FIELD_NAMES, Listing, ListingId, to_document
from carousel.errors import InputError
from carousel.storage.postgres import Connection

Imported = Callable[[Path], list[Any]]
Converted = Callable[..., list[Any]]

# What each feed has no column for, or only together with another field.
NOT_IN_GOOGLE = {
    "source", "generation", "price_type", "price_negotiable", "vat_reclaimable", "transmission", "drivetrain",
    "power_kw", "displacement_cc", "cylinders", "gears", "doors", "seats", "battery_kwh", "metallic", "upholstery",
    "owners_count", "accident_free", "damaged", "service_history", "title_status", "steering", "seller_rating", "lat",
    "lon", "status", "updated_at", "sold_at", "attributes",
}  # fmt: skip
NOT_IN_META = {
    "source", "generation", "first_registration", "price_type", "price_negotiable", "vat_reclaimable", "msrp_amount",
    "power_kw", "displacement_cc", "cylinders", "gears", "doors", "seats", "battery_kwh", "electric_range_km",
    "consumption_l_100km", "consumption_kwh_100km", "co2_g_km", "emission_standard", "metallic", "upholstery",
    "owners_count", "accident_free", "damaged", "service_history", "title_status", "features", "steering",
    "seller_rating", "updated_at", "sold_at", "attributes",
}  # fmt: skip
NOT_IN_JSONLD = {
    "source", "certified", "generation", "price_type", "price_negotiable", "vat_reclaimable", "cylinders",
    "electric_range_km", "metallic", "accident_free", "damaged", "service_history", "title_status", "seller_rating",
    "updated_at", "sold_at", "attributes",
}  # fmt: skip
MADE_BY_THE_IMPORTER = {"source_listing_id", "import_warnings", "image_count"}


def stored(database: Connection, *listings: Listing) -> None:
    repository.upsert(database, listings)


def same(before: Listing, after: Listing, missing: set[str]) -> None:
    """Compare every field a format has; a title that was made up of other fields stands for none."""
    for name in set(FIELD_NAMES) - missing - MADE_BY_THE_IMPORTER:
        assert getattr(after, name) == getattr(before, name), name


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


READ: dict[str, tuple[Callable[[Path], list[dict[str, Any]]], set[str]]] = {
    "google": (lambda path: [google.unpack(row) for row in table(path)], NOT_IN_GOOGLE),
    "meta": (lambda path: [meta.unpack(row) for row in table(path)], NOT_IN_META),
    "jsonld": (lambda path: [flatten(car) for car in objects(orjson.loads(path.read_bytes()))], NOT_IN_JSONLD),
}

CARS = (
    listing(1),
    listing(2, certified=True, fuel_type="petrol", price_amount=Decimal(8000), description="Two\nlines\tand a tab; ok"),
    listing(3, condition="new", mileage_km=5, msrp_amount=Decimal("30000.25"), certified=None, emission_standard=None),
    listing(4, fuel_type="electric", body_type="city_car", consumption_l_100km=None, consumption_kwh_100km=16.7,
            electric_range_km=510.0, battery_kwh=77.0, displacement_cc=None, emission_standard="zero", co2_g_km=0),
    listing(5, body_type="pickup", drivetrain="4wd", transmission="automatic", price_currency="CZK",
            price_amount=Decimal(412_345), status="reserved", color_name="red", color_exterior="red"),
    listing(6, make="Mercedes-Benz", model="C-Class", body_type="convertible", fuel_type="plugin_hybrid",
            drivetrain="rwd", seller_type=None, region=None, postal_code="602 00", city="Brno", country="CZ"),
)  # fmt: skip


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("car", CARS, ids=lambda car: car.listing_id)
def test_a_listing_comes_back_from_a_standard_format(
    database: Connection, tmp_path: Path, converted: Converted, name: str, car: Listing
) -> None:
    stored(database, car)
    path = tmp_path / f"cars.{FORMATS[name].ending}"
    assert export(database, path, name, status=None).lacking == {}
    read, missing = READ[name]
    (after,) = converted(read(path))
    if name == "google":
        missing = missing | {"description"} | ({"certified"} if car.condition == "new" else {"msrp_amount"})
        assert after.description == " ".join((car.description or "").split())
    elif name == "meta" and not car.certified:
        missing = missing | {"certified"}  # CPO says that it is; nothing says that it is not
    if name != "jsonld" and car.seller_type is None:
        missing = missing | {"seller_type"}  # who is in a dealer's feed is a dealer
    same(car, after, missing)
    assert after.import_warnings == ()


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_our_own_formats_bring_every_field_back_without_a_hook(
    database: Connection, tmp_path: Path, imported: Imported, name: str
) -> None:
    cars = (*CARS, listing(7, metallic=True, damaged=False, attributes={"torque": "250 Nm"}, service_history=True))
    stored(database, *cars)
    path = tmp_path / f"cars.{name}"
    assert export(database, path, name, status=None).written == len(cars)
    for before, after in zip(cars, imported(path), strict=True):
        same(before, after, {"source", "color_name", "attributes"})
        assert before.attributes.items() <= after.attributes.items()


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_the_makers_name_of_a_color_comes_back(
    database: Connection, tmp_path: Path, imported: Imported, name: str
) -> None:
    stored(database, listing(1))
    export(database, tmp_path / f"cars.{name}", name)
    (after,) = imported(tmp_path / f"cars.{name}")
    assert (after.color_name, after.attributes) == ("Satin Silver", {})


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_the_past_of_a_car_is_written_and_read_as_no_attribute(
    database: Connection, tmp_path: Path, imported: Imported, name: str
) -> None:
    stored(database, listing(1), listing(2))
    stored(database, listing(1, price_amount=Decimal(8000)))
    path = tmp_path / f"cars.{name}"
    assert export(database, path, name).written == 2
    assert b"price_history" in path.read_bytes()
    assert [after.attributes for after in imported(path)] == [{}, {}]


@pytest.mark.parametrize("name", READ)
def test_the_importer_takes_an_exported_file_as_it_is(
    database: Connection, tmp_path: Path, imported: Imported, name: str
) -> None:
    stored(database, *CARS)
    path = tmp_path / f"cars.{FORMATS[name].ending}"
    export(database, path, name, status=None)
    for before, after in zip(CARS, imported(path), strict=True):
        assert after.listing_id == before.listing_id
        assert (after.body_type, after.fuel_type, after.mileage_km, after.images, after.city, after.price_amount) == (
            before.body_type, before.fuel_type, before.mileage_km, before.images, before.city, before.price_amount,
        )  # fmt: skip


WORDS = st.text(string.ascii_letters + string.digits + " ,;'\"\tÄéřß€", min_size=1, max_size=40).map(str.strip)


@st.composite
def cars(draw: st.DrawFn) -> Listing:
    enums = {
        name: draw(st.sampled_from(ENUMS[name]))
        for name in ("body_type", "fuel_type", "transmission", "drivetrain", "condition", "status")
    }
    numbers: dict[str, Any] = {
        "price_amount": draw(st.decimals(300, 10_000_000, places=2)),
        "price_currency": draw(st.sampled_from(("EUR", "USD", "PLN", "INR"))),
        "mileage_km": draw(st.integers(0, 900_000).filter(lambda km: km not in (999_999, 123_456))),
        "power_kw": draw(st.integers(1, 2_000)),
        "displacement_cc": draw(st.integers(50, 18_000)),
    }
    return listing(draw(st.integers(1, 999_999)), title=draw(WORDS.filter(bool)), **(enums | numbers))


@settings(max_examples=150, deadline=None)
@given(cars())
def test_any_listing_is_valid_for_every_target(car: Listing) -> None:
    """A target's words, units and required cells; a listing it does not take is named with the reason."""
    document = orjson.loads(orjson.dumps(to_document(car)))
    cells, lacking = google.row(document)
    assert set(cells) <= set(google.COLUMNS)
    assert bool(lacking) == (car.status not in ("active", "reserved"))
    assert cells["condition"] in ("new", "used")
    assert cells["mileage"] == f"{car.mileage_km} km"
    assert cells["price"] == f"{car.price_amount:.2f} {car.price_currency}"
    back = google.unpack(cells)
    assert google.BODY.get(back.get("body_type", "other")) == google.BODY.get(car.body_type or "")
    assert google.ENGINE[back["fuel_type"]] == google.ENGINE[car.fuel_type or ""]

    cells, lacking = meta.row(document)
    assert set(cells) <= set(meta.COLUMNS)
    assert lacking == []
    assert cells["state_of_vehicle"] == ("NEW" if car.condition == "new" else "USED")
    assert (cells["mileage.value"], cells["mileage.unit"]) == (str(car.mileage_km), "KM")
    back = meta.unpack(cells)
    for field, words in (
        ("body_type", meta.BODY), ("fuel_type", meta.FUEL), ("transmission", meta.TRANSMISSION),
        ("drivetrain", meta.DRIVETRAIN), ("status", meta.AVAILABILITY),
    ):  # fmt: skip
        assert words[back[field]] == words[getattr(car, field)]

    thing, lacking = jsonld_write.car(document)
    assert lacking == []
    flat = flatten(orjson.loads(orjson.dumps(thing)))
    assert flat["mileage_km"] == f"{car.mileage_km} km"
    assert flat["displacement_cc"] == f"{car.displacement_cc} cc"
    assert flat["power_kw"] == f"{car.power_kw} kW"
    assert Decimal(flat["price_amount"].split()[0]) == car.price_amount


def test_what_a_target_requires_and_a_listing_lacks_is_counted_and_left_out(
    database: Connection, tmp_path: Path
) -> None:
    stored(
        database,
        listing(1),
        listing(2, vin=None),
        listing(3, vin=None, price_amount=None, price_currency=None),
        listing(4, images=(), mileage_km=None),
        listing(5, seller_type="private"),
        listing(6, status="sold"),
    )
    done = export(database, tmp_path / "google.tsv", "google")
    assert (done.written, done.left_out) == (1, 4)  # a sold listing is not asked for
    assert done.lacking == {"vin": 2, "price": 1, "mileage": 1, "dealer (it is a private seller)": 1}
    assert [row["id"] for row in table(tmp_path / "google.tsv")] == ["AH-1"]
    done = export(database, tmp_path / "meta.csv", "meta", status="sold")
    assert (done.written, done.left_out, done.lacking) == (1, 0, {})
    assert [row["availability"] for row in table(tmp_path / "meta.csv")] == ["NOT_AVAILABLE"]
    done = export(database, tmp_path / "cars.jsonld", "jsonld")
    assert (done.written, done.left_out) == (5, 0)  # JSON-LD requires nothing, so they are only counted
    assert done.lacking == {"vehicleIdentificationNumber": 2, "offers.price": 1, "image": 1, "mileageFromOdometer": 1}


def test_a_page_is_made_for_listings_without_one(database: Connection, tmp_path: Path) -> None:
    stored(database, listing(1), listing(2, url=None))
    path = tmp_path / "meta.csv"
    assert export(database, path, "meta").lacking == {"url": 1}
    done = export(database, path, "meta", base_url="https://shop.example/listing/{listing_id}?from=meta")
    assert done.lacking == {}
    assert [row["url"] for row in table(path)] == [
        "https://cars.example/1", "https://shop.example/listing/AH-2?from=meta",
    ]  # fmt: skip
    odd = Listing(listing_id=ListingId("a b/ü"), make="Skoda", model="Fabia", model_year=2015)
    stored(database, odd)
    export(database, path, "ndjson", base_url="https://shop.example/{listing_id}")
    urls = {item["listing_id"]: item["url"] for item in map(orjson.loads, path.read_bytes().splitlines())}
    assert urls["a b/ü"] == "https://shop.example/a%20b%2F%C3%BC"


@pytest.mark.parametrize("url", ["https://shop.example/", "javascript:{listing_id}", "shop.example/{listing_id}"])
def test_a_base_url_without_the_id_is_refused(database: Connection, tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="base-url"):
        export(database, tmp_path / "x.csv", "csv", base_url=url)


def test_an_export_that_fails_leaves_the_file_of_before(
    database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(database, listing(1))
    path = tmp_path / "cars.ndjson"
    path.write_text("before")

    def broken(*_: Any) -> Any:
        yield orjson.dumps(to_document(listing(1))).decode()
        raise OSError("the disk is full")

    monkeypatch.setattr(repository, "documents", broken)
    with pytest.raises(OSError, match="full"):
        export(database, path, "ndjson")
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["cars.ndjson"]


def test_an_empty_catalogue_is_a_valid_file(database: Connection, tmp_path: Path) -> None:
    for name, form in FORMATS.items():
        assert export(database, tmp_path / f"none.{form.ending}.{name}", name).written == 0
    assert orjson.loads((tmp_path / "none.jsonld.jsonld").read_bytes())["@graph"] == []
    assert table(tmp_path / "none.csv.meta") == []


def test_standard_output_gets_the_same_bytes(
    database: Connection, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    stored(database, *CARS)
    export(database, tmp_path / "cars.csv", "csv")
    export(database, None, "csv")
    out = capsysbinary.readouterr().out
    assert out == (tmp_path / "cars.csv").read_bytes()
    assert len(list(csv.DictReader(io.StringIO(out.decode())))) == 5  # one of six is reserved
