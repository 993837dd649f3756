"""Describe a listing as traits: soft one-hot blocks that evidence is counted in (design: docs/recommender.md).

A categorical block holds one value ("make" is "Skoda"). A numeric block is a piecewise-linear membership of the
two knots around the value, so a price of 11,000 between knots 10,000 and 12,000 belongs half to each. A missing
value contributes nothing. Knots are values in natural units, and evidence is keyed by them: when the catalogue
moves and the knots are fitted again, old evidence is read at its own value and needs no conversion.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import Listing, ListingId

CATEGORICAL = (
    "make", "model", "body", "fuel", "transmission", "drivetrain", "seller", "color", "condition", "region",
)  # fmt: skip
NUMERIC = ("price", "year", "mileage", "power")
BLOCKS = CATEGORICAL + NUMERIC

Values = Mapping[str, str | float | None]
"""What a listing says per block: a string for a categorical block, a number in natural units for a numeric one."""

Traits = Mapping[str, tuple[tuple[str, float], ...]]
"""Per block its values with their membership, which sums to 1; a block without a value is absent."""

Knots = Mapping[str, tuple[float, ...]]

# Used until a catalogue has been fitted: European used-car stock in euros, years, km and kW.
DEFAULT_KNOTS: Knots = {
    "price": (1_500, 3_500, 6_000, 9_000, 12_500, 16_500, 21_500, 28_000, 38_000, 60_000),
    "year": (2004, 2008, 2011, 2013, 2015, 2017, 2018, 2019, 2020, 2022, 2024),
    "mileage": (1_000, 10_000, 20_000, 35_000, 50_000, 75_000, 100_000, 130_000, 170_000, 230_000),
    "power": (45, 60, 75, 85, 100, 115, 140, 180, 250),
}
KNOT_COUNT = 10
_LINEAR = {"year"}  # the others are spaced by ratio: 5,000 to 10,000 is as far as 20,000 to 40,000


@dataclass(frozen=True, slots=True)
class TraitRows:
    """Traits as evidence counts them: names such as "make=Skoda", each once, and their memberships (n,)."""

    names: tuple[str, ...]
    memberships: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Described:
    """What a taste needs to know of a listing."""

    listing_id: ListingId
    traits: Traits
    embedding: NDArray[np.float32]
    rows: TraitRows = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", trait_rows(self.traits))


def trait_rows(traits: Traits) -> TraitRows:
    """Return traits in the form evidence is counted in."""
    memberships: dict[str, float] = {}
    for block, values in traits.items():
        for value, membership in values:
            name = sys.intern(f"{block}={value}")
            memberships[name] = memberships.get(name, 0.0) + membership
    return TraitRows(tuple(memberships), np.array(list(memberships.values()), dtype=np.float32))


def values_of(listing: Listing) -> Values:
    """Return what a listing says per block."""
    return {
        "make": listing.make,
        "model": f"{listing.make} {listing.model}",
        "body": listing.body_type,
        "fuel": listing.fuel_type,
        "transmission": listing.transmission,
        "drivetrain": listing.drivetrain,
        "seller": listing.seller_type,
        "color": listing.color_exterior,
        "condition": listing.condition,
        "region": listing.region,
        "price": listing.price_eur,
        "year": listing.year,
        "mileage": listing.mileage_km,
        "power": listing.power_kw,
    }


def describe(values: Values, knots: Knots) -> Traits:
    """Turn values into memberships."""
    traits: dict[str, tuple[tuple[str, float], ...]] = {}
    for block in CATEGORICAL:
        value = values.get(block)
        if value is not None:
            traits[block] = ((str(value), 1.0),)
    for block in NUMERIC:
        value = values.get(block)
        if value is not None:
            traits[block] = memberships(float(value), knots[block], block)
    return traits


def memberships(value: float, knots: tuple[float, ...], block: str) -> tuple[tuple[str, float], ...]:
    """Return the one or two knots a value belongs to, by their keys, with memberships that sum to 1."""
    position = float(positions(np.array([value]), knots, block)[0])
    low = int(position)
    share = position - low
    if share < 1e-9:
        return ((key(knots[low]), 1.0),)
    return ((key(knots[low]), 1.0 - share), (key(knots[low + 1]), share))


def positions(values: NDArray[np.floating], knots: tuple[float, ...], block: str) -> NDArray[np.float64]:
    """Return where values (n,) lie on the knots: 2.25 is a quarter of the way from knot 2 to knot 3; ends are flat."""
    return np.interp(_scale(values, block), _scale(np.asarray(knots), block), np.arange(len(knots)))


def key(knot: float) -> str:
    """Return the name evidence is counted under for one knot."""
    return f"{knot:g}" if knot < 1e6 else str(int(knot))


def fit_knots(columns: Mapping[str, NDArray[np.floating]]) -> Knots:
    """Choose knots at quantiles of the catalogue.

    :param columns: per numeric block its values (n,), NaN where missing. A block with fewer than 20 distinct
        values keeps its default.
    """
    knots: dict[str, tuple[float, ...]] = {}
    for block in NUMERIC:
        values = columns.get(block, np.empty(0))
        values = values[np.isfinite(values)]
        quantiles = np.quantile(values, np.linspace(0.02, 0.98, KNOT_COUNT)) if len(values) else np.empty(0)
        rounded = sorted({_round(float(q), block) for q in quantiles})
        usable = [a for a, b in pairwise([*rounded, np.inf]) if b > a]
        knots[block] = tuple(usable) if len(usable) >= 4 else DEFAULT_KNOTS[block]
    return knots


def _round(value: float, block: str) -> float:
    """Two significant digits read well in a reason ("9–12 k€") and keep knots stable between fits."""
    return float(round(value)) if block in _LINEAR else float(f"{max(value, 1):.2g}")


def _scale(values: NDArray[np.floating], block: str) -> NDArray[np.float64]:
    natural: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if block in _LINEAR:
        return natural
    logarithms: NDArray[np.float64] = np.log(np.maximum(natural, 1.0))
    return logarithms
