"""Near points are cars a shopper would compare."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from carousel.catalogue.embedding import DIMENSIONS, SIZE, embed
from carousel.catalogue.listing import Listing, ListingId

OCTAVIA = Listing(
    listing_id=ListingId("1"), make="Škoda", model="Octavia", model_year=2019, mileage_km=60_000, body_type="wagon",
    fuel_type="diesel", price_amount=Decimal(15_000), price_currency="EUR", power_kw=110, transmission="manual",
)  # fmt: skip


def _distance(a: Listing, b: Listing) -> float:
    first, second = embed([a, b])
    return float(np.linalg.norm(first - second))


def test_every_dimension_has_a_name() -> None:
    assert len(set(DIMENSIONS)) == SIZE == embed([OCTAVIA]).shape[1]


def test_the_same_car_with_another_price_is_nearer_than_another_model_than_another_kind_of_car() -> None:
    cheaper = replace(OCTAVIA, price_amount=Decimal(13_500))
    passat = replace(OCTAVIA, make="Volkswagen", model="Passat")
    porsche = replace(
        OCTAVIA, make="Porsche", model="911", body_type="coupe", fuel_type="petrol", price_amount=Decimal(95_000),
        power_kw=300,
    )  # fmt: skip
    assert _distance(OCTAVIA, cheaper) < _distance(OCTAVIA, passat) < _distance(OCTAVIA, porsche)


def test_spelling_of_a_make_does_not_move_a_car() -> None:
    assert _distance(OCTAVIA, replace(OCTAVIA, make="SKODA", model="octavia")) == 0


def test_makes_and_models_of_any_script_are_different_ones() -> None:
    gaz = replace(OCTAVIA, make="ГАЗ", model="Волга")
    uaz, other = replace(gaz, make="УАЗ"), replace(gaz, model="Соболь")
    assert 0 < _distance(gaz, other) < _distance(gaz, uaz)
    assert _distance(gaz, replace(gaz, make="газ", model="ВОЛГА")) == 0


def test_missing_and_absurd_values_stay_finite_and_bounded() -> None:
    bare = Listing(listing_id=ListingId("2"), make="X", model="Y", model_year=1900)
    absurd = replace(OCTAVIA, price_amount=Decimal(9_000_000_000), mileage_km=2_000_000)
    vectors = embed([bare, absurd])
    assert np.isfinite(vectors).all()
    assert np.abs(vectors).max() <= 3


def test_vectors_do_not_depend_on_the_batch() -> None:
    assert np.array_equal(embed([OCTAVIA])[0], embed([replace(OCTAVIA, model="Fabia"), OCTAVIA])[1])
