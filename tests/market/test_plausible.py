"""No listing of a market of 20,000 is one that somebody who knows cars would laugh at."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from carousel.catalogue.listing import Listing
from carousel.market.facts import models
from carousel.market.listings import make_listings

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
ELECTRIC_MAKES = {"Tesla", "Polestar", "NIO", "Xpeng", "Ora", "Aiways"}
LEFT_OF_THE_ROAD = {"GB", "IE", "MT", "CY"}
BOX = {
    "DE": (47.2, 55.1, 5.8, 15.1), "AT": (46.3, 49.1, 9.5, 17.2), "CZ": (48.5, 51.1, 12.0, 18.9),
    "PL": (49.0, 54.9, 14.1, 24.2), "SK": (47.7, 49.7, 16.8, 22.6), "NL": (50.7, 53.6, 3.3, 7.3),
    "BE": (49.4, 51.6, 2.5, 6.5), "FR": (42.3, 51.1, -5.0, 8.3), "IT": (36.6, 47.1, 6.6, 18.6),
    "CH": (45.8, 47.9, 5.9, 10.5), "HU": (45.7, 48.6, 16.1, 22.9), "SI": (45.4, 46.9, 13.3, 16.6),
}  # fmt: skip
SINCE = {
    "apple_carplay": 2014,
    "android_auto": 2014,
    "matrix_led": 2013,
    "led_headlights": 2006,
    "digital_cockpit": 2011,
}
YEARS: dict[tuple[str, str, str], set[int]] = defaultdict(set)
FUELS: dict[tuple[str, str], set[str]] = defaultdict(set)
SEATS: dict[tuple[str, str], set[int]] = defaultdict(set)
for _m in models():
    YEARS[_m.make, _m.model, _m.body_type].update(range(_m.from_year, min(_m.to_year, NOW.year) + 1))
    FUELS[_m.make, _m.model].update(e.fuel_type for e in _m.engines)
    SEATS[_m.make, _m.model].update(s for s in (_m.seats, _m.seats_option) if s)


def absurdities(x: Listing, now: datetime = NOW) -> Iterator[str]:
    """Yield what cannot be true of a car on sale."""
    yield from _of_the_model(x)
    yield from _of_the_engine(x)
    yield from _of_its_life(x, now)
    yield from _of_the_offer(x)


def _of_the_model(x: Listing) -> Iterator[str]:
    if x.year not in YEARS[x.make, x.model, x.body_type or ""]:
        yield "not sold that year"
    if x.fuel_type not in FUELS[x.make, x.model]:
        yield "no such fuel in that model"
    if x.make in ELECTRIC_MAKES and x.fuel_type != "electric":
        yield "an electric make that burns something"
    if x.seats not in SEATS[x.make, x.model]:
        yield "no such seats in that model"
    if x.body_type in ("coupe", "convertible") and ((x.seats or 0) > 5 or (x.doors or 0) > 4):
        yield "a sports car for a family"
    if x.body_type in ("minivan", "van") and (x.doors or 0) < 4:
        yield "a van of two doors"
    if x.body_type == "convertible" and {"panoramic_roof", "roof_rails"} & set(x.features):
        yield "a convertible with a roof"


def _of_the_engine(x: Listing) -> Iterator[str]:
    electric = x.fuel_type == "electric"
    if electric != (x.displacement_cc is None) or electric != (x.consumption_l_100km is None):
        yield "an engine of the wrong kind"
    if electric != (x.co2_g_km == 0) or electric != (x.emission_standard == "zero"):
        yield "emissions of the wrong kind"
    if (x.battery_kwh is not None) != (x.fuel_type in ("electric", "plugin_hybrid")):
        yield "a battery of the wrong kind"
    if x.battery_kwh and x.electric_range_km and not 2 < x.electric_range_km / x.battery_kwh < 14:
        yield "a range that does not fit the battery"
    if x.transmission == "manual" and x.fuel_type in ("electric", "plugin_hybrid"):
        yield "a manual gearbox where there is none"
    if not (5 if x.model == "AMI" else 30) <= (x.power_kw or 0) <= 500:
        yield "no such power"
    if x.displacement_cc and not 25 < 1000 * (x.power_kw or 0) / x.displacement_cc < 180:
        yield "power that does not fit the displacement"
    if electric and (x.year or 0) < 2011:
        yield "an electric car before there were any"


def _of_its_life(x: Listing, now: datetime) -> Iterator[str]:
    year = x.year or 0
    if not year or year > now.year or year < 2005:
        yield "no such year"
    if x.first_registration and (
        x.first_registration > f"{x.listed_at:%Y-%m}" or x.first_registration[:4] != str(year)
    ):
        yield "registered after it was listed"
    age = max(0.3, now.year - year + 1)
    if (x.mileage_km or 0) > 75_000 * age or (x.mileage_km or 0) > 500_000:
        yield "driven day and night"
    if x.condition == "new" and ((x.mileage_km or 0) > 200 or x.owners_count or year < now.year - 1 or x.damaged):
        yield "a new car with a past"
    if x.condition == "used" and (not x.first_registration or not x.owners_count or (x.mileage_km or 0) < 1_000):
        yield "a used car without a past"
    if (x.owners_count or 0) > 1 + age:
        yield "more owners than years"
    if any(year < since for code, since in SINCE.items() if code in x.features):
        yield "equipment from the future"
    if {"euro6e": 2023, "euro6d": 2019, "euro6b": 2014, "euro5": 2009}.get(x.emission_standard or "", 0) > year:
        yield "an emission standard from the future"
    if not x.listed_at <= now:
        yield "listed tomorrow"


def _of_the_offer(x: Listing) -> Iterator[str]:
    price = x.price_eur or 0
    if not 450 <= price <= 250_000:
        yield "no such price"
    if x.msrp_amount is not None and x.price_amount is not None and x.price_amount > x.msrp_amount:
        yield "dearer than a new one"
    south, north, west, east = BOX[x.country or "DE"]
    if not (south <= (x.lat or 0) <= north and west <= (x.lon or 0) <= east):
        yield "a place outside its country"
    if x.steering == "right" and x.country not in LEFT_OF_THE_ROAD:
        yield "steered from the wrong side"
    if x.seller_type == "private" and (x.vat_reclaimable or x.condition != "used" or x.certified):
        yield "a private seller who is a dealer"


def test_nothing_in_a_market_of_20000_is_absurd() -> None:
    found = defaultdict(list)
    for listing in make_listings(20_000, seed=1, now=NOW):
        for why in absurdities(listing):
            found[why].append(f"{listing.title}, {listing.year}")
    assert not found, {why: (len(examples), examples[:5]) for why, examples in found.items()}


@pytest.fixture(scope="module")
def octavia() -> Listing:
    return next(x for x in make_listings(500, now=NOW) if x.model == "Octavia" and x.condition == "used")


@pytest.mark.parametrize(
    ("why", "wrong"),
    [
        ("an electric make that burns something", {"make": "Tesla", "model": "Model Y", "fuel_type": "diesel"}),
        ("not sold that year", {"make": "Tesla", "model": "Model Y", "model_year": 2008, "body_type": "suv"}),
        ("a sports car for a family", {"make": "BMW", "model": "4 Series", "body_type": "coupe", "seats": 7}),
        ("a battery of the wrong kind", {"battery_kwh": 60.0}),
        ("driven day and night", {"mileage_km": 1_900_000}),
        ("a used car without a past", {"owners_count": 0}),
        ("equipment from the future", {"model_year": 2008, "features": ("apple_carplay",)}),
        ("no such price", {"price_amount": Decimal(1_234_567), "price_currency": "EUR"}),
        ("a place outside its country", {"lat": 12.0}),
        ("registered after it was listed", {"first_registration": "2031-01"}),
    ],
)
def test_an_absurd_listing_would_be_found(octavia: Listing, why: str, wrong: dict[str, object]) -> None:
    assert not list(absurdities(octavia))
    assert why in set(absurdities(replace(octavia, **wrong)))  # type: ignore[arg-type]
