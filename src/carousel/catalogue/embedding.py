"""Turn a listing into a point for pgvector: near points are cars a shopper would compare.

Standardised numerics, weighted one-hots for small categoricals, and a fixed random unit vector for every make and
model (so a new make needs no refit and two different makes are equally far apart). Distances are Euclidean. The
constants are fixed, not fitted: an embedding written last year can be compared with one written today.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import ENUMS, Listing, name_key

VERSION = 1
"""Grows when the meaning of any dimension changes; rows of an older version are embedded again."""

# Mean and deviation of European used-car stock (145,258 UK and German listings), on the scale given.
NUMERIC: dict[str, tuple[float, float, float]] = {
    # name: (mean, deviation, weight)
    "log_price_eur": (9.55, 0.75, 1.0),
    "year": (2016.5, 3.5, 0.8),
    "sqrt_mileage_km": (200.0, 110.0, 0.6),
    "log_power_kw": (4.55, 0.40, 0.6),
}
ONE_HOT: dict[str, float] = {
    "body_type": 0.9,
    "fuel_type": 0.6,
    "transmission": 0.5,
    "drivetrain": 0.3,
    "condition": 0.3,
    "seller_type": 0.15,
}
MAKE_WEIGHT, _MAKE_DIMENSIONS = 0.9, 20
MODEL_WEIGHT, _MODEL_DIMENSIONS = 0.9, 32

DIMENSIONS: tuple[str, ...] = (
    *NUMERIC,
    *(f"{name}={value}" for name in ONE_HOT for value in ENUMS[name]),
    *(f"make[{i}]" for i in range(_MAKE_DIMENSIONS)),
    *(f"model[{i}]" for i in range(_MODEL_DIMENSIONS)),
)
SIZE = len(DIMENSIONS)
_COLUMN = {name: i for i, name in enumerate(DIMENSIONS)}
_MAKE_AT = _COLUMN["make[0]"]
_MODEL_AT = _COLUMN["model[0]"]


def embed(listings: Sequence[Listing]) -> NDArray[np.float32]:
    """Embed listings as rows (n, SIZE); a missing value is 0, the average."""
    vectors = np.zeros((len(listings), SIZE), dtype=np.float32)
    for row, listing in zip(vectors, listings, strict=True):
        for name in ONE_HOT:
            value = getattr(listing, name)
            if value is not None:
                row[_COLUMN[f"{name}={value}"]] = ONE_HOT[name]
        row[_MAKE_AT:] = of_model(listing.make, listing.model)
    numerics = np.array(
        [(x.price_eur or np.nan, x.year or np.nan, _or_nan(x.mileage_km), x.power_kw or np.nan) for x in listings],
        dtype=np.float64,
    ).reshape(-1, len(NUMERIC))
    numerics[:, 0] = np.log(np.maximum(numerics[:, 0], 1))
    numerics[:, 2] = np.sqrt(numerics[:, 2])
    numerics[:, 3] = np.log(numerics[:, 3])
    mean, deviation, weight = np.array(list(NUMERIC.values())).T
    # Three deviations is as far as a value can pull a car from its neighbours: a 2 M€ typo stays a car.
    standard = np.clip((numerics - mean) / deviation, -3, 3) * weight
    vectors[:, : len(NUMERIC)] = np.nan_to_num(standard)
    return vectors


def of_model(make: str, model: str) -> NDArray[np.float32]:
    """Return the last dimensions of an embedding, which the listings of one model have in common."""
    make = name_key(make)
    name = f"{make} {name_key(model)}"
    return np.concatenate(
        [MAKE_WEIGHT * _direction(make, _MAKE_DIMENSIONS), MODEL_WEIGHT * _direction(name, _MODEL_DIMENSIONS)]
    )


def _or_nan(value: int | None) -> float:
    return np.nan if value is None else value


@lru_cache(maxsize=50_000)
def _direction(name: str, dimensions: int) -> NDArray[np.float32]:
    """Return the fixed random unit vector of a name."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).standard_normal(dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)
