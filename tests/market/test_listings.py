"""A simulated market looks like a real one."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from carousel.catalogue.listing import Listing
from carousel.market.listings import LISTED_DAYS, kept_value, make_listings

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> list[Listing]:
    return make_listings(2_000, seed=1, now=NOW)


@pytest.fixture(scope="module")
def large_market() -> list[Listing]:
    return make_listings(12_000, seed=7, now=NOW)


def test_the_same_seed_makes_the_same_market(market: list[Listing]) -> None:
    assert make_listings(2_000, seed=1, now=NOW) == market


def test_another_seed_makes_another_market(market: list[Listing]) -> None:
    other = make_listings(50, seed=2, now=NOW)
    assert [x.title for x in other] != [x.title for x in market[:50]]


def test_a_longer_market_begins_with_the_shorter_one(market: list[Listing]) -> None:
    assert make_listings(30, seed=1, now=NOW) == market[:30]


def test_an_hour_later_the_same_cars_are_on_offer_at_the_same_price() -> None:
    later = make_listings(200, seed=1, now=NOW + timedelta(hours=1))
    assert [(x.title, x.price_amount, x.mileage_km, x.first_registration) for x in later] == [
        (x.title, x.price_amount, x.mileage_km, x.first_registration) for x in make_listings(200, seed=1, now=NOW)
    ]


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 12, 31, 23, tzinfo=UTC)])
def test_a_market_can_be_made_on_any_day(moment: datetime) -> None:
    for listing in make_listings(300, now=moment):
        assert listing.listed_at <= moment
        assert (listing.first_registration or "") <= f"{moment:%Y-%m}"


def test_ids_are_unique(market: list[Listing]) -> None:
    assert len({x.listing_id for x in market}) == 2_000


def test_there_are_many_makes_none_too_common_and_at_least_100_skodas(market: list[Listing]) -> None:
    makes = Counter(x.make for x in market)
    assert len(makes) >= 35
    assert max(makes.values()) <= 0.13 * len(market)
    skodas = [x for x in market if "Škoda" in (x.title or "")]
    assert len(skodas) >= 100
    assert len({x.model for x in market}) >= 120


def test_an_electric_car_has_a_battery_and_no_displacement(market: list[Listing]) -> None:
    electric = [x for x in market if x.fuel_type == "electric"]
    assert electric
    for listing in electric:
        assert listing.battery_kwh
        assert listing.electric_range_km
        assert listing.displacement_cc is None
        assert listing.consumption_l_100km is None
        assert listing.transmission == "automatic"
        assert (listing.emission_standard, listing.co2_g_km) == ("zero", 0)


def test_there_is_no_diesel_tesla_and_no_electric_car_from_before_2011(large_market: list[Listing]) -> None:
    assert {x.fuel_type for x in large_market if x.make in ("Tesla", "Polestar")} == {"electric"}
    assert all((x.year or 0) >= 2011 for x in large_market if x.fuel_type == "electric")


def test_a_model_gets_cheaper_with_age(large_market: list[Listing]) -> None:
    by_age: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for x in large_market:
        if x.condition == "used" and x.price_eur:
            by_age[f"{x.make} {x.model}"][(NOW.year - (x.year or 0)) // 3].append(x.price_eur)
    compared = 0
    for ages in by_age.values():
        medians = [median(ages[a]) for a in sorted(ages) if len(ages[a]) >= 12]
        assert medians == sorted(medians, reverse=True)
        compared += max(len(medians) - 1, 0)
    assert compared > 50


def test_of_two_like_cars_the_one_driven_less_costs_more(large_market: list[Listing]) -> None:
    alike: dict[tuple[object, ...], list[Listing]] = defaultdict(list)
    for x in large_market:
        if x.condition == "used" and not x.damaged:
            alike[x.make, x.model, x.year, x.power_kw, x.fuel_type].append(x)
    signs = []
    for group in alike.values():
        if len(group) >= 4:
            group.sort(key=lambda x: x.mileage_km or 0)
            half = len(group) // 2
            prices = [x.price_eur or 0 for x in group]
            signs.append(sum(prices[:half]) / half > sum(prices[-half:]) / half)
    assert len(signs) > 50
    assert sum(signs) / len(signs) > 0.62


@pytest.mark.parametrize(
    ("make", "model", "years", "low", "high"),
    [
        ("Volkswagen", "Golf", (3, 5), 15_000, 23_000),
        ("Volkswagen", "Golf", (9, 11), 7_500, 12_500),
        ("Skoda", "Octavia", (3, 5), 16_000, 23_000),
        ("Dacia", "Sandero", (3, 5), 8_500, 12_500),
        ("BMW", "3 Series", (6, 8), 15_500, 24_000),
        ("Fiat", "500", (6, 8), 5_500, 9_500),
        ("Tesla", "Model 3", (3, 5), 22_000, 32_000),
    ],
)
def test_median_prices_are_those_of_the_real_market(
    large_market: list[Listing], make: str, model: str, years: tuple[int, int], low: float, high: float
) -> None:
    prices = [
        x.price_eur
        for x in large_market
        if (x.make, x.model, x.condition) == (make, model, "used")
        and years[0] <= NOW.year - (x.year or 0) <= years[1]
        and x.price_eur
    ]
    assert len(prices) >= 10
    assert low < median(prices) < high


def test_diesels_are_driven_more_than_petrols(market: list[Listing]) -> None:
    def per_year(fuel: str) -> float:
        return median(
            (x.mileage_km or 0) / max(1, NOW.year - (x.year or 0))
            for x in market
            if x.fuel_type == fuel and x.condition == "used"
        )

    assert per_year("diesel") > 1.25 * per_year("petrol")


def test_what_keeps_its_value_early_keeps_it_late() -> None:
    assert kept_value(0, 0.5) > kept_value(1, 0.5) > kept_value(5, 0.5) == pytest.approx(0.5)
    assert kept_value(10, 0.7) / kept_value(5, 0.7) > kept_value(10, 0.4) / kept_value(5, 0.4)


def test_new_cars_have_no_past_and_demonstrators_a_short_one(market: list[Listing]) -> None:
    for x in market:
        if x.condition == "new":
            assert (x.first_registration, x.owners_count, x.damaged, x.seller_type) == (None, 0, False, "dealer")
            assert (x.mileage_km or 0) < 1_000
        elif x.condition == "demo":
            assert x.owners_count == 1
            assert (x.mileage_km or 0) < 15_000
        elif x.condition == "pre_registered":
            assert (x.owners_count, x.seller_type, x.year) == (1, "dealer", NOW.year)
            assert x.first_registration
            assert (x.mileage_km or 0) < 100
        else:
            assert x.first_registration
            assert (x.mileage_km or 0) >= 1_000
    assert {x.condition for x in market} == {"new", "demo", "pre_registered", "used"}


def test_listings_appeared_over_sixty_days_some_today_none_in_the_future(market: list[Listing]) -> None:
    ages = [NOW - x.listed_at for x in market]
    assert min(ages) >= timedelta(0)
    assert timedelta(days=LISTED_DAYS - 5) < max(ages) <= timedelta(days=LISTED_DAYS)
    assert sum(age < timedelta(days=1) for age in ages) >= 20


def test_emission_standards_follow_the_year_of_registration(market: list[Listing]) -> None:
    of_year: Callable[[int], set[str | None]] = lambda year: {  # noqa: E731 - two uses, one line each
        x.emission_standard for x in market if x.year == year and x.fuel_type == "petrol"
    }
    assert of_year(2014) <= {"euro5"}
    assert of_year(2021) == {"euro6d"}


def test_titles_and_descriptions_read_like_advertisements(market: list[Listing]) -> None:
    for x in market:
        assert x.title
        assert x.model in x.title
        assert x.variant
        assert x.title.endswith(x.variant)
        assert x.description
        assert x.description.count(". ") >= 1
        assert x.description.endswith(".")
        assert "{" not in x.description


def test_there_are_no_pictures_as_a_page_would_ask_another_host_for_them(market: list[Listing]) -> None:
    assert not any(car.images for car in market)


def test_no_vin_can_be_that_of_a_real_car(market: list[Listing]) -> None:
    vins = [x.vin for x in market if x.vin]
    assert 0.4 < len(vins) / len(market) < 0.8
    assert all(re.fullmatch(r"0CR[A-HJ-NPR-Z0-9]{14}", vin) for vin in vins)
    assert len(set(vins)) == len(vins)


def test_newer_and_better_equipped_cars_have_more_features(market: list[Listing]) -> None:
    old = [len(x.features) for x in market if (x.year or 0) < 2016]
    recent = [len(x.features) for x in market if (x.year or 0) > 2021]
    assert sum(recent) / len(recent) > 1.4 * sum(old) / len(old)


def test_most_prices_are_in_euros_and_the_rest_in_the_currency_of_the_country(market: list[Listing]) -> None:
    currencies = Counter(x.price_currency for x in market)
    assert currencies["EUR"] > 0.85 * len(market)
    assert all(x.country == "CZ" for x in market if x.price_currency == "CZK")
    assert all(x.price_currency == "CHF" for x in market if x.country == "CH")


def test_private_sellers_have_no_name_and_dealers_are_always_the_same(market: list[Listing]) -> None:
    names: dict[str, set[str | None]] = defaultdict(set)
    for x in market:
        if x.seller_type == "private":
            assert x.seller_id is None
        else:
            names[x.seller_id or ""].add(x.seller_name)
    assert all(len(n) == 1 for n in names.values())
    assert len(names) >= 100


def test_private_sellers_live_in_many_towns_and_dealers_in_the_cities(large_market: list[Listing]) -> None:
    private = Counter(x.city for x in large_market if x.seller_type == "private")
    dealers = Counter(x.city for x in large_market if x.seller_type == "dealer")
    assert len(private) > 300
    assert len(dealers) < 70
