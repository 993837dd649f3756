"""A header tells which column holds which field; what it cannot tell is asked for by name."""

import pytest

from carousel.catalogue.feeds.header import mapping_of, normalise, recognise_header
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


@pytest.mark.parametrize(
    ("cell", "field", "unit"),
    [
        ("Mileage (mi)", "mileage_km", "mi"),
        ("mileage_km", "mileage_km", "km"),
        ("price_eur", "price_amount", "EUR"),
        ("Price in USD", "price_amount", "USD"),
        ("power_kw", "power_kw", "kw"),
        ("power_hp", "power_kw", "bhp"),
        ("moc_km", "power_kw", "ps"),
        ("hp", "power_kw", "bhp"),
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
        recognise_header(["kolor", "foo"], file="cars.csv")
    assert str(error.value) == (
        "cars.csv: no column for make, model, model_year among 'kolor', 'foo'; name it with "
        '--map "COLUMN=make" --map "COLUMN=model" --map "COLUMN=model_year"'
    )
    with pytest.raises(UnusableFeedError, match="or --make NAME for all rows"):
        recognise_header(["model", "year"])


@pytest.mark.parametrize(
    ("said", "message"), [({"nope": "make"}, "has no column 'nope'"), ({"a": "nope"}, "is no field")]
)
def test_a_mapping_that_cannot_be_right_is_refused(said: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recognise_header(["a", "make", "model", "year"], said=said)
