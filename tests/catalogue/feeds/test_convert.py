"""Made-up twins of the six sources: every row becomes the listing a reader of the file would expect."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.listing import Listing

Convert = Callable[..., list[Listing | Rejected | None]]
Cars = Callable[..., Path]


def listing(outcome: Listing | Rejected | None) -> Listing:
    assert isinstance(outcome, Listing), outcome
    return outcome


def reasons(outcomes: list[Listing | Rejected | None]) -> list[str]:
    return [o.reason for o in outcomes if isinstance(o, Rejected)]


def said(outcome: Listing | Rejected | None, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(listing(outcome), name) for name in names)


def test_cardekho_4340(convert: Convert, twins: Path) -> None:
    rows = convert(twins / "cardekho_4340.csv")
    assert said(rows[1], "make", "model", "variant") == ("Maruti Suzuki", "Swift Dzire", "VDI")
    assert said(rows[1], "mileage_km", "price_amount", "price_currency") == (145_500, Decimal(450_000), "INR")
    assert said(rows[1], "seller_type", "owners_count", "country") == ("dealer", 2, "IN")
    names = [f"{x.make} {x.model}" for x in rows if isinstance(x, Listing)]
    assert names[2:10] == [
        "Hyundai Grand i10", "Honda City", "Tata Indica Vista", "Toyota Innova Crysta", "Mahindra XUV500",
        "Mercedes-Benz C-Class", "Land Rover Discovery Sport", "Opel Corsa",
    ]  # fmt: skip
    assert said(rows[4], "owners_count", "import_warnings") == (4, ("owners_at_least",))
    assert said(rows[10], "condition", "owners_count") == ("demo", None)
    assert rows[11] is None
    assert rows[12] is None
    assert reasons(rows) == ["no_make"]


def test_cardekho_v3(convert: Convert, twins: Path) -> None:
    rows = convert(twins / "cardekho_v3.csv")
    assert said(rows[0], "mileage_km", "consumption_l_100km", "displacement_cc", "power_kw", "seats") == (
        145_500, 4.3, 1_248, 55, 5,
    )  # fmt: skip
    assert said(rows[3], "fuel_type", "consumption_l_100km", "import_warnings") == (
        "cng",
        None,
        ("consumption_per_kg",),
    )
    assert said(rows[4], "mileage_km", "power_kw") == (None, None)
    assert said(rows[4], "import_warnings") == (
        ("mileage_implausible", "consumption_implausible", "power_implausible"),
    )
    assert said(rows[5], "power_kw", "seats", "import_warnings") == (None, None, ())
    assert listing(rows[0]).attributes == {"torque": "190Nm@ 2000rpm"}
    assert rows[10] is None


def test_uk_100k_is_in_miles_pounds_and_litres(convert: Convert, twins: Path) -> None:
    rows = convert(twins / "uk_100k" / "audi.csv")
    assert said(rows[0], "make", "model", "mileage_km", "price_currency") == ("Audi", "A1", 25_323, "GBP")
    assert said(rows[0], "displacement_cc", "consumption_l_100km", "country") == (1_400, 5.1, "GB")
    assert said(rows[2], "transmission") == ("semi_automatic",)
    assert said(rows[4], "displacement_cc", "import_warnings") == (None, ("displacement_implausible",))
    assert reasons(rows) == ["year_out_of_range"]


def test_uk_100k_takes_the_make_from_the_name_of_the_file(convert: Convert, twins: Path) -> None:
    merc = convert(twins / "uk_100k" / "merc.csv")
    assert said(merc[0], "make", "model") == ("Mercedes-Benz", "C-Class")
    hyundi = convert(twins / "uk_100k" / "hyundi.csv")
    assert said(hyundi[1], "make", "model") == ("Hyundai", "Tucson")
    assert hyundi[3] is None
    assert said(convert(twins / "uk_100k" / "merc.csv", make="Škoda")[0], "make") == ("Skoda",)


def test_autoscout24_de(convert: Convert, twins: Path) -> None:
    rows = convert(twins / "autoscout24_de.csv")
    assert said(rows[0], "make", "model", "power_kw", "price_currency") == ("BMW", "316", 85, "EUR")
    assert said(rows[3], "make", "model", "fuel_type") == ("Land Rover", "Discovery Sport", "hybrid")
    assert said(rows[6], "make", "model", "fuel_type") == ("Alfa Romeo", "Giulietta", "lpg")
    assert [said(rows[i], "condition") for i in (3, 4, 5, 9)] == [("pre_registered",), ("demo",), ("used",), ("new",)]
    assert said(rows[7], "mileage_km", "fuel_type", "import_warnings") == (None, None, ("mileage_implausible",))
    assert said(rows[8], "price_amount", "price_currency", "power_kw") == (None, None, None)
    assert said(rows[8], "import_warnings") == (("price_placeholder", "power_implausible"),)
    assert reasons(rows) == ["no_make", "not_a_car", "no_model"]
    assert rows[13] is None


def test_ebay_kleinanzeigen(convert: Convert, twins: Path) -> None:
    rows = convert(twins / "ebay_kleinanzeigen.csv")
    first = listing(rows[0])
    assert (first.make, first.model, first.title) == ("Peugeot", "807", "Peugeot 807 160 NAVTECH")
    assert (first.price_amount, first.price_currency) == (Decimal(5_000), "EUR")
    assert (first.mileage_km, first.power_kw, first.body_type, first.fuel_type) == (150_000, 116, "van", "lpg")
    assert (first.first_registration, first.damaged, first.seller_type) == ("2004-03", False, "private")
    assert first.listed_at.isoformat() == "2016-03-26T00:00:00+00:00"
    assert said(rows[1], "model", "postal_code", "transmission") == ("7 Series", "01067", "automatic")
    assert said(rows[2], "title", "damaged") == ("Volkswagen Golf 1.6 Coupé TÜV", True)
    assert said(rows[2], "model_year", "first_registration") == (2009, None)
    assert said(rows[4], "price_amount", "power_kw") == (None, None)
    assert said(rows[5], "make", "model", "price_amount") == ("Volkswagen", "Sharan", None)
    assert said(rows[6], "make", "model") == ("Mercedes-Benz", "C-Class")
    assert reasons(rows) == ["wanted_ad", "wanted_ad", "year_out_of_range", "no_model"]


def test_states_and_countries_named_like_nothing_are_what_they_are(convert: Convert, cars: Cars) -> None:
    head = "make,model,year,price,color,state,country\n"
    rows = convert(
        cars(head + "Skoda,Fabia,2019,9000,nd,nc,US\nSkoda,Octavia,2019,9900,na,ND,US\nSkoda,Superb,2019,9,NC,-,NA\n")
    )
    assert [said(row, "region", "country", "color_name") for row in rows] == [
        ("NC", "US", None),
        ("ND", "US", None),
        (None, None, None),
    ]


def test_dates_of_an_american_market_have_the_month_first(convert: Convert, cars: Cars) -> None:
    header = "manufacturer,model,year,odometer,price,title_status,paint_color,posting_date"
    (row,) = convert(cars(f"{header}\nmazda,3,2012,75010,8000,clean,red,03/04/2021\n"))
    assert said(row, "listed_at") == (datetime(2021, 3, 4, tzinfo=UTC),)


def test_craigslist(convert: Convert, twins: Path) -> None:
    rows = convert(twins / "craigslist_10k.csv")
    assert said(rows[0], "make", "model", "model_year", "mileage_km") == ("Mazda", "3", 2012, 120_719)
    assert said(rows[0], "city", "region", "country", "title_status") == (
        "south bend / michiana",
        "IN",
        "US",
        "rebuilt",
    )
    assert said(rows[1], "cylinders", "color_exterior", "color_name") == (6, "other", "custom")
    assert said(rows[2], "model", "variant", "price_amount") == ("F-150", "xlt", None)
    assert said(rows[3], "make", "model") == ("Land Rover", "Range Rover Sport")
    assert said(rows[3], "price_amount", "mileage_km") == (None, None)
    assert said(rows[4], "model", "variant", "damaged", "condition") == ("Silverado 1500", "lt", True, "used")
    assert said(rows[5], "make", "model") == ("Hummer", "H3")
    assert said(rows[6], "condition", "import_warnings") == ("used", ("condition_implausible",))
    assert reasons(rows) == ["no_make", "no_model", "not_a_car", "no_year"]


def test_an_id_of_the_source_is_the_listing_id(convert: Convert, cars: Cars) -> None:
    rows = convert(cars("id,make,model,year\nA-1,Skoda,Fabia,2015\nA-1,Skoda,Fabia,2015\nA-1,Skoda,Fabia,2016\n"))
    assert said(rows[0], "listing_id", "source", "source_listing_id") == ("A-1", "cars", "A-1")
    assert rows[1] is None
    assert reasons(rows) == ["repeated_id"]


def test_without_an_id_the_listing_id_depends_on_the_row_alone(convert: Convert, cars: Cars) -> None:
    first = convert(cars("make,model,year\nSkoda,Fabia,2015\n", "a.csv"), source="our-feed")[0]
    moved = convert(cars("index,year,make,model,vin\n7,2015,Skoda,Fabia,\n", "b.csv"), source="our-feed")[0]
    other = convert(cars("make,model,year\nSkoda,Fabia,2016\n", "c.csv"), source="our-feed")[0]
    assert listing(first).listing_id == listing(moved).listing_id
    assert listing(first).listing_id.startswith("our-feed-")
    assert listing(first).listing_id != listing(other).listing_id


def test_units_and_currencies_nobody_gave_are_assumed_and_named(convert: Convert, cars: Cars) -> None:
    path = cars("make,model,year,price,mileage,power\nSkoda,Fabia,2015,9000,50000,66\n")
    assert said(convert(path)[0], "price_currency", "mileage_km", "power_kw", "import_warnings") == (
        "EUR", 50_000, 66, ("currency_assumed", "unit_assumed", "power_unit_assumed"),
    )  # fmt: skip
    told = convert(path, currency="GBP", distance_unit="mi")[0]
    assert said(told, "price_currency", "mileage_km") == ("GBP", 80_467)


def test_a_column_of_currencies_beats_an_assumption(convert: Convert, cars: Cars) -> None:
    path = cars("make,model,year,price,currency\nSkoda,Fabia,2015,9000,PLN\nSkoda,Fabia,2015,9000,XXX\n")
    rows = convert(path)
    assert said(rows[0], "price_currency", "import_warnings") == ("PLN", ())
    assert said(rows[1], "price_amount", "price_currency", "import_warnings") == (None, None, ("currency_unknown",))


def test_a_canonical_document_comes_back_as_it_was(convert: Convert, cars: Cars) -> None:
    document = (
        '[{"listing_id": "x1", "make": "Skoda", "model": "Enyaq", "model_year": 2022, "price_amount": 35990.0,'
        ' "price_currency": "EUR", "battery_kwh": 77.0, "features": ["towbar", "heat_pump"], "lat": 50.1,'
        ' "images": ["https://x.test/1.jpg", "javascript:alert(1)"], "attributes": {"doors_note": "five"},'
        ' "url": "javascript:alert(1)", "listed_at": "2025-06-01T10:00:00Z", "status": "reserved"}]'
    )
    found = listing(convert(cars(document, "cars.json"))[0])
    assert (found.listing_id, found.battery_kwh, found.lat, found.status) == ("x1", 77.0, 50.1, "reserved")
    assert found.features == ("towbar", "heat_pump")
    assert found.images == ("https://x.test/1.jpg",)
    assert (found.url, found.import_warnings) == (None, ("url_implausible",))
    assert found.attributes == {"doors_note": "five"}
    assert found.listed_at.isoformat() == "2025-06-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",,", "empty_row"),
        ("make,model,year", "header_row"),
        ("Skoda,,2015", "no_model"),
        (",Fabia,2015", "no_make"),
        ("Skoda,Fabia,", "no_year"),
        ("Skoda,Fabia,soon", "no_year"),
        ("Skoda,Fabia,1800", "year_out_of_range"),
        ("Kawasaki,Z900,2015", "not_a_car"),
        (f"Skoda,{'x' * 101},2015", "invalid_model"),
    ],
)
def test_a_row_that_cannot_be_a_car_says_why(convert: Convert, cars: Cars, row: str, reason: str) -> None:
    assert reasons(convert(cars(f"make,model,year\n{row}\nSeat,Leon,2015\n"))) == [reason]


def test_a_day_in_the_future_is_today(convert: Convert, cars: Cars) -> None:
    rows = convert(cars("make,model,year,listed_at\nSkoda,Fabia,2015,2031-01-01\n"))
    assert said(rows[0], "listed_at", "import_warnings") == (
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), ("listed_at_implausible",),
    )  # fmt: skip


def test_a_file_named_like_a_make_does_not_speak_where_a_column_does(convert: Convert, cars: Cars) -> None:
    rows = convert(cars("name,year\nSkoda Fabia Combi,2015\n", "mini.csv"))
    assert said(rows[0], "make", "model", "variant") == ("Skoda", "Fabia", "Combi")


def test_text_that_is_too_long_is_cut_and_says_so(convert: Convert, cars: Cars) -> None:
    found = listing(convert(cars(f"make,model,year,description\nSkoda,Fabia,2015,{'x' * 6000}\n"))[0])
    assert found.description is not None
    assert (len(found.description), found.import_warnings) == (5_000, ("description_cut",))


def test_a_word_for_nothing_is_no_id(convert: Convert, cars: Cars) -> None:
    rows = convert(cars("id,make,model,year\nNULL,Skoda,Octavia,2015\nNULL,Skoda,Fabia,2016\nNC,Kia,Ceed,2017\n"))
    ids = [listing(row).listing_id for row in rows]
    assert [i[:5] for i in ids] == ["cars-", "cars-", "NC"]
    assert listing(rows[0]).source_listing_id is None


def test_a_comma_inside_an_address_of_a_picture_is_part_of_it(convert: Convert, cars: Cars) -> None:
    one, two = "https://pictures.example/w_800,h_600/1.jpg", "https://pictures.example/w_800;h_600/2.jpg"
    for between in (",", ", ", ";", "|", " ", "\n"):
        [row] = convert(cars(f'make,model,year,images\nSkoda,Fabia,2015,"{one}{between}{two};"\n'))
        assert listing(row).images == (one, two)


@pytest.mark.parametrize(
    "option", ["w_800,h_600,c_fill/1.jpg", "width=800,quality=75/1.jpg", "1.jpg?rect=0,0,800,600", "1.jpg;jsessionid=3"]
)
@pytest.mark.parametrize("other", ["/2.jpg", "//b.example/2.jpg", "2.jpg", "img_2.jpg", "pictures/2.jpg", "", "none"])
def test_an_address_of_a_picture_ends_before_one_that_is_none(
    convert: Convert, cars: Cars, option: str, other: str
) -> None:
    one, three = f"https://a.example/{option}", "https://a.example/3.jpg"
    [row] = convert(cars(f'make,model,year,images\nSkoda,Fabia,2015,"{one},{other},{three}"\n'))
    assert listing(row).images == (one, three)


@pytest.mark.parametrize("quote", ["'", '""'])
def test_addresses_of_pictures_may_be_quoted(convert: Convert, cars: Cars, quote: str) -> None:
    one, two = "https://a.example/w_800,h_600/1.jpg", "https://a.example/2.jpg"
    for first in (one, f"{quote}{one}{quote}"):
        [row] = convert(cars(f'make,model,year,images\nSkoda,Fabia,2015,"{first},{quote}{two}{quote}"\n'))
        assert listing(row).images == (one, two)


def test_a_currency_column_speaks_for_price_and_list_price(convert: Convert, cars: Cars) -> None:
    [row] = convert(cars("make,model,year,price,msrp,currency\nSkoda,Fabia,2015,9000,19000,PLN\n"))
    assert said(row, "price_currency", "msrp_amount", "import_warnings") == ("PLN", Decimal(19_000), ())


def test_words_for_makes_and_models_are_taught(convert: Convert, cars: Cars) -> None:
    words = {"make": {"VAG": "Volkswagen"}, "model": {"golf gt": "Golf"}}
    rows = convert(cars("make,model,year\nVAG,Golf GT,2015\nvag,Polo,2016\n"), words=words)
    assert [said(row, "make", "model") for row in rows] == [("Volkswagen", "Golf"), ("Volkswagen", "Polo")]


def test_units_in_the_cells_of_any_column_are_read(convert: Convert, cars: Cars) -> None:
    [row] = convert(
        cars("make,model,year,engine,range,fuel_consumption\nKia,EV6,2022,150 kW,261 miles,16.7 kWh/100km\n")
    )
    assert said(row, "displacement_cc", "electric_range_km", "consumption_kwh_100km", "consumption_l_100km") == (
        None, 420.0, 16.7, None,
    )  # fmt: skip
    [own] = convert(cars("make,model,year,electric_range_km\nKia,EV6,2022,420\n"))
    assert said(own, "electric_range_km", "import_warnings") == (420.0, ())


@pytest.mark.parametrize(
    ("options", "price", "mileage", "listed", "registered"),
    [
        ({}, "price", "mileage", "2025-01-11", "2020-04"),
        ({"distance_unit": "mi", "currency": "USD"}, "price", "mileage", "2025-11-01", "2020-03"),
        ({"distance_unit": "mi", "assumed_currency": "USD"}, "price", "mileage", "2025-11-01", "2020-03"),
        ({"distance_unit": "mi", "currency": "GBP"}, "price", "mileage", "2025-01-11", "2020-04"),
        ({"currency": "USD"}, "price", "mileage", "2025-01-11", "2020-04"),
        ({}, "price_usd", "mileage (mi)", "2025-11-01", "2020-03"),
    ],
)
def test_miles_and_dollars_mean_that_dates_have_the_month_first(
    convert: Convert, cars: Cars, options: dict[str, str], price: str, mileage: str, listed: str, registered: str
) -> None:
    row = "7,Ford,Focus,9000,50000,11/01/2025,03/04/2020"
    rows = convert(cars(f"id,make,model,{price},{mileage},listed_at,first_registration\n{row}\n"), **options)
    assert said(rows[0], "listed_at", "first_registration") == (
        datetime.fromisoformat(listed).replace(tzinfo=UTC),
        registered,
    )


def test_the_dates_of_a_column_are_read_in_one_order(convert: Convert, cars: Cars) -> None:
    rows = [f"{day},Ford,Focus,2015,11/{day:02d}/2025" for day in range(1, 29)]
    listings = map(listing, convert(cars("id,make,model,year,listedDate\n" + "\n".join(rows))))
    assert [x.listed_at for x in listings] == [datetime(2025, 11, day, tzinfo=UTC) for day in range(1, 29)]


def test_pictures_in_objects_are_kept(convert: Convert, cars: Cars) -> None:
    car = {"id": 1, "make": "Ford", "model": "Focus", "year": 2015, "photos": [{"w": 8, "url": "https://p.example/3"}]}
    (row,) = convert(cars(orjson.dumps([car]), "cars.json"))
    assert said(row, "images", "image_count") == (("https://p.example/3",), 1)


def _value(value: object) -> dict[str, object]:
    return {"@value": value}


def _key(key: str) -> dict[str, object]:
    return {"@key": key, "@url": f"https://x.example/{key}", "local-description": {"@xml-lang": "de", "$": key}}


MOBILE_DE = {
    "of objects": {
        "@key": "2289",
        "creation-date": _value("2025-12-01T10:00:00+01:00"),
        "detail-page": {"@url": "https://x.example/2289"},
        "vehicle": {
            "class": _key("Car"), "category": _key("EstateCar"), "make": _key("SKODA"), "model": _key("Octavia"),
            "model-description": _value("Octavia 2.0"), "damage-and-unrepaired": _value("false"),
            "specifics": {
                "mileage": _value("85000"), "first-registration": _value("2019-03"), "power": _value("110"),
                "fuel": _key("DIESEL"), "gearbox": _key("MANUAL_GEAR"), "cubic-capacity": _value("1968"),
                "condition": _key("USED"),
            },
        },
        "price": {"@type": "FIXED", "@currency": "EUR", "consumer-price-amount": _value("15400.00")},
        "seller": {"@key": "443", "type": _value("DEALER"), "address": {"zipcode": _value("01067")}},
    },
    "half flat": {
        "@key": "2289",
        "creationDate": _value("2025-12-01T10:00:00+01:00"),
        "detailPage": {"@url": "https://x.example/2289"},
        "vehicle": {
            "class": "Car", "category": "EstateCar", "make": "SKODA", "model": "Octavia",
            "modelDescription": "Octavia 2.0", "damageAndUnrepaired": False,
            "specifics": {
                "mileage": _value(85000), "firstRegistration": _value("2019-03"), "power": _value(110),
                "fuel": "DIESEL", "gearbox": "MANUAL_GEAR", "cubicCapacity": _value(1968), "condition": "USED",
            },
        },
        "price": {"@type": "FIXED", "consumerPriceAmount": _value("15400.00")},
        "seller": {"@key": "443", "type": "DEALER", "address": {"zipcode": "01067"}},
    },
    "flat": {
        "mobileAdId": "2289", "mobileSellerId": "443", "creationDate": "2025-12-01T10:00:00+01:00",
        "detailPageUrl": "https://x.example/2289", "vehicleClass": "Car", "category": "EstateCar", "make": "SKODA",
        "model": "Octavia", "modelDescription": "Octavia 2.0", "damageUnrepaired": False, "mileage": 85000,
        "firstRegistration": "201903", "power": 110, "fuel": "DIESEL", "gearbox": "MANUAL_GEAR", "cubicCapacity": 1968,
        "condition": "USED", "price": {"consumerPriceGross": "15400.00", "currency": "EUR", "type": "FIXED"},
        "seller": {"type": "DEALER", "address": {"zipcode": "01067"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("form", MOBILE_DE)
def test_the_json_of_mobile_de_in_each_of_its_forms(convert: Convert, cars: Cars, form: str) -> None:
    (row,) = convert(cars(orjson.dumps({"ads": [MOBILE_DE[form]]}), "ads.json"))
    assert said(row, "source", "listing_id", "url", "title", "import_warnings") == (
        "mobile_de", "2289", "https://x.example/2289", "Octavia 2.0", (),
    )  # fmt: skip
    assert said(row, "make", "model", "body_type", "fuel_type", "transmission", "condition", "damaged") == (
        "Skoda", "Octavia", "wagon", "diesel", "manual", "used", False,
    )  # fmt: skip
    assert said(row, "first_registration", "mileage_km", "power_kw", "displacement_cc") == (
        "2019-03",
        85_000,
        110,
        1_968,
    )
    assert said(row, "price_amount", "price_currency", "price_negotiable", "postal_code", "seller_type") == (
        Decimal(15_400), "EUR", False, "01067", "dealer",
    )  # fmt: skip
    assert said(row, "listed_at", "description") == (datetime(2025, 12, 1, 9, tzinfo=UTC), None)
