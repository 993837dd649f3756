"""How people trade price, running cost, acceleration, powertrain and origin against each other: from stated choices.

`choice.toml` holds a mixed logit fitted to 832 people who each chose 15 times between three cars (docs/market.md has
the source and the fit). Every simulated shopper is one draw from it. The study's cars were new; here a price weighs by
its share of the shopper's budget, as it did there by its share of the mean price.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import RATES_PER_EUR, Listing

Coefficients = Mapping[str, float]
"""Utility per unit of each attribute of `attributes`."""

_FROM_CHINA = 0.3  # share of the market's shoppers who choose as the Chinese did; the others as the Americans
_MEAN_PRICE = 2.8  # 10,000 US dollars: of the cars the Americans chose between
_MILES_PER_KM = 1 / 1.609344
_EUR_PER = {"petrol": 1.75, "diesel": 1.65, "lpg": 0.95, "cng": 1.3, "ethanol": 1.2, "kwh": 0.35}
"""What drivers pay for a litre (cng: kg) and a kilowatt hour, about 2025."""

_ELECTRIC_SHARE = 0.5  # of a plug-in hybrid's distance
_MASS_KG = {
    "city_car": 950, "hatchback": 1_250, "sedan": 1_450, "wagon": 1_450, "crossover": 1_350, "suv": 1_600,
    "minivan": 1_550, "van": 1_900, "coupe": 1_400, "convertible": 1_350, "pickup": 2_000,
}  # fmt: skip
_BATTERY_KG = {"electric": 350, "plugin_hybrid": 250}
_ORIGINS = {
    "american": ("Ford", "Chevrolet", "Jeep", "Dodge", "RAM", "Chrysler", "Tesla", "Cadillac"),
    "japanese": ("Toyota", "Lexus", "Honda", "Mazda", "Nissan", "Infiniti", "Suzuki", "Mitsubishi", "Subaru"),
    "chinese": ("BYD", "MG", "NIO", "Xpeng", "Ora", "Aiways"),
    "korean": ("Hyundai", "Kia", "Genesis", "SsangYong"),
}  # fmt: skip
_ORIGIN_OF = {make: origin for origin, makes in _ORIGINS.items() for make in makes}

NAMES = (
    "running_cost", "acceleration", "hybrid", "plugin_hybrid", "plugin_range", "electric", "electric_range",
    "fast_charge", "american", "japanese", "chinese", "korean",
)  # fmt: skip
"""Attributes of a listing itself; the price counts by the budget."""


@lru_cache(maxsize=1)
def fitted() -> dict[str, dict[str, dict[str, float]]]:
    """Return {country: {attribute: {"mean", "sd"}}}, and under `log_likelihood` those of the fit."""
    return tomllib.loads((files(__package__) / "choice.toml").read_text(encoding="utf-8"))


def draw(rng: np.random.Generator) -> Coefficients:
    """Return the coefficients of one person."""
    table = fitted()["china" if rng.random() < _FROM_CHINA else "us"]
    said = {name: float(rng.normal(table[name]["mean"], table[name]["sd"])) for name in ("price_10k", *NAMES)}
    # Nobody prefers to pay more, though a normal distribution lets a few.
    return said | {name: min(said[name], 0.0) for name in ("price_10k", "running_cost")}


def attributes(listings: Sequence[Listing]) -> NDArray[np.float64]:
    """Return the attributes (n, names) of listings, in the units of the study."""
    return np.array([_attributes(listing) for listing in listings], dtype=np.float64).reshape(-1, len(NAMES))


def utility_of(
    coefficients: Coefficients, table: NDArray[np.float64], prices_eur: NDArray[np.float64], budget_eur: float
) -> NDArray[np.float64]:
    """Return the utility (n,) that a person draws from listings.

    :param table: of `attributes`.
    :param prices_eur: (n,), NaN where a listing says none.
    """
    weights = np.array([coefficients[name] for name in NAMES])
    share = np.nan_to_num(prices_eur / budget_eur, nan=1.0)
    total: NDArray[np.float64] = table @ weights + coefficients["price_10k"] * _MEAN_PRICE * np.minimum(share, 3.0)
    return total


def _attributes(listing: Listing) -> list[float]:
    fuel = listing.fuel_type
    electric, plugin = fuel == "electric", fuel == "plugin_hybrid"
    range_miles = (listing.electric_range_km or 0.0) * _MILES_PER_KM
    origin = _ORIGIN_OF.get(listing.make)
    said = {
        "running_cost": _running_cost(listing),
        "acceleration": _seconds_to_60_mph(listing) / 10,
        "hybrid": float(fuel == "hybrid"),
        "plugin_hybrid": float(plugin),
        "plugin_range": float(np.clip((range_miles - 10) / 100, 0, 0.3)) if plugin else 0.0,
        "electric": float(electric),
        "electric_range": float(np.clip((range_miles - 75) / 100, 0, 2)) if electric else 0.0,
        "fast_charge": float(electric),
    }
    return [said.get(name, float(name == origin)) for name in NAMES]


def _running_cost(listing: Listing) -> float:
    """Return what energy costs, in 10 US cents a mile; usual consumption where the listing does not say."""
    fuel = listing.fuel_type or "petrol"
    by_fuel = (listing.consumption_l_100km or 6.5) * _EUR_PER.get(fuel, _EUR_PER["petrol"])
    by_current = (listing.consumption_kwh_100km or 18.0) * _EUR_PER["kwh"]
    share = {"electric": 1.0, "plugin_hybrid": _ELECTRIC_SHARE}.get(fuel, 0.0)
    # A plug-in hybrid's consumption is stated with its battery full; empty it drinks as others do.
    eur = share * by_current + (1 - share) * (6.5 * _EUR_PER["petrol"] if fuel == "plugin_hybrid" else by_fuel)
    return eur / 100 / _MILES_PER_KM * RATES_PER_EUR["USD"] * 10


def _seconds_to_60_mph(listing: Listing) -> float:
    """Return an estimate by mass and power; 1.3 fits a Golf of 96 kW (9 s) and a Model 3 of 324 kW (4.7 s)."""
    mass = _MASS_KG.get(listing.body_type or "", 1_400) + _BATTERY_KG.get(listing.fuel_type or "", 0)
    return float(np.clip(1.3 * (mass / (listing.power_kw or 90)) ** 0.75, 3, 20))
