"""A header tells which column holds which field; what it cannot tell is asked for by name."""

import tomllib
from importlib.resources import files

import pytest

from carousel.catalogue.feeds.header import (
    IGNORE,
    PART_OF_A_FIELD,
    mapping_of,
    normalise,
    recognise_header,
    require,
)
from carousel.catalogue.feeds.letters import names
from carousel.catalogue.listing import FIELD_NAMES
from carousel.errors import InputError, UnusableFeedError


@pytest.mark.parametrize(
    ("cell", "normal"),
    [
        ("yearOfRegistration", "year_of_registration"),
        (" Fuel Type ", "fuel_type"),
        ("powerPS", "power_ps"),
        ("tax(£)", "tax"),
        ("İlan Tarihi", "ilan_tarihi"),
        ("Couleur extérieure", "couleur_exterieure"),
        ("CCM", "ccm"),
        ("Yakıt Türü", "yakit_turu"),
        ("Объём двигателя, л", "объем_двигателя_л"),
        ("Årgang", "argang"),
        ("اللـون", "اللون"),
        ("ناقل الحركة", "ناقل_الحركه"),
        ("أول تسجيل", "اول_تسجيل"),
    ],
)
def test_cells_are_compared_without_case_accents_and_punctuation(cell: str, normal: str) -> None:
    assert normalise(cell) == normal


def test_synonyms_of_many_languages_find_their_fields() -> None:
    header = recognise_header(["Marke", "Modell", "Baujahr", "Laufleistung", "Preis", "Kraftstoff", "Getriebe", "PLZ"])
    assert header.fields == {
        "make": "Marke", "model": "Modell", "model_year": "Baujahr", "mileage_km": "Laufleistung",
        "price_amount": "Preis", "fuel_type": "Kraftstoff", "transmission": "Getriebe", "postal_code": "PLZ",
    }  # fmt: skip


FEEDS = {
    "make model model_year mileage_km price_amount fuel_type transmission": (
        "Marque|Modèle|Année|Kilométrage|Prix|Carburant|Boîte de vitesses",
        "Marca|Modelo|Año|Kilómetros|Precio|Combustible|Cambio",
        "Marca|Modello|Anno|Chilometraggio|Prezzo|Alimentazione|Cambio",
        "Marca|Modelo|Ano|Quilometragem|Preço|Combustível|Câmbio",
        "Merk|Model|Bouwjaar|Tellerstand|Prijs|Brandstof|Versnellingsbak",
        "Marka|Model|Rok produkcji|Przebieg|Cena|Rodzaj paliwa|Skrzynia biegów",
        "Značka|Model|Rok výroby|Najeto|Cena|Palivo|Převodovka",
        "Značka|Model|Rok výroby|Najazdené km|Cena|Palivo|Prevodovka",
        "Márka|Modell|Évjárat|Futott km|Vételár|Üzemanyag|Sebességváltó",
        "Marcă|Model|An fabricație|Rulaj|Preț|Combustibil|Cutie de viteze",
        "Märke|Modell|Årsmodell|Miltal|Pris|Drivmedel|Växellåda",
        "Mærke|Model|Årgang|Kilometertal|Pris|Brændstof|Geartype",
        "Марка|Модель|Год выпуска|Пробег, км|Цена, руб.|Топливо|Коробка передач",
        "Марка|Модель|Рік випуску|Пробіг|Ціна|Паливо|Коробка передач",
        "Marka|Model|Yıl|Kilometre|Fiyat|Yakıt Tipi|Vites",
        "الماركة|الموديل|سنة الصنع|المسافة المقطوعة|السعر|نوع الوقود|ناقل الحركة",
        "品牌|车型|年份|行驶里程|价格|燃料类型|变速箱",
        "メーカー|車種|年式|走行距離|価格|燃料|ミッション",
        "제조사|모델|연식|주행거리|가격|연료|변속기",
    ),
    # Meta automotive inventory, Google vehicle listings, schema.org Car.
    "listing_id url make model model_year mileage_km images body_type color_exterior condition status lat listed_at": (
        "vehicle_id|url|make|model|year|mileage.value|image[0].url|body_style|exterior_color|state_of_vehicle"
        "|availability|latitude|date_first_on_lot",
    ),
    "listing_id vin url images price_amount msrp_amount make model model_year first_registration certified": (
        "id|vin|link_template|image_link|vehicle_price|vehicle_msrp|make|model|year|date_first_registered"
        "|certified_pre_owned",
    ),
    "make model first_registration mileage_km transmission doors drivetrain owners_count color_interior": (
        "brand|model|dateVehicleFirstRegistered|mileageFromOdometer|vehicleTransmission|numberOfDoors"
        "|driveWheelConfiguration|numberOfPreviousOwners|vehicleInteriorColor",
    ),
}


@pytest.mark.parametrize(("fields", "cells"), [(fields, cells) for fields, rows in FEEDS.items() for cells in rows])
def test_headers_of_many_languages_and_formats(fields: str, cells: str) -> None:
    assert recognise_header(cells.split("|")).fields == dict(zip(fields.split(), cells.split("|"), strict=True))


