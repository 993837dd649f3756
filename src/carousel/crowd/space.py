"""The columns that describe a listing to the choice model: one per value of a trait, per knot of a number, per place.

Unlike a listing's id they outlive it: a listing nobody has seen yet has the same columns as those that were sold.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from carousel.catalogue.snapshot import Snapshot
from carousel.catalogue.traits import CATEGORICAL, NUMERIC, positions

Rows = NDArray[np.intp]

_KNOTS = {"price": 28, "year": 11, "mileage": 10, "power": 12}
"""A budget is sharper than a trait's bands: prices get more knots here than in a taste."""
_LEAST_LISTINGS = 3  # a value that fewer listings have is not learned about
_PLACES = 24
_PLACE_KM = 150.0
_KM_PER_DEGREE = 111.0
_NUMBER_OF = {"price": "price_eur", "year": "year", "mileage": "mileage", "power": "power"}


@dataclass(frozen=True, slots=True)
class TraitSpace:
    """Values, knots and places as columns 0 … size - 1, in this order."""

    values: Mapping[str, tuple[str, ...]]
    """Per categorical block the values that have a column."""
    knots: Mapping[str, tuple[float, ...]]
    """Per numeric block its knots, in natural units."""
    places: NDArray[np.float64]
    """Latitudes and longitudes (places, 2)."""

    @classmethod
    def fit(cls, snapshot: Snapshot, *, seed: int = 1) -> "TraitSpace":
        """Choose the columns by the listings of a snapshot."""
        values: dict[str, tuple[str, ...]] = {}
        for block in CATEGORICAL:
            counts = np.bincount(snapshot.codes(block), minlength=len(snapshot.vocabularies[block]))
            counts[0] = 0
            named = [snapshot.vocabularies[block].values[code] for code in np.flatnonzero(counts >= _LEAST_LISTINGS)]
            values[block] = tuple(sorted(named))  # codes depend on the order of reading; names do not
        knots: dict[str, tuple[float, ...]] = {}
        for block in NUMERIC:
            numbers = snapshot.numbers(_NUMBER_OF[block])
            knots[block] = _spaced(numbers[np.isfinite(numbers)], block)
        return cls(values, knots, _centres(snapshot, seed))

    @property
    def size(self) -> int:
        return sum(map(len, self.values.values())) + sum(map(len, self.knots.values())) + len(self.places)

    def matrix(self, snapshot: Snapshot, rows: Rows | None = None) -> csr_matrix:
        """Return the memberships (m, size) of some listings, or of all; what a listing does not say is empty."""
        at = np.arange(snapshot.size) if rows is None else rows
        columns: list[NDArray[np.intp]] = []
        shares: list[NDArray[np.float32]] = []
        start = 0
        for block, values in self.values.items():
            column_of = {value: start + i for i, value in enumerate(values)}
            table = np.array([column_of.get(value, -1) for value in snapshot.vocabularies[block].values])
            columns.append(table[snapshot.codes(block)[at]])
            shares.append(np.ones(len(at), dtype=np.float32))
            start += len(values)
        for block, knots in self.knots.items():
            numbers = snapshot.numbers(_NUMBER_OF[block])[at]
            known = np.isfinite(numbers)
            position = positions(np.where(known, numbers, knots[0]), knots, block)
            low = np.minimum(position.astype(np.intp), len(knots) - 2)
            share = (position - low).astype(np.float32)
            columns += [np.where(known, start + low, -1), np.where(known, start + low + 1, -1)]
            shares += [1 - share, share]
            start += len(knots)
        if len(self.places):
            near = self._near_places(snapshot, at)
            columns += [np.full(len(at), start + i) for i in range(len(self.places))]
            shares += list(near.T)
        column, share = np.stack(columns, axis=1), np.stack(shares, axis=1)
        kept = (column >= 0) & (share > 0)
        ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
        return csr_matrix((share[kept], column[kept], ends), shape=(len(at), self.size))

    def _near_places(self, snapshot: Snapshot, at: Rows) -> NDArray[np.float32]:
        """Return how near listings are to the places (m, places), summing to at most 1."""
        lat, lon = snapshot.numbers("lat")[at], snapshot.numbers("lon")[at]
        squared = _squared_km(np.stack([lat, lon], axis=1), self.places)
        near = np.exp(-squared / (2 * _PLACE_KM**2))
        near /= near.sum(axis=1, keepdims=True) + 1e-3
        near[~(near > 0.02)] = 0  # far away, or the place is not known
        return near.astype(np.float32)


def _spaced(numbers: NDArray[np.float64], block: str) -> tuple[float, ...]:
    """Return knots over the middle 99% of numbers: equal steps of years, ratios of prices, roots of mileages."""
    if len(numbers) < 2:
        return (1.0, 2.0)
    low, high = (float(q) for q in np.quantile(numbers, (0.005, 0.995)))
    low, high = (low, max(high, low + 1)) if block in ("year", "mileage") else (max(low, 1.0), max(high, low + 1, 2.0))
    count = _KNOTS[block]
    if block == "year":
        return tuple(np.linspace(low, high, count).tolist())
    if block == "mileage":
        roots = np.linspace(max(low, 0) ** 0.5, high**0.5, count)
        return tuple(np.maximum(roots**2, 1.0 + np.arange(count)).tolist())
    return tuple(np.geomspace(low, high, count).tolist())


def _centres(snapshot: Snapshot, seed: int) -> NDArray[np.float64]:
    points = np.stack([snapshot.numbers("lat"), snapshot.numbers("lon")], axis=1)
    points = np.unique(points[np.isfinite(points).all(axis=1)].round(1), axis=0)
    if len(points) <= _PLACES:
        return points
    from scipy.cluster.vq import kmeans2  # trainings need it, no slate does

    centres, _ = kmeans2(points, _PLACES, seed=seed, minit="++")
    return np.asarray(centres, dtype=np.float64)


def _squared_km(points: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return squared distances (m, places) on a flat map."""
    north = (points[:, None, 0] - places[None, :, 0]) * _KM_PER_DEGREE
    east = (points[:, None, 1] - places[None, :, 1]) * _KM_PER_DEGREE * np.cos(np.radians(places[None, :, 0]))
    squared: NDArray[np.float64] = north**2 + east**2
    return squared
