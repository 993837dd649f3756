"""Columns are known by their values where their names say nothing, and nothing is guessed where two readings fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.feeds.evidence import ask_for_id, settle
from carousel.catalogue.feeds.header import Header, recognise_header
from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.catalogue.listing import Listing
from carousel.errors import UnusableFeedError

Cars = Callable[..., Path]
Convert = Callable[..., list[Listing | Rejected | None]]


def settled(columns: dict[str, list[str]]) -> Header:
    return settle(recognise_header(list(columns)), list(zip(*columns.values(), strict=True)))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["TMBJJ7NE0F0123456", "WVWZZZ1KZAW000001", "JH4DC54822C013015"], "vin"),
        (["2015", "2016", "2019"], "model_year"),
        (["Skoda", "VW", "Mercedes Benz"], "make"),
        (["Diesel", "Benzin", "Elektro"], "fuel_type"),
        (["Schaltgetriebe", "Automatik", "Automatik"], "transmission"),
        (["150.000 km", "12 km", "99,999 km"], "mileage_km"),
        (["€ 9.990", "12.500 €", "8 000 EUR"], "price_amount"),
        (["110 kW", "77 kW (105 PS)", "85 kW"], "power_kw"),
        (["1.968 ccm", "999 cc", "1598 cm³"], "displacement_cc"),
        (["23.4 kmpl", "18 kmpl", "6,5 l/100km"], "consumption_l_100km"),
        (["https://shop.example/1", "https://shop.example/2", "https://shop.example/3"], "url"),
        (["https://shop.example/1.jpg", "https://shop.example/2.jpg", "https://shop.example/3.png"], "images"),
        (["Skoda Octavia 1.6", "VW Golf GTI", "Ford Focus Turnier"], "make_and_model"),
        (["red", "blue", "black"], "color_exterior"),
        (['["https://shop.example/1.jpg"]', '["https://shop.example/2.jpg","https://shop.example/3.jpg"]'], "images"),
        (['[{"url":"https://shop.example/1.jpg"}]', '[{"url":"https://shop.example/2.jpg"}]'], "images"),
        (["see https://shop.example/1.jpg", "see https://shop.example/2.jpg"], None),
        (["one", "two", "three"], None),
    ],
)
def test_values_say_what_a_column_holds(values: list[str], field: str | None) -> None:
    column = settled({"x": values}).columns[0]
    assert column.field == field
    assert bool(column.why) is (field is not None)


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("mileage", ["23.4 kmpl", "18 kmpl", "20.1 kmpl"], "consumption_l_100km"),
        ("type", ["Diesel", "Petrol", "Petrol"], "fuel_type"),
        ("category", ["Manual", "Automatic", "Manual"], "transmission"),
        ("brand", ["Skoda Octavia", "VW Golf", "Ford Focus"], "make_and_model"),
        ("engine", ["Diesel", "Petrol", "Petrol"], "fuel_type"),
        ("engine", ["1.6", "2.0 Diesel", "1998 cc"], "displacement_cc"),
        ("year", ["red", "blue", "green"], None),
        ("body", ["Kombi", "Limousine", "SUV"], "body_type"),
    ],
)
def test_a_name_is_not_believed_against_its_values(name: str, values: list[str], field: str | None) -> None:
    assert settled({name: values}).columns[0].field == field


@pytest.mark.parametrize("values", [["true", "false"], ["no", "yes"], ["0", "1"], ["Ja", "Nein"], ["ano", "ne"]])
@pytest.mark.parametrize("name", ["hasVideo", "oneOwner", "vehicle.hasTurbo"])
def test_a_bare_yes_or_no_says_nothing_without_a_name(name: str, values: list[str]) -> None:
    assert settled({name: [*values, values[0]]}).columns[0].field is None


def test_a_name_says_what_a_bare_yes_or_no_is_about() -> None:
    header = settled({"is_new": ["true", "false", "true"], "isDealer": ["false", "true", "false"]})
    assert [c.field for c in header.columns] == ["condition", "seller_type"]


@pytest.mark.parametrize(
    "photos",
    [
        ["https://cdn.example/a3?w=800", "https://cdn.example/b4?w=800"],
        ['["https://p.example/3.jpg","https://p.example/4.jpg"]', '["https://p.example/5.jpg"]'],
        ['[{"ref":"https://p.example/3.jpg"}]', "[]", '[{"ref":"https://p.example/4.jpg"}]', '[{"ref":"https://a.example"}]',
         '[{"ref":"https://p.example/6.jpg"}]'],
        ["https://p.example/3.jpg"],
    ],
)  # fmt: skip
def test_photos_that_are_addresses_are_pictures(photos: list[str]) -> None:
    column = settled({"photos": photos}).columns[0]
    assert (column.field, column.why) == ("images", "called 'photos', but its values are addresses")


def test_photos_that_are_numbers_are_their_count() -> None:
    assert settled({"photos": ["12", "3", "0"]}).columns[0].field == "image_count"


@pytest.mark.parametrize(
    ("dates", "month_first"),
    [
        (["11/01/2026", "11/28/2026"], True),
        (["01/11/2026", "28/11/2026"], False),
        (["01/11/2026", "02/11/2026"], None),
        (["28/11/2026", "11/28/2026"], None),
        (["2026-11-28", "2026-11-01"], None),
        (["11/28/2026 10:15", "11/01/2026 9:00"], True),
    ],
)
def test_the_dates_of_a_column_show_their_order(dates: list[str], month_first: bool | None) -> None:
    assert settled({"listed_at": dates}).columns[0].month_first is month_first
    assert settled({"first_registration": dates}).columns[0].month_first is month_first


def test_dates_of_the_united_states_have_the_month_first_unless_they_show_another_order() -> None:
    of_us = settled({"country": ["US", "usa"], "listed_at": ["11/01/2026", "11/02/2026"]})
    assert of_us.columns[1].month_first is True
    shown = settled({"country": ["US", "US"], "listed_at": ["28/11/2026", "11/02/2026"]})
    assert shown.columns[1].month_first is False
    assert settled({"country": ["US", "DE"], "listed_at": ["11/01/2026", "11/02/2026"]}).columns[1].month_first is None


def test_which_column_is_the_id_is_asked_and_those_that_tell_rows_apart_are_named() -> None:
    columns = {
        "index": ["1", "2", "3"], "lot": ["L-1", "L-2", "L-3"], "hall": ["7", "7", "8"], "note": ["a 1", "b 2", "c 3"],
        "seen": ["2026-01-01T10:00", "2026-01-02T10:00", "2026-01-03T10:00"], "make": ["VW", "BMW", "Ford"],
        "external id": ["77", "78", "79"],
    }  # fmt: skip
    rows = list(zip(*columns.values(), strict=True))
    (question,) = ask_for_id(recognise_header(list(columns)), rows)
    assert question == (
        "no column is known as the id, so ids are made of the cells and a changed price is a new listing:"
        " say --map 'lot'=listing_id (or 'external id')"
    )
    (of_none,) = ask_for_id(recognise_header(["make", "model"]), [("VW", "Golf")])
    assert of_none.endswith("say --map COLUMN=listing_id")
    assert ask_for_id(recognise_header(["Ad No", "make"]), [("1", "VW")]) == ()


def test_what_the_caller_said_is_never_touched() -> None:
    header = recognise_header(["x"], said={"x": "seller_name"})
    assert settle(header, [("Diesel",), ("Petrol",), ("Diesel",)]).columns[0].field == "seller_name"


def test_what_two_columns_fit_equally_is_asked() -> None:
    header = settled({"a": ["2015", "2016", "2017"], "b": ["2018", "2019", "2020"]})
    assert [c.field for c in header.columns] == [None, None]
    assert header.questions == ("'a' and 'b' could each be model_year: say --map 'a'=model_year",)


def test_bare_numbers_are_told_apart_by_the_year() -> None:
    years = list(range(2005, 2025))
    header = settled(
        {
            "jahr": [str(year) for year in years],
            "a": [str(250_000 - 11_000 * (year - 2005) + 137 * (year % 3)) for year in years],
            "b": [str(2_000 + 1_200 * (year - 2005)) for year in years],
            "c": [str(5_000 + (year * 7919) % 9_000) for year in years],
        }
    )
    assert [c.field for c in header.columns] == ["model_year", "mileage_km", "price_amount", None]


def test_numbers_that_could_be_either_are_asked() -> None:
    years = range(2005, 2025)
    columns = {"jahr": list(map(str, years)), "a": [str(5_000 + (year * 7919) % 9_000) for year in years]}
    assert settled(columns).questions == ("'a' could be price_amount or mileage_km: say --map 'a'=price_amount",)


def test_the_model_is_the_column_of_models(convert: Convert, cars: Cars) -> None:
    rows = ["Skoda;Octavia;2015;12.000 €", "VW;Golf;2016;9.000 €", "Ford;Focus;2017;8.500 €", "BMW;X5;2018;30.000 €"]
    listings = convert(cars("\n".join(rows)))
    assert [(x.make, x.model, x.year, x.price_amount) for x in listings if isinstance(x, Listing)] == [
        ("Skoda", "Octavia", 2015, 12_000), ("Volkswagen", "Golf", 2016, 9_000), ("Ford", "Focus", 2017, 8_500),
        ("BMW", "X5", 2018, 30_000),
    ]  # fmt: skip


def test_a_file_of_titles_and_prices_gives_what_its_titles_say(convert: Convert, cars: Cars) -> None:
    rows = [
        "title,price", "2015 Skoda Octavia 1.6 TDI,9990 EUR", "VW Golf Comfortline (2012),8500 EUR",
        "Peugeot 2008 1.2 PureTech 2019,14000 EUR", "Peugeot 2008 Allure,13000 EUR", "Nice old bike,300 EUR",
    ]  # fmt: skip
    outcomes = convert(cars("\n".join(rows)))
    assert [(x.make, x.model, x.year) for x in outcomes if isinstance(x, Listing)] == [
        ("Skoda", "Octavia", 2015), ("Volkswagen", "Golf", 2012), ("Peugeot", "2008", 2019),
    ]  # fmt: skip
    assert [x.reason for x in outcomes if isinstance(x, Rejected)] == ["no_year", "no_make"]


def test_a_model_that_only_one_make_has_names_its_make(convert: Convert, cars: Cars) -> None:
    first, second = convert(cars("model,year\nFocus,2015\nGT,2015\n", "stock.csv"))
    assert isinstance(first, Listing)
    assert first.make == "Ford"
    assert isinstance(second, Rejected)
    assert second.reason == "no_make"


def test_a_row_shifted_by_one_column_is_rejected_by_name_but_one_missing_word_is_not(
    convert: Convert, cars: Cars
) -> None:
    good = "Skoda,Octavia,2015,9990,Diesel,Manual,98000"
    shifted = "Skoda,Octavia,2015,Diesel,Manual,98000,red"
    lacking = "Skoda,Octavia,2016,ask us,Diesel,Manual,many"
    outcomes = convert(
        cars(f"make,model,year,price,fuel,gearbox,mileage\n{good}\n{shifted}\n{lacking}\n"), currency="EUR"
    )
    assert isinstance(outcomes[0], Listing)
    assert isinstance(outcomes[1], Rejected)
    assert outcomes[1].reason == "shifted_row"
    assert isinstance(outcomes[2], Listing)


def test_nothing_known_at_all_is_one_error_with_the_questions(cars: Cars, here: Path) -> None:
    path = cars("a,b,c\nred,blue,1\ngreen,red,2\nblue,black,3\n")
    with pytest.raises(UnusableFeedError, match=r"no column for make, model, model_year.*could each be color_exterior"):
        import_files(None, [path], ImportOptions(dry_run=True))


def test_an_unusual_make_is_no_make_and_model_beside_a_column_of_models(convert: Convert, cars: Cars) -> None:
    makes, models = ["VW AG", "VW AG", "BMW AG"], ["Golf", "Polo", "X5"]
    assert settled({"make": makes, "model": models}).columns[0].field == "make"
    assert settled({"make": makes, "model": ["", "-", ""]}).columns[0].field == "make_and_model"
    rows = convert(cars("make,model,year\nVW AG,Golf,2015\nVW AG,Polo,2016\n"))
    assert [row.model for row in rows if isinstance(row, Listing)] == ["Golf", "Polo"]