def test_a_name_of_a_column_stands_for_one_field_that_exists() -> None:
    stored = tomllib.loads((files("carousel.catalogue.feeds") / "columns.toml").read_text(encoding="utf-8"))
    assert stored.keys() <= {*FIELD_NAMES, *PART_OF_A_FIELD, IGNORE}
    seen: dict[str, str] = {}
    for field, languages in stored.items():
        for text in languages.values():
            for name in names(text):
                cell = normalise(name.partition(":")[0]).replace("_", "")
                assert cell
                assert seen.setdefault(cell, field) == field, name


@pytest.mark.parametrize(
    ("cell", "field", "unit"),
    [
        ("Пробег, км", "mileage_km", "km"),
        ("Miltal", "mileage_km", "mil"),
        ("Мощность, л.с.", "power_kw", "ps"),
        ("Puissance (ch DIN)", "power_kw", "ps"),
        ("Объём двигателя, л", "displacement_cc", "l"),
        ("Fiyat (TL)", "price_amount", "TRY"),
        ("Mileage (mi)", "mileage_km", "mi"),
        ("mileage_km", "mileage_km", "km"),
        ("price_eur", "price_amount", "EUR"),
        ("Price in USD", "price_amount", "USD"),
        ("power_kw", "power_kw", "kw"),
        ("power_hp", "power_kw", "bhp"),
        ("moc_km", "power_kw", "ps"),
        ("hp", "power_kw", "bhp"),
        ("Leistung (kW)", "power_kw", "kw"),
    ],
)
def test_a_unit_in_a_cell_counts(cell: str, field: str, unit: str) -> None:
    column = recognise_header(["make", "model", "year", cell]).of(field)
    assert column is not None
    assert (column.name, column.unit) == (cell, unit)


def test_of_two_columns_for_one_field_the_better_name_wins() -> None:
    header = recognise_header(["id", "make", "brand", "model", "year", "listing_id"])
    assert header.fields["make"] == "make"
    assert header.fields["listing_id"] == "listing_id"
    assert [c.name for c in header.columns if c.field is None] == ["id", "brand"]


def test_what_the_caller_says_wins() -> None:
    header = recognise_header(["brand", "type", "year", "x"], said={"type": "model", "X": "mileage_mi"})
    assert header.fields["model"] == "type"
    column = header.of("mileage_km")
    assert column is not None
    assert column.unit == "mi"


def test_a_column_can_be_ignored() -> None:
    header = recognise_header(["make", "model", "year", "price"], said={"price": "ignore"})
    assert "price_amount" not in header.fields


def test_a_column_that_gives_several_fields_is_shown_at_each() -> None:
    header = recognise_header(["name", "year", "yearOfRegistration", "monthOfRegistration"])
    assert mapping_of(header) == {
        "make": "name", "model": "name", "variant": "name", "model_year": "year",
        "first_registration": "monthOfRegistration",
    }  # fmt: skip


def test_missing_fields_are_named_with_the_cells_and_the_cure() -> None:
    with pytest.raises(UnusableFeedError) as error:
        require(recognise_header(["kolor", "foo"]), make=None, file="cars.csv")
    assert str(error.value) == (
        "cars.csv: no column for make, model, model_year among 'kolor', 'foo'; name it with "
        '--map "COLUMN=make" --map "COLUMN=model" --map "COLUMN=model_year"'
    )


@pytest.mark.parametrize("cells", [["model", "year"], ["title", "price"], ["brand", "model", "ez"]])
def test_a_model_may_say_its_make_and_a_title_its_year(cells: list[str]) -> None:
    require(recognise_header(cells), make=None, file="cars.csv")


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("vehicle.make.name", "make"), ("vehicle.engine.power.value", "power_kw"), ("mileage.value", "mileage_km"),
        ("price.amount", "price_amount"), ("seller.address.city", "city"), ("offers.price", "price_amount"),
        ("seller.address.zipcode", "postal_code"), ("seller.address.countryCode", "country"),
        ("price.consumerPriceAmount.@value", "price_amount"), ("vehicle.damageAndUnrepaired", "damaged"),
        ("seller.name", "seller_name"), ("dealer.id", "seller_id"), ("seller.phone.type", None), ("x.y", None),
    ],
)  # fmt: skip
def test_the_end_of_a_nested_name_counts(cell: str, field: str | None) -> None:
    assert recognise_header([cell]).columns[0].field == field


@pytest.mark.parametrize(
    "cell",
    [
        "Fahrzeug-Nr.",
        "Inseratsnummer",
        "Bestandsnummer",
        "Objekt-Nr.",
        "inventory_id",
        "Car ID",
        "Ad No",
        "uuid",
        "mobileAdId",
    ],
)
def test_an_id_has_many_names(cell: str) -> None:
    assert recognise_header([cell]).columns[0].field == "listing_id"


def test_the_category_of_a_vehicle_is_its_body_before_its_class() -> None:
    assert recognise_header(["vehicle.class", "vehicle.category"]).fields == {"body_type": "vehicle.category"}


def test_a_numbered_column_is_read_where_the_first_says_nothing() -> None:
    columns = recognise_header(["mileage", "mileage2", "fuel type", "fuel type 2", "doors_2"]).columns
    assert [(c.field, c.spare) for c in columns] == [
        ("mileage_km", False), ("mileage_km", True), ("fuel_type", False), ("fuel_type", True), ("doors", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"), [({"nope": "make"}, "has no column 'nope'"), ({"a": "nope"}, "is no field")]
)
def test_a_mapping_that_cannot_be_right_is_refused(said: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recognise_header(["a", "make", "model", "year"], said=said)
