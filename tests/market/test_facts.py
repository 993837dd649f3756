"""The tables of facts hold what a market needs and nothing an expert would laugh at."""

from carousel.catalogue.feeds.makes import makes
from carousel.catalogue.listing import ENUMS
from carousel.market.facts import OPEN_YEAR, cities, models, towns
from carousel.market.sellers import DEALERS_PER_CITY, dealers

MODELS = {(m.brand, m.model) for m in models()}


def test_there_are_at_least_45_makes_440_models_and_eight_of_skoda() -> None:
    assert len({make for make, _ in MODELS}) >= 45
    assert len(MODELS) >= 440
    skodas = {model for brand, model in MODELS if brand == "Škoda"}
    assert {"Fabia", "Scala", "Octavia", "Superb", "Kamiq", "Karoq", "Kodiaq", "Enyaq"} <= skodas


def test_every_make_is_one_the_importer_knows_so_that_both_share_a_facet() -> None:
    for model in models():
        assert makes().make(model.brand) == model.make


def test_every_code_is_a_value_of_its_enum() -> None:
    for model in models():
        assert model.body_type in ENUMS["body_type"]
        assert model.drivetrain in ENUMS["drivetrain"]
        assert {e.fuel_type for e in model.engines} <= set(ENUMS["fuel_type"])


def test_models_are_there_since_2005_where_they_were_sold_then() -> None:
    first = {(m.brand, m.model): m.from_year for m in reversed(models())}
    since_2005 = [("Volkswagen", "Golf"), ("BMW", "3 Series"), ("Toyota", "Yaris"), ("Renault", "Clio"), ("Audi", "A4")]
    assert {first[model] for model in since_2005} == {2005}
    assert sum(m.from_year <= 2006 for m in models()) > 150


def test_a_year_without_engines_is_one_the_model_was_not_sold_in() -> None:
    gaps = {m.model for m in models() for y in range(m.from_year, min(m.to_year, 2026)) if not m.engines_in(y)}
    assert gaps == {"Z4", "Mokka", "GR86", "BRZ", "Tucson", "ASX", "Amarok"}


def test_segments_are_sizes_and_kinds() -> None:
    for model in models():
        assert model.segment in {"A", "B", "C", "D", "E", "F", "S", "M", "V", "P", "JB", "JC", "JD", "JE"}, model
        assert (model.body_type == "pickup") == (model.segment == "P")
        assert not (model.body_type == "suv" and model.segment in "ABCDEF"), model


def test_coupes_and_convertibles_have_no_more_than_five_seats_and_four_doors() -> None:
    for model in models():
        if model.body_type in ("coupe", "convertible"):
            assert max(model.seats, model.seats_option or 0) <= 5, model
            assert model.doors <= 4, model


def test_every_model_has_an_engine_in_its_last_year() -> None:
    for model in models():
        assert model.engines_in(min(model.to_year, 2026)), model


def test_every_year_of_a_model_has_a_trim_and_no_trim_comes_twice() -> None:
    for model in models():
        assert len(set(model.trims)) == len(model.trims) <= 8, model
        for year in range(model.from_year, min(model.to_year, 2026) + 1):
            assert model.trims_in(year), (model, year)


def test_trims_belong_to_their_years() -> None:
    [golf] = (m for m in models() if (m.model, m.body) == ("Golf", "Variant"))
    assert golf.trims_in(2015) == ["Trendline", "Comfortline", "Highline", "R-Line"]
    assert golf.trims_in(2023) == ["Life", "Style", "R-Line"]


def test_electric_engines_have_a_battery_and_burn_nothing_and_others_have_a_displacement() -> None:
    for model in models():
        for engine in model.engines:
            if engine.fuel_type == "electric":
                assert engine.battery_kwh
                assert engine.electric_range_km
                assert engine.displacement_cc is engine.cylinders is engine.consumption_l_100km is None
                assert 10 <= (engine.consumption_kwh_100km or 0) <= 30, (model, engine)
            else:
                assert engine.displacement_cc, (model, engine)
                assert 240 <= engine.displacement_cc / (engine.cylinders or 99) <= 850, (model, engine)
                assert 0.5 <= (engine.consumption_l_100km or 0) <= 18, (model, engine)
            assert (engine.battery_kwh is not None) == (engine.fuel_type in ("electric", "plugin_hybrid"))


def test_years_and_prices_run_forwards() -> None:
    for model in models():
        assert 1995 <= model.from_year <= model.to_year <= OPEN_YEAR
        assert 5_000 < model.price_from_eur < model.price_to_eur < 250_000
        assert all(e.from_year <= e.to_year for e in model.engines)


def test_cities_lie_in_the_middle_of_europe_and_each_has_its_dealers() -> None:
    assert len(cities()) >= 60
    assert all(44 < c.lat < 56 and 3 < c.lon < 22 for c in cities())
    assert len(dealers()) == DEALERS_PER_CITY * len(cities())
    assert len({d.seller_id for d in dealers()}) == len(dealers())


def test_towns_are_real_places_near_a_city_of_their_country_but_no_parts_of_it() -> None:
    assert len(towns()) > 1_000
    by_name = {(t.name, t.country): t for t in towns()}
    assert abs(by_name["Mödling", "AT"].lat - 48.085) < 0.02
    assert abs(by_name["Mödling", "AT"].lon - 16.283) < 0.02
    assert {t.country for t in towns()} == {c.country for c in cities()}
    assert all(t.population >= 15_000 for t in towns())
