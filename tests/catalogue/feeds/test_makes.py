"""Makes and models are known by their many spellings, and found in a title."""

import pytest

from carousel.catalogue.feeds.makes import makes


@pytest.mark.parametrize(
    ("text", "make"),
    [
        ("vw", "Volkswagen"),
        ("merc", "Mercedes-Benz"),
        ("mercedes benz", "Mercedes-Benz"),
        ("mercedes_benz", "Mercedes-Benz"),
        ("MERCEDES-BENZ", "Mercedes-Benz"),
        ("hyundi", "Hyundai"),
        ("maruti", "Maruti Suzuki"),
        ("Škoda", "Skoda"),
        ("alfa-romeo", "Alfa Romeo"),
        ("citroen", "Citroën"),
        ("ВАЗ (LADA)", "Lada"),
    ],
)
def test_spellings(text: str, make: str) -> None:
    assert makes().make(text) == make


def test_a_make_nobody_knows_is_none() -> None:
    assert makes().make("teleporter") is None


@pytest.mark.parametrize(
    ("title", "make", "rest"),
    [
        ("Maruti Swift Dzire VDI", "Maruti Suzuki", "Swift Dzire VDI"),
        ("Maruti Suzuki Alto", "Maruti Suzuki", "Alto"),
        ("Mercedes_Benz_C_200", "Mercedes-Benz", "C_200"),
        ("Alfa Romeo 156 2.0", "Alfa Romeo", "156 2.0"),
        ("2008 hummer H3", "Hummer", "H3"),
        ("OpelCorsa 1.4", "Opel", "Corsa 1.4"),
        ("Range Rover Sport HSE", "Land Rover", "Range Rover Sport HSE"),
        ("Land Rover Range Rover Evoque", "Land Rover", "Range Rover Evoque"),
    ],
)
def test_a_title_gives_the_longest_make_it_starts_with(title: str, make: str, rest: str) -> None:
    assert makes().split_make(title) == (make, rest)


@pytest.mark.parametrize(
    ("make", "text", "model", "variant"),
    [
        ("Maruti Suzuki", "Swift Dzire VDI", "Swift Dzire", "VDI"),
        ("Maruti Suzuki", "Swift VDI", "Swift", "VDI"),
        ("Maruti Suzuki", "Wagon R LXI", "Wagon R", "LXI"),
        ("Hyundai", "Grand i10 Nios", "Grand i10 Nios", None),
        ("BMW", "320i Touring", "320", "320i Touring"),
        ("BMW", "X4 M Sport X", "X4", "M Sport X"),
        ("Chevrolet", "silverado 1500 lt", "Silverado 1500", "lt"),
        ("Mercedes-Benz", "New C-Class 220", "C-Class", "220"),
    ],
)
def test_a_model_of_several_words_is_one_model(make: str, text: str, model: str, variant: str | None) -> None:
    assert makes().split_model(make, text) == (model, variant)


@pytest.mark.parametrize(
    ("make", "title", "model"),
    [
        ("Nissan", "Verkaufe Nissan Terrano 2", "Terrano"),
        ("Volkswagen", "Golf 5 zu verkaufen", "Golf"),
        ("Peugeot", "Peugeot 807 160 NAVTECH", "807"),
        ("Mazda", "Mazda 3 mit Klima", "3"),
    ],
)
def test_a_model_is_found_inside_an_advertisement(make: str, title: str, model: str) -> None:
    found = makes().find_model(make, title)
    assert found is not None
    assert found[0] == model


@pytest.mark.parametrize("title", ["Auto zu verkaufen!", "Mazda Klima Leder 5 Türen", ""])
def test_an_advertisement_without_a_model_has_none(title: str) -> None:
    assert makes().find_model("Mazda", title) is None


@pytest.mark.parametrize(
    ("make", "text", "model"),
    [("BMW", "3er", "3 Series"), ("Mercedes-Benz", " C Class", "C-Class"), ("Mercedes-Benz", "c_klasse", "C-Class"),
     ("Volkswagen", "golf", "Golf"), ("Audi", "a4", "A4"), ("Toyota", "RAV 4", "RAV4"), ("Toyota", "Prius+", "Prius+")],
)  # fmt: skip
def test_a_model_gets_its_own_name(make: str, text: str, model: str) -> None:
    assert makes().model(make, text) == model


def test_trailers_and_motorcycles_are_no_cars() -> None:
    assert makes().is_no_car("harley-davidson")
    assert makes().is_no_car("Trailer-Anhänger")
    assert not makes().is_no_car("Ford")
