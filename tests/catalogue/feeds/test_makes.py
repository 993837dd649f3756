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
        ("Лада (ВАЗ)", "Lada"),
        ("ГАЗ", "GAZ"),
        ("Тойота", "Toyota"),
        ("Фольксваген", "Volkswagen"),
        ("تويوتا", "Toyota"),
        ("هيونداى", "Hyundai"),
        ("مرسيدس بنز", "Mercedes-Benz"),
        ("بي إم دبليو", "BMW"),
        ("丰田", "Toyota"),
        ("ホンダ", "Honda"),
        ("현대", "Hyundai"),
        ("Mercedes-AMG", "Mercedes-Benz"),
        ("porche", "Porsche"),
        ("suburu", "Subaru"),
        ("toyta", "Toyota"),
        ("Chevy", "Chevrolet"),
        ("Citroe\u0308n", "Citroën"),
        ("Tofaş", "Tofaş"),
        ("lynk&co", "Lynk & Co"),
        ("KGM", "SsangYong"),
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
        ("Лада (ВАЗ) Гранта", "Lada", "Гранта"),
        ("Renault Samsung SM5", "Renault Samsung", "SM5"),
        ("MINI Cooper S", "MINI", "Cooper S"),
        ("تويوتا كامري 2018", "Toyota", "كامري 2018"),
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
        ("Mercedes-Benz", "c300 4matic", "C 300", "4matic"),
        ("Lexus", "is250", "IS 250", None),
        ("Hyundai", "Santafe 2.2", "Santa Fe", "2.2"),
        ("BMW", "X 5 3.0d", "X5", "3.0d"),
        ("Lada", "Веста SW Cross 1.6", "Vesta SW Cross", "1.6"),
        ("Toyota", "كامري 2018", "Camry", "2018"),
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


def test_a_number_of_doors_is_no_model() -> None:
    assert makes().find_model("Renault", "Renault mit 5 Türen") is None


@pytest.mark.parametrize("title", ["Auto zu verkaufen!", "Mazda Klima Leder 5 Türen", ""])
def test_an_advertisement_without_a_model_has_none(title: str) -> None:
    assert makes().find_model("Mazda", title) is None


@pytest.mark.parametrize(
    ("make", "text", "model"),
    [("BMW", "3 Serisi", "3 Series"), ("BMW", "Serie 3", "3 Series"), ("Mercedes-Benz", "Clase C", "C-Class"),
     ("Mercedes-Benz", "E Serisi", "E-Class"), ("Kia", "Cee'd", "Ceed"), ("Honda", "crv", "CR-V"),
     ("Renault", "Mégane", "Megane"), ("BMW", "3er", "3 Series"),
     ("Mercedes-Benz", " C Class", "C-Class"), ("Mercedes-Benz", "c_klasse", "C-Class"),
     ("Volkswagen", "golf", "Golf"), ("Audi", "a4", "A4"), ("Toyota", "RAV 4", "RAV4"), ("Toyota", "Prius+", "Prius+")],
)  # fmt: skip
def test_a_model_gets_its_own_name(make: str, text: str, model: str) -> None:
    assert makes().model(make, text) == model


@pytest.mark.parametrize(
    ("text", "make"),
    [("Focus", "Ford"), ("C Class", "Mercedes-Benz"), ("C-Class", "Mercedes-Benz"), ("Камри", "Toyota"), ("3er", "BMW"),
     ("Model 3", "Tesla"), ("3008", "Peugeot"), ("كامري", "Toyota"), ("crv", "Honda")],
)  # fmt: skip
def test_a_model_of_one_make_names_it(text: str, make: str) -> None:
    assert makes().make_of_model(text) == make


@pytest.mark.parametrize("text", ["500", "GT", "Spider", "Astra", "2008", "75", "Cabrio", "nothing", ""])
def test_a_model_of_several_makes_or_a_common_word_names_none(text: str) -> None:
    assert makes().make_of_model(text) is None


def test_trailers_and_motorcycles_are_no_cars() -> None:
    assert makes().is_no_car("harley-davidson")
    assert makes().is_no_car("Trailer-Anhänger")
    assert makes().is_no_car("КАМАЗ")
    assert not makes().is_no_car("Ford")


def test_words_for_other_are_no_make() -> None:
    assert makes().is_not_said("Autre")
    assert makes().is_not_said("Sonstige")
    assert not makes().is_not_said("Škoda")
