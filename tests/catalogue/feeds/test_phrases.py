"""A title's words say what no column does, and a word that is part of a name says nothing."""

import pytest

from carousel.catalogue.feeds.phrases import named_in


@pytest.mark.parametrize(
    ("make", "model", "title", "variant", "found"),
    [
        ("Volkswagen", "Golf", "VW Golf V 2.0 TDI sport", "", {"fuel_type": "diesel"}),
        ("BMW", "3 Series", "BMW 320i Touring", "", {"fuel_type": "petrol", "body_type": "wagon"}),
        ("BMW", "3 Series", "BMW 320d", "", {"fuel_type": "diesel"}),
        ("Honda", "Pilot", "2015 Honda Pilot", "Touring", {}),
        ("Honda", "Civic", "", "EX Sedan Auto", {"transmission": "automatic", "body_type": "sedan"}),
        ("Nissan", "Altima", "", "2.5 S CVT", {"transmission": "cvt"}),
        ("Maruti Suzuki", "Wagon R", "Maruti Wagon R LXI", "LXI", {}),
        ("Peugeot", "407 SW", "", "", {"body_type": "wagon"}),
        ("Opel", "Movano", "Schönes Auto, Automatik oder Schaltgetriebe", "", {}),
        ("Opel", "Astra", "Opel Astra Sports Tourer", "", {"body_type": "wagon"}),
        ("Ford", "Focus", "Ford Focus Benzin Diesel", "", {}),
    ],
)
def test_words_name_fuel_gearbox_and_body(
    make: str, model: str, title: str, variant: str, found: dict[str, str]
) -> None:
    assert named_in(make, model, title, variant) == found
