"""A cell's text becomes a value in the canonical unit, or a named doubt; never a crash, never a guess."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.catalogue.feeds import values as v
from carousel.catalogue.feeds.words import flag, owners, word
from carousel.catalogue.listing import RANGES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("150,000", 150_000),
        ("150.000", 150_000),
        ("150 000", 150_000),
        ("150\u00a0000", 150_000),
        ("150'000", 150_000),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("12,34,567", 1_234_567),
        ("12,5", 12.5),
        ("2012.0", 2012),
        ("0.999", 0.999),
        ("5.000,-", 5_000),
        ("45k", 45_000),
        ("3.35 lakh", 335_000),
        ("1.2 crore", 12_000_000),
    ],
)
def test_numbers_with_thousands_read_as_people_write_them(text: str, expected: float) -> None:
    found = v.number(text, thousands=True)
    assert found is not None
    assert found.value == pytest.approx(expected)


@pytest.mark.parametrize("text", ["abc", "", "1.2.3,4,5", "-", "2000-1801 cc"])
def test_a_word_is_no_number(text: str) -> None:
    assert v.number(text, thousands=False) is None


@pytest.mark.parametrize(("text", "middle"), [("1.4 - 1.6", 1.5), ("1801-2000 cc", 1900.5), ("176–200 BG", 188)])
def test_a_range_has_a_middle(text: str, middle: float) -> None:
    found = v.number(text, thousands=False)
    assert found is not None
    assert found.middle == pytest.approx(middle)


def test_a_measure_takes_the_middle_of_a_range_and_says_so_but_nobody_asks_such_a_price() -> None:
    assert v.displacement("1801-2000 cc") == v.Parsed({"displacement_cc": 1900}, ("displacement_range",))
    assert v.power(None)("176-200 BG") == v.Parsed({"power_kw": 138}, ("power_range",))
    assert v.distance(None)("10.000 - 20.000 km") == v.Parsed({"mileage_km": 15_000}, ("mileage_range",))
    assert v.money("price_amount", "EUR")("10.000 - 12.000 €") == v.Parsed({}, ("price_range",))


@pytest.mark.parametrize(
    ("text", "km"),
    [
        ("١٢٠٬٠٠٠ كم", 120_000), ("85 тыс. км", 85_000), ("120 mil km", 120_000), ("12 000 mil", 120_000),
        ("3.5万公里", 35_000), ("85 tys. km", 85_000), ("150 bin km", 150_000), ("60k miles", 96_561),
    ],
)  # fmt: skip
def test_distances_of_other_languages(text: str, km: int) -> None:
    assert v.distance(None)(text).fields == {"mileage_km": km}


@pytest.mark.parametrize("text", ["auf Anfrage", "Prix sur demande", "договорная", "POA", "cena do negocjacji"])
def test_a_price_on_request_is_no_mistake(text: str) -> None:
    parsed = v.money("price_amount", "EUR")(text)
    assert "price_amount" not in parsed.fields
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "2014-12-16T20:30:00Z", "Tue Dec 16 2014 12:30:00 GMT-0800 (PST)", "1418761800", "1418761800000",
        "16.12.2014 20:30", "12/16/2014 8:30 PM", "16 December 2014, 20:30", "16 de diciembre de 2014, 20:30",
        "16 декабря 2014 20:30", "Dec 16, 2014 20:30", "2014/12/16 20:30", "2014-12-16 20:30:00 UTC",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_any_common_form(text: str) -> None:
    assert v.moment("listed_at")(text).fields == {"listed_at": datetime(2014, 12, 16, 20, 30, tzinfo=UTC)}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "0001-01-01", "9999-12-31T23:59:59-14:00"])
def test_a_moment_no_car_was_offered_in_is_unreadable(text: str) -> None:
    assert v.moment("listed_at")(text) == v.Parsed({}, ("listed_at_unreadable",))


def test_the_order_of_day_and_month_is_that_of_the_country() -> None:
    assert v.moment("listed_at")("03/04/2020").fields["listed_at"].month == 4
    assert v.moment("listed_at", month_first=True)("03/04/2020").fields["listed_at"].month == 3


@pytest.mark.parametrize(
    "text",
    ["2013-10", "10/2013", "październik 2013", "říjen 2013", "octobre 2013", "октябрь 2013", "ekim 2013", "2013年10月",
     "10/13", "1.10.2013", "octubre de 2013", "201310"],
)  # fmt: skip
def test_a_first_registration_is_read_in_many_languages(text: str) -> None:
    assert v.registration(text).fields["first_registration"] == "2013-10"


PARSERS = [
    v.money("price_amount", "EUR"), v.distance(None), v.distance("mi"), v.power(None), v.displacement,
    v.consumption("us"), v.count("doors"), v.decimal("lat"), v.year, v.registration, v.month,
    v.moment("listed_at"), v.vin,
]  # fmt: skip
CELLS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789.,-/ '€$kmlKM千万тысٱ٣٪\u00a0", max_size=20),
    st.from_regex(r"\d{1,4}[-/. ]\d{1,4}[-/. ]\d{1,6}", fullmatch=True),
)


@given(CELLS)
@settings(max_examples=300, deadline=None)
def test_no_cell_crashes_a_parser_and_what_comes_out_is_in_range(text: str) -> None:
    for parse in PARSERS:
        for name, value in parse(text).fields.items():
            low, high = RANGES.get(name, (0, 0))
            assert name not in RANGES or low <= value <= high


@given(st.integers(300, 9_999_999).filter(lambda n: n not in v._PLACEHOLDER_PRICES), st.sampled_from(",. '\u00a0"))
def test_thousands_are_read_whatever_marks_them(amount: int, mark: str) -> None:
    written = f"{amount:,}".replace(",", mark)
    assert v.money("price_amount", "EUR")(f"{written} €").fields["price_amount"] == amount


@given(st.integers(1_000, 900_000).filter(lambda n: n not in v._PLACEHOLDER_MILEAGES))
def test_miles_and_kilometres_are_one_distance(miles: int) -> None:
    assert v.distance("mi")(f"{miles}").fields == v.distance(None)(f"{miles:,} miles").fields
    assert v.distance(None)(f"{miles} km").fields == {"mileage_km": miles}


@given(st.integers(0, 10**9), st.sampled_from([",", ".", " ", "\u00a0", "'"]))
def test_thousands_marks_never_change_a_number(value: int, mark: str) -> None:
    found = v.number(f"{value:,}".replace(",", mark), thousands=True)
    assert found is not None
    assert found.value == value


@given(st.decimals(0, 10**7, places=2), st.sampled_from([(",", "."), (".", ","), (" ", ",")]))
def test_cents_survive_every_way_to_write_them(value: Decimal, marks: tuple[str, str]) -> None:
    written = f"{value:,.2f}".replace(",", "T").replace(".", marks[1]).replace("T", marks[0])
    found = v.number(written, thousands=True)
    assert found is not None
    assert found.value == pytest.approx(float(value))


PARSERS: list[Callable[[str], v.Parsed]] = [
    v.money("price_amount", "EUR"), v.distance(None), v.power("ps"), v.displacement, v.consumption("uk"),
    v.count("doors"), v.decimal("lat"), v.year, v.registration, v.month, v.moment("listed_at"), v.vin, owners,
    word("fuel_type"), word("color_exterior"), word("condition"), flag("damaged"),
]  # fmt: skip


@given(st.text(max_size=40), st.sampled_from(PARSERS))
def test_no_text_breaks_a_parser(text: str, parse: Callable[[str], v.Parsed]) -> None:
    parsed = parse(text)
    assert parsed.fields or parsed.warnings or parsed == v.NOTHING


@given(st.text(alphabet="0123456789.,-+ €$kmi'", max_size=16), st.sampled_from(PARSERS))
def test_no_number_like_text_breaks_a_parser(text: str, parse: Callable[[str], v.Parsed]) -> None:
    parse(text)


@given(st.integers(0, 1_200_000))
def test_miles_become_kilometres(miles: int) -> None:
    parsed = v.distance("mi")(f"{miles:,}")
    if miles not in (111_111, 123_456, 999_999, 1_111_111):  # typed to fill the field
        assert parsed.fields["mileage_km"] == round(miles * 1.609344)


@pytest.mark.parametrize(
    ("text", "unit", "kilometres"),
    [("150,000km", "mi", 150_000), ("10 miles", "km", 16), ("12.5 k km", "km", 12_500), ("7500.0", "km", 7_500)],
)
def test_a_unit_in_the_value_is_stronger_than_the_column(text: str, unit: str, kilometres: int) -> None:
    assert v.distance(unit)(text) == v.Parsed({"mileage_km": kilometres})


def test_a_distance_nobody_gave_a_unit_for_is_kilometres_and_says_so() -> None:
    assert v.distance(None)("1000") == v.Parsed({"mileage_km": 1000}, ("unit_assumed",))


@pytest.mark.parametrize("text", ["1111111", "9999999", "2000001", "-5"])
def test_an_implausible_mileage_is_left_out(text: str) -> None:
    assert v.distance("km")(text) == v.Parsed({}, ("mileage_implausible",))


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("£30,495", 30_495, "GBP"),
        (" £8,000 ", 8_000, "GBP"),
        ("$5,000", 5_000, "USD"),
        ("12.500 €", 12_500, "EUR"),
        ("PLN 45 900", 45_900, "PLN"),
        ("₹ 4,50,000", 450_000, "INR"),
        ("6800", 6_800, "CHF"),
        ("1.234,50 EUR", Decimal("1234.5"), "EUR"),
    ],
)
def test_money_keeps_its_currency(text: str, amount: float, currency: str) -> None:
    assert v.money("price_amount", "CHF")(text).fields == {"price_amount": amount, "price_currency": currency}


def test_a_sign_known_to_be_wrong_is_not_believed() -> None:
    assert v.money("price_amount", "EUR", signs_are_true=False)("$5,000").fields["price_currency"] == "EUR"


def test_a_currency_nobody_named_is_assumed_and_says_so() -> None:
    assert v.money("price_amount", "EUR", assumed=True)("5000").warnings == ("currency_assumed",)
    assert v.money("price_amount", "EUR", assumed=True)("£5000").warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("0", "price_placeholder"),
        ("1", "price_placeholder"),
        ("1234567", "price_placeholder"),
        ("$11,111,111", "price_placeholder"),
        ("299", "price_implausible"),
        ("1410065407", "price_implausible"),
        ("ask me", "price_unreadable"),
    ],
)
def test_a_price_that_is_none_is_left_out(text: str, warning: str) -> None:
    assert v.money("price_amount", "EUR")(text) == v.Parsed({}, (warning,))


def test_negotiable_is_kept_with_and_without_a_price() -> None:
    assert v.money("price_amount", "EUR")("Negotiable") == v.Parsed({"price_negotiable": True})
    assert v.money("price_amount", "EUR")("5.000 € VB").fields == {
        "price_amount": 5000, "price_currency": "EUR", "price_negotiable": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "unit", "kw"),
    [
        ("74 bhp", None, 55),
        ("150", "ps", 110),
        ("110 kW (150 PS)", "ps", 110),
        ("97 KM", None, 71),
        ("81.80 bhp", None, 61),
    ],
)
def test_power_in_every_unit(text: str, unit: str | None, kw: int) -> None:
    assert v.power(unit)(text) == v.Parsed({"power_kw": kw})


@pytest.mark.parametrize("text", ["0", "1", "14009"])
def test_power_of_one_horse_is_a_placeholder(text: str) -> None:
    assert v.power("ps")(text) == v.Parsed({}, ("power_implausible",))


@pytest.mark.parametrize(
    ("text", "cc"),
    [
        ("1248 CC", 1248),
        ("1.6", 1600),
        ("0.999", 999),
        ("2", 2000),
        ("1,598 cm³", 1598),
        ("2.0 L", 2000),
        ("1.248 ccm", 1248),
    ],
)
def test_an_engine_size_below_twenty_is_litres(text: str, cc: int) -> None:
    assert v.displacement(text) == v.Parsed({"displacement_cc": cc})


@pytest.mark.parametrize(
    ("text", "gallon", "litres"),
    [
        ("23.4 kmpl", None, 4.3),
        ("55.4", "uk", 5.1),
        ("30", "us", 7.8),
        ("8.7 L / 100 km", None, 8.7),
        ("6,5", None, 6.5),
    ],
)
def test_consumption_in_every_unit(text: str, gallon: str | None, litres: float) -> None:
    assert v.consumption(gallon)(text) == v.Parsed({"consumption_l_100km": litres})


@pytest.mark.parametrize("text", ["26.6 km/kg", "4.5 kg/100km", "5,1 m³/100 km"])
def test_gas_by_mass_or_volume_has_no_litres(text: str) -> None:
    assert v.consumption(None)(text) == v.Parsed({}, ("consumption_per_kg",))


@pytest.mark.parametrize(
    ("text", "kwh"),
    [("16.7 kWh/100 km", 16.7), ("28 kWh/100 mi", 17.4), ("160 Wh/km", 16), ("6 km/kWh", 16.7), ("4 miles/kWh", 15.5)],
)
def test_what_a_battery_gives_is_no_litres(text: str, kwh: float) -> None:
    assert v.consumption("uk")(text) == v.Parsed({"consumption_kwh_100km": kwh})


def test_an_electric_range_is_a_distance() -> None:
    parse = v.distance("km", name="electric_range_km", digits=1)
    assert parse("261 miles") == v.Parsed({"electric_range_km": 420.0})
    assert parse("412.5") == v.Parsed({"electric_range_km": 412.5})
    assert parse("far") == v.Parsed({}, ("electric_range_unreadable",))


@pytest.mark.parametrize(
    ("text", "cc"),
    [("V6 3.0L", 3_000), ("V6-3.0L", 3_000), ("I4 1.5", 1_500), ("2.0 16V", 2_000), ("16V 2.0", 2_000),
     ("V6 2987 cc", 2_987), ("4 Cyl 1.8L", 1_800), ("1.6 TDI 77 kW", 1_600), ("150 hp 2.0", 2_000), ("2.0T", 2_000),
     ("1.6 (1,598 cc)", 1_598), ("2.0 L / 1998 cc", 2_000), ("1,6 литра", 1_600)],
)  # fmt: skip
def test_an_engine_size_is_told_from_what_stands_beside_it(text: str, cc: int) -> None:
    assert v.displacement(text) == v.Parsed({"displacement_cc": cc})


@pytest.mark.parametrize("text", ["V8", "16V", "6 cylinders", "Electric 150 kW", "150 л.с.", "2000-1801 cc"])
def test_cylinders_valves_and_power_are_no_engine_size(text: str) -> None:
    assert v.displacement(text) == v.Parsed({}, ("displacement_unreadable",))


@pytest.mark.parametrize(
    ("text", "year"), [("2012", 2012), ("2012.0", 2012), ("2015-03-01", 2015), ("03/2015", 2015), ("1885", 1885)]
)
def test_years(text: str, year: int) -> None:
    assert v.year(text) == v.Parsed({"model_year": year})


@pytest.mark.parametrize("text", ["1800", "2060", "9999"])
def test_no_car_was_built_then(text: str) -> None:
    assert v.year(text) == v.Parsed({}, ("year_out_of_range",))


@pytest.mark.parametrize("text", ["2015-03", "03/2015", "3.2015", "01.03.2015", "March 2015", "März 2015", "201503"])
def test_first_registrations(text: str) -> None:
    assert v.registration(text).fields == {"first_registration": "2015-03", "model_year": 2015}


@pytest.mark.parametrize("text", ["03/28/2015", "3/1/2015", "03-12-2015", "2015-03-28", "03/2015", "March 2015"])
def test_first_registrations_with_the_month_first(text: str) -> None:
    assert v.registration(text, month_first=True).fields == {"first_registration": "2015-03", "model_year": 2015}


@pytest.mark.parametrize("text", ["https://p.example/3.jpg", '["https://p.example/3.jpg"]'])
def test_no_number_is_read_out_of_an_address(text: str) -> None:
    assert v.count("image_count")(text) == v.Parsed({}, ("image_unreadable",))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-03-26 17:47:46", "2016-03-26T17:47:46+00:00"),
        ("2016-03-26T17:47:46+02:00", "2016-03-26T15:47:46+00:00"),
        ("27/05/2020", "2020-05-27T00:00:00+00:00"),
        ("05/27/2020", "2020-05-27T00:00:00+00:00"),
    ],
)
def test_times_are_utc(text: str, moment: str) -> None:
    assert v.moment("listed_at")(text).fields["listed_at"].isoformat() == moment


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("fuel_type", "benzin", "petrol"),
        ("fuel_type", "gas", "petrol"),
        ("fuel_type", "Electric/Gasoline", "hybrid"),
        ("fuel_type", "Plug-in Hybrid", "plugin_hybrid"),
        ("fuel_type", "andere", "other"),
        ("transmission", "Semi-Auto", "semi_automatic"),
        ("transmission", "manuell", "manual"),
        ("body_type", "limousine", "sedan"),
        ("body_type", "SUV", "suv"),
        ("body_type", "mini-van", "minivan"),
        ("body_type", "Hatchback 5 Kapı", "hatchback"),
        ("condition", "Pre-registered", "pre_registered"),
        ("condition", "Employee's car", "used"),
        ("condition", "like new", "used"),
        ("seller_type", "Trustmark Dealer", "dealer"),
        ("seller_type", "privat", "private"),
        ("title_status", "parts only", "parts"),
        ("drivetrain", "4wd", "4wd"),
    ],
)
def test_words_of_many_languages(field: str, text: str, value: str) -> None:
    assert word(field)(text).fields[field] == value


def test_a_word_nobody_knows_is_left_out_and_named() -> None:
    assert word("fuel_type")("plutonium") == v.Parsed({}, ("fuel_unknown",))


def test_a_colour_keeps_the_name_its_maker_gave_it() -> None:
    assert word("color_exterior")("Satin Silver Metallic").fields == {
        "color_exterior": "silver", "color_name": "Satin Silver Metallic", "metallic": True,
    }  # fmt: skip


@pytest.mark.parametrize(("text", "count"), [("First Owner", 1), ("2", 2), ("3rd owner", 3), ("Second Owner", 2)])
def test_owners(text: str, count: int) -> None:
    assert owners(text) == v.Parsed({"owners_count": count})


def test_four_owners_or_more_says_so() -> None:
    assert owners("Fourth & Above Owner") == v.Parsed({"owners_count": 4}, ("owners_at_least",))


@pytest.mark.parametrize("text", ["", "-", "n/a", "NaN", "-/- (Fuel)", "Unbekannt", "None"])
def test_words_for_nothing_are_nothing(text: str) -> None:
    assert v.is_missing(text)


@pytest.mark.parametrize(("text", "missing"), [("NC", False), ("nd", False), ("NA", True), ("--", True), ("нд", True)])
def test_two_letters_are_a_code_where_codes_are_meant(text: str, missing: bool) -> None:
    assert v.is_missing(text)
    assert v.is_missing(text, codes=True) == missing


@pytest.mark.parametrize(
    "text",
    ["Tue, 16 Dec 2014 21:30:00 +0100", "16 Dec 2014 21:30:00 +0100 (Central European Time)", "16 Dec 2014 8:30 PM",
     "16 Dec 2014 20:30:00 GMT", "Dec 16, 2014 8:30 p.m.", "16. Dezember 2014 um 20:30 Uhr", "16 décembre 2014 à 20h30",
     "16 grudnia 2014 r. 20:30", "16 декабря 2014 г. в 20:30"],
)  # fmt: skip
def test_a_time_behind_a_named_month_keeps_its_half_of_the_day_and_its_zone(text: str) -> None:
    assert v.moment("listed_at")(text).fields == {"listed_at": datetime(2014, 12, 16, 20, 30, tzinfo=UTC)}


@pytest.mark.parametrize(("clock", "hour"), [("3pm", 15), ("3 p.m.", 15), ("12am", 0), ("10h", 10)])
@pytest.mark.parametrize("day", ["16 Dec 2014", "Dec 16, 2014", "16.12.2014"])
def test_an_hour_may_stand_alone(day: str, clock: str, hour: int) -> None:
    assert v.moment("listed_at")(f"{day} {clock}").fields == {"listed_at": datetime(2014, 12, 16, hour, tzinfo=UTC)}


@pytest.mark.parametrize("rest", [" 20:30 CST", " 25:61", " 20:30 +99:00", ", morning", " (new)", "."])
@pytest.mark.parametrize("day", ["16 Dec 2014", "Dec 16, 2014"])
def test_behind_a_named_month_what_is_no_time_leaves_the_day(day: str, rest: str) -> None:
    assert v.moment("listed_at")(day + rest) == v.Parsed({"listed_at": datetime(2014, 12, 16, tzinfo=UTC)})


def test_a_year_of_five_digits_is_none() -> None:
    assert v.moment("listed_at")("16 Dec 20141") == v.Parsed({}, ("listed_at_unreadable",))
